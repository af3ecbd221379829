"""Comparisons that need the single seeds' answers: of two cells' votes, and of both sides on PIEs that others find."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

import numpy as np

from analysis.results import Results, Row
from analysis.statistics.answers import Answers, Gathered, Panel, gathered
from analysis.statistics.families import Comparison, Pairs, unpaired
from analysis.statistics.held_out import values, widened
from analysis.statistics.swapping import PairedCells, swap
from runner.methods import DENSE

LEAST_PAIRS = 2

Name = tuple[str, str, float]
"""Model, method and sparsity."""


def over_votes(results: Results, rows: Iterable[Row], names: Iterable[tuple[str, str]]) -> list[Comparison]:
    """One comparison a row of the view `hypotheses`, both of whose sides are named in words; all of one family."""
    found = []
    places = zip(rows, names, strict=True)
    for (task, split), group in groupby(places, key=lambda place: (place[0]["task"], place[0]["split"])):
        own = list(group)
        # Models one at a time, or pair by pair: their answers need not all fit into memory at once.
        for models, pairs in groupby(own, key=lambda place: (place[0]["model"], place[0]["other_model"])):
            compared = list(pairs)
            cells = {side for row, _ in compared for side in (_side(row), _other(row))}
            answers = gathered(results.connection, task, split, cells | {(model, DENSE, 0.0) for model in models})
            found += [_comparison(answers, row, told) for row, told in compared]
    return found


def held_out_pairs(results: Results, rows: Iterable[Row]) -> list[Pairs]:
    """One list of pairs a row: every seed's score on the PIEs that other seeds find, pruned and dense.

    A seed that one of the two cells lacks has no score there, so that the comparison is refused by its number.
    """
    found = []
    for (task, split, model), group in groupby(rows, key=lambda row: (row["task"], row["split"], row["model"])):
        own = list(group)
        cells = {(model, DENSE, 0.0), *map(_side, own)}
        answers = gathered(results.connection, task, split, cells)
        found += [_on_held_out(answers, row) for row in own]
    return found


def _on_held_out(answers: Gathered | None, row: Row) -> Pairs:
    cells = {} if answers is None else answers.cells
    one, dense = cells.get(_side(row)), cells.get((row["model"], DENSE, 0.0))
    if answers is None or one is None or dense is None:
        return []
    gold = None if answers.gold is None else answers.gold.codes[0]
    panel = replace(_panel(answers, row), dense=dense, gold=gold)
    scored: Pairs = list(widened(values(panel, one)))
    alone = [(seed, 0.0, None) for seed in np.setdiff1d(one.seeds, dense.seeds).tolist()]
    other = [(seed, None, 0.0) for seed in np.setdiff1d(dense.seeds, one.seeds).tolist()]
    return sorted([*scored, *alone, *other], key=lambda pair: pair[0])


def _side(row: Row) -> Name:
    return row["model"], row["method"], row["sparsity"]


def _other(row: Row) -> Name:
    return row["other_model"], row["other_method"], row["other_sparsity"]


def _comparison(answers: Gathered | None, row: Row, names: tuple[str, str]) -> Comparison:
    found = {} if answers is None else answers.cells
    one, other = found.get(_side(row)), found.get(_other(row))
    if answers is None or one is None or other is None:
        return Comparison(pairs=0, reason="no examples that both sides answered")
    gaps = int(((one.codes >= 0).any(axis=0) != (other.codes >= 0).any(axis=0)).sum())
    if reason := unpaired(one.seeds.tolist(), other.seeds.tolist(), gaps, names):
        return Comparison(pairs=0, reason=reason)
    if len(one.seeds) < LEAST_PAIRS:
        return Comparison(pairs=len(one.seeds), reason=f"pairs: {len(one.seeds)}; swap needs {LEAST_PAIRS}")
    duel = _duel(answers, row, one, other)
    if isinstance(duel, str):
        return Comparison(pairs=0, reason=duel)
    return Comparison(pairs=len(one.seeds), votes=swap(_panel(answers, row), duel, row["alpha"]))


def _duel(answers: Gathered, row: Row, one: Answers, other: Answers) -> PairedCells | str:
    """Both sides and what they are compared with, or why they cannot be."""
    if row["compare"] == "effectiveness":
        if answers.gold is None:
            return "whether votes for several places are right is not asked by swap; paired-t and mcnemar do"
        if (answers.gold.codes < 0).all():
            return "no gold label is known"
        return PairedCells(one=one, other=other, reference=answers.gold, other_reference=answers.gold, sign=-1)
    dense, other_dense = (answers.cells.get((row[name], DENSE, 0.0)) for name in ("model", "other_model"))
    if dense is None or other_dense is None:
        return "no dense trial has committed"
    if dense is not other_dense and not dense.seeds.tolist() == other_dense.seeds.tolist() == one.seeds.tolist():
        return "unpaired: the dense models of both sides are of other seeds"
    return PairedCells(one=one, other=other, reference=dense, other_reference=other_dense, sign=1)


def _panel(answers: Gathered, row: Row) -> Panel:
    return Panel(
        task=row["task"],
        split=row["split"],
        model=row["model"],
        sets=answers.sets,
        places=answers.places,
        example_ids=answers.example_ids,
        dense=None,
        pruned=(),
    )
