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

from runner.store.schema import VOTE_FIELDS, CommitRecord, TaskCard
from runner.store.trial_rows import TrialRows, coordinates
from tasks.kinds import KINDS
from tasks.kinds.base import Kind

MOST_COUNTS = 1 << 29
"""Examples times classes, or places times trials: counting a cell takes two bytes of memory for each."""
MOST_CODES = 1 << 15
"""As 16 bits hold them, where codes are not those of classes."""

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


def count_votes(cell: Cell, split: str, card: TaskCard | None, rows: TrialRows) -> pa.Table | None:
    """The votes of a cell on one split: the columns of VOTE_FIELDS after `split`, sorted by example.

    None where no votes can be kept, and readers must count from the rows: answers on which nobody votes, trials that
    answer for different examples or with classes that the task lacks, or more than MOST_COUNTS counts. Memory: the
    counts and the rows of one trial; of a code for each place the codes of all trials.
    """
    if card is None or KINDS[card.kind].ballot is None:
        return None
    tally: Tally | None = None
    for record in (record for record in cell if split in record.rows):
        table = rows.read(record, split)
        if tally is None:
            tally = Tally(table["example_id"], KINDS[card.kind], len(card.classes))
        if not tally.add(table):
            return None
    return None if tally is None else tally.table()


class Tally:
    """Answers of a kind, and scores of influence, added up trial by trial."""

    def __init__(self, example_ids: pa.ChunkedArray, kind: Kind, class_count: int) -> None:
        self._ids = example_ids
        self._answer = kind.answer
        codes = class_count if kind.has_classes else MOST_CODES
        self._votes = PlaceCodes(codes) if kind.ballot == "places" else ClassCounts(len(example_ids), codes)
        self._el2n = np.zeros(len(example_ids))
        self._el2n_seeds = np.zeros(len(example_ids), np.int16)

    def add(self, rows: pa.Table) -> bool:
        """Add one trial's rows of the split; False if they cannot be added to those before."""
        if self._answer not in rows.column_names or not rows["example_id"].equals(self._ids):
            return False
        answers = rows[self._answer].combine_chunks()
        if answers.null_count or not self._votes.add(answers):
            return False
        if "el2n" in rows.column_names:
            scores = rows["el2n"].combine_chunks()
            present = scores.is_valid().to_numpy(zero_copy_only=False)
            self._el2n[present] += scores.to_numpy(zero_copy_only=False)[present]
            self._el2n_seeds += present
        return True

    def table(self) -> pa.Table:
        """The votes of all trials that were added."""
        columns = {"example_id": self._ids, **self._votes.columns()}
        scored = self._el2n_seeds > 0
        means = self._el2n / np.maximum(self._el2n_seeds, 1)
        columns |= {"el2n": pa.array(means, mask=~scored), "el2n_seeds": pa.array(self._el2n_seeds, mask=~scored)}
        names = [name for name in VOTE_FIELDS if name not in ("cell", "split")]
        nulls = {name: pa.nulls(len(self._ids), VOTE_FIELDS[name]) for name in names}
        return pa.table(nulls | columns).cast(pa.schema([(name, VOTE_FIELDS[name]) for name in names]))


class ClassCounts:
    """How many trials give an example each class, be it that they give one or a set."""

    def __init__(self, examples: int, class_count: int) -> None:
        self._class_count = class_count
        self._fits = examples * class_count <= MOST_COUNTS
        self._counts = np.zeros(examples * class_count if self._fits else 0, np.uint16)
        self._first = np.arange(examples, dtype=np.int64) * class_count
        self._trials = 0
        self._many = False

    def add(self, answers: pa.Array) -> bool:
        """Count a trial's answers; False for a class that there is not, or too many counts."""
        owners = self._first
        self._many, self._trials = pa.types.is_list(answers.type), self._trials + 1
        if self._many:
            owners = self._first[answers.value_parent_indices().to_numpy()]
            answers = answers.flatten()
        labels = answers.to_numpy(zero_copy_only=False)
        if not self._fits or not _are_classes(labels, self._class_count):
            return False
        self._counts[owners + labels] += 1
        return True

    def columns(self) -> dict[str, pa.Array]:
        """The class of the most, the lowest of several; or every class of more than half."""
        counts = self._counts.reshape(len(self._first), self._class_count)
        if not self._many:
            # The first of several largest counts is that of the lowest class.
            return {"vote": pa.array(counts.argmax(1), pa.int16()), "votes": pa.array(counts.max(1), pa.int32())}
        chosen = 2 * counts.astype(np.int32) > self._trials
        ends = np.concatenate([[0], np.cumsum(chosen.sum(1))])
        return _lists(ends, chosen.nonzero()[1], counts[chosen])


class PlaceCodes:
    """What every trial says of each place of each example, such as its words."""

    def __init__(self, class_count: int) -> None:
        self._class_count = class_count
        self._ends: npt.NDArray[np.int32] | None = None
        self._codes: list[npt.NDArray[np.int16]] = []

    def add(self, answers: pa.ListArray) -> bool:
        """Keep a trial's codes; False for other places than before, a class that there is not, or too many codes."""
        lengths = answers.value_lengths().to_numpy(zero_copy_only=False)
        ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        codes = answers.flatten().to_numpy(zero_copy_only=False)
        if self._ends is None:
            self._ends = ends
        self._codes.append(codes)
        fits = len(codes) * len(self._codes) <= MOST_COUNTS
        return fits and np.array_equal(ends, self._ends) and _are_classes(codes, self._class_count)

    def columns(self) -> dict[str, pa.Array]:
        """The code of the most at every place, the lowest of several."""
        ordered = np.sort(np.array(self._codes), axis=0)
        vote, votes = ordered[0].copy(), np.ones(ordered.shape[1], np.int32)
        run = votes.copy()
        for before, code in itertools.pairwise(ordered):
            run = np.where(code == before, run + 1, 1)
            is_more = run > votes
            vote[is_more], votes[is_more] = code[is_more], run[is_more]
        assert self._ends is not None
        return _lists(self._ends, vote, votes)


def _are_classes(codes: npt.NDArray[Any], count: int) -> bool:
    return not len(codes) or bool(0 <= codes.min() <= codes.max() < count)


def _lists(ends: npt.NDArray[Any], codes: npt.NDArray[Any], votes: npt.NDArray[Any]) -> dict[str, pa.Array]:
    offsets = pa.array(ends, pa.int32())
    return {
        "vote_set": pa.ListArray.from_arrays(offsets, pa.array(codes, pa.int16())),
        "vote_set_votes": pa.ListArray.from_arrays(offsets, pa.array(votes, pa.int32())),
    }


def _first(pair: tuple[Any, CommitRecord]) -> Any:
    return pair[0]
