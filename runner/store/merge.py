"""Merge two stores of one study, filled on two clusters, into one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Any

from runner.store import efficiency, readability, reader
from runner.store.compaction import compacted
from runner.store.compaction.compact import publish, sweep
from runner.store.compaction.sharing import Source
from runner.store.errors import StoreError
from runner.store.extra_files import copy_extras
from runner.store.files.contract import json_files
from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.schema import CommitRecord, TaskCard
from runner.store.session import hold
from runner.store.trial_rows import TrialRows
from runner.store.verify import broken_invariants
from runner.store.writer import save_task

SHOWN = 20
PAPERS = ("tasks", "plans", "efficiency")
"""Folders of records of which a target that lacks one has something to take."""


class MergeConflict(StoreError):
    """Stores that contradict each other: names the trials or tasks, and what each store has of them."""


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What a merge did: trials that came in, and trials of the sources that were there already with equal rows."""

    added: int
    unchanged: int


def merge(root: Path, sources: Sequence[Path]) -> Merged:
    """Bring the union of `sources` into the store at `root`, which may be new, or hold a part already.

    A trial that several stores have with equal rows is kept once. Trials enter in one step, as a generation of
    compacted records; plans and failures are united, checkpoints and event logs stay where they are. Merging again
    changes nothing. Raises MergeConflict, before anything is written, where a trial or a task has other contents, or
    where two studies mean other settings by the same coordinates, and StoreError for a store that is not sound;
    StoreHeld while a driver is at work on `root`.
    """
    for source in sources:
        reader.open_store(source)
    reader.require_store_or_new(root)
    stores = [*([root] if Layout(root).tasks.is_dir() else []), *sources]
    _refuse_unsound(stores)
    _refuse_conflicts(stores)
    held = set(reader.committed_ids(root))
    given = {record.trial_id for source in sources for record in reader.commits(source)}
    if _is_whole(root, sources) and given <= held:
        return Merged(added=0, unchanged=len(given))
    with hold(root) as session:
        _refuse_conflicts(stores)  # the target may have grown before we held it
        for source in sources:
            _take_papers(root, source)
        added = _take_trials(root, sources)
        session.event("merged", sources=[str(source) for source in sources], trials=added)
    return Merged(added=added, unchanged=len(given) - added)


def _refuse_unsound(stores: Sequence[Path]) -> None:
    """Nothing goes into a store that would not pass as sound: what it says could not be told from damage later."""
    for store in stores:
        broken = broken_invariants(store)
        if broken:
            raise StoreError(
                f"{store} is not sound, so nothing is merged: {broken[0]}"
                f"{f' (and {len(broken) - 1} more)' if len(broken) > 1 else ''}; see piesweep verify {store}"
            )


def _refuse_conflicts(stores: Sequence[Path]) -> None:
    conflicts = [*_task_conflicts(stores), *_trial_conflicts(stores), *_plan_conflicts(stores)]
    if conflicts:
        more = [f"... and {len(conflicts) - SHOWN} more"] if len(conflicts) > SHOWN else []
        raise MergeConflict("\n".join(["these stores cannot be merged; nothing is written", *conflicts[:SHOWN], *more]))


def _task_conflicts(stores: Sequence[Path]) -> Iterator[str]:
    seen: dict[str, tuple[TaskCard, Path]] = {}
    for store in stores:
        for task, card in reader.task_cards(store).items():
            other, where = seen.setdefault(task, (card, store))
            if other.fingerprint != card.fingerprint:
                yield f"task {task}: fingerprint {other.fingerprint} in {where}, {card.fingerprint} in {store}"
            elif _bleurt(other) != _bleurt(card):
                yield f"task {task}: BLEURT by {_bleurt(other)} in {where}, by {_bleurt(card)} in {store}"
            elif other.metrics != card.metrics:
                yield (
                    f"task {task}: scored by {', '.join(other.scored_by)} in {where}, by {', '.join(card.scored_by)} "
                    f"in {store}; run its study again with the same `metrics` into one of them"
                )


def _bleurt(card: TaskCard) -> str:
    """Which checkpoint has scored a task's texts."""
    return f"checkpoint {card.bleurt.sha256[:12]}" if card.bleurt else "no checkpoint"


