"""The invariants of a store, checked against its bytes."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from runner.spec import TrialSpec
from runner.store import compacted, readability
from runner.store.files import StoreError
from runner.store.kept_votes import false_votes, is_intact
from runner.store.layout import Layout
from runner.store.reader import (
    commits,
    open_store,
    planned_trials,
    task_cards,
    task_examples,
    visible_commits,
)
from runner.store.rows import file_hash, rows_hash
from runner.store.schema import CommitRecord
from runner.store.trial_rows import TrialRows, coordinates, in_file_order
from runner.store.votes import cells_of
from tasks.base import fingerprint_of

Identity = dict[str, dict[str, pa.Array]]


def broken_invariants(root: Path) -> list[str]:
    """One sentence for each invariant that does not hold; empty for a sound store.

    (1) a trial id has at most one committed attempt, and names what it was computed from; (2) the files of a commit
    exist with the recorded size, hash and row counts; (3) visible rows are rows of committed attempts, one file
    belonging to one trial; (4) (trial, split, example_id) is unique and exactly the task's set of ids, labels lie
    within its
    classes; (5) a child's parent is committed, with the trained state the child began from. That an interrupted
    store has the digest of an undisturbed one (6) and that a finished study changes no byte (7) are checked by running.
    Votes that a compaction has kept are held to (2) and (3): their file is whole, and says what the rows say.
    Kept readability scores are checked too: each file must be readable, and of the task's examples.
    """
    layout = open_store(root)
    while True:
        generation = compacted.latest(layout).number
        broken = _broken(root)
        # A compaction at work takes away files that were named when we began: then only a second look counts.
        if not broken or compacted.latest(layout).number == generation:
            return broken


def _broken(root: Path) -> list[str]:
    try:
        records = commits(root)
    except StoreError as error:
        return [f"invariant 1: {error}"]
    ids = _identities(root)
    scores = readability.damage(root, ids)
    broken = [*_tasks(root), *_identity(root, records), *_rows(root, records, ids), *_parents(records), *scores]
    return [*broken, *_votes(root, records, are_rows_sound=not broken)]


def _tasks(root: Path) -> Iterator[str]:
    for task, card in task_cards(root).items():
        found = fingerprint_of(card.classes, task_examples(root, task))
        if found != card.fingerprint:
            yield f"invariant 4: examples of task {task} have fingerprint {found}, recorded {card.fingerprint}"


def _identity(root: Path, records: list[CommitRecord]) -> Iterator[str]:
    for name, record in visible_commits(root).items():
        if record.trial_id != name:
            yield f"invariant 1: the record {name} is of trial {record.trial_id}"
        elif record.origin == "trial" and TrialSpec.from_settings(record.settings).trial_id != name:
            yield f"invariant 1: trial {name} was committed with settings that name another trial"
    keys = ("task", "model", "method", "sparsity", "seed")
    # Copies for comparing vendors share everything with the trials they copy but the vendor.
    records_of_cells = [record for record in records if not record.settings.get("canary")]
    cells = collections.Counter(tuple(record.settings[key] for key in keys) for record in records_of_cells)
    for place, count in cells.items():
        if count > 1:
            yield f"invariant 1: {count} committed trials at {dict(zip(keys, place, strict=True))}"
    planned = planned_trials(root)
    for record in records:
        if record.origin == "trial" and record.trial_id not in planned:
            yield f"invariant 1: trial {record.trial_id} is committed but no study of this store planned it"


def _rows(root: Path, records: list[CommitRecord], identity: Identity) -> Iterator[str]:
    sizes = {task: len(card.classes) for task, card in task_cards(root).items()}
    rows = TrialRows(root)
    for _, group in itertools.groupby(in_file_order(records), key=lambda record: record.files[0].path):
        members = list(group)
        damage = list(_damage(root, members))
        yield from damage
        if damage:
            continue
        for record in members:
            if record.settings["task"] not in identity:
                yield f"invariant 4: task {record.settings['task']} of trial {record.trial_id} has no examples"
            else:
                yield from _content(record, rows.read(record), identity[record.settings["task"]], sizes)


def _damage(root: Path, members: list[CommitRecord]) -> Iterator[str]:
    """What is wrong with the file that these trials, and no others, name."""
    file = members[0].files[0]
    names = members[0].trial_id if len(members) == 1 else f"{members[0].trial_id} and {len(members) - 1} others"
    path = root / file.path
    if len(members) > 1 and not all(record.files[0].is_shared for record in members):
        yield f"invariant 3: {file.path} belongs to trials {', '.join(record.trial_id for record in members)}"
    if not path.is_file():
        yield f"invariant 2: {file.path} of trial {names} is missing"
    elif path.stat().st_size != file.bytes or file_hash(path) != file.sha256:
        yield f"invariant 2: {file.path} of trial {names} differs from its recorded checksum"
    elif file.rows != sum(sum(record.rows.values()) for record in members):
        yield f"invariant 3: {file.path} has {file.rows} rows, more or fewer than trial {names} committed"


def _content(record: CommitRecord, rows: pa.Table, ids: dict[str, pa.Array], classes: dict[str, int]) -> Iterator[str]:
    trial = record.trial_id
    if rows_hash(rows) != record.rows_sha256 or pc.any(pc.not_equal(rows["trial_id"], trial)).as_py():
        yield f"invariant 3: the rows of trial {trial} are not the ones it committed"
    counts = {str(item["values"]): item["counts"].as_py() for item in pc.value_counts(rows["split"])}
    if counts != record.rows:
        yield f"invariant 2: trial {trial} recorded rows {record.rows}, its file has {counts}"
    for split in counts:
        found = rows.filter(pc.equal(rows["split"], split))["example_id"].combine_chunks()
        if split not in ids or not found.sort().equals(ids[split]):
            yield f"invariant 4: example ids of trial {trial}, split {split}, are not exactly the task's, each once"
    column = rows["label"] if "label" in rows.column_names else pc.list_flatten(rows["labels"])
    size = classes[record.settings["task"]]
    if len(column) and (pc.min(column).as_py() < 0 or pc.max(column).as_py() >= size):
        yield f"invariant 4: trial {trial} has labels outside the {size} classes of its task"


def _votes(root: Path, records: list[CommitRecord], *, are_rows_sound: bool) -> Iterator[str]:
    """What is wrong with the votes kept; they are counted again only from rows that can be trusted."""
    votes = compacted.kept_votes(Layout(root))
    if votes is None:
        return
    if not is_intact(root, votes):
        yield (
            f"invariant 2: {votes.file.path}, the votes kept, is missing or differs from its recorded checksum; "
            "piesweep compact counts them again"
        )
    elif are_rows_sound:
        cells = cells_of(records)
        for name in false_votes(root, records, votes):
            task, model, method, sparsity = coordinates(cells[name][0])[:4]
            yield f"invariant 3: the votes kept of {task}, {model}, {method}, {sparsity} are not those of its rows"


def _identities(root: Path) -> Identity:
    """Task -> split -> the sorted example ids."""
    result: Identity = {}
    for task in task_cards(root):
        examples = task_examples(root, task)
        result[task] = {
            str(split): examples.filter(pc.equal(examples["split"], split))["example_id"].combine_chunks().sort()
            for split in pc.unique(examples["split"]).to_pylist()
        }
    return result


def _parents(records: list[CommitRecord]) -> Iterator[str]:
    known = {record.trial_id: record for record in records}
    for record in records:
        if record.parent_id is None:
            continue
        parent = known.get(record.parent_id)
        if parent is None:
            yield f"invariant 5: trial {record.trial_id} began from {record.parent_id}, which is not committed"
        elif parent.facts.weights != record.facts.parent_weights:
            yield f"invariant 5: trial {record.trial_id} began from another state of {record.parent_id} than committed"
