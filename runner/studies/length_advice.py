"""Advise on references that train as long as pruned models, before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from runner.methods import REFERENCES
from runner.pruning.schedules import schedule_of

LONGER = "dense-4e"
"""The line of REFERENCES whose length a study can choose."""

if TYPE_CHECKING:
    from runner.studies.study import Study


def length_advice(study: Study) -> Iterator[str]:
    """A line on each length of training that pruned models have and no dense one, if the study has references."""
    if not study.references:
        return
    task = study.tasks[0].name
    training = study.training.trained(task, study.models[0].name)
    times = {
        name: sum(training.phases(schedule_of(choice.line.schedule, choice.on(task).settings))) / training.epochs
        for name, choice in study.method_choices.items()
    }
    there = {1, *(times[reference.name] for reference in study.references)}
    for method in study.methods:
        longer = times[method.name]
        if longer in there:
            continue
        there.add(longer)
        said = f"references: none trains {longer:g} times as long as the dense models, and {method.name} does"
        if longer == REFERENCES[LONGER].options["times"]:
            said += f"; add {LONGER}"
        elif longer == round(longer):
            said += f"; add {{name: dense-{longer:g}e, method: {LONGER}, times: {longer:g}}}"
        yield f"{said}, or what more training does is part of what it shows"
