"""Check a study: whether its parts fit each other, and the tasks, models and files there are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.models import MODELS, ModelError, resolve
from runner.studies import grid_checks, hypothesis_checks, method_checks, strategy_checks
from runner.studies.document import is_path
from runner.studies.errors import KeyPath, Problem, suggestion, unknown
from runner.studies.study import ModelChoice, Study
from runner.studies.training import cell_name
from runner.studies.training_checks import selection_problems, training_problems
from tasks import TASKS
from tasks.base import SPLITS, TaskChoice, TaskError
from tasks.bleurt import BLEURT
from tasks.choices import kind_of, metrics_of
from tasks.columns import Inputs
from tasks.kinds import KINDS
from tasks.kinds.base import Kind, Reads
from tasks.metric_choice import check_metrics
from tasks.own_fields import check_fields, reads_images

OWN = (
    *("train", "validation", "test", "dataset", "config", "splits", "text", "image", "label", "labels", "separator"),
    *("words", "tags", "question", "context", "answer", "answer_start", "target", "kind"),
    *("id", "quoting", "delimiter", "encoding", "columns"),
)
ASKED = ("probabilities", "el2n")
"""What of a trial's rows rests on probabilities of classes."""
NEEDED = ("epochs", "batch_size", "learning_rate")


def problems(study: Study, *, elsewhere: bool = False) -> list[Problem]:
    """Everything wrong with a study whose single values are right; of data, only the heads of own files are read.

    elsewhere: the study is for other machines, and no file is looked for on this one.
    """
    found = [*_task_problems(study, elsewhere), *_model_problems(study), *method_checks.problems(study)]
    found += [*grid_checks.problems(study), *_record_problems(study), *_name_problems(study)]
    found = found or [*_pairing_problems(study), *_training_problems(study), *strategy_checks.problems(study)]
    return found or list(hypothesis_checks.problems(study))


def missing_data(study: Study) -> list[Problem]:
    """Tasks that need the user's copy of their data, and were given no path of it."""
    found = []
    for index, choice in enumerate(study.tasks):
        task = TASKS.get(choice.name)
        if task and task.needs_data and not choice.data:
            how = f"tasks.{choice.name}.data=PATH on the command line, or `data: PATH` in the study"
            how += "; PATH as the machines see it that run the trials"
            found.append(
                Problem(("tasks", index, "data"), f"'{choice.name}' needs your copy of its data: {how} ({task.source})")
            )
    return found


def missing_inputs(study: Study, *, libraries: bool = True) -> list[Problem]:
    """What a run here needs and a plan does not: data, files that models are given, and the strategy's library."""
    found = [*(strategy_checks.missing_library(study) if libraries else ()), *missing_data(study)]
    for index, model in enumerate(study.models):
        for option, value in model.options.items():
            if is_path(value) and not Path(str(value)).exists():
                how = f"give the right path with models.{model.name}.{option}=PATH"
                found.append(Problem(("models", index, option), f"there is no file or folder {value}; {how}"))
    return found


def paths(study: Study) -> dict[str, str]:
    """Every path that a study names, as it is written, by the key that would change it: {"tasks.imdb.data": ...}."""
    from runner.models.vectors import SOURCES

    found: dict[str, str | None] = {}
    for choice in study.tasks:
        own = {key: getattr(choice, key) for key in ("data", BLEURT, *SPLITS)}  # a number is a fraction, no path
        own = {key: path if isinstance(path, str) else None for key, path in own.items()}
        own["dataset"] = choice.dataset if is_path(choice.dataset) else None
        found.update({f"tasks.{choice.name}.{key}": path for key, path in own.items()})
    for model in study.models:
        for option, value in model.options.items():
            if is_path(value) or (option == "vectors" and value not in SOURCES):
                found[f"models.{model.name}.{option}"] = str(value)
    return {key: path for key, path in found.items() if path is not None}


def inputs_of(choice: TaskChoice) -> Inputs:
    """What the examples of a task are made of."""
    registered = TASKS.get(choice.name)
    if registered:
        return registered.inputs
    if reads_images(choice):
        return "image"
    return "pair" if isinstance(choice.text, tuple) or choice.context else "text"


def unrecorded(study: Study) -> Iterator[str]:
    """A line on each thing that is to be recorded and that some tasks of the study do not have."""
    for what in ASKED:
        lacking = [choice.name for choice in study.tasks if not _has(what, KINDS[kind_of(choice)])]
        if getattr(study.record, what) and lacking:
            yield f"record.{what}: {', '.join(lacking)} {'has' if len(lacking) == 1 else 'have'} none, and leaves none"


