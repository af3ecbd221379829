"""From a study to the trials it means, their ids, and what they will cost; no torch, and no data is read."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from runner.methods import DENSE, REFERENCES
from runner.models import MODELS
from runner.spec import Training, TrialSpec
from runner.studies import Study, StudyError
from runner.studies.document import is_path
from runner.studies.study import ModelChoice
from runner.vendors import Vendor
from tasks import TASKS
from tasks.base import SPLITS, Split, TaskChoice

BYTES_PER_PREDICTION = 0.2
BYTES_PER_TRIAL = 5_000
BYTES_PER_TOKEN = 2.0
SHARE_OF_MAX_TOKENS = 0.4
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


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a plan amounts to.

    A training unit is one dense training's epochs. `training_units_naive` counts every trial alone,
    `training_units` the dense training that iterative methods share only once. `rows` holds predictions by split;
    `unsized` names tasks whose sizes are known only once they are loaded, and which `rows` and `store_bytes` leave out.
    `canary` counts the copies that are run on every vendor's devices: how many vendors there are, only a cluster knows.
    `probability_bytes` is what class probabilities take, a part of `store_bytes` only if the study records them; of
    data whose classes are known only once it is loaded, those of two.
    """

    trials: int
    dense: int
    pruned: int
    references: int = 0
    training_units: int
    training_units_naive: int
    rows: dict[str, int]
    store_bytes: int
    probability_bytes: int
    unsized: tuple[str, ...] = ()
    canary: int = 0


def plan(study: Study) -> Plan:
    """The trials of a study, without ids."""
    cells = [_dense_cell(study, task, model) for task in study.tasks for model in study.models]
    pruned = [(method, sparsity) for method in study.methods for sparsity in study.sparsities]
    trials: list[TrialSpec] = []
    for seed in study.seeds:
        for cell in cells:
            dense = dataclasses.replace(cell, seed=seed)
            trials.append(dense)
            trials.extend(dataclasses.replace(dense, method=reference) for reference in study.references)
            trials.extend(dataclasses.replace(dense, method=method, sparsity=sparsity) for method, sparsity in pruned)
    return Plan(study, tuple(trials))


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

    `count` trials, spread evenly over those of the first seed, and the dense trials that they continue from: a copy
    must be computed on one vendor's devices from its first step on.
    """
    first = [spec for spec in trials if spec.seed == trials[0].seed]
    count = min(count, len(first))
    chosen = [first[round(index * (len(first) - 1) / max(count - 1, 1))] for index in range(count)]
    parents = [spec.dense for spec in chosen if spec.shares_parent]
    wanted = sorted(dict.fromkeys([*parents, *chosen]), key=lambda spec: not spec.is_dense)
    return tuple(dataclasses.replace(spec, canary=vendor) for spec in wanted for vendor in vendors(spec))


def estimate(plan: Plan) -> Estimate:
    """What the plan amounts to, from declared sizes and, for a user's own files, their row counts.

    store_bytes = 0.2 per prediction (ids delta-encoded, labels packed) + 4 per recorded probability
    + 4 per EL2N score + 5,000 per trial (Parquet footer, commit record, line of the plan)
    + the texts, compressed: 2 per token, at 0.4 of the longest length.
    """
    study = plan.study
    sizes = {choice.name: split_sizes(choice) for choice in study.tasks}
    trials_of_task = len(plan.trials) // len(study.tasks)
    dense = sum(spec.is_dense for spec in plan.trials)
    references = sum(spec.method in REFERENCES for spec in plan.trials)
    rows: dict[str, int] = {}
    for split in study.record.splits:
        rows[split] = trials_of_task * sum(size.get(split, 0) for size in sizes.values())
    return Estimate(
        trials=len(plan.trials),
        dense=dense,
        pruned=len(plan.trials) - dense - references,
        references=references,
        training_units=round(sum(_units(spec, shared=True) for spec in plan.trials)),
        training_units_naive=round(sum(_units(spec, shared=False) for spec in plan.trials)),
        rows=rows,
        store_bytes=_store_bytes(plan, sizes, rows, dense // len(study.tasks)),
        probability_bytes=_probability_bytes(plan, sizes),
        unsized=tuple(name for name, size in sizes.items() if not size),
        canary=len(canaries(plan.trials, study.canary, lambda _: ("cpu",))),
    )


def split_sizes(choice: TaskChoice) -> dict[Split, int]:
    """Split -> examples after limits; empty where only loading the data can tell."""
    registered = TASKS.get(choice.name)
    sizes: Mapping[Split, int] = {}
    if registered and registered.sizes:
        sizes = registered.sizes
    elif choice.train is not None:
        from tasks.files import row_counts

        sizes = row_counts(choice)
    return {split: min(sizes[split], choice.limit.get(split, sizes[split])) for split in SPLITS if sizes.get(split)}


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
        method=DENSE,
        seed=0,
        training=Training(**study.training.of_cell(task.name, model.name)),
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
    versions = {"architecture": MODELS[model.model].version, "task": registered.version if registered else 1}
    return tuple((piece, version) for piece, version in sorted(versions.items()) if version != 1)


def training_units(spec: TrialSpec) -> float:
    """Dense trainings' worth of epochs that a trial trains itself, beyond what it takes over from its parent."""
    return _units(spec, shared=True)


def _units(spec: TrialSpec, *, shared: bool) -> float:
    units = spec.epochs / spec.training.epochs
    return units - 1 if shared and spec.shares_parent else units


def _store_bytes(
    plan: Plan, sizes: Mapping[str, Mapping[Split, int]], rows: Mapping[str, int], dense_of_task: int
) -> int:
    record = plan.study.record
    total = BYTES_PER_PREDICTION * sum(rows.values()) + BYTES_PER_TRIAL * len(plan.trials)
    for choice in plan.study.tasks:
        size = sizes[choice.name]
        registered = TASKS.get(choice.name)
        length = choice.max_tokens or (registered.max_tokens if registered else 128)
        total += BYTES_PER_TOKEN * SHARE_OF_MAX_TOKENS * length * sum(size.values())
        if record.el2n:
            total += 4 * size.get("train", 0) * dense_of_task
    return round(total) + (_probability_bytes(plan, sizes) if record.probabilities else 0)


def _probability_bytes(plan: Plan, sizes: Mapping[str, Mapping[Split, int]]) -> int:
    """Four a class and prediction: they hardly compress."""
    total = 0
    for choice in plan.study.tasks:
        registered = TASKS.get(choice.name)
        classes = (registered.class_count if registered else None) or 2
        recorded = sum(sizes[choice.name].get(split, 0) for split in plan.study.record.splits)
        total += 4 * classes * recorded * len(plan.trials) // len(plan.study.tasks)
    return total
