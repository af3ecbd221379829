"""The head of a number per example: one unit, in standard deviations of the training values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from runner.heads.base import WithoutProbabilities
from tasks.base import TaskData
from tasks.kinds import KINDS
from tasks.kinds.base import Codes, Kind


@dataclass(frozen=True)
class RegressionHead(WithoutProbabilities):
    """Targets are the gold values, float32 [n]; the network learns (value - mean) / deviation.

    So the data's unit does not change what a learning rate means. mean, deviation: of the training split.
    """

    mean: float
    deviation: float
    width: int = 1
    kind: Kind = KINDS["regression"]
    learns_threshold: bool = False

    def targets(self, examples: pa.Table) -> Tensor:
        return torch.from_numpy(examples["gold_value"].to_numpy().astype(np.float32))

    def gold(self, targets: Tensor) -> Codes:
        codes: Codes = targets.numpy()
        return codes

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean squared error, in squared deviations."""
        return self.loss_rows(outputs, targets).mean()

    def loss_rows(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs[:, 0] - (targets - self.mean) / self.deviation).square()

    def soft(self, outputs: Tensor) -> Tensor:
        """The values that the outputs stand for, [n]."""
        return outputs[:, 0] * self.deviation + self.mean

    def scores(self, outputs: Tensor) -> NDArray[Any]:
        values: NDArray[Any] = outputs[:, 0].numpy().astype(np.float64) * self.deviation + self.mean
        return values


def build(data: TaskData) -> RegressionHead:
    """The head for a task's data."""
    values = data.split("train")["gold_value"].to_numpy().astype(np.float64)
    return RegressionHead(mean=float(values.mean()), deviation=float(values.std()) or 1.0)
