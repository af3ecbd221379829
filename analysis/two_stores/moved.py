"""Compare two stores: every cell and example that both have, and which votes changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from analysis.display_names import method_key, split_key
from analysis.relations.database import Database
from analysis.relations.snapshot import Snapshot
from analysis.results import Row
from analysis.statistics.answers import Answers, Gathered, Panel, gathered
from analysis.statistics.corrections import corrected
from analysis.statistics.definitions import differ, votes
from analysis.two_stores.cells import SharedLabels, Side, compared
from analysis.two_stores.matching import CompareError, Match, match
from analysis.two_stores.opened import Opened
from runner.methods import DENSE
from tasks.kinds import KINDS

MEASURES = ("effectiveness_change", "distance_change", "changed")
Name = tuple[str, str, float]
Both = tuple[Opened, Opened]


@dataclass(frozen=True, kw_only=True)
class TaskMatch:
    """What two stores have in common of one task: on which split, and how many examples and cells."""

    task: str
    split: str
    examples: int
    alone: int
    other_alone: int
    relabelled: int
    cells: int
    cells_alone: int
    other_cells_alone: int


@dataclass(frozen=True, kw_only=True)
class Moved:
    """tasks: what was compared. left_out: tasks that could not be, in a sentence each. same_trials: in both stores.

    cells: one row a cell, `compared` with its task, split, model, method and sparsity, and ..._corrected_p of MEASURES
    by Holm over the cells of a task and model. examples: those whose vote changed in most cells, first.
    """

    tasks: list[TaskMatch]
    left_out: list[str]
    same_trials: int
    cells: list[Row]
    examples: list[Row]


def compare_stores(one: Opened, other: Opened, examples: int = 5) -> Moved:
    """Everything that can be said of two stores; CompareError with the reasons where it is nothing."""
    stores = one, other
    roots = [store.snapshot.root for store in stores]
    if roots[0].resolve() == roots[1].resolve():
        raise CompareError(f"{roots[0]} and {roots[1]} are one store")
    common = sorted(one.snapshot.tasks.keys() & other.snapshot.tasks.keys())
    if not common:
        told = [", ".join(store.snapshot.tasks) or "none" for store in stores]
        raise CompareError(f"the stores have no task in common: A has {told[0]}, B has {told[1]}")
    found = Moved(tasks=[], left_out=[], same_trials=_same_trials(stores), cells=[], examples=[])
    for task in common:
        try:
            _add_task(found, stores, task)
        except CompareError as error:
            found.left_out.append(str(error))
    if not found.cells:
        raise CompareError("nothing can be compared: " + "; ".join(found.left_out))
    _correct(found.cells)
    found.examples.sort(key=lambda row: (-row["changed_cells"], row["task"], row["model"], row["example_id"]))
    del found.examples[examples:]
    for row in found.examples:
        row.update(_texts(one.connection, row))
    return found


def _same_trials(stores: Both) -> int:
    mine, theirs = ({(record.trial_id, record.rows_sha256) for record in store.snapshot.commits} for store in stores)
    return len(mine & theirs)


def _cells(snapshot: Snapshot, task: str, split: str) -> set[Name]:
    records = [record for record in snapshot.commits if record.settings["task"] == task and split in record.rows]
    return {snapshot.cell(record)[1:] for record in records}


def _split(stores: Both, task: str) -> str:
    """The split that claims are about, the test split before others, of those that both have."""
    mine, theirs = (
        {split for record in store.snapshot.commits if record.settings["task"] == task for split in record.rows}
        for store in stores
    )
    if not mine & theirs:
        raise CompareError(f"{task}: the stores have answers for no common split")
    return min(mine & theirs, key=split_key)


def _add_task(found: Moved, stores: Both, task: str) -> None:
    kinds = {store.snapshot.tasks[task].kind for store in stores}
    if odd := [name for name in kinds if not KINDS[name].has_classes or KINDS[name].reads != "text"]:
        raise CompareError(f"{task}: answers of kind {odd[0]} are not compared between stores, those of classes are")
    split = _split(stores, task)
    mine, theirs = (_cells(store.snapshot, task, split) for store in stores)
    both = {name for name in mine & theirs if (name[0], DENSE, 0.0) in mine & theirs}
    if not both:
        raise CompareError(f"{task}: no model has its dense trials, or any cell, in both stores")
    matched = match(stores, (task, split))
    for model, names in groupby(
        sorted(both, key=lambda name: (name[0], method_key(name[1]), name[2])), lambda name: name[0]
    ):
        _add_model(found, stores, matched, (task, split, model, list(names)))
    found.tasks.append(
        TaskMatch(
            task=task,
            split=split,
            examples=len(matched.ids),
            alone=matched.alone,
            other_alone=matched.other_alone,
            relabelled=matched.relabelled,
            cells=len(both),
            cells_alone=len(mine - both),
            other_cells_alone=len(theirs - both),
        )
    )


def _add_model(
    found: Moved,
    stores: Both,
    matched: Match,
    place: tuple[str, str, str, list[Name]],
) -> None:
    task, split, model, names = place
    left, right = (gathered(store.connection, task, split, set(names)) for store in stores)
    assert left is not None
    assert right is not None
    classes = [list(store.snapshot.tasks[task].classes) for store in stores]
    pair = _on_common_ground(left, right, matched, [classes[0].index(name) for name in classes[1]])
    ground, ids, sides = pair.ground(task, split, model), pair.ids, pair.cells
    dense = sides[0][model, DENSE, 0.0], sides[1][model, DENSE, 0.0]
    changes: list[NDArray[np.bool_]] = []
    for name in names:
        one, other = (Side(dense=dense[side], cell=sides[side][name]) for side in (0, 1))
        if not len(one.seeds) or not len(other.seeds):
            continue
        where = {"task": task, "split": split, "model": model, "method": name[1], "sparsity": name[2]}
        found.cells.append(where | compared(ground, one, other))
        count = min(len(one.seeds), len(other.seeds))
        changes.append(differ(*(votes(ground.panel, side.first(count).cell) for side in (one, other))))
    pruned = np.array([name[1] != DENSE for name in names])[: len(changes)]
    counted = np.array(changes)[pruned].sum(axis=0) if pruned.any() else np.zeros(len(ids), np.int64)
    for at in np.argsort(-counted, kind="stable")[:100]:
        if counted[at]:
            where = {"task": task, "split": split, "model": model, "example_id": int(ids[at])}
            found.examples.append(where | {"changed_cells": int(counted[at]), "cells": int(pruned.sum())})


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """Both stores' cells on the matched examples, whose ids are those of the first store."""

    sets: NDArray[np.bool_] | None
    gold: NDArray[np.int32]
    ids: NDArray[np.int32]
    cells: tuple[dict[Name, Answers], dict[Name, Answers]]

    def ground(self, task: str, split: str, model: str) -> SharedLabels:
        panel = Panel(task=task, split=split, model=model, sets=self.sets, example_ids=self.ids, dense=None, pruned=())
        return SharedLabels(panel=panel, gold=self.gold)


