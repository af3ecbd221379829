"""What the seeds of a cell answer together, counted from their rows."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from runner.store.schema import VOTE_FIELDS, CommitRecord
from runner.store.trial_rows import TrialRows, coordinates

MOST_COUNTS = 1 << 29
"""Examples times classes: counting a cell takes two bytes of memory for each."""

Cell = list[CommitRecord]


def cells_of(records: Iterable[CommitRecord]) -> dict[str, Cell]:
    """Tally id -> trials that vote together, in the order of the grid: all settings but the seed are alike.

    Copies that compare devices do not vote.
    """

    def key(record: CommitRecord) -> tuple[Any, ...]:
        shared = {name: value for name, value in record.settings.items() if name != "seed"}
        return *coordinates(record)[:4], json.dumps(shared, sort_keys=True)

    voting = sorted(((key(record), record) for record in records if not record.settings.get("canary")), key=_first)
    cells = [[record for _, record in members] for _, members in itertools.groupby(voting, key=_first)]
    return {tally_id(cell): cell for cell in cells}


def tally_id(cell: Iterable[CommitRecord]) -> str:
    """Names a set of trials by their ids and rows: equal names, equal votes."""
    counted = sorted(f"{record.trial_id} {record.rows_sha256}" for record in cell)
    return hashlib.sha256("\n".join(counted).encode()).hexdigest()[:16]


def splits_of(cell: Cell) -> list[str]:
    """The splits that any trial of a cell has answered."""
    return sorted({split for record in cell for split in record.rows})


def count_votes(cell: Cell, split: str, class_count: int, rows: TrialRows) -> pa.Table | None:
    """The votes of a cell on one split: the columns of VOTE_FIELDS after `split`, sorted by example.

    None where no votes can be kept, and readers must count from the rows: trials that answer for different examples or
    with classes that the task lacks, or more than MOST_COUNTS counts. Memory: the counts and the rows of one trial.
    """
    voters = [record for record in cell if split in record.rows]
    tally: Tally | None = None
    for record in voters:
        table = rows.read(record, split)
        if tally is None:
            if table.num_rows * class_count > MOST_COUNTS:
                return None
            tally = Tally(table["example_id"], class_count)
        if not tally.add(table):
            return None
    return None if tally is None else tally.table()


class Tally:
    """Answers added up trial by trial."""

    def __init__(self, example_ids: pa.ChunkedArray, class_count: int) -> None:
        self._ids = example_ids
        self._class_count = class_count
        self._counts = np.zeros(len(example_ids) * class_count, np.uint16)
        self._first = np.arange(len(example_ids), dtype=np.int64) * class_count
        self._trials = 0
        self._many = False
        self._el2n = np.zeros(len(example_ids))
        self._el2n_seeds = np.zeros(len(example_ids), np.int16)

    def add(self, rows: pa.Table) -> bool:
        """Add one trial's rows of the split; False if they cannot be added to those before."""
        many = "labels" in rows.column_names
        if not many and "label" not in rows.column_names:
            return False  # answers on which nobody votes
        if not rows["example_id"].equals(self._ids) or (self._trials and many != self._many):
            return False
        self._many, self._trials = many, self._trials + 1
        answers = rows["labels" if many else "label"].combine_chunks()
        owners = self._first
        if many:
            owners = self._first[answers.value_parent_indices().to_numpy()]
            answers = answers.flatten()
        labels = answers.to_numpy(zero_copy_only=False)
        if answers.null_count or (len(labels) and not 0 <= labels.min() <= labels.max() < self._class_count):
            return False
        self._counts[owners + labels] += 1
        if "el2n" in rows.column_names:
            scores = rows["el2n"].combine_chunks()
            present = scores.is_valid().to_numpy(zero_copy_only=False)
            self._el2n[present] += scores.to_numpy(zero_copy_only=False)[present]
            self._el2n_seeds += present
        return True

    def table(self) -> pa.Table:
        """The votes of all trials that were added."""
        counts = self._counts.reshape(len(self._ids), self._class_count)
        columns = {"example_id": self._ids, **(self._sets(counts) if self._many else self._winners(counts))}
        scored = self._el2n_seeds > 0
        means = self._el2n / np.maximum(self._el2n_seeds, 1)
        columns |= {"el2n": pa.array(means, mask=~scored), "el2n_seeds": pa.array(self._el2n_seeds, mask=~scored)}
        names = [name for name in VOTE_FIELDS if name not in ("cell", "split")]
        nulls = {name: pa.nulls(len(self._ids), VOTE_FIELDS[name]) for name in names}
        return pa.table(nulls | columns).cast(pa.schema([(name, VOTE_FIELDS[name]) for name in names]))

    def _winners(self, counts: npt.NDArray[np.uint16]) -> dict[str, pa.Array]:
        # The first of several largest counts is that of the lowest class.
        return {"vote": pa.array(counts.argmax(1), pa.int16()), "votes": pa.array(counts.max(1), pa.int32())}

    def _sets(self, counts: npt.NDArray[np.uint16]) -> dict[str, pa.Array]:
        chosen = 2 * counts.astype(np.int32) > self._trials
        ends = pa.array(np.concatenate([[0], np.cumsum(chosen.sum(1))]), pa.int32())
        classes = pa.array(chosen.nonzero()[1], pa.int16())
        return {
            "vote_set": pa.ListArray.from_arrays(ends, classes),
            "vote_set_votes": pa.ListArray.from_arrays(ends, pa.array(counts[chosen], pa.int32())),
        }


def _first(pair: tuple[Any, CommitRecord]) -> Any:
    return pair[0]
