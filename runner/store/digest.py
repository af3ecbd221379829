"""One hash over everything a store says, whoever wrote it, when, where and into which files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from runner.store.reader import commits, task_cards, task_examples
from runner.store.rows import read_parquet, rows_hash
from runner.store.schema import CommitRecord
from tasks.content import content_hash


def digest(root: Path) -> str:
    """64 hex digits over all committed rows and ids, and the examples they speak of.

    Times, hosts, attempts, devices and file layout are left out: a study that was interrupted, moved or run by
    more workers has the digest of one that ran undisturbed.
    """
    total = hashlib.sha256()
    for task, card in sorted(task_cards(root).items()):
        examples = task_examples(root, task)
        columns = content_hash(examples.select(sorted(examples.column_names)))
        total.update(f"task {task} {card.kind} {chr(31).join(card.classes)} {columns}\n".encode())
    for record in commits(root):
        total.update(f"trial {record.trial_id} {record.parent_id} {stored_rows_hash(root, record)}\n".encode())
    return total.hexdigest()


def stored_rows_hash(root: Path, record: CommitRecord) -> str:
    """The hash of a trial's rows as they lie in its files now."""
    (file,) = record.files
    return rows_hash(read_parquet(root / file.path))