def _has(what: str, kind: Kind) -> bool:
    """Whether trials of the kind leave what rests on probabilities; of words EL2N alone, a mean over a text's words."""
    return kind.has_classes and (what == "el2n" or kind.reads == "text")


def reads_of(choice: TaskChoice) -> Reads:
    """What the head of a task reads of a network."""
    return KINDS[kind_of(choice)].reads


def _task_problems(study: Study, elsewhere: bool) -> Iterator[Problem]:
    for index, choice in enumerate(study.tasks):
        path: KeyPath = ("tasks", index)
        for key, given in (("data", choice.data), (BLEURT, choice.bleurt)):
            if given is not None and not elsewhere and not Path(given).exists():
                yield Problem((*path, key), f"there is no file or folder {given}")
        for split, limit in choice.limit.items():
            if limit < 1:
                yield Problem((*path, "limit", split), f"{limit} is not a number of examples; allowed: 1 or more")
        if choice.metrics is not None:
            try:
                check_metrics(choice.name, kind_of(choice), choice.metrics, _classes_of(choice))
            except TaskError as error:
                yield Problem((*path, "metrics"), str(error))
        is_known = choice.name in TASKS
        yield from _registered_problems(path, choice) if is_known else _own_problems(path, choice, elsewhere)


def _classes_of(choice: TaskChoice) -> tuple[str, ...] | None:
    """The classes of a registered task; None where only the data have their names."""
    return TASKS[choice.name].classes if choice.name in TASKS else None


def _registered_problems(path: KeyPath, choice: TaskChoice) -> Iterator[Problem]:
    for key in OWN:
        if getattr(choice, key):
            yield Problem(
                (*path, key),
                f"'{choice.name}' is a task of the project, and {key} is for tasks of your own; rename yours",
            )
    if choice.validation == 0 and TASKS[choice.name].load_whole is None:
        yield Problem((*path, "validation"), f"the validation split of '{choice.name}' is no part of train; remove it")


def _own_problems(path: KeyPath, choice: TaskChoice, elsewhere: bool) -> Iterator[Problem]:
    from tasks.files import check

    if not any(getattr(choice, key) for key in OWN):
        advice = "; a task of your own needs `train` and `test` files, or `dataset`"
        yield Problem(path, unknown("task", choice.name, TASKS) + advice)
        return
    try:
        (check_fields if elsewhere else check)(choice)
    except TaskError as error:
        yield Problem(path, str(error))


def _model_problems(study: Study) -> Iterator[Problem]:
    for index, choice in enumerate(study.models):
        if choice.model not in MODELS:
            yield Problem(("models", index), unknown("model", choice.model, MODELS))
            continue
        for option, value in choice.options.items():
            try:
                resolve(choice.model, {option: value})
            except ModelError as error:
                yield Problem(("models", index, option), str(error))


def _record_problems(study: Study) -> Iterator[Problem]:
    if study.record.el2n and "train" not in study.record.splits:
        yield Problem(("record", "el2n"), "EL2N is a score of training examples; add train to record.splits")
    kinds = list(dict.fromkeys(kind_of(choice) for choice in study.tasks))
    for what in ASKED:
        if getattr(study.record, what) and not any(_has(what, KINDS[kind]) for kind in kinds):
            lacking = "probabilities" if any(KINDS[kind].has_classes for kind in kinds) else "classes"
            told = f"no task of the study has any: answers of {', '.join(kinds)} have no {lacking}; remove it"
            yield Problem(("record", what), told)


def _name_problems(study: Study) -> Iterator[Problem]:
    """Exceptions for tasks, models or cells that the study does not have."""
    tasks = [choice.name for choice in study.tasks]
    models = [choice.name for choice in study.models]
    cells = [cell_name(task.name, model.name) for task, model in study.pairs]
    named: list[tuple[KeyPath, str, Any, list[str]]] = [
        (("training", "tasks"), "task", study.training.tasks, tasks),
        (("training", "models"), "model", study.training.models, models),
        (("training", "cells"), "cell", study.training.cells, cells),
        (("tuning", "tasks"), "task", study.tuning.tasks, tasks),
        (("tuning", "models"), "model", study.tuning.models, models),
        (("tuning", "cells"), "cell", study.tuning.cells, cells),
        (("resources", "models"), "model", study.resources.models, models),
        *(
            ((key, index, "tasks"), "task", choice.tasks, tasks)
            for key, index, choice in method_checks.method_entries(study)
        ),
    ]
    for path, what, given, allowed in named:
        for name in given:
            if name not in allowed:
                hint = suggestion(name, allowed)
                yield Problem((*path, name), f"the study has no {what} '{name}'{hint}; allowed: {', '.join(allowed)}")


