"""Texts as a pretrained model's token ids: tokenised once a node, mapped into memory, padded batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray
from torch import Tensor

from runner.models import ModelError
from runner.models.base import Encoded, ModelContext
from runner.models.mapped import Ragged, filled, fingerprint, mapped, save
from runner.models.places import ABSENT, CUT, Pieces, first_places, places_of, save_places, words_read
from runner.models.windows import Layout, in_windows, positions_of, save_windows, windows_of
from tasks.passages import PassageWords

ENCODING_VERSION = 1
TEXTS_AT_ONCE = 10_000


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a model reads texts with its tokenizer.

    rules: a hash of the tokenizer's. longest: tokens the model can read at most. padding: the id after a text's end.
    separator: what joins the two texts of a pair into one; None for two segments, by the tokenizer's own rule.
    has_types: whether the network is told which segment a token belongs to.
    """

    tokenizer: Any
    rules: str
    longest: int
    padding: int
    separator: str | None
    has_types: bool


@dataclass(frozen=True, kw_only=True)
class EncodedTokens:
    """Texts as token ids, each batch cut to its longest text and padded on the right.

    `types` tell the two segments of a pair apart; None where a text is one segment. `has_types` is False for
    models that know no segments. `places`: of the words, where the head reads them.
    """

    tokens: Ragged
    types: Ragged | None
    has_types: bool
    padding: int
    places: Ragged | None = None

    @property
    def lengths(self) -> NDArray[np.int64]:
        return self.tokens.lengths

    def inputs(self, rows: NDArray[np.int64], draw: int | None = None) -> dict[str, Tensor]:
        """The arguments of the network's forward for these rows: token ids, mask, types if it knows any, and places."""
        del draw
        lengths = self.tokens.lengths[rows]
        width = max(1, int(lengths.max()))
        ids = self.tokens.padded(rows, width, fill=self.padding)
        given = {
            "input_ids": torch.from_numpy(ids),
            "attention_mask": torch.from_numpy((np.arange(width) < lengths[:, None]).astype(np.int64)),
        }
        if self.has_types:
            types = np.zeros_like(ids) if self.types is None else self.types.padded(rows, width, fill=0)
            given["token_type_ids"] = torch.from_numpy(types)
        if self.places is not None:
            words = max(1, int(self.places.lengths[rows].max()))
            given["places"] = torch.from_numpy(self.places.padded(rows, words, fill=ABSENT))
        return given


def encode(context: ModelContext, examples: pa.Table, reading: Reading) -> Encoded:
    """Token ids of each example with the tokenizer's special tokens, cut to max_tokens; tokenised once a node.

    Passages that the context wants in windows are not cut.
    """
    if context.max_tokens > reading.longest:
        raise ModelError(
            f"max_tokens is {context.max_tokens}, but checkpoint '{context.options['checkpoint']}' reads at most "
            f"{reading.longest} tokens; set the task's max_tokens to that or less"
        )
    is_pair = "text_pair" in examples.column_names
    segments = is_pair and reading.separator is None
    pairs = (reading.separator or "segments") if is_pair else None
    choices = (ENCODING_VERSION, reading.rules, context.max_tokens, pairs)
    strides = (context.stride,) if context.in_windows else ()
    key = fingerprint(examples, *choices, *strides, reads=context.reads)
    folder = filled(context.cache / "tokens" / key, lambda fresh: _fill(fresh, context, examples, reading))
    offsets = mapped(folder, "offsets")
    encoded = EncodedTokens(
        tokens=Ragged(mapped(folder, "tokens"), offsets),
        types=Ragged(mapped(folder, "types"), offsets) if segments and reading.has_types else None,
        has_types=reading.has_types,
        padding=reading.padding,
        places=None if context.reads == "text" else places_of(folder),
    )
    return in_windows(folder, encoded, examples) if context.in_windows else encoded


