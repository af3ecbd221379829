"""Refuse what no trial of a plan could do, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.models import require_readable
from runner.plan import Plan
from runner.spec import TrialSpec
from runner.studies import Study
from tasks.base import TaskData
from tasks.kinds import KINDS
from tasks.kinds.base import BY_WORD
from tasks.registry_packages import cache_folder


def require_reach(study: Study, specs: Sequence[TrialSpec], tasks: Mapping[str, TaskData]) -> None:
    """Refuse compressions that a network cannot reach."""
    if study.base != "prunable" or any(choice.line.scope == "filterwise" for choice in study.methods):
        from runner.trial import reach  # loads torch, which no other study needs here

        reach.require_reach(specs, tasks, cache_folder())


def require_words(specs: Sequence[TrialSpec], tasks: Mapping[str, TaskData]) -> None:
    """Refuse networks that cannot read the words of a task that asks for each."""
    if any(KINDS[tasks[spec.task].kind].reads in BY_WORD for spec in specs):
        from runner.trial import reading  # loads torch, which no other study needs here

        reading.require_words(specs, tasks, cache_folder())


def require_bleurt(tasks: Mapping[str, TaskData]) -> None:
    """Refuse checkpoints of BLEURT that do not load as what their folders say."""
    for checkpoint in {data.bleurt for data in tasks.values() if data.bleurt}:
        from runner.trial import bleurt  # loads torch, which no other study needs here

        bleurt.opened(checkpoint)


def refuse_small_images(plan: Plan, tasks: dict[str, TaskData]) -> None:
    """ModelError for a cell whose network cannot read its task's images."""
    for choice, model in plan.study.pairs:
        if images := tasks[choice.name].pictures:
            require_readable(model.model, choice.name, images)