def _pairing_problems(study: Study) -> Iterator[Problem]:
    yield from _mismatches(study)
    for number, choice in enumerate(study.tasks):
        has = _splits_of(choice)
        for split in choice.limit.keys() - set(has):
            yield Problem(
                ("tasks", number, "limit", split), f"'{choice.name}' has no such split; it has {', '.join(has)}"
            )
        for split in set(study.record.splits) - set(has):
            yield Problem(("tasks", number), f"'{choice.name}' has no {split} split to record; it has {', '.join(has)}")


def _mismatches(study: Study) -> Iterator[Problem]:
    """Models that cannot read a task which they are paired with, said where they are named."""
    tasks = {task.name: task for task in study.tasks}
    models = {model.name: model for model in study.models}
    for number, block in enumerate(study.blocks):
        path: KeyPath = ("grid", number) if study.grid else ()
        for task in (tasks[name] for name in block.tasks):
            for index, model in enumerate(models[name] for name in block.models):
                if inputs_of(task) not in MODELS[model.model].inputs:
                    yield Problem((*path, "models", index), _mismatch(task, inputs_of(task), model))
                elif (reads := reads_of(task)) not in MODELS[model.model].reads:
                    able = ", ".join(name for name, one in MODELS.items() if reads in one.reads)
                    message = f"'{model.name}' has no state for each word, which task '{task.name}' asks for"
                    yield Problem((*path, "models", index), f"{message}; models that have: {able}")


def _mismatch(choice: TaskChoice, inputs: Inputs, model: ModelChoice) -> str:
    able = [name for name, architecture in MODELS.items() if inputs in architecture.inputs]
    reads = " and ".join(MODELS[model.model].inputs)
    return (
        f"'{model.name}' reads {reads} examples, and those of task '{choice.name}' are {inputs} examples; "
        f"models for them: {', '.join(able)}; or put the task into a study of its own"
    )


def _splits_of(choice: TaskChoice) -> list[str]:
    registered = TASKS.get(choice.name)
    if registered and registered.sizes is not None:
        return [split for split in SPLITS if registered.sizes_of(choice).get(split)]
    if registered or choice.dataset is not None:
        return [split for split in SPLITS if not choice.splits or split in choice.splits or getattr(choice, split)]
    return [split for split in SPLITS if getattr(choice, split)]


def _training_problems(study: Study) -> Iterator[Problem]:
    for task in study.tasks:
        yield from method_checks.teacher_problems(study, task, _splits_of(task))
    rounds = {choice.name for choice in study.methods if choice.line.schedule == "rounds"}
    in_rounds = {(cell.task, cell.model) for cell in study.cells if cell.method in rounds}
    protocol = study.protocol.resolve()
    for task, model in study.pairs:
        settings = study.training.of_cell(task.name, model.name)
        cell = cell_name(task.name, model.name)
        lacking = [name for name in NEEDED if name not in settings]
        if lacking:
            where = " or ".join((f"training.{lacking[0]}", f"training.cells.{cell}.{lacking[0]}"))
            yield Problem(("training",), f"{cell} has no {', no '.join(lacking)}; set {where}")
        else:
            training = study.training.trained(task.name, model.name)
            yield from training_problems(cell, training, protocol, (task.name, model.name) in in_rounds)
            if training.augmentation not in ("task", "none") and inputs_of(task) != "image":
                told = f"augmentation: {training.augmentation} varies images, and {task.name} has none; remove it"
                yield Problem(("training",), f"{cell}: {told}")
            if training.micro_batches > 1 and MODELS[model.model].couples_examples:
                told = (
                    "normalises over a batch, which is another in parts; remove micro_batches, or take a smaller batch"
                )
                yield Problem(("training",), f"{cell}: {model.model} {told}")
            yield from selection_problems(cell, training, kind_of(task), metrics_of(task), _splits_of(task), protocol)
