"""The settings that a random search tries, drawn by Ray Tune's own search."""

from __future__ import annotations

import hashlib
from typing import Any

from ray import tune
from ray.tune.experiment import Experiment
from ray.tune.search.basic_variant import BasicVariantGenerator

from runner.studies.training import cell_name
from runner.studies.tuning import Ranges

Draw = dict[str, Any]
"""Training setting -> value."""


def draws(ranges: Ranges, count: int, task: str, model: str) -> list[Draw]:
    """`count` independent draws for one task and model.

    They depend on the names and ranges alone: other cells of a study change nothing, and a larger count only adds to
    them. Uniform over the whole numbers of epochs, both ends included; over the learning rates, or their logarithms.
    """
    generator = BasicVariantGenerator(random_state=_seed(task, model))
    generator.add_configurations([Experiment("draws", run=_unused, config=_space(ranges), num_samples=count)])
    trials = iter(generator.next_trial, None)
    return [dict(trial.config) for trial in trials]


def _space(ranges: Ranges) -> dict[str, Any]:
    """The search space in Ray Tune's words."""
    space: dict[str, Any] = {}
    if ranges.epochs is not None:
        low, high = ranges.epochs
        space["epochs"] = tune.randint(low, high + 1)
    if ranges.learning_rate is not None:
        over = tune.loguniform if ranges.scale == "log" else tune.uniform
        space["learning_rate"] = over(*ranges.learning_rate)
    return space


def _seed(task: str, model: str) -> int:
    """A seed of 32 bits, which is what NumPy's older generators take."""
    return int.from_bytes(hashlib.sha256(f"search:{cell_name(task, model)}".encode()).digest()[:4], "big")


def _unused(config: Draw) -> None:
    """What Ray Tune would run: the draws become trials of a study instead."""
