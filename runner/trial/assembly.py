"""Build a trial's network, training set, method and trainer from its spec."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from runner.heads import head_for
from runner.heads.base import Head
from runner.models import MODELS, load_module, require_readable, settings
from runner.models.base import Encoded, ModelContext
from runner.pruning.gates import GATES
from runner.pruning.options import with_options
from runner.pruning.part import Part
from runner.pruning.penalties import PENALTIES
from runner.pruning.penalties.base import Penalized
from runner.pruning.pruner import Method, Pruner
from runner.pruning.recovery import RECOVERIES
from runner.pruning.removals import REMOVALS
from runner.pruning.running_statistics import Statistics, refuse_statistics
from runner.pruning.scores import SCORES
from runner.pruning.targets import TARGETS, sizes_of
from runner.pruning.teachers import TEACHERS
from runner.spec import TrialSpec, derived_seed
from runner.trial.class_identity import require_identity
from runner.trial.devices import Compute, choose_device, prepare, refuse_other, resolve_precision
from runner.trial.distillation import BestSoFar, Distillation
from runner.trial.engine import Engine, OneProcess
from runner.trial.evaluation import answer
from runner.trial.extras import recorders
from runner.trial.extras.base import Observed
from runner.trial.judging import NOBODY, Judges, judges_of
from runner.trial.selection import BestNetwork, Judge
from runner.trial.trainer import Trainer
from runner.trial.training_set import Sampling, TrainingSet
from runner.trial.workplace import Workplace
from runner.trial.writing import Written, written
from tasks.base import Split, TaskData


@dataclass(frozen=True, kw_only=True)
class Assembled:
    """A trial that is ready to be trained: its data, the code of its architecture, its training set and trainer."""

    spec: TrialSpec
    data: TaskData
    module: Any
    context: ModelContext
    training_set: TrainingSet
    trainer: Trainer

    def encoded(self, split: Split) -> Encoded:
        """One split's inputs, ready for the network."""
        return self.module.encode(self.context, self.data.split(split))  # type: ignore[no-any-return]

    def logits(self, encoded: Encoded) -> Tensor:
        """What the network says of every row, as it is now."""
        return answer(self.trainer.active, encoded, self.spec.training.batch_size, self.training_set.compute)

    def written(self, split: Split) -> Written:
        """What the network writes for every row of a split, as it is now."""
        spec = self.spec
        return written(
            self.trainer.active, self.encoded(split), spec.training.batch_size, self.training_set.compute, spec.beams
        )


def assembled(spec: TrialSpec, workplace: Workplace, data: TaskData) -> Assembled:
    """The trial at step 0, on the device that computes it."""
    prepare(workplace.threads)
    module = load_module(MODELS[spec.architecture])
    head = head_for(data)
    if data.pictures:
        require_readable(spec.architecture, data.task, data.pictures)
    context = context_of(spec, workplace, data, head)
    torch.manual_seed(derived_seed(spec.seed, "init"))
    network = module.build(context)
    device = choose_device(workplace.device)
    refuse_other(device, spec.canary)
    precision = resolve_precision(spec.training.precision, device, network)
    training_set = TrainingSet(
        encoded=module.encode(context, data.split("train")),
        targets=head.targets(data.split("train")),
        head=head,
        seed=spec.seed,
        training=spec.training,
        protocol=spec.protocol,
        compute=Compute(device=device, precision=precision, processes=workplace.processes),
        sampling=sampling_of(spec),
    )
    if getattr(network, "has_unnamed_classes", False):
        require_identity(network.to(device.torch), training_set)
    judges = judges_of(spec, network, data, training_set, partial(module.encode, context))
    trainer = trainer_of(network, spec, training_set, workplace.zero_stage, judges)
    return Assembled(spec=spec, data=data, module=module, context=context, training_set=training_set, trainer=trainer)


