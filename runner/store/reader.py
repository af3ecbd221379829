"""Read a store: commit records, tasks, plans and failures. Reading changes nothing.

Each kind of file has one reader here, which says in one line what is wrong with a file that is not what was written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from runner.store.card import require_whole
from runner.store.compaction import compacted
from runner.store.errors import StoreError
from runner.store.files.contract import json_files
from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.names import file_name
from runner.store.rows import in_memory
from runner.store.schema import CommitRecord, Failure, FrozenPlan, PlannedTrial, TaskCard
from runner.store.sealing import REMEDY, read_record, unsealed
from tasks.base import TaskData, TaskError, fingerprint_of

UNNAMED = ("frozen_at", "before")
"""What of a plan is no part of its name."""


def open_store(root: Path) -> Layout:
    """The layout of an existing store; StoreError if the folder is not one, or has lost what it cannot be without."""
    layout = Layout(root)
    if not layout.tasks.is_dir():
        what = "is not a piesweep store (it has no tasks/ folder)" if root.exists() else "does not exist"
        raise StoreError(f"{root} {what}; `piesweep run STUDY --store DIR` and `piesweep ingest DIR` make stores")
    require_whole(root)
    return layout


def refuse_newer_layout(root: Path) -> None:
    """StoreError for a store that this version cannot work on: a later layout, folders that are links, lost records."""
    if root.exists():
        require_whole(root)


def require_store_or_new(root: Path) -> None:
    """StoreError for a place where no store is and none can be made: a file, or a folder with other things in it."""
    if not root.exists():
        return
    if not root.is_dir():
        raise StoreError(f"{root} is a file; give a folder")
    # A driver that dies at once leaves no more than its session.
    others = {path.name for path in root.iterdir()} - {Layout(root).sessions.name}
    if others and not Layout(root).tasks.is_dir():
        raise StoreError(f"{root} is a folder with other things in it; give a new folder or an existing store")
    require_whole(root)


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
    paths = json_files(Layout(root).commits)
    return {path.stem: read_commit(path, content) for path, content in storage(root).contents(paths)}


def committed_ids(root: Path) -> set[str]:
    """Ids of the committed trials; no record is read."""
    layout = Layout(root)
    return {path.stem for path in json_files(layout.commits)} | compacted.folded_ids(layout)


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
        record = read_commit(path, storage(path).read(path))
    return compacted.folded_record(layout, trial_id) or record


def read_commit(path: Path, content: bytes) -> CommitRecord:
    """The commit record that a file holds."""
    return read_record(CommitRecord, content, path, "the commit record")


def task_cards(root: Path) -> dict[str, TaskCard]:
    """Task name -> what the store knows of it."""
    cards = (read_task_card(path, content) for path, content in storage(root).contents(json_files(Layout(root).tasks)))
    return {card.task: card for card in cards}


def task_card(root: Path, task: str) -> TaskCard:
    """What the store knows of one task; FileNotFoundError if it has no such task."""
    path = Layout(root).task_card(task)
    return read_task_card(path, storage(path).read(path))


def read_task_card(path: Path, content: bytes) -> TaskCard:
    """The card of a task that a file holds."""
    card = read_record(TaskCard, content, path, "the task card")
    if file_name(card.task) != path.stem:
        raise StoreError(f"the task card {path} is of task '{card.task}', which has another file name{REMEDY}")
    return card


def task_data(root: Path, task: str) -> TaskData:
    """A task's examples as the store keeps them."""
    try:
        card = task_card(root, task)
    except FileNotFoundError:
        raise TaskError(f"the store at {root} has no task '{task}'; it has {sorted(task_cards(root))}") from None
    return TaskData(
        task=card.task,
        kind=card.kind,
        inputs=card.inputs,
        classes=card.classes,
        max_tokens=card.max_tokens,
        examples=card_examples(root, card),
        fingerprint=card.fingerprint,
        metrics=card.metrics,
        images=card.images,
        bleurt=card.bleurt,
    )


