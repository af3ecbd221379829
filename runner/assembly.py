"""Build a trial's method and trainer from its spec."""

from __future__ import annotations

from torch import nn

from runner.distillation import Distillation
from runner.engine import Engine, OneProcess
from runner.methods import NAMED
from runner.pruning.gates import GATES
from runner.pruning.part import Part
from runner.pruning.pruner import Method, Pruner
from runner.pruning.recovery import RECOVERIES
from runner.pruning.removals import REMOVALS
from runner.pruning.scores import SCORES
from runner.pruning.teachers import TEACHERS
from runner.spec import TrialSpec
from runner.training import Trainer
from runner.training_set import TrainingSet


def method_of(spec: TrialSpec) -> Method | None:
    """The pruning method of a trial; None for the dense model."""
    if spec.is_dense:
        return None
    method = NAMED[spec.method]
    return Method(
        score=SCORES[method.score],
        scope=method.scope,
        recovery=RECOVERIES[method.recovery],
        removal=REMOVALS[method.removal],
        gate=GATES[method.gate] if method.gate else None,
    )


def trainer_of(network: nn.Module, spec: TrialSpec, training_set: TrainingSet, zero_stage: int) -> Trainer:
    """The trainer of a network that is still on the CPU: on its device, or sharded over the processes."""
    method, layernorm = method_of(spec), spec.protocol.layernorm == "prune"
    engine: Engine
    if zero_stage:
        from runner.sharding.engine import ManyProcesses

        engine = ManyProcesses(network, training_set, zero_stage)
        pruner = Pruner(network, method if engine.processes.is_first else None, layernorm=layernorm)
    else:
        network = network.to(training_set.compute.device.torch)
        pruner = Pruner(network, method, layernorm=layernorm)
        engine = OneProcess(network, training_set, list(pruner.gates.values()))
    others: list[Part] = []
    if not spec.is_dense and (teacher := NAMED[spec.method].teacher):
        others.append(Distillation(TEACHERS[teacher], network, training_set))
    return Trainer(engine, training_set, pruner, spec.schedule, spec.sparsity, others)
