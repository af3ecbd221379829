"""Keep learning curves: loss, sparsity and the value on validation data, by step.

A row stands for the steps since the one before it: the mean of their losses, as the training saw them (penalties and
teachers included), and what has gone after the last of them. There are about a thousand rows at most, and one at the
end of each epoch, which alone has a validation value: the task's first metric on examples that are held out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from runner.extras import MOST_POINTS, Gathered
from runner.pruning.masks import sparsity
from runner.pruning.moment import Moment
from runner.pruning.part import Made
from runner.trial.extras.base import Observed, Recorder
from runner.trial.extras.rows import as_parquet

POINTS, PARTIAL = "curves.points", "curves.partial"


class CurvesRecorder(Recorder):
    """Watches every step; what it has seen so far is part of a trial's state."""

    name = "curves"

    def __init__(self, observed: Observed) -> None:
        self.observed = observed
        self._points: list[list[float]] = []
        self._sum = torch.zeros(2, dtype=torch.float64)

    def loss(self, loss: Tensor, made: Made, moment: Moment) -> Tensor:
        """As it is, and remembered: of several micro-batches each counts for as many examples as it has."""
        del moment
        count = len(made.logits)
        self._sum = self._sum.to(loss.device) + torch.stack([loss.detach().double() * count, _like(loss, count)])
        return loss

    def after_step(self, moment: Moment) -> None:
        """Keep a point if it is time for one."""
        done = moment.step + 1
        ends_epoch = done % moment.steps_per_epoch == 0
        if done % math.ceil(moment.steps / MOST_POINTS) and not ends_epoch:
            return
        total, count = self._sum.tolist()
        value = self.observed.validation() if ends_epoch and self.observed.validation else None
        removed = sparsity(self.observed.pruner.masks)
        self._points.append([done, total / count, removed, math.nan if value is None else value])
        self._sum = torch.zeros(2, dtype=torch.float64)

    def state(self) -> dict[str, Tensor]:
        """The points so far, and the losses since the last of them."""
        points = torch.tensor(self._points, dtype=torch.float64).reshape(-1, 4)
        return {POINTS: points, PARTIAL: self._sum}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from such a state."""
        self._points, self._sum = tensors[POINTS].tolist(), tensors[PARTIAL].clone()

    def gathered(self) -> Gathered:
        """The curves of the trial, and of the training that it went on from."""
        steps, losses, removed, values = zip(*self._points, strict=True) if self._points else ((), (), (), ())
        columns: dict[str, Sequence[Any]] = {
            "step": [int(step) for step in steps],
            "loss": [loss if math.isfinite(loss) else None for loss in losses],
            "sparsity": list(removed),
            "validation": [None if math.isnan(value) else value for value in values],
        }
        return as_parquet(self.name, self.observed.spec.trial_id, columns)


def _like(loss: Tensor, count: int) -> Tensor:
    return torch.tensor(float(count), dtype=torch.float64, device=loss.device)


def recorder(observed: Observed) -> CurvesRecorder:
    """The recorder of a trial."""
    return CurvesRecorder(observed)
