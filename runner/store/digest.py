"""One hash over everything a store says, whoever wrote it, when, where and into which files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from runner.store.reader import commits, task_cards, task_examples
from runner.store.rows import rows_hash
from runner.store.trial_rows import TrialRows, in_file_order
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
    records, rows = commits(root), TrialRows(root)
    hashes = {record.trial_id: rows_hash(rows.read(record)) for record in in_file_order(records)}
    for record in records:
        total.update(f"trial {record.trial_id} {record.parent_id} {hashes[record.trial_id]}\n".encode())
    return total.hexdigest()