def _fill(folder: Path, context: ModelContext, examples: pa.Table, reading: Reading) -> None:
    """Write tokens, in the smallest integers that hold the vocabulary, offsets, and what else the inputs need.

    That is types for two segments, and the places of words where the head reads them.
    """
    is_pair = "text_pair" in examples.column_names
    segments = is_pair and reading.separator is None
    names = ["input_ids", "token_type_ids"] if segments else ["input_ids"]
    small = np.uint16 if len(reading.tokenizer) <= np.iinfo(np.uint16).max else np.int32
    columns: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    by_word, spans = context.reads != "text", [np.empty((0, 2), np.int64)]
    counts: list[int] = []
    for batch in examples.to_batches(max_chunksize=TEXTS_AT_ONCE):
        firsts = batch["text"].to_pylist()
        seconds = batch["text_pair"].to_pylist() if is_pair else None
        if seconds and not segments:
            firsts = [f"{a}{reading.separator}{b}" for a, b in zip(firsts, seconds, strict=True)]
        given = reading.tokenizer(
            firsts,
            seconds if segments else None,
            truncation=not context.in_windows,
            max_length=None if context.in_windows else context.max_tokens,
            verbose=False,  # of what is longer than the model reads: that is seen to here
            return_attention_mask=False,
            return_token_type_ids=segments,
            return_offsets_mapping=by_word,
        )
        counts.extend(map(len, given["input_ids"]))
        if by_word:
            spans.append(_characters(given, 1 if segments else 0))
        for name in names:
            columns[name].append(np.fromiter(chain.from_iterable(given[name]), dtype=small))
    flat = {name: np.concatenate([np.empty(0, small), *parts]) for name, parts in columns.items()}
    offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    if by_word:
        begins, ends = np.concatenate(spans).T
        words = words_read(examples, context.reads)
        if is_pair and not segments:
            words = _after(words, examples["text"], len(reading.separator or ""))
        pieces = Pieces(begins, ends, offsets)
        if context.in_windows:
            flat, offsets = _parted(folder, context, words, pieces, flat)
        else:
            places = first_places(words, pieces)
            is_whole = np.repeat(np.diff(offsets) < context.max_tokens, words.counts)
            _refuse_lost_offsets(context, places[is_whole] == CUT)
            save_places(folder, places, words.counts)
    save(folder, tokens=flat["input_ids"], offsets=offsets)
    if segments:
        save(folder, types=flat["token_type_ids"].astype(np.uint8))


def _parted(
    folder: Path, context: ModelContext, words: PassageWords, pieces: Pieces, flat: Mapping[str, NDArray[Any]]
) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
    """What the windows of all passages read, end to end, and their offsets; where their words stand is kept."""
    counts = np.diff(pieces.offsets)
    owners = np.repeat(np.arange(len(counts)), counts)
    # Where passages follow questions in one text, their pieces are those from the first word on.
    begins = np.zeros(len(counts), np.int64)
    begins[words.counts > 0] = words.begins[words.firsts[words.counts > 0]]
    places = np.flatnonzero((pieces.ends > pieces.begins) & (pieces.ends > begins[owners]))
    first, last = np.full(len(counts), -1), np.full(len(counts), -1)
    first[owners[places[::-1]]], last[owners[places]] = places[::-1], places
    has_passage = first >= 0
    heads = np.where(has_passage, first - pieces.offsets[:-1], counts)
    passages = np.where(has_passage, last - first + 1, 0)
    layout = Layout(heads=heads, passages=passages, tails=counts - heads - passages)
    windows = windows_of(layout, context.max_tokens, context.stride)
    _refuse_lost_offsets(context, save_windows(folder, words, pieces, layout, windows))
    read, offsets = positions_of(layout, windows)
    return {name: values[read] for name, values in flat.items()}, offsets


def _characters(given: Any, segment: int) -> NDArray[np.int64]:
    """Which characters every piece stands for, of this text of a pair; 0 to 0 for those of the other and for none."""
    flat = np.fromiter(chain.from_iterable(chain.from_iterable(given["offset_mapping"])), np.int64).reshape(-1, 2)
    if segment:
        owners = chain.from_iterable(encoding.sequence_ids for encoding in given.encodings)
        flat[np.array([owner != segment for owner in owners])] = 0
    return flat


def _after(words: PassageWords, texts: pa.ChunkedArray, separator: int) -> PassageWords:
    """Words of passages as they stand after another text and a separator of so many characters."""
    before = np.repeat(pc.utf8_length(texts).to_numpy().astype(np.int64) + separator, words.counts)
    return replace(words, begins=words.begins + before, ends=words.ends + before)


def _refuse_lost_offsets(context: ModelContext, is_lost: NDArray[np.bool_]) -> None:
    """ModelError where most words of texts that are read whole are found in no piece."""
    lost, words = int(is_lost.sum()), len(is_lost)
    if 2 * lost > words:
        raise ModelError(
            f"the tokenizer of checkpoint '{context.options['checkpoint']}' does not say which characters its pieces "
            f"stand for: {lost} of {words} words are in none; choose a checkpoint with a tokenizer that keeps offsets"
        )
