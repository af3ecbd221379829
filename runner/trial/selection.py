"""Choose the network that ends a phase of training: the best that the phase has passed through, on data held out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from runner.pruning.moment import Moment
from runner.pruning.part import Part
from runner.pruning.pruner import Pruner, under
from runner.training import Selection

Measure = Callable[[], float | None]
"""What a network comes to as it stands; None where that is no number."""


@dataclass(frozen=True, kw_only=True)
class Judge:
    """By what networks are compared: a measure, and whether it is a loss, which is lower for better ones."""

    measure: Measure
    is_loss: bool = False

    def merit(self, value: float) -> float:
        """A value of the measure as a number that is higher for better networks."""
        return -value if self.is_loss else value


class BestNetwork(Part):
    """The best network of a phase so far, with all that its pruner knew then; checkpoints hold it.

    judge: by what networks are compared. taken: the step whose network ended the last phase that had a best one.
    """

    def __init__(self, choice: Selection, network: nn.Module, pruner: Pruner, judge: Judge) -> None:
        self.choice = choice
        self.network = network
        self.pruner = pruner
        self.judge = judge
        self.value = math.nan
        self.step = 0
        self.taken: int | None = None
        self._best: dict[str, Tensor] = {}

    def consider(self, moment: Moment) -> None:
        """Look at the network of this moment, if it is one of those that are looked at."""
        every = self.choice.every or moment.steps_per_epoch
        if moment.step % every and not (moment.is_end or moment.phase_step == 0):
            return
        with self.pruner.as_decided():
            value = self.judge.measure()
            if value is None or not self._is_better(value):
                return
            self.value, self.step = value, moment.step
            held = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
            held |= {f"pruner.{name}": tensor for name, tensor in self.pruner.state().items()}
            self._best = {name: tensor.detach().clone() for name, tensor in held.items()}

    def take(self) -> None:
        """End a phase: let the network be the best that was seen in it, or stay where none was."""
        if not self._best:
            return
        self.network.load_state_dict(under("network.", self._best))
        self.pruner.restore(under("pruner.", self._best))
        self.taken, self.value, self._best = self.step, math.nan, {}

    def _is_better(self, value: float) -> bool:
        return math.isnan(self.value) or self.judge.merit(value) > self.judge.merit(self.value)

    def state(self) -> dict[str, Tensor]:
        """The best network, its value and step, and the step that ended the phase before."""
        taken = -1 if self.taken is None else self.taken
        numbers = torch.tensor([self.value, self.step, taken], dtype=torch.float64)
        return {"best.numbers": numbers, **{f"best.{name}": tensor for name, tensor in self._best.items()}}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take a state that `state` gave."""
        held = {name: tensor.clone() for name, tensor in under("best.", tensors).items()}
        value, step, taken = held.pop("numbers").tolist()
        self.value, self.step, self.taken = value, int(step), None if taken < 0 else int(taken)
        self._best = held
