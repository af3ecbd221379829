"""Have a network write the texts that answer a split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from runner.trial.devices import Compute


@dataclass(frozen=True)
class Written:
    """Texts in the order of a split. unended: how many of them the longest length has cut."""

    texts: tuple[str, ...]
    unended: int


def written(network: nn.Module, encoded: Any, batch_size: int, compute: Compute, beams: int = 1) -> Written:
    """The texts that the network writes after the inputs, without dropout: greedily, or by a search of several beams.

    Inputs of one length go together, so that none needs padding. With its input a text is at most as long as what the
    network was trained on: the task's max_tokens.
    """
    network.eval()
    texts, unended = [""] * len(encoded.prompts), 0
    write: Any = network.write
    with torch.inference_mode(), compute.autocast():
        for length in np.unique(encoded.prompts).tolist():
            rows = np.flatnonzero(encoded.prompts == length)
            for batch in np.split(rows, range(batch_size, len(rows), batch_size)):
                given = encoded.given(batch).to(compute.device.torch)
                made = write(given, encoded.longest - length, encoded.end, beams).tolist()
                for row, ids in zip(batch, made, strict=True):
                    ended = ids.index(encoded.end) if encoded.end in ids else None
                    unended += ended is None
                    texts[row] = encoded.tokenizer.decode(ids[:ended], skip_special_tokens=True).strip()
    return Written(tuple(texts), unended)
