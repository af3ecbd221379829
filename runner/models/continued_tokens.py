"""Inputs and the texts that are to follow them as a decoder's token ids, tokenised once a node."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from runner.models import ModelError
from runner.models.base import ModelContext
from runner.models.mapped import Ragged, filled, fingerprint, mapped, save
from runner.models.places import ABSENT
from runner.models.tokens import Reading

ENCODING_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class EncodedContinuations:
    """Inputs of `prompts` tokens, and after each the first reference and the token `end`.

    longest: tokens of an input and what is written after it, together at most.
    """

    tokens: Ragged
    prompts: NDArray[np.int64]
    padding: int
    end: int
    longest: int
    tokenizer: Any

    @property
    def lengths(self) -> NDArray[np.int64]:
        return self.tokens.lengths

    def inputs(self, rows: NDArray[np.int64], draw: int | None = None) -> dict[str, Tensor]:
        """Token ids, and the places after which the tokens of the references stand."""
        del draw
        lengths, prompts = self.tokens.lengths[rows], self.prompts[rows]
        ids = self.tokens.padded(rows, int(lengths.max()), fill=self.padding)
        column = np.arange(int((lengths - prompts).max()))
        places = np.where(column < (lengths - prompts)[:, None], prompts[:, None] - 1 + column, ABSENT)
        return {"input_ids": torch.from_numpy(ids), "places": torch.from_numpy(places)}

    def given(self, rows: NDArray[np.int64]) -> Tensor:
        """The inputs alone, of rows whose inputs have equally many tokens."""
        return torch.from_numpy(self.tokens.padded(rows, int(self.prompts[rows[0]]), fill=self.padding))


def encode(context: ModelContext, examples: pa.Table, reading: Reading) -> EncodedContinuations:
    """Inputs are cut to half of max_tokens, what follows to the rest of it."""
    end = reading.tokenizer.eos_token_id
    if end is None or context.max_tokens > reading.longest or context.max_tokens < 4:
        raise ModelError(
            f"checkpoint '{context.options['checkpoint']}' "
            + ("has a tokenizer without a token that ends a text; choose a decoder that has one" if end is None else "")
            + (
                f"reads 4 to {reading.longest} tokens, and max_tokens is {context.max_tokens}"
                if end is not None
                else ""
            )
        )
    table = examples.append_column("text_pair", pa.array([one[0] for one in examples["gold_texts"].to_pylist()]))
    key = fingerprint(table, ENCODING_VERSION, reading.rules, context.max_tokens, reads=context.reads)
    folder = filled(context.cache / "continuations" / key, lambda fresh: _fill(fresh, context, table, reading))
    return EncodedContinuations(
        tokens=Ragged(mapped(folder, "tokens"), mapped(folder, "offsets")),
        prompts=mapped(folder, "prompts"),
        padding=reading.padding,
        end=int(end),
        longest=context.max_tokens,
        tokenizer=reading.tokenizer,
    )


def _fill(folder: Path, context: ModelContext, examples: pa.Table, reading: Reading) -> None:
    end = reading.tokenizer.eos_token_id
    texts = [f"{text}{reading.separator}" for text in examples["text"].to_pylist()]
    inputs = reading.tokenizer(texts, truncation=True, max_length=context.max_tokens // 2)["input_ids"]
    written = reading.tokenizer(examples["text_pair"].to_pylist(), add_special_tokens=False)["input_ids"]
    rows = []
    prompts = []
    for one, other in zip(inputs, written, strict=True):
        prompt = one or [end]
        rows.append([*prompt, *other, end][: context.max_tokens])
        prompts.append(len(prompt))
    save(
        folder,
        tokens=np.fromiter(chain.from_iterable(rows), np.int32),
        offsets=np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)]),
        prompts=np.array(prompts, np.int64),
    )
