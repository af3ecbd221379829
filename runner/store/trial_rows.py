"""The rows of committed trials, wherever they lie: in a file of their own, or in one that trials share."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from runner.store.files.storage import storage
from runner.store.reader import commit_record
from runner.store.rows import read_parquet, require_intact
from runner.store.schema import PREDICTION_FIELDS, CommitRecord

OPEN_FILES = 4
OPEN_GROUPS = 4


class TrialRows:
    """Reads the rows of a store's trials; quickest in the order of `in_file_order`.

    Every file is held against its recorded hash once, when it is first read: StoreError if it is not what was written.
    check: False where the caller holds what is read from shared files against the trials' own hashes.
    Memory: a few row groups, or the rows of one trial, at a time.
    """

    def __init__(self, root: Path, *, check: bool = True) -> None:
        self.root = root
        self.check = check
        self._shared = functools.lru_cache(maxsize=OPEN_FILES)(lambda path: SharedFile(root / path))
        self._intact: set[str] = set()

    def read(self, record: CommitRecord, split: str | None = None) -> pa.Table:
        """A trial's rows of one split, or all of them, in canonical form; FileNotFoundError if they are lost."""
        try:
            return self._read(record, split)
        except FileNotFoundError:
            moved = commit_record(self.root, record.trial_id)
            if moved is None or moved.files == record.files:
                raise
            return self._read(moved, split)  # a compaction has moved them since the record was read

    def columns(self, record: CommitRecord) -> tuple[str, ...]:
        """The columns of a trial's rows."""
        (file,) = record.files
        if file.columns is not None:
            return file.columns
        storage(self.root).require_regular(self.root / file.path)
        with (self.root / file.path).open("rb") as opened:
            return tuple(pq.read_schema(opened).names)

    def _read(self, record: CommitRecord, split: str | None) -> pa.Table:
        (file,) = record.files
        if file.columns is None:
            rows = read_parquet(self.root, file)
            return rows if split is None else rows.filter(pc.equal(rows["split"], split))
        splits = sorted(record.rows) if split is None else [split]
        if self.check and file.sha256 not in self._intact:
            require_intact(self.root, file)
            self._intact.add(file.sha256)
        shared: SharedFile = self._shared(file.path)
        return shared.rows(record.trial_id, splits, file.columns)


@dataclass(frozen=True)
class Run:
    """Rows of one trial and split that follow each other in a row group."""

    group: int
    start: int
    length: int


class SharedFile:
    """A data file with the rows of many trials, read a row group at a time."""

    def __init__(self, path: Path) -> None:
        source = storage(path).parquet_source(path)
        # Threads that read a file of Python's ahead would abort a process that is ending.
        self._file = pq.ParquetFile(source, read_dictionary=["trial_id", "split"], pre_buffer=isinstance(source, Path))
        self._group = functools.lru_cache(maxsize=OPEN_GROUPS)(self._read_group)
        self._runs: dict[tuple[str, str], list[Run]] = {}
        for group in range(self._file.num_row_groups):
            keys = self._file.read_row_group(group, columns=["trial_id", "split"], use_threads=False)
            for key, start, length in runs_of(keys):
                self._runs.setdefault(key, []).append(Run(group, start, length))

    def rows(self, trial_id: str, splits: Iterable[str], columns: tuple[str, ...]) -> pa.Table:
        """One trial's rows of some splits, one after the other; none where the file has none."""
        schema = pa.schema([(name, PREDICTION_FIELDS[name]) for name in columns])
        runs = [run for split in splits for run in self._runs.get((trial_id, split), [])]
        if not runs:
            return schema.empty_table()
        parts = [self._group(run.group).slice(run.start, run.length).select(columns) for run in runs]
        return pa.concat_tables(parts).cast(schema)

    def _read_group(self, group: int) -> pa.Table:
        return self._file.read_row_group(group, use_threads=False)


def runs_of(keys: pa.Table) -> Iterator[tuple[tuple[str, str], int, int]]:
    """(trial_id, split), first row and length of each run of equal keys."""
    if not keys.num_rows:
        return
    columns = [keys[name].unify_dictionaries().combine_chunks() for name in ("trial_id", "split")]
    codes = [column.indices.to_numpy() for column in columns]
    names = [column.dictionary.to_pylist() for column in columns]
    changes = np.flatnonzero((np.diff(codes[0]) != 0) | (np.diff(codes[1]) != 0)) + 1
    starts = np.concatenate([[0], changes])
    for start, end in zip(starts, [*changes, keys.num_rows], strict=True):
        yield (names[0][codes[0][start]], names[1][codes[1][start]]), int(start), int(end - start)


def in_file_order(records: Iterable[CommitRecord]) -> list[CommitRecord]:
    """Records so ordered that each row group of a shared file is read once or twice."""
    return sorted(records, key=lambda record: (record.files[0].path, coordinates(record)))


def coordinates(record: CommitRecord) -> tuple[str, str, str, float, int, str]:
    """Where a trial stands in the grid: its cell, its seed, its id."""
    at = record.settings
    return at["task"], at["model"], at["method"], float(at["sparsity"]), int(at["seed"]), record.trial_id
