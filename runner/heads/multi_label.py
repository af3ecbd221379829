"""The head of several classes per example: a sigmoid for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tasks.base import TaskData
from tasks.kinds import KINDS
from tasks.kinds.base import Codes, Kind

THRESHOLDS = np.arange(100) / 100


@dataclass(frozen=True)
class MultiLabelHead:
    """One unit a class; targets are zeros and ones as floats [n, classes]."""

    width: int
    kind: Kind = KINDS["multi-label"]
    learns_threshold: bool = True

    def targets(self, examples: pa.Table) -> Tensor:
        hot = self.kind.codes(examples["labels"].combine_chunks(), self.width)
        return torch.from_numpy(hot.astype(np.float32))

    def gold(self, targets: Tensor) -> Codes:
        codes: Codes = targets.numpy().astype(bool)
        return codes

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean binary cross entropy over the batch and the classes."""
        return nn.functional.binary_cross_entropy_with_logits(outputs, targets)

    def loss_rows(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.binary_cross_entropy_with_logits(outputs, targets, reduction="none").mean(1)

    def soft(self, outputs: Tensor) -> Tensor:
        """A probability of each class."""
        return outputs.sigmoid()

    def scores(self, outputs: Tensor) -> NDArray[Any]:
        return self.probabilities(outputs)

    def probabilities(self, outputs: Tensor) -> NDArray[Any]:
        values: NDArray[Any] = outputs.sigmoid().numpy()
        return values

    def influence(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """p: the sigmoids; y: the zeros and ones."""
        norms: Tensor = torch.linalg.vector_norm(outputs.sigmoid() - targets, dim=1)
        return norms

    def best_threshold(self, outputs: Tensor, targets: Tensor) -> float:
        """The t of 0.00, 0.01, ..., 0.99 that maximises macro-F1 of predictions sigmoid(z) > t; the lowest of equals.

        Counts for all hundred thresholds come from one histogram: a probability that exceeds k thresholds is a yes at
        the first k of them. NaN exceeds none.
        """
        gold = self.gold(targets)
        probabilities = np.nan_to_num(self.probabilities(outputs).astype(np.float64), nan=-1.0)
        exceeded = np.searchsorted(THRESHOLDS, probabilities, side="left")
        classes, bins = gold.shape[1], len(THRESHOLDS) + 1
        cell = np.arange(classes) * bins + exceeded
        said = predicted_at_each(np.bincount(cell.ravel(), minlength=classes * bins).reshape(classes, bins))
        hits = predicted_at_each(np.bincount(cell[gold], minlength=classes * bins).reshape(classes, bins))
        mentions = said + gold.sum(0)[:, None]
        f1 = np.divide(2.0 * hits, mentions, out=np.zeros(hits.shape), where=mentions > 0)
        return float(THRESHOLDS[f1.mean(0).argmax()])


def predicted_at_each(histogram: NDArray[np.int64]) -> NDArray[np.int64]:
    """From counts by thresholds exceeded [classes, 101], how many exceed each threshold [classes, 100]."""
    totals: NDArray[np.int64] = histogram[:, ::-1].cumsum(1)[:, ::-1][:, 1:]
    return totals


def build(data: TaskData) -> MultiLabelHead:
    """The head for a task's data."""
    return MultiLabelHead(len(data.classes))
