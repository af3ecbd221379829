"""What a trial's names stand for: its course through the epochs, its pruning method, the trainer that follows them."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from runner.pruning.pruner import Method, Pruner
from runner.pruning.recovery import RECOVERIES
from runner.pruning.schedules import schedule_of
from runner.pruning.scores import SCORES
from runner.spec import TrialSpec
from runner.training import Lesson, Trainer


def course(spec: TrialSpec) -> tuple[Mapping[int, float], int]:
    """The cuts of a trial (epoch index -> cumulative fraction removed) and its epochs in all."""
    epochs = spec.training.epochs
    if spec.is_dense:
        return {}, epochs
    schedule = schedule_of(spec.method_line.schedule, spec.method_settings)
    late = int(spec.protocol.rounds == "off-by-one")
    return schedule.cuts(epochs, spec.sparsity, late=late), schedule.total_epochs(epochs)


def method_of(spec: TrialSpec) -> Method | None:
    """The pruning method of a trial; None for the dense model."""
    if spec.is_dense:
        return None
    method = spec.method_line
    return Method(score=SCORES[method.score], scope=method.scope, recovery=RECOVERIES[method.recovery])


def trainer_of(network: nn.Module, method: Method | None, lesson: Lesson, zero_stage: int) -> Trainer:
    """The trainer of a network that is still on the CPU: on the lesson's device, or sharded over its processes."""
    if zero_stage:
        from runner.sharding.trainer import ShardedTrainer

        return ShardedTrainer(network, method, lesson, zero_stage)
    network = network.to(lesson.compute.device.torch)
    return Trainer(network, Pruner(network, method, layernorm=lesson.protocol.layernorm == "prune"), lesson)
