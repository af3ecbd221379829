"""Gather what every seed of a cell answers for every example of a split, as arrays."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.display_names import first_splits, method_key
from analysis.relations.database import Database
from analysis.statistics.label_codes import label_codes
from analysis.statistics.place_codes import answer_parts, place_codes
from tasks.kinds import KINDS

ANSWERS_AT_ONCE = 120_000_000

Codes = NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """One cell's answers.

    codes[seed, example]: the class, or for multi-label tasks the number of the label set; -1 for no answer. seeds:
    ascending, one a row of codes. parts: of answers with a code for each of several places, what each counts in the
    headline, as `answer_parts` has it.
    """

    method: str
    sparsity: float
    seeds: NDArray[np.int64]
    codes: Codes
    parts: NDArray[np.float32] | None = None

    def of(self, seeds: NDArray[np.int64]) -> Answers:
        """Those of these seeds."""
        own = np.isin(self.seeds, seeds)
        if own.all():
            return self
        parts = None if self.parts is None else self.parts[:, own]
        return replace(self, seeds=self.seeds[own], codes=self.codes[own], parts=parts)

    def on(self, chosen: NDArray[np.bool_]) -> Answers:
        """Those for the chosen examples."""
        parts = None if self.parts is None else self.parts[:, :, chosen]
        return replace(self, codes=self.codes[:, chosen], parts=parts)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The dense cell and pruned cells of one model on one split; columns of codes are `example_ids`, ascending.

    sets[code, class]: which classes a code stands for, for multi-label tasks; None for single-label ones. dense: None
    while no dense trial has committed. gold[example]: the code of the true answer, -1 where none is known.
    places[code, place]: where answers have a code for each of several places, those for which a code stands, as
    `place_codes` has them; such a panel has no gold, and its answers have `parts` instead.
    """

    task: str
    split: str
    model: str
    sets: NDArray[np.bool_] | None
    example_ids: NDArray[np.int32]
    dense: Answers | None
    pruned: tuple[Answers, ...]
    gold: Codes | None = None
    places: NDArray[np.int16] | None = None

    def narrowed(self, cell: Answers, chosen: NDArray[np.bool_]) -> Panel:
        """The panel of this one pruned cell on the chosen examples; gold is left out."""
        dense, pruned = (None if one is None else one.on(chosen) for one in (self.dense, cell))
        assert pruned is not None
        return replace(self, dense=dense, pruned=(pruned,), example_ids=self.example_ids[chosen], gold=None)


@dataclass(frozen=True, kw_only=True)
class _Cell:
    number: int
    task: str
    split: str
    model: str
    method: str
    sparsity: float
    is_dense: bool
    seeds: int
    examples: int
    classes: int
    kind: str


def panels(
    connection: Database, split: str | None = None, at_once: int = ANSWERS_AT_ONCE, *, by_place: bool = False
) -> Iterator[Panel]:
    """Every model's panel on one split of each task: the given one, else test, else the first that the task has.

    A model with more than `at_once` answers comes in several panels, each with its dense cell. Columns are examples
    that at least one seed of the panel predicts. by_place: of tasks whose answers have a code for each of
    several places, or of the others.
    """
    for _, group in groupby(_cells(connection, split, by_place=by_place), key=lambda cell: (cell.task, cell.model)):
        cells = list(group)
        dense = [cell for cell in cells if cell.is_dense]
        for part in _parts([cell for cell in cells if not cell.is_dense], at_once):
            yield _panel(connection, [*dense, *part])


def all_panels(connection: Database) -> Iterator[Panel]:
    """Those of every kind of answer that is voted on, on the split that claims are about."""
    for by_place in (False, True):
        yield from panels(connection, by_place=by_place)


def _cells(connection: Database, split: str | None, *, by_place: bool | None = None) -> list[_Cell]:
    """The cells of tasks that are voted on; by_place: as of `panels`, None for all of them."""
    query = """
        SELECT c.cell_no AS number, c.task, s.split, c.model, c.method, c.sparsity, c.is_dense, s.seeds,
            e.examples, k.class_count AS classes, k.kind
        FROM internal.cell AS c
        JOIN internal.cell_split AS s USING (cell_no)
        JOIN internal.task AS k ON k.task_no = c.task_no AND k.is_voted
        JOIN (SELECT task_no, split, count(*) AS examples FROM internal.example GROUP BY ALL) AS e
            ON e.task_no = c.task_no AND e.split = s.split"""
    known = [_Cell(**row) for row in _rows(connection, query)]
    found = [cell for cell in known if by_place in (None, KINDS[cell.kind].ballot == "places")]
    first = first_splits((cell.task, cell.split) for cell in found)
    chosen = [cell for cell in found if cell.split == (split or first[cell.task])]
    return sorted(chosen, key=lambda cell: (cell.task, cell.model, method_key(cell.method), cell.sparsity))


