"""Group trials that may be compared: their settings differ in method, sparsity and seed (and canary) alone.

One store may hold a model trained in several ways (another number of epochs, another protocol). Their seeds must not
vote together, so every way but the first gets a name of its own: `bilstm`, then `bilstm@3f2a`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import groupby

from runner.spec import METHOD_PIECES
from runner.store.schema import CommitRecord, FrozenPlan

GRID = ("method", "base_method", "method_options", "sparsity", "seed", "canary")


def model_names(plans: Iterable[FrozenPlan], commits: Iterable[CommitRecord]) -> dict[str, str]:
    """Trial id -> the model's name in every view, for all planned and committed trials.

    The way that was planned first (or, without a plan, committed first) keeps the study's name for the model.
    """
    commits = sorted(commits, key=lambda record: (record.committed_at, record.trial_id))
    ways = {record.trial_id: _way(record) for record in commits}
    groups = [*_planned_groups(plans), *(_committed_group(record) for record in commits)]
    names: dict[str, str] = {}
    taken: dict[tuple[str, str], dict[str, str]] = {}
    for task, model, trial_ids in groups:
        way = next((ways[trial] for trial in trial_ids if trial in ways), _hash(trial_ids))
        known = taken.setdefault((task, model), {})
        name = known.setdefault(way, model if not known else f"{model}@{way[:4]}")
        for trial in trial_ids:
            ways.setdefault(trial, way)
            names.setdefault(trial, name)
    return names


def _planned_groups(plans: Iterable[FrozenPlan]) -> Iterator[tuple[str, str, list[str]]]:
    """Trials of one plan, task and model: a study gives all of them the same settings."""
    for plan in plans:
        trials = sorted(plan.trials, key=lambda trial: (trial.task, trial.model))
        for (task, model), group in groupby(trials, key=lambda trial: (trial.task, trial.model)):
            yield task, model, [trial.trial_id for trial in group]


def _committed_group(record: CommitRecord) -> tuple[str, str, list[str]]:
    return str(record.settings["task"]), str(record.settings["model"]), [record.trial_id]


def _way(record: CommitRecord) -> str:
    settings = {key: value for key, value in record.settings.items() if key not in GRID}
    if "versions" in settings:
        settings["versions"] = [pair for pair in settings["versions"] if pair[0] not in METHOD_PIECES]
    return _hash(settings)


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
