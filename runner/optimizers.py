"""The optimizers with what they remember of a weight, and the curves of learning rates. Plans need no torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runner.pruning.moment import Moment
from runner.training import Training


@dataclass(frozen=True, kw_only=True)
class OptimizerKind:
    """A class of torch.optim, by name.

    moments: what it keeps of every weight, by torch's names. settings: the fields of Training that it has by torch's
    name beside the learning rate and weight decay.
    """

    name: str
    moments: tuple[str, ...]
    settings: tuple[str, ...] = ()


OPTIMIZERS: dict[str, OptimizerKind] = {
    "adam": OptimizerKind(name="Adam", moments=("exp_avg", "exp_avg_sq")),
    "adamw": OptimizerKind(name="AdamW", moments=("exp_avg", "exp_avg_sq")),
    "sgd": OptimizerKind(name="SGD", moments=("momentum_buffer",), settings=("momentum", "nesterov")),
}

Milestones = Sequence[tuple[float, float]]
"""Pairs of an epoch of a phase and the share of the highest learning rate from then on, by ascending epoch."""

LearningRate = Callable[[Moment, Milestones], float]
"""The share of the highest learning rate at a moment, at least 0; over each phase anew."""


def stepwise(moment: Moment, milestones: Milestones) -> float:
    """1 up to the first milestone, then what the last one that is past says."""
    epoch = moment.phase_step / moment.steps_per_epoch
    return next((share for begins, share in reversed(milestones) if epoch >= begins), 1.0)


LEARNING_RATES: dict[str, LearningRate] = {
    "constant": lambda moment, _: 1.0,
    "linear": lambda moment, _: 1 - moment.phase_step / moment.phase_steps,
    "cosine": lambda moment, _: (1 + math.cos(math.pi * moment.phase_step / moment.phase_steps)) / 2,
    "milestones": stepwise,
}


def learning_rate(training: Training, moment: Moment, since_restart: int) -> float:
    """That of the step to come: the curve of its phase, times a linear warm-up after every new optimizer."""
    warmup = training.warmup_epochs * moment.steps_per_epoch
    ramp = min(1.0, (since_restart + 1) / warmup) if warmup > 0 else 1.0
    rates = training.rates(moment.phase)
    return rates.highest * ramp * LEARNING_RATES[rates.curve](moment, rates.milestones)
