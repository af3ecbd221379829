"""Whether the methods and references of a study have names and options of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from runner.chosen_options import MethodError, resolve, wrong
from runner.method import JUDGED_TEACHERS
from runner.methods import METHODS
from runner.models import MODELS
from runner.studies.errors import KeyPath, Problem, repeated
from runner.studies.method_choice import MethodChoice
from runner.studies.named_choice import Options
from runner.studies.study import Study
from tasks.base import TaskChoice
from tasks.choices import kind_of


def problems(study: Study) -> Iterator[Problem]:
    """What is wrong with the names and options of a study's methods and references."""
    taken = repeated(choice.name for choice in (*study.methods, *study.references))
    if taken:
        yield Problem(
            ("references",),
            f"names given to methods and references alike: {', '.join(map(str, taken))}; give each its own `name`",
        )
    yield from _without_filters(study)
    for choice in study.methods:
        asked = max((cell.sparsity for cell in study.cells if cell.method == choice.name), default=0.0)
        if choice.method in METHODS and asked >= choice.line.most < 1:
            yield Problem(
                ("sparsities",),
                f"{asked:g} cannot go by '{choice.name}', of which some weights of every layer always stay; allowed: "
                f"sparsities below {choice.line.most:g}",
            )
    for key, index, choice in method_entries(study):
        yield from _option_problems(choice, (key, index))


def method_entries(study: Study) -> Iterator[tuple[str, int, MethodChoice]]:
    """Every entry of methods and references, with its key and place."""
    for key, choices in (("methods", study.methods), ("references", study.references)):
        for index, choice in enumerate(choices):
            yield key, index, choice


def _option_problems(choice: MethodChoice, place: KeyPath) -> Iterator[Problem]:
    """Options of a method, everywhere and on single tasks: each by itself, and then all of them together."""
    given: list[tuple[KeyPath, Options]] = [(place, choice.options)]
    given += [((*place, "tasks", name), options) for name, options in choice.tasks.items()]
    found = [
        Problem((*where, option), told)
        for where, options in given
        for option, value in options.items()
        for told in [wrong(choice.method, option, value)]
        if told
    ]
    yield from found
    for where, options in () if found else given:
        try:
            resolve(choice.method, {**choice.options, **options})
        except MethodError as error:
            yield Problem(where, str(error))


def _without_filters(study: Study) -> Iterator[Problem]:
    """Methods that remove whole filters, for models that have none to remove."""
    known = {choice.name: choice.model for choice in study.models}
    cutting = {name for name, choice in study.method_choices.items() if choice.line.scope == "filterwise"}
    able = ", ".join(name for name, architecture in MODELS.items() if architecture.filters)
    for number, block in enumerate(study.blocks):
        lacking = [name for name in block.models if known[name] in MODELS and not MODELS[known[name]].filters]
        for name in block.methods:
            if name in cutting and lacking:
                yield Problem(
                    ("grid", number, "methods") if study.grid else ("methods", block.methods.index(name)),
                    f"'{name}' removes whole filters of convolutions, and {', '.join(lacking)} has none that may go; "
                    f"allowed: {able}; or put it into a block of its own",
                )


def teacher_problems(study: Study, task: TaskChoice, splits: Collection[str]) -> Iterator[Problem]:
    """Methods of a task whose teacher is chosen on data that it lacks, or weighs what its answers have not."""
    used = {cell.method for cell in study.cells if cell.task == task.name}
    for index, choice in enumerate(study.methods):
        if choice.name not in used:
            continue
        if choice.line.teacher in JUDGED_TEACHERS and "validation" not in splits:
            yield Problem(
                ("methods", index),
                f"'{choice.name}' chooses its teacher on the validation split, and task '{task.name}' has "
                f"{', '.join(splits)}; hold one out (validation: 0.1 in the task)",
            )
        kind = kind_of(task)
        if choice.on(task.name).settings.get("weighting") == "entropy" and kind != "single-label":
            yield Problem(
                ("methods", index, "weighting"),
                f"weighting: entropy asks for a probability of each class of an example, and answers of '{task.name}' "
                f"are {kind}; allowed: sum",
            )
