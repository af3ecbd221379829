"""Files that a compaction takes away while a query still reads them, made again from where their rows are now."""

from __future__ import annotations

from collections.abc import Iterable

from analysis.relations.checked_files import CheckedFiles
from analysis.relations.counted_votes import vote_files
from analysis.relations.recorded_files import expected_files, row_files
from analysis.relations.snapshot import Snapshot
from runner.store.compaction import kept_votes
from runner.store.compaction.sharing import written_anew
from runner.store.reader import commits
from runner.store.schema import CommitRecord


def committed_files(snapshot: Snapshot) -> CheckedFiles:
    """The files of a snapshot, whatever compactions have done since it was taken.

    Kept votes say nothing that the rows do not: where their file is damaged, they are counted again.
    """
    trials: dict[str, list[CommitRecord]] = {}
    for record in [*snapshot.commits, *snapshot.canaries]:
        for file in record.files:
            trials.setdefault(file.path, []).append(record)

    def restored(path: str) -> bytes:
        if path in votes:
            return _votes(snapshot)
        if path not in trials:
            raise FileNotFoundError(path)
        _require_sound(snapshot, trials[path])
        return written_anew(snapshot.root, trials[path])

    votes = vote_files(snapshot)
    return CheckedFiles(snapshot.root, expected_files(snapshot), restored, spare=votes)


def _votes(snapshot: Snapshot) -> bytes:
    cells = {number: snapshot.cells[cell] for cell, number in snapshot.kept.items()}
    _require_sound(snapshot, [record for records in cells.values() for record in records])
    return kept_votes.written_anew(snapshot.root, cells)


def _require_sound(snapshot: Snapshot, records: Iterable[CommitRecord]) -> None:
    """StoreError if a file is damaged in which rows of these trials lie now; FileNotFoundError if one is missing."""
    now = {record.trial_id: record for record in commits(snapshot.root)}
    expected = row_files([now.get(record.trial_id, record) for record in records])
    files = CheckedFiles(snapshot.root, expected)
    for path in expected:
        files.open(path).close()
