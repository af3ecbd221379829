"""What a store holds: commit records, tasks, plans and failures. Reading changes nothing."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from runner.store import compacted
from runner.store.files import StoreError, contents
from runner.store.layout import LAYOUT, Layout
from runner.store.rows import in_memory
from runner.store.schema import CommitRecord, FrozenPlan, PlannedTrial, TaskCard
from tasks.base import TaskData, TaskError


def open_store(root: Path) -> Layout:
    """The layout of an existing store; StoreError if the folder is not one."""
    layout = Layout(root)
    if not layout.tasks.is_dir():
        what = "is not a piesweep store (it has no tasks/ folder)" if root.exists() else "does not exist"
        raise StoreError(f"{root} {what}; `piesweep run STUDY --store DIR` and `piesweep ingest DIR` make stores")
    refuse_newer_layout(root)
    return layout


def refuse_newer_layout(root: Path) -> None:
    """StoreError if a later version of piesweep laid out the store in a way that this one does not know."""
    card = Layout(root).card
    if not card.exists():
        return
    found = json.loads(card.read_bytes()).get("layout")
    if not isinstance(found, int) or found > LAYOUT:
        raise StoreError(
            f"the store at {root} has layout {found!r}, this version of piesweep knows layouts up to {LAYOUT}; "
            "use the version that wrote it, or a later one"
        )


def commits(root: Path) -> list[CommitRecord]:
    """Every commit record, by trial id."""
    visible = visible_commits(root)
    return [visible[name] for name in sorted(visible)]


def visible_commits(root: Path) -> dict[str, CommitRecord]:
    """Name -> record of every commit; the name is the trial's id in a sound store."""
    # Single records first: one that a compaction takes away in between is among the folded ones, read afterwards.
    # And the folded ones win: a record of such a trial in commits/ is that of a late writer, and void.
    return loose_commits(root) | compacted.latest(Layout(root)).records


def loose_commits(root: Path) -> dict[str, CommitRecord]:
    """Name -> record of what lies in commits/, void records among them."""
    paths = list(_json_files(Layout(root).commits))
    return {path.stem: _record(path, content) for path, content in contents(paths)}


def committed_ids(root: Path) -> set[str]:
    """Ids of the committed trials; no record is read."""
    layout = Layout(root)
    return {path.stem for path in _json_files(layout.commits)} | compacted.folded_ids(layout)


def is_committed(root: Path, trial_id: str) -> bool:
    """True if a trial has committed."""
    layout = Layout(root)
    return layout.commit(trial_id).exists() or trial_id in compacted.folded_ids(layout)


def commit_record(root: Path, trial_id: str) -> CommitRecord | None:
    """The commit record of one trial, or None."""
    layout = Layout(root)
    record = None
    with contextlib.suppress(FileNotFoundError):
        path = layout.commit(trial_id)
        record = _record(path, path.read_bytes())
    return compacted.folded_record(layout, trial_id) or record


def _record(path: Path, content: bytes) -> CommitRecord:
    try:
        return CommitRecord.model_validate_json(content)
    except ValueError as error:
        raise StoreError(f"the commit record {path} cannot be read: {str(error).splitlines()[0]}") from error


def task_cards(root: Path) -> dict[str, TaskCard]:
    """Task name -> what the store knows of it."""
    cards = (TaskCard.model_validate_json(path.read_bytes()) for path in _json_files(Layout(root).tasks))
    return {card.task: card for card in cards}


def task_data(root: Path, task: str) -> TaskData:
    """A task's examples as the store keeps them."""
    layout = Layout(root)
    if not layout.task_card(task).exists():
        raise TaskError(f"the store at {root} has no task '{task}'; it has {sorted(task_cards(root))}")
    card = TaskCard.model_validate_json(layout.task_card(task).read_bytes())
    return TaskData(
        task=card.task,
        kind=card.kind,
        inputs=card.inputs,
        classes=card.classes,
        max_tokens=card.max_tokens,
        examples=task_examples(root, task),
        fingerprint=card.fingerprint,
    )


def task_examples(root: Path, task: str) -> pa.Table:
    """The examples of one task, all splits."""
    return pq.ParquetFile(in_memory(Layout(root).task_examples(task).read_bytes())).read()


def frozen_plans(root: Path) -> list[FrozenPlan]:
    """Every study that was run into this store, as it was resolved, oldest first."""
    # By the files' times alone where older versions wrote them, who did not say when.
    paths = sorted(_json_files(Layout(root).plans), key=lambda path: path.stat().st_mtime_ns)
    plans = [FrozenPlan.model_validate_json(path.read_bytes()) for path in paths]
    return sorted(plans, key=lambda plan: plan.frozen_at or "")


def planned_trials(root: Path) -> dict[str, PlannedTrial]:
    """Every trial that any study run into this store planned."""
    return {trial.trial_id: trial for plan in frozen_plans(root) for trial in plan.trials}


def failures(root: Path) -> dict[str, dict[str, Any]]:
    """Trial id -> the last failure of a trial that has not committed."""
    paths = list(_json_files(Layout(root).failures))
    found = {path.stem: json.loads(content) for path, content in contents(paths)}
    done = committed_ids(root)
    return {trial_id: failure for trial_id, failure in found.items() if trial_id not in done}


def _json_files(folder: Path) -> Iterator[Path]:
    """JSON files of a folder by name; names that begin with a dot are still being written."""
    if not folder.is_dir():
        return iter(())
    return iter(sorted(path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith(".")))