def context_of(spec: TrialSpec, workplace: Workplace, data: TaskData, head: Head) -> ModelContext:
    """What an architecture is told of the trial."""
    return ModelContext(
        options=settings(spec.architecture, dict(spec.options)),
        classes=head.width,
        names=data.classes,
        kind=data.kind,
        reads=head.kind.reads,
        inputs=data.inputs,
        images=data.pictures,
        variations=spec.training.variations(data.pictures.variations) if data.pictures else (),
        max_tokens=spec.max_tokens or data.max_tokens,
        stride=spec.stride,
        switches=spec.protocol,
        seed=spec.seed,
        cache=workplace.cache,
        is_taught=not spec.is_dense and spec.method_line.teacher is not None,
    )


def method_of(spec: TrialSpec) -> Method | None:
    """The pruning method of a trial; None for the dense model."""
    if spec.is_dense:
        return None
    method = spec.method_line
    return Method(
        score=with_options(SCORES[method.score], spec.method_settings),
        scope=method.scope,
        recovery=RECOVERIES[method.recovery],
        removal=REMOVALS[method.removal],
        gate=with_options(GATES[method.gate], spec.method_settings) if method.gate else None,
        seed=derived_seed(spec.seed, "gate"),
    )


def sampling_of(spec: TrialSpec) -> Sampling:
    """Over which training examples the trial's method takes gradients.

    Where it has the option `samples`, over so many in the training's batches; else as the protocol says.
    """
    samples = None if spec.is_dense else spec.method_settings.get("samples")
    statistics: Statistics = "frozen" if spec.is_dense else spec.method_settings.get("statistics", "frozen")
    if samples is None:
        return Sampling(only_last=spec.protocol.impact == "last-batch", statistics=statistics)
    return Sampling(samples, spec.training.batch_size, statistics=statistics)


def trainer_of(
    network: nn.Module, spec: TrialSpec, training_set: TrainingSet, zero_stage: int, judges: Judges = NOBODY
) -> Trainer:
    """The trainer of a network that is still on the CPU: on its device, or sharded over the processes."""
    method, targets = method_of(spec), TARGETS[spec.targets]
    target = sizes_of(network, targets).fraction(spec.sparsity, spec.base)
    method = method and dataclasses.replace(method, target=target)
    engine: Engine
    if zero_stage:
        from runner.trial.sharding.engine import ManyProcesses

        refuse_statistics(network)
        engine = ManyProcesses(network, training_set, zero_stage)
        pruner = Pruner(network, method if engine.processes.is_first else None, targets)
    else:
        network = network.to(training_set.compute.device.torch)
        pruner = Pruner(network, method, targets)
        freeze(network, pruner)
        engine = OneProcess(
            network, training_set, list(pruner.gates.values()), pruner.gate.gate_rate if pruner.gate else 0
        )
    answering, others = judges.answering, parts_of(spec, network, pruner, training_set, judges.teaching)
    if answering:
        others.append(BestNetwork(spec.training.selection, network, pruner, answering))
    others += recorders(
        Observed(spec=spec, network=network, pruner=pruner, training_set=training_set, validation=judges.watching)
    )
    return Trainer(engine, training_set, pruner, spec.schedule, target, others)


def freeze(network: nn.Module, pruner: Pruner) -> None:
    """Train no more than what is made of gates and the layers that answer, where a gate freezes the rest."""
    if pruner.gate is None or not pruner.gate.freezes:
        return
    made = {id(weight) for weight in pruner.weights.values()}
    for name, parameter in network.named_parameters():
        if id(parameter) not in made and not {"classifier", "pooler"} & {*name.split(".")}:
            parameter.requires_grad_(False)


def parts_of(
    spec: TrialSpec, network: nn.Module, pruner: Pruner, training_set: TrainingSet, teaching: Judge | None = None
) -> list[Part]:
    """What acts at every step of a trial besides its pruner. teaching: by what a teacher is chosen, where one is."""
    found = list[Part]()
    if spec.is_dense:
        return found
    method = spec.method_line
    if method.teacher is not None:
        teacher = with_options(TEACHERS[method.teacher], spec.method_settings)
        found.append(
            BestSoFar(teacher, network, training_set, teaching)
            if teaching
            else Distillation(teacher, network, training_set)
        )
    if method.penalty is not None:
        found.append(Penalized(with_options(PENALTIES[method.penalty], spec.method_settings), pruner))
    return found
