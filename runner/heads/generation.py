"""The head of texts that are written after another: the likelihood of each of their tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from runner.heads.base import WithoutProbabilities
from runner.heads.tagging import mean_of_words, present
from tasks.base import TaskData
from tasks.kinds import KINDS
from tasks.kinds.base import Codes, Kind


@dataclass(frozen=True)
class GenerationHead(WithoutProbabilities):
    """Outputs are log-likelihoods [n, tokens, 1] of the first reference's tokens, -inf for one that is not there.

    The network has the vocabulary, so it knows what is true as well: targets say nothing, [n]. While it learns from
    another network, outputs are [n, tokens, 1 + vocabulary]: the log-likelihood of every other token too, and what the
    other makes of them is a target, [n, tokens, vocabulary].
    """

    width: int = 1
    kind: Kind = KINDS["generation"]
    learns_threshold: bool = False

    def targets(self, examples: pa.Table) -> Tensor:
        return torch.zeros(examples.num_rows)

    def gold(self, targets: Tensor) -> Codes:
        raise NotImplementedError("the references of texts lie in the examples, not in targets")

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean over texts of the mean negative log-likelihood of their tokens."""
        return self.loss_rows(outputs, targets).mean()

    def loss_rows(self, outputs: Tensor, targets: Tensor) -> Tensor:
        is_there, likely = present(outputs)
        if targets.ndim == 3:
            return -mean_of_words((targets * likely[..., 1:].log_softmax(-1)).sum(-1), is_there)
        return -mean_of_words(likely[..., 0], is_there)

    def soft(self, outputs: Tensor) -> Tensor:
        """Probabilities of the vocabulary, to be the next token."""
        return present(outputs)[1][..., 1:].softmax(-1)

    def scores(self, outputs: Tensor) -> NDArray[Any]:
        raise NotImplementedError("texts are written, not decided: see runner.trial.writing")


def build(data: TaskData) -> GenerationHead:
    """The head for a task's data."""
    return GenerationHead()
