"""Measure how much more answers change than the change of accuracy alone would need."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.statistics.answers import Answers, Panel
from analysis.statistics.crossed import BOUNDS, changed
from analysis.statistics.definitions import Chosen, differ, votes

Row = dict[str, Any]


def churn_of(panel: Panel, cell: Answers) -> Row:
    """rate: the PIE rate on examples with a gold label. forced: by how much the shares of right votes differ, dense and
    pruned; as many votes must differ at least. beyond: rate - forced, the churn that accuracy does not need.

    Milani Fard et al. 2016 (Launch and iterate: reducing prediction churn, NIPS). That a cell with many PIEs is less
    accurate is therefore in part arithmetic. A label set is right if it is the gold one. Nulls without gold labels.
    change, change_low, change_high, change_p: of the share of right answers of single models, pruned less dense, over
    seeds and examples (`changed`); null for label sets, whose effectiveness is no mean over examples.
    """
    names = ("rate", "forced", "beyond", "change", *BOUNDS)
    if panel.dense is None or panel.gold is None:
        return dict.fromkeys(names)
    known = (panel.gold >= 0) & (panel.dense.codes >= 0).any(axis=0) & (cell.codes >= 0).any(axis=0)
    if not known.any():
        return dict.fromkeys(names)
    dense, pruned = votes(panel, panel.dense), votes(panel, cell)
    rate = float(differ(dense, pruned)[known].mean())
    forced = abs(float(_right(panel, dense)[known].mean()) - float(_right(panel, pruned)[known].mean()))
    return {"rate": rate, "forced": forced, "beyond": rate - forced} | changed(_improvements(panel, cell, known))


def _improvements(panel: Panel, cell: Answers, known: Chosen) -> np.ndarray[Any, np.dtype[np.float64]]:
    """[seed, example]: 1 where a pruned model alone is right, -1 where its dense one alone is; empty for label sets."""
    if panel.dense is None or panel.gold is None or panel.sets is not None:
        return np.zeros((0, 0))
    shared = np.intersect1d(panel.dense.seeds, cell.seeds)
    right = [one.codes[np.isin(one.seeds, shared)][:, known] == panel.gold[known] for one in (panel.dense, cell)]
    return np.asarray(right[1].astype(np.float64) - right[0])


def _right(panel: Panel, vote: np.ndarray[Any, Any]) -> Chosen:
    assert panel.gold is not None
    gold = panel.gold if panel.sets is None else panel.sets[panel.gold]
    return ~differ(vote, gold)
