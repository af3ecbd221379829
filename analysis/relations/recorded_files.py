"""Look up what a store records of the files that answers are read from: which, and what their bytes must be."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.relations.snapshot import Snapshot
from runner.extras import EXTRAS
from runner.store.extra_record import ExtraFile
from runner.store.layout import Layout
from runner.store.readability import CONTENT, kept
from runner.store.rows import in_memory
from runner.store.schema import CommitRecord, DataFile, TaskCard
from tasks.base import fingerprint_of
from tasks.content import content_hash


@dataclass(frozen=True)
class Recorded:
    """Size in bytes and SHA-256 of a file, as a record of the store has them."""

    bytes: int
    sha256: str

    @staticmethod
    def of(file: DataFile) -> Recorded:
        """What a commit record, or the record of kept votes, says of its file."""
        return Recorded(file.bytes, file.sha256)


Proof = Callable[[bytes], bytes]
"""Takes a file's bytes and gives those to read instead; ValueError or ArrowException where they are not as written.

It is for files whose bytes nobody has recorded, but what is in them. They are encoded again, so that nothing is read
that the proof has not seen, such as statistics by which a reader leaves rows out.
"""
Expected = Recorded | Proof


def expected_files(snapshot: Snapshot) -> dict[str, Expected]:
    """Path, relative to the store -> what its bytes must be, of every file that DuckDB may open."""
    found: dict[str, Expected] = {**examples_files(Layout(snapshot.root), snapshot.tasks)}
    scores = kept(snapshot.root).values()
    found |= dict.fromkeys((path.relative_to(snapshot.root).as_posix() for path in scores), same_rows)
    found |= row_files([*snapshot.commits, *snapshot.canaries])
    found |= {file.path: Recorded(file.bytes, file.sha256) for file in extra_tables(snapshot)}
    if snapshot.votes is not None:
        found[snapshot.votes.file.path] = Recorded.of(snapshot.votes.file)
    return found


def extra_tables(snapshot: Snapshot) -> list[ExtraFile]:
    """The files of all extras that are rows."""
    tables = {name for name, extra in EXTRAS.items() if extra.columns}
    return [file for record in snapshot.commits for file in record.extras if file.name in tables]


def row_files(records: list[CommitRecord]) -> dict[str, Recorded]:
    """The data files of trials."""
    return {file.path: Recorded.of(file) for record in records for file in record.files}


def examples_files(layout: Layout, tasks: Mapping[str, TaskCard]) -> dict[str, Expected]:
    """The files of tasks' examples, in the order of the tasks."""
    return {examples_path(layout, task): _examples(card) for task, card in tasks.items()}


def examples_path(layout: Layout, task: str) -> str:
    """The file of a task's examples, relative to the store."""
    return layout.task_examples(task).relative_to(layout.root).as_posix()


def _examples(card: TaskCard) -> Expected:
    return _same_fingerprint(card) if card.examples is None else Recorded.of(card.examples)


def _same_fingerprint(card: TaskCard) -> Proof:
    """Of examples whose file no record names: what trials were trained on, by the task's fingerprint."""

    def proven(content: bytes) -> bytes:
        table = _table(content)
        if fingerprint_of(card.classes, table, card.inputs, card.kind, card.images) != card.fingerprint:
            raise ValueError(f"it does not have the fingerprint {card.fingerprint} of its task")
        return _written(table)

    return proven


def same_rows(content: bytes) -> bytes:
    """The proof of a file with a hash of its rows; one of an earlier version has none, and is taken as it is."""
    table = _table(content)
    said = (table.schema.metadata or {}).get(CONTENT)
    if said is not None and said.decode(errors="replace") != content_hash(table):
        raise ValueError("its rows do not have the hash beside them")
    return _written(table)


def _table(content: bytes) -> pa.Table:
    return pq.ParquetFile(in_memory(content)).read()


def _written(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="none")
    return sink.getvalue()
