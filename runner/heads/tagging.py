"""The head of a tag for every word: a softmax over the tags at each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from runner.heads.base import HALF
from tasks.base import TaskData
from tasks.kinds import KINDS
from tasks.kinds.base import Codes, Kind


@dataclass(frozen=True)
class TaggingHead:
    """One unit a tag, at every word; outputs are [n, words, tags], targets tags int64 [n, words].

    Of a word that is not there all outputs are -inf, and the target is ABSENT; what is made of it counts as nothing.
    """

    width: int
    kind: Kind
    learns_threshold: bool = False

    def targets(self, examples: pa.Table) -> Tensor:
        codes = self.kind.codes(examples["gold_tags"].combine_chunks(), self.width)
        return torch.from_numpy(codes.astype(np.int64))

    def gold(self, targets: Tensor) -> Codes:
        codes: Codes = targets.numpy().astype(np.int16)
        return codes

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean over texts of the mean cross entropy of their words."""
        return self.loss_rows(outputs, targets).mean()

    def loss_rows(self, outputs: Tensor, targets: Tensor) -> Tensor:
        is_there, known = present(outputs)
        targets = targets[:, : outputs.shape[1]]
        if targets.ndim == 2:
            targets = targets.clamp(min=0)
        losses = nn.functional.cross_entropy(known.flatten(0, 1), targets.flatten(0, 1), reduction="none")
        return mean_of_words(losses.view(is_there.shape), is_there)

    def soft(self, outputs: Tensor) -> Tensor:
        """Probabilities of the tags of every word."""
        return present(outputs)[1].softmax(-1)

    def scores(self, outputs: Tensor) -> NDArray[Any]:
        logits: NDArray[Any] = outputs.numpy()
        return logits

    def probabilities(self, outputs: Tensor) -> None:
        return None

    def influence(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean over a text's words of ||p - y||_2, p: the softmax, y: one-hot."""
        is_there, known = present(outputs)
        gold = nn.functional.one_hot(targets[:, : outputs.shape[1]].clamp(min=0), self.width)
        return mean_of_words(torch.linalg.vector_norm(known.softmax(-1) - gold, dim=-1), is_there)

    def best_threshold(self, outputs: Tensor, targets: Tensor) -> float:
        return HALF


def present(outputs: Tensor) -> tuple[Tensor, Tensor]:
    """Which words are there [n, words], and the outputs with zeros for those that are not."""
    is_there = ~outputs.isneginf().all(-1)
    return is_there, outputs.masked_fill(~is_there[..., None], 0.0)


def mean_of_words(values: Tensor, is_there: Tensor) -> Tensor:
    """The mean of every text's words, [n]; 0 for a text without any."""
    return (values * is_there).sum(1) / is_there.sum(1).clamp(min=1)


def build(data: TaskData) -> TaggingHead:
    """The head for a task's data."""
    return TaggingHead(len(data.classes), KINDS["tagging"].of(data.classes))
