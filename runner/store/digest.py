"""Hash everything a store says, whoever wrote it, when, where and into which files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from runner.store.extra_files import require_extras
from runner.store.reader import commits, task_cards, task_examples
from runner.store.rows import rows_hash
from runner.store.schema import CommitRecord
from runner.store.trial_rows import TrialRows, in_file_order
from tasks.content import content_hash


def digest(root: Path) -> str:
    """64 hex digits over all committed rows, extras and ids, and the examples they speak of.

    Times, hosts, attempts, devices and file layout are left out: a study that was interrupted, moved or run by
    more workers has the digest of one that ran undisturbed.
    """
    records, rows = commits(root), TrialRows(root)
    for record in records:
        require_extras(root, record)
    return _total(root, records, {record.trial_id: rows_hash(rows.read(record)) for record in in_file_order(records)})


def recorded_digest(root: Path) -> str:
    """The digest of a store whose rows are those that its records speak of; reads the records, and no rows."""
    records = commits(root)
    return _total(root, records, {record.trial_id: record.rows_sha256 for record in records})


def _total(root: Path, records: Iterable[CommitRecord], hashes: Mapping[str, str]) -> str:
    total = hashlib.sha256()
    for task, card in sorted(task_cards(root).items()):
        examples = task_examples(root, task)
        columns = content_hash(examples.select(sorted(examples.column_names)))
        total.update(f"task {task} {card.kind} {chr(31).join(card.classes)} {columns}\n".encode())
    for record in records:
        total.update(f"trial {record.trial_id} {record.parent_id} {hashes[record.trial_id]}\n".encode())
        for file in record.extras:
            total.update(f"extra {record.trial_id} {file.name} {file.content}\n".encode())
    return total.hexdigest()