def task_examples(root: Path, task: str) -> pa.Table:
    """The examples of one task, all splits."""
    return card_examples(root, task_card(root, task))


def card_examples(root: Path, card: TaskCard) -> pa.Table:
    """The examples of a card's task; StoreError if they are lost, or not those that the card is of."""
    path = Layout(root).task_examples(card.task)
    what = f"the examples {path} of task '{card.task}'"
    try:
        content = storage(path).read(path, card.examples.bytes if card.examples else 1 << 40)
        if card.examples and hashlib.sha256(content).hexdigest() != card.examples.sha256:
            raise StoreError(f"{what} differ from their recorded checksum{REMEDY}")
        examples = pq.ParquetFile(in_memory(content)).read()
        found = card.fingerprint
        if card.examples is None:
            found = fingerprint_of(card.classes, examples, card.inputs, card.kind, card.images)
    except FileNotFoundError:
        raise StoreError(f"{what} are missing{REMEDY}") from None
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise StoreError(f"{what} cannot be read: {str(error).splitlines()[0]}{REMEDY}") from error
    if found != card.fingerprint:
        raise StoreError(f"{what} have fingerprint {found}, recorded is {card.fingerprint}{REMEDY}")
    return examples


def frozen_plans(root: Path) -> list[FrozenPlan]:
    """Every study that was run into this store, as it was resolved, oldest first."""
    found = storage(root).contents(json_files(Layout(root).plans))
    plans = [(read_plan(path, content), path) for path, content in found]
    # By the files' times alone where older versions wrote them, who did not say when.
    untimed = any(plan.frozen_at is None for plan, _ in plans)
    times = {path: path.stat().st_mtime_ns if untimed else 0 for _, path in plans}
    return [plan for plan, _ in sorted(plans, key=lambda pair: (pair[0].frozen_at or "", times[pair[1]]))]


def read_plan(path: Path, content: bytes) -> FrozenPlan:
    """The plan that a file holds, whose name is the hash of what it says."""
    plan = read_record(FrozenPlan, content, path, "the plan")
    said = json.loads(unsealed(content, f"the plan {path}"))
    if plan_name(said) != path.stem:
        raise StoreError(f"the plan {path} is not what was run: its name is the hash of another study{REMEDY}")
    return plan


def plan_name(content: Mapping[str, Any]) -> str:
    """The name of a frozen plan: a hash of what it holds, but of when it was frozen and after which."""
    named = {key: value for key, value in content.items() if key not in UNNAMED}
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:16]


def plan_names(root: Path) -> list[str]:
    """The names of the plans that lie in the store."""
    return [path.stem for path in json_files(Layout(root).plans)]


def planned_trials(root: Path) -> dict[str, PlannedTrial]:
    """Every trial that any study run into this store planned."""
    return {trial.trial_id: trial for plan in frozen_plans(root) for trial in plan.trials}


def failures(root: Path) -> dict[str, dict[str, Any]]:
    """Trial id -> the last failure of a trial that has not committed.

    A record that is damaged stops nobody: it counts as one failure, whose cause is that its record cannot be read.
    """
    done = committed_ids(root)
    paths = [path for path in json_files(Layout(root).failures) if path.stem not in done]
    return {path.stem: failure_of(root, path.stem) for path in paths}


def failed_ids(root: Path) -> set[str]:
    """Ids of the trials that have failed and not committed; no record is read."""
    return {path.stem for path in json_files(Layout(root).failures)} - committed_ids(root)


def failure_of(root: Path, trial_id: str) -> dict[str, Any]:
    """The last failure of one trial; nothing if there was none."""
    path = Layout(root).failure(trial_id)
    try:
        return read_failure(path, storage(path).read(path)).model_dump()
    except FileNotFoundError:
        return {}
    except StoreError as error:
        return {"trial_id": trial_id, "attempts": 1, "traceback": str(error), "host": "", "failed_at": ""}


def read_failure(path: Path, content: bytes) -> Failure:
    """The failure that a file holds."""
    return read_record(Failure, content, path, "the failure record")