def _rows(connection: Database, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
    return connection.sql(query, params=values or []).to_arrow_table().to_pylist()  # type: ignore[no-any-return]


def _parts(cells: list[_Cell], at_once: int) -> Iterator[list[_Cell]]:
    part: list[_Cell] = []
    for cell in cells:
        if part and sum(one.seeds for one in [*part, cell]) * cell.examples > at_once:
            yield part
            part = []
        part.append(cell)
    yield part


def _panel(connection: Database, cells: list[_Cell]) -> Panel:
    first, read = cells[0], _answers(connection, cells)
    gold, sets = _gold(connection, first, read)
    return Panel(
        task=first.task,
        split=first.split,
        model=first.model,
        sets=sets,
        example_ids=read.example_ids,
        dense=next((read.cells[cell.number] for cell in cells if cell.is_dense), None),
        pruned=tuple(read.cells[cell.number] for cell in cells if not cell.is_dense),
        gold=gold,
        places=read.places,
    )


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Cells of one task and split, of whatever models, whose codes mean the same: (model, method, sparsity) -> answers.

    gold: the true answer of every example as one more seed's, -1 where none is known; None of answers with a code for
    each of several places, which `places` has as in a panel.
    """

    sets: NDArray[np.bool_] | None
    example_ids: NDArray[np.int32]
    cells: dict[tuple[str, str, float], Answers]
    gold: Answers | None
    places: NDArray[np.int16] | None = None


def gathered(
    connection: Database, task: str, split: str, wanted: Collection[tuple[str, str, float]]
) -> Gathered | None:
    """The cells of these models, methods and sparsities that the store has; None where it has none of them."""
    own = [cell for cell in _cells(connection, split) if cell.task == task]
    cells = [cell for cell in own if (cell.model, cell.method, cell.sparsity) in wanted]
    if not cells:
        return None
    read = _answers(connection, cells)
    codes, sets = _gold(connection, cells[0], read)
    seeds = np.zeros(1, np.int64)
    return Gathered(
        sets=sets,
        example_ids=read.example_ids,
        cells={(cell.model, cell.method, cell.sparsity): read.cells[cell.number] for cell in cells},
        gold=None if codes is None else Answers(method="gold", sparsity=0.0, seeds=seeds, codes=codes[None]),
        places=read.places,
    )


@dataclass(frozen=True, kw_only=True)
class _Read:
    """Answers by the number of their cell; the label sets, or codes of places, for which codes stand, as in a panel."""

    cells: dict[int, Answers]
    sets: NDArray[np.bool_] | None
    places: NDArray[np.int16] | None
    example_ids: NDArray[np.int32]


def _answers(connection: Database, cells: list[_Cell]) -> _Read:
    """What the seeds of cells of one task and split answer, of the examples that any of them predicts."""
    query = "SELECT trial_no, cell_no, seed FROM internal.trial WHERE list_contains(?, cell_no) ORDER BY cell_no, seed"
    trials = _rows(connection, query, [[cell.number for cell in cells]])
    ids = _example_ids(connection, cells[0])
    numbers = [trial["trial_no"] for trial in trials]
    kind, split, sets, places, parts = KINDS[cells[0].kind], cells[0].split, None, None, None
    if kind.ballot == "places":
        codes, places = place_codes(connection, kind.answer, split, ids, numbers)
        parts = answer_parts(connection, split, ids, numbers)
    else:
        codes, sets = label_codes(connection, kind, cells[0].classes, split, ids, numbers)
    predicted = (codes >= 0).any(axis=0)
    codes = codes if predicted.all() else codes[:, predicted]
    owner = np.array([trial["cell_no"] for trial in trials])
    seeds = np.array([trial["seed"] for trial in trials], np.int64)
    # A seed of the cell that never answered this split has no vote on it.
    answered = (codes >= 0).any(axis=1)
    made = {}
    for cell in cells:
        own = (owner == cell.number) & answered
        made[cell.number] = Answers(
            method=cell.method,
            sparsity=cell.sparsity,
            seeds=seeds[own],
            codes=codes[own],
            parts=None if parts is None else parts[:, own][:, :, predicted],
        )
    return _Read(cells=made, sets=sets, places=places, example_ids=ids[predicted])


def _example_ids(connection: Database, cell: _Cell) -> NDArray[np.int32]:
    """The ids of the split's examples, in order."""
    found = connection.sql(
        """SELECT e.example_id FROM internal.example AS e JOIN internal.task AS k USING (task_no)
        WHERE k.task = ? AND e.split = ? ORDER BY 1""",
        params=[cell.task, cell.split],
    ).fetchnumpy()
    return np.asarray(found["example_id"], np.int32)


def _gold(connection: Database, cell: _Cell, read: _Read) -> tuple[Codes | None, NDArray[np.bool_] | None]:
    """The gold code of every example, and the label sets with those added that no model ever answered.

    No code of answers with one for each of several places.
    """
    if read.places is not None:
        return None, None
    ids, sets = read.example_ids, read.sets
    rows = connection.sql(
        """SELECT e.example_id, e.label, e.labels FROM internal.example AS e JOIN internal.task AS k USING (task_no)
        WHERE k.task = ? AND e.split = ? AND (e.label IS NOT NULL OR e.labels IS NOT NULL)""",
        params=[cell.task, cell.split],
    ).to_arrow_table()
    known_ids = rows["example_id"].to_numpy()
    at = np.where(np.isin(known_ids, ids), np.searchsorted(ids, known_ids), -1)
    codes = np.full(len(ids), -1, np.int32)
    if sets is None:
        codes[at[at >= 0]] = rows["label"].to_numpy()[at >= 0]
        return codes, None
    known = {one.tobytes(): number for number, one in enumerate(sets)}
    added: list[NDArray[np.bool_]] = []
    for where, labels in zip(at, rows["labels"].to_pylist(), strict=True):
        if where >= 0:
            one = np.zeros(sets.shape[1], np.bool_)
            one[labels] = True
            if known.setdefault(one.tobytes(), len(known)) == len(sets) + len(added):
                added.append(one)
            codes[where] = known[one.tobytes()]
    return codes, np.vstack([sets, *added]) if added else sets
