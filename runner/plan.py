"""Plan a study: the trials it means and their ids; no torch, and no data is read."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from runner.methods import DENSE, SCORE_VERSIONS
from runner.models import MODELS
from runner.pruning.compression import SparsityBase
from runner.pruning.schedules import SCHEDULES
from runner.spec import TrialSpec
from runner.studies import Study, StudyError
from runner.studies.document import is_path
from runner.studies.grid import GridCell
from runner.studies.method_choice import MethodChoice
from runner.studies.study import ModelChoice
from runner.vendors import Vendor
from tasks import TASKS
from tasks.base import TaskChoice
from tasks.choices import beams_of, stride_of

SAMPLE_BLOCKS, BLOCK_BYTES = 16, 1 << 20


@dataclass(frozen=True)
class Plan:
    """A study and its trials: for each seed, task and model the dense trial, references, then those pruned, by method
    and sparsity.

    Seeds come first, so that an unfinished sweep has whole seeds of every cell rather than some cells whole.
    The trials have ids once `identify` has given them the fingerprints of their data.
    """

    study: Study
    trials: tuple[TrialSpec, ...]


def plan(study: Study) -> Plan:
    """The trials of a study, without ids."""
    dense = {(task.name, model.name): _dense_cell(study, task, model) for task, model in study.pairs}
    changes = {
        (name, task.name): _changes(choice.on(task.name))
        for name, choice in study.method_choices.items()
        for task in study.tasks
    }
    cells = [(cell, _spec(dense[cell.task, cell.model], cell, changes, study.base)) for cell in study.cells]
    seeds_of = {pair: frozenset(seeds) for pair, seeds in study.seeds_of.items()}
    seeds = dict.fromkeys(seed for own in study.seeds_of.values() for seed in own)
    return Plan(
        study,
        tuple(
            dataclasses.replace(spec, seed=seed)
            for seed in seeds
            for cell, spec in cells
            if seed in seeds_of[cell.task, cell.model]
        ),
    )


def _changes(choice: MethodChoice) -> dict[str, Any]:
    """What a method changes of the dense trial, but for its sparsity and the versions."""
    return {"base_method": choice.base, "method_options": choice.changed, "versions": _method_versions(choice)}


def _spec(
    dense: TrialSpec, cell: GridCell, changes: Mapping[tuple[str, str], Mapping[str, Any]], base: SparsityBase
) -> TrialSpec:
    """A cell's trial under the seed of the dense one."""
    if cell.method == DENSE:
        return dense.dense  # without what only later phases have
    own = changes[cell.method, cell.task]
    versions = tuple(sorted((*dense.versions, *own["versions"])))
    return dataclasses.replace(
        dense,
        method=cell.method,
        sparsity=cell.sparsity,
        base=base if cell.sparsity else "prunable",
        **{**own, "versions": versions},
    )


def identify(plan: Plan, fingerprints: Mapping[str, str]) -> Plan:
    """The plan with ids: `fingerprints` gives that of each task's data; files given to models are sampled here.

    StudyError if a file or folder that a model is given does not exist.
    """
    content = cache(content_fingerprint)

    def bound(spec: TrialSpec) -> TrialSpec:
        contents = tuple((option, content(value)) for option, value in spec.options if is_path(value))
        return dataclasses.replace(spec, data=fingerprints[spec.task], contents=contents)

    return Plan(plan.study, tuple(bound(spec) for spec in plan.trials))


def canaries(
    trials: Sequence[TrialSpec], count: int, vendors: Callable[[TrialSpec], Iterable[Vendor]]
) -> tuple[TrialSpec, ...]:
    """Copies of a few trials for each of the vendors on whose devices they can run, parents before children.

    `count` trials, spread evenly over those of the first seed, and the trials that they continue from: a copy
    must be computed on one vendor's devices from its first step on.
    """
    first = [spec for spec in trials if spec.seed == trials[0].seed]
    count = min(count, len(first))
    chosen = [first[round(index * (len(first) - 1) / max(count - 1, 1))] for index in range(count)]
    lines = [one for spec in chosen for one in (*reversed(forebears(spec)), spec)]
    wanted = sorted(dict.fromkeys(lines), key=lambda spec: not spec.is_dense)
    return tuple(dataclasses.replace(spec, canary=vendor) for spec in wanted for vendor in vendors(spec))


def content_fingerprint(place: str) -> str:
    """A short hash of a file or folder: names, sizes, and 16 evenly spaced blocks of 1 MiB of each file.

    Word vectors take gigabytes; samples tell versions of them apart in milliseconds.
    """
    root = Path(place)
    files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
    if not files:
        raise StudyError(f"there is no file or folder {place}, which a model of the study is given")
    digest = hashlib.sha256()
    for path in files:
        size = path.stat().st_size
        digest.update(f"{path.relative_to(root).as_posix()}\x1f{size}\x1e".encode())
        with path.open("rb") as file:
            for offset in _sampled_offsets(size):
                file.seek(offset)
                digest.update(file.read(BLOCK_BYTES))
    return digest.hexdigest()[:16]


def _sampled_offsets(size: int) -> list[int]:
    last = max(0, size - BLOCK_BYTES)
    return sorted({last * block // (SAMPLE_BLOCKS - 1) for block in range(SAMPLE_BLOCKS)})


def _dense_cell(study: Study, task: TaskChoice, model: ModelChoice) -> TrialSpec:
    """The dense trial of seed 0 of one task and model, from which its cell's other trials differ in three fields."""
    registered = TASKS.get(task.name)
    own_length = task.max_tokens is not None and (registered is None or task.max_tokens != registered.max_tokens)
    return TrialSpec(
        task=task.name,
        model=model.name,
        architecture=model.model,
        options=_changed_options(model),
        max_tokens=task.max_tokens if own_length else None,
        stride=stride_of(task),
        beams=beams_of(task),
        method=DENSE,
        seed=0,
        training=study.training.trained(task.name, model.name),
        protocol=study.protocol.resolve(),
        record=study.record.resolve(),
        versions=_changed_versions(task, model),
    )


def _changed_options(model: ModelChoice) -> tuple[tuple[str, Any], ...]:
    """Options that differ from the architecture's defaults, sorted."""
    defaults = MODELS[model.model].options
    return tuple(sorted((option, value) for option, value in model.options.items() if value != defaults[option]))


def _changed_versions(task: TaskChoice, model: ModelChoice) -> tuple[tuple[str, int], ...]:
    registered = TASKS.get(task.name)
    return _raised({"architecture": MODELS[model.model].version, "task": registered.version if registered else 1})


def _method_versions(choice: MethodChoice) -> tuple[tuple[str, int], ...]:
    """A reference has no use for its score."""
    line = choice.line
    score = SCORE_VERSIONS.get(line.score, 1) if line.prunes else 1
    return _raised({"method": line.version, "score": score, "schedule": SCHEDULES[line.schedule].version})


def _raised(versions: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """The pieces whose meaning has changed since their first version, sorted."""
    return tuple((piece, version) for piece, version in sorted(versions.items()) if version != 1)


def training_units(spec: TrialSpec, *, shared: bool = True) -> float:
    """Dense trainings' worth of epochs that a trial trains itself, beyond what it takes over from its parent.

    shared: False for a trial that takes over nothing.
    """
    parent = spec.parent if shared and spec.shares_parent else None
    return (spec.epochs - (parent.epochs if parent else 0)) / spec.training.epochs


def forebears(spec: TrialSpec) -> list[TrialSpec]:
    """The trials that one continues from, its parent first."""
    found = []
    while (parent := spec.parent) is not None:
        found.append(parent)
        spec = parent
    return found
