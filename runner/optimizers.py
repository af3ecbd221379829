"""The optimizers with what they remember of a weight, and the curves of learning rates. Plans need no torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.pruning.moment import Moment
from runner.spec import Training


@dataclass(frozen=True, kw_only=True)
class OptimizerKind:
    """A class of torch.optim, by name. moments: what it keeps of every weight, by torch's names. settings: its own."""

    name: str
    moments: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)


OPTIMIZERS: dict[str, OptimizerKind] = {
    "adam": OptimizerKind(name="Adam", moments=("exp_avg", "exp_avg_sq")),
    "adamw": OptimizerKind(name="AdamW", moments=("exp_avg", "exp_avg_sq")),
    "sgd": OptimizerKind(name="SGD", moments=("momentum_buffer",), settings={"momentum": 0.9}),
}

LearningRate = Callable[[Moment], float]
"""The share of the highest learning rate at a moment, in [0, 1]; over each phase anew."""

LEARNING_RATES: dict[str, LearningRate] = {
    "constant": lambda moment: 1.0,
    "linear": lambda moment: 1 - moment.phase_step / moment.phase_steps,
    "cosine": lambda moment: (1 + math.cos(math.pi * moment.phase_step / moment.phase_steps)) / 2,
}


def learning_rate(training: Training, moment: Moment, since_restart: int) -> float:
    """That of the step to come: the curve of its phase, times a linear warm-up after every new optimizer."""
    warmup = training.warmup_epochs * moment.steps_per_epoch
    share = min(1.0, (since_restart + 1) / warmup) if warmup > 0 else 1.0
    return training.learning_rate * share * LEARNING_RATES[training.learning_rates](moment)
