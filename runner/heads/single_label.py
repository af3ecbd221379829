"""The head of one class per example: a softmax over the classes."""

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
class SingleLabelHead:
    """One unit a class; targets are class indices int64 [n]."""

    width: int
    kind: Kind = KINDS["single-label"]
    learns_threshold: bool = False

    def targets(self, examples: pa.Table) -> Tensor:
        return torch.from_numpy(examples["label"].to_numpy().astype(np.int64))

    def gold(self, targets: Tensor) -> Codes:
        codes: Codes = targets.numpy()
        return codes

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean cross entropy over the batch."""
        return nn.functional.cross_entropy(outputs, targets)

    def loss_rows(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.cross_entropy(outputs, targets, reduction="none")

    def soft(self, outputs: Tensor) -> Tensor:
        """Probabilities of the classes."""
        return outputs.softmax(1)

    def scores(self, outputs: Tensor) -> NDArray[Any]:
        logits: NDArray[Any] = outputs.numpy()
        return logits

    def probabilities(self, outputs: Tensor) -> NDArray[Any]:
        values: NDArray[Any] = outputs.softmax(1).numpy()
        return values

    def influence(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """p: the softmax; y: one-hot."""
        errors = outputs.softmax(1) - nn.functional.one_hot(targets, self.width)
        norms: Tensor = torch.linalg.vector_norm(errors, dim=1)
        return norms

    def best_threshold(self, outputs: Tensor, targets: Tensor) -> float:
        return HALF


def build(data: TaskData) -> SingleLabelHead:
    """The head for a task's data."""
    return SingleLabelHead(len(data.classes))
