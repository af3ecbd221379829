"""Whether a study can be computed by the processes that its strategy names."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from runner.methods import METHODS
from runner.models import MODELS
from runner.studies.errors import Problem
from runner.studies.study import Study
from runner.studies.training import cell_name
from tasks.choices import kind_of
from tasks.kinds import KINDS


def problems(study: Study) -> Iterator[Problem]:
    """What of a study cannot be computed by several processes."""
    if not study.strategy.is_sharded:
        return
    yield from _model_problems(study)
    for index, task in enumerate(study.tasks):
        if KINDS[kind_of(task)].reads == "continuation":
            yield Problem(
                ("tasks", index),
                f"texts of '{task.name}' are written by one process, and strategy deepspeed has several; leave it out",
            )
    for index, choice in enumerate(study.methods):
        if not choice.line.is_shardable:
            allowed = ", ".join(known for known, method in METHODS.items() if method.is_shardable)
            yield Problem(
                ("methods", index),
                f"'{choice.name}' needs the whole network on one device, and strategy deepspeed has none; allowed: "
                f"{allowed}",
            )
    for name in study.record.resolve().extras:
        yield Problem(
            ("record", name), f"{name}: it is kept of a whole network, and strategy deepspeed has none; remove it"
        )
    if study.canary:
        yield Problem(("canary",), "copies for comparing vendors run on one device each; set canary: 0, or no strategy")
    yield from _whole_networks(study)
    for task, model in study.pairs:
        parts = study.training.of_cell(task.name, model.name).get("micro_batches", 1)
        if parts % study.strategy.count:
            yield Problem(
                ("strategy",),
                f"{study.strategy.count} processes share the micro-batches of every batch, and "
                f"{cell_name(task.name, model.name)} has {parts}; set training.micro_batches to a multiple of "
                f"{study.strategy.count} (it fixes what dropout draws: trials can go on with any number of "
                "processes that divides it)",
            )


def _whole_networks(study: Study) -> Iterator[Problem]:
    """Training settings that act on a whole network, which no process has between decisions."""
    for task, model in study.pairs:
        training, cell = study.training.trained(task.name, model.name), cell_name(task.name, model.name)
        if training.selection.best:
            yield Problem(
                ("training",), f"under strategy deepspeed the last network answers; set selection: last in {cell}"
            )
        if training.finetuning.optimizer == "new":
            yield Problem(
                ("training",),
                f"under strategy deepspeed the optimizer goes on; set finetuning.optimizer: old in {cell}",
            )


def missing_library(study: Study) -> Iterator[Problem]:
    """DeepSpeed, where a study is to run with it and it is not installed."""
    if study.strategy.is_sharded and find_spec("deepspeed") is None:
        yield Problem(("strategy",), "DeepSpeed is not installed; pip install 'piesweep[deepspeed]' on every node")


def _model_problems(study: Study) -> Iterator[Problem]:
    for index, choice in enumerate(study.models):
        if not MODELS[choice.model].shards:
            able = ", ".join(name for name, architecture in MODELS.items() if architecture.shards)
            yield Problem(
                ("models", index),
                f"'{choice.model}' cannot be sharded by strategy deepspeed; models that can: {able}; or put the others "
                "into a study of their own",
            )
        _, gpus = study.resources.of_model(choice.name)
        if gpus not in (0, 1):
            yield Problem(
                ("resources", "gpus"),
                f"resources are those of one process, and under strategy deepspeed it has one GPU or none; {gpus:g} "
                f"were given for '{choice.name}'; set gpus: 1 and choose strategy.processes",
            )
