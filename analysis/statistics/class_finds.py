"""How often gold answers have a class in an example, and how often each seed finds it there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from analysis.relations.database import Database
from analysis.statistics.answers import Answers, Codes, Panel
from analysis.statistics.votes_of_splits import holders

Flags = NDArray[np.bool_]
Counts = NDArray[np.bool_] | NDArray[np.int16]


@dataclass(frozen=True, kw_only=True)
class ClassFinds:
    """One class of a panel: a label, or a type of entity, of which an example may have several.

    gold[example]: how often the gold answer has it. found: of a cell, on some of the examples, [seed, example], how
    many of these its seeds find; an entity is found by its words and its type.
    """

    name: str
    gold: Counts
    found: Callable[[Answers, Flags], Counts]


def class_finds(connection: Database, panel: Panel) -> list[ClassFinds]:
    """The classes that a panel's gold answers have, or may have; none where none are known, or answers have none."""
    if panel.places is not None:
        return _of_entities(connection, panel)
    if panel.gold is None:
        return []
    names = connection.execute("SELECT classes FROM internal.task WHERE task = ?", [panel.task]).fetchall()[0][0]
    return of_labels(panel.gold, panel.sets, names)


def of_labels(gold: Codes, sets: Flags | None, names: list[str]) -> list[ClassFinds]:
    """Classes of labels and of label sets, by their codes as a panel has them."""
    return [
        ClassFinds(name=names[index], gold=members, found=partial(_hits, sets, index, members))
        for index, members in enumerate(holders(sets, gold))
    ]


def _hits(sets: Flags | None, index: int, members: Flags, cell: Answers, where: Flags) -> Flags:
    """[seed, example]: whether a model answers a class that the example has."""
    codes = cell.codes[:, where]
    says = codes == index if sets is None else np.append(sets[:, index], False)[codes]
    return np.asarray(says & members[where])


def _of_entities(connection: Database, panel: Panel) -> list[ClassFinds]:
    """Types of entity, none where answers are no tags."""
    cells = {(cell.method, cell.sparsity) for cell in (panel.dense, *panel.pruned) if cell is not None}
    known = connection.execute(
        """SELECT t.trial_no, c.method, c.sparsity, t.seed FROM internal.trial AS t
        JOIN internal.cell AS c USING (cell_no) WHERE c.task = ? AND c.model = ? ORDER BY t.trial_no""",
        [panel.task, panel.model],
    ).fetchall()
    trials = {trial_no: (*cell, seed) for trial_no, *cell, seed in known if tuple(cell) in cells}
    numbers = list(trials)
    rows = connection.sql(
        """SELECT trial_no, example_id, class, gold, hits FROM internal.entity_finds
        WHERE split = ? AND list_contains(?, trial_no)""",
        params=[panel.split, numbers],
    ).to_arrow_table()
    names, classes = np.unique(rows["class"].to_numpy(), return_inverse=True)
    trial = np.searchsorted(numbers, rows["trial_no"].to_numpy())
    example = np.searchsorted(panel.example_ids, rows["example_id"].to_numpy())
    gold = np.zeros((len(names), len(panel.example_ids)), np.int16)
    gold[classes, example] = rows["gold"].to_numpy()
    hits = np.zeros((len(names), len(numbers), len(panel.example_ids)), np.int16)
    hits[classes, trial, example] = rows["hits"].to_numpy()
    places = {key: place for place, key in enumerate(trials.values())}
    return [
        ClassFinds(name=str(name), gold=gold[index], found=partial(_of_cell, hits[index], places))
        for index, name in enumerate(names)
    ]


def _of_cell(
    hits: NDArray[np.int16], places: Mapping[tuple[str, float, int], int], cell: Answers, where: Flags
) -> NDArray[np.int16]:
    own = [places[cell.method, cell.sparsity, seed] for seed in cell.seeds.tolist()]
    return hits[own][:, where]