def _on_common_ground(left: Gathered, right: Gathered, matched: Match, classes: list[int]) -> _Pair:
    """The same columns and codes on both sides; classes: the index in the first store of each class of the second.

    Equal label sets have one code: answers are equal where their codes are.
    """
    answered = np.isin(matched.ids, left.example_ids) & np.isin(matched.other_ids, right.example_ids)
    ids, other_ids = matched.ids[answered], matched.other_ids[answered]
    assert left.gold is not None  # answers of several places are not compared
    if not len(ids):
        raise CompareError("no example that both stores have was answered in both")
    at, other_at = np.searchsorted(left.example_ids, ids), np.searchsorted(right.example_ids, other_ids)
    if left.sets is None or right.sets is None:
        sets = None
        own, translated = (np.array([*part, -1], np.int32) for part in (sorted(classes), classes))
    else:
        moved = np.zeros_like(right.sets)
        moved[:, classes] = right.sets
        sets, number = np.unique(np.vstack([left.sets, moved]), axis=0, return_inverse=True)
        own, translated = (np.append(part, -1).astype(np.int32) for part in np.split(number, [len(left.sets)]))
    return _Pair(
        sets=sets,
        gold=own[left.gold.codes[0, at]],
        ids=ids,
        cells=(
            {name: replace(cell, codes=own[cell.codes[:, at]]) for name, cell in left.cells.items()},
            {name: replace(cell, codes=translated[cell.codes[:, other_at]]) for name, cell in right.cells.items()},
        ),
    )


def _correct(rows: list[Row]) -> None:
    """Add the corrected p of every measure; one that could not be tested counts as 1."""
    for _, group in groupby(rows, key=lambda row: (row["task"], row["model"])):
        own = list(group)
        for measure in MEASURES:
            tested = [row for row in own if f"{measure}_p" in row]
            for row, adjusted in zip(tested, corrected([row[f"{measure}_p"] for row in tested]), strict=True):
                row[f"{measure}_corrected_p"] = None if row[f"{measure}_p"] is None else adjusted


def _texts(connection: Database, row: Row) -> Row:
    found: list[Row] = (
        connection.sql(
            "SELECT text, text_pair, coalesce(label, array_to_string(labels, ', ')) AS label FROM examples "
            "WHERE task = ? AND split = ? AND example_id = ?",
            params=[row["task"], row["split"], row["example_id"]],
        )
        .to_arrow_table()
        .to_pylist()
    )
    return found[0]