def _trial_conflicts(stores: Sequence[Path]) -> Iterator[str]:
    """Trials of unequal rows, extras or trained state, and children of a state that the merged store would not have."""
    kept: dict[str, tuple[CommitRecord, Path]] = {}
    for store in stores:
        for record in reader.commits(store):
            other, where = kept.setdefault(record.trial_id, (record, store))
            if other.rows_sha256 != record.rows_sha256:
                yield f"trial {record.trial_id}: rows {other.rows_sha256} in {where}, {record.rows_sha256} in {store}"
            elif unlike := {(file.name, file.content) for file in other.extras} ^ {
                (file.name, file.content) for file in record.extras
            }:
                names = ", ".join(sorted({name for name, _ in unlike}))
                yield f"trial {record.trial_id}: equal rows, and another {names} in {where} than in {store}"
            elif other.facts.weights != record.facts.weights:
                yield (
                    f"trial {record.trial_id}: trained state {other.facts.weights} in {where}, {record.facts.weights} "
                    f"in {store}"
                )
    for record, store in kept.values():
        parent, where = kept.get(record.parent_id or "", (None, store))
        if parent is not None and parent.facts.weights != record.facts.parent_weights:
            yield (
                f"trial {record.trial_id} in {store} began from state {record.facts.parent_weights} of "
                f"{parent.trial_id}, which has {parent.facts.weights} in {where}"
            )


def _plan_conflicts(stores: Sequence[Path]) -> Iterator[str]:
    """Coordinates that mean one trial in one store and another trial in the other: a run would refuse the two."""
    seen: dict[tuple[Any, ...], tuple[str, Path]] = {}
    for store in stores:
        for at, trial_id in sorted(_coordinates(store)):
            other, where = seen.setdefault(at, (trial_id, store))
            if other != trial_id and where != store:
                yield f"{', '.join(map(str, at))}: trial {other} in {where}, {trial_id} in {store}"


def _coordinates(store: Path) -> set[tuple[tuple[Any, ...], str]]:
    names = ("task", "model", "method", "sparsity", "seed")
    planned = {
        ((*(getattr(trial, name) for name in names), trial.canary), trial.trial_id)
        for trial in reader.planned_trials(store).values()
    }
    return planned | {
        ((*(record.settings[name] for name in names), record.settings.get("canary", "")), record.trial_id)
        for record in reader.commits(store)
    }


def _is_whole(root: Path, sources: Sequence[Path]) -> bool:
    """True if the store at root has every task, plan, measurement and failure of the sources."""
    return all(
        (root / path.relative_to(source).as_posix()).exists()
        for source in sources
        for path in (
            *(path for what in PAPERS for path in _papers(source, what)),
            *_open_failures(root, source).values(),
        )
    ) and not any(_is_frozen_earlier(path, root / "plans") for source in sources for path in _papers(source, "plans"))


def _take_papers(root: Path, source: Path) -> None:
    """Copy tasks, scores of their texts, plans and failures; plans in the order of their runs, which views go by.

    Of one plan frozen twice the earlier copy stays: what it declares was declared then.
    """
    layout, files, theirs = Layout(root), storage(root), storage(source)
    for task in reader.task_cards(source):
        save_task(root, reader.task_data(source, task))
    readability.take(root, source)
    efficiency.take(root, source)
    for path in sorted(_papers(source, "plans"), key=lambda path: path.stat().st_mtime_ns):
        ours, content = layout.plans / path.name, theirs.read(path)
        if not files.create(ours, content) and _is_frozen_earlier(path, layout.plans):
            files.replace(ours, content)
    for trial_id, path in _open_failures(root, source).items():
        failed_at = [reader.failure_of(store, trial_id).get("failed_at", "") for store in (source, root)]
        if failed_at[0] > failed_at[1]:
            files.replace(layout.failure(trial_id), theirs.read(path))


def _is_frozen_earlier(path: Path, ours: Path) -> bool:
    """True if a plan's copy at the path was frozen before the copy of that name in the folder `ours`."""
    times = [reader.read_plan(one, storage(one).read(one)).frozen_at for one in (path, ours / path.name)]
    moments = [datetime.fromisoformat(time).timestamp() if time else inf for time in times]
    return moments[0] < moments[1]


def _open_failures(root: Path, source: Path) -> dict[str, Path]:
    """Trial id -> failure record of the source, for trials that neither store has committed."""
    done = reader.committed_ids(root) | reader.committed_ids(source)
    return {path.stem: path for path in _papers(source, "failures") if path.stem not in done}


def _papers(store: Path, folder: str) -> list[Path]:
    return json_files(store / folder)


def _take_trials(root: Path, sources: Sequence[Path]) -> int:
    """Publish the trials that the store lacks; how many they were."""
    layout = Layout(root)
    while True:
        base = compacted.latest(layout)
        held = reader.committed_ids(root)
        lacking: dict[str, Source] = {}
        for source in sources:
            rows = TrialRows(source)
            for record in reader.commits(source):
                if record.trial_id not in held:
                    lacking.setdefault(record.trial_id, Source(record, rows))
        for one in lacking.values():
            copy_extras(one.rows.root, one.record, root)
        if not lacking or publish(root, base, lacking.values(), foreign=True):
            break
    for trial_id in lacking:
        storage(root).discard(layout.failure(trial_id))
    sweep(layout)
    return len(lacking)
