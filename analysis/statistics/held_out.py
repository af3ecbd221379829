"""Score models on PIEs that other seeds find: chosen by some seeds, scored by the others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.answers import Answers, Panel
from analysis.statistics.interval import CONFIDENCE
from analysis.statistics.paired import paired_t
from analysis.statistics.resampling import generator, halves, odd_half
from analysis.statistics.votes_of_splits import differ, members_of
from runner.studies.seed_advice import LEAST_SEEDS

Row = dict[str, Any]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Values = list[tuple[int, float, float]]
"""Seed, effectiveness of its pruned and of its dense model, on examples that other seeds chose."""

SPLITS = 40


def held_out_of(panel: Panel, cell: Answers) -> Row:
    """Effectiveness of pruned and dense models on the PIEs that other seeds find, and on what dense seeds dispute.

    Chosen and scored by the same seeds, PIEs make any two sides look bad: with two classes the accuracies of the two
    votes on them add up to 1, whatever pruning did (circular analysis: Kriegeskorte et al. 2009, Nature Neuroscience
    12). So each of SPLITS random odd halves of the seeds finds the examples on which its dense and pruned votes differ,
    and each other seed is scored on those: pruned, dense, and difference = pruned - dense, 0 on average if pruning does
    nothing. low, high: Student's t over the seeds' differences, `widened`; null below five seeds.

    reference_pruned, reference_dense, reference_difference: the same on examples on which two disjoint thirds of the
    dense seeds differ, scored by the seeds in neither: what is merely hard to decide. Nulls where there are too few
    seeds (two; three for the reference), no gold labels, or no such examples.
    """
    found = values(panel, cell)
    blank = dict.fromkeys(("pruned", "dense", "difference", "low", "high"))
    own = _told(found) if found else blank
    disputed = _told(reference) if (reference := reference_values(panel, cell)) else blank
    return {"scored_seeds": len(found), **own} | {
        f"reference_{name}": disputed[name] for name in ("pruned", "dense", "difference")
    }


def values(panel: Panel, cell: Answers) -> Values:
    """Every shared seed with its two scores on PIEs that the others find."""
    both = _shared(panel, cell)
    if both is None or len(both[0].seeds) < 2:
        return []
    dense, pruned = both
    chosen, _ = halves(generator("held out"), len(dense.seeds), SPLITS)
    return _scored(
        panel, both, chosen == 0, _known(panel) & differ(panel.sets, (dense, chosen), (pruned, chosen), panel.places)
    )


def widened(found: Values) -> Values:
    """The same with differences spread about their mean by sqrt(n / (n - h)), for tests and intervals over seeds.

    Each of n seeds is scored on what halves of h others choose, and chooses for them: their differences are a little
    alike, and a t-test that takes them for independent errs in up to 12 % of simulated studies. In a split n - h seeds
    are independent of the choice, and as so many they count.
    """
    seeds = len(found)
    if seeds < 2:
        return found
    spread = (seeds / (seeds - odd_half(seeds))) ** 0.5
    mean = sum(one - other for _, one, other in found) / seeds
    return [(seed, other + mean + spread * (one - other - mean), other) for seed, one, other in found]


def reference_values(panel: Panel, cell: Answers) -> Values:
    """Every shared seed with its two scores on examples that other dense seeds dispute."""
    both = _shared(panel, cell)
    if both is None or len(both[0].seeds) < 3:
        return []
    dense, _ = both
    seeds = len(dense.seeds)
    one, other = halves(generator("disputed"), seeds, SPLITS, odd_half(2 * seeds // 3))
    return _scored(
        panel, both, one + other == 0, _known(panel) & differ(panel.sets, (dense, one), (dense, other), panel.places)
    )


def _known(panel: Panel) -> Flags:
    if panel.gold is None:  # parts of what is not known count nothing
        return np.ones(len(panel.example_ids), np.bool_)
    return np.asarray(panel.gold >= 0)


def _told(found: Values) -> Row:
    pruned, dense = (np.array([value[side] for value in found]) for side in (1, 2))
    row: Row = {"pruned": float(pruned.mean()), "dense": float(dense.mean())}
    row |= {"difference": row["pruned"] - row["dense"], "low": None, "high": None}
    if len(found) >= LEAST_SEEDS:
        tested = paired_t(np.array([one - other for _, one, other in widened(found)]), 1 - CONFIDENCE)
        row |= {"low": float(tested.low), "high": float(tested.high)}
    return row


def _shared(panel: Panel, cell: Answers) -> tuple[Answers, Answers] | None:
    """The dense and the pruned models of the seeds that both have; None without gold labels or dense models."""
    if panel.dense is None:
        return None
    if panel.dense.parts is None and (panel.gold is None or (panel.gold < 0).all()):
        return None
    return panel.dense.of(cell.seeds), cell.of(panel.dense.seeds)


def _scored(panel: Panel, both: tuple[Answers, Answers], scores: Flags, chosen: Flags) -> Values:
    """scores[split, seed]: which seeds score what a split has chosen; chosen[split, example]."""
    dense, pruned = (_accuracies(panel, one, chosen, scores) for one in both)
    is_known = np.isfinite(dense) & np.isfinite(pruned)
    listed = zip(both[0].seeds.tolist(), pruned.tolist(), dense.tolist(), is_known.tolist(), strict=True)
    return [(seed, one, other) for seed, one, other, known in listed if known]


def _accuracies(panel: Panel, cell: Answers, chosen: Flags, scores: Flags) -> Floats:
    """[seed]: accuracy over all examples that the splits of a seed chose, or the mean of the splits' macro-F1.

    Of answers with a code for each of several places the headline over all these examples.
    """
    flags = chosen.astype(np.float32)
    if panel.sets is None:
        hits, asked = (flags @ count.T for count in _counted(panel, cell))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((hits * scores).sum(axis=0) / (asked * scores).sum(axis=0), np.float64)
    assert panel.gold is not None
    total = np.zeros(scores.shape)
    for members in members_of(panel.sets):
        says, truth = members[cell.codes], members[panel.gold]
        hits = flags @ (says & truth).astype(np.float32).T
        asked = flags @ says.astype(np.float32).T + (flags @ truth.astype(np.float32))[:, None]
        total += np.divide(2 * hits, asked, out=np.zeros_like(hits), where=asked > 0)
    counted = np.asarray(scores & np.any(chosen, axis=1, keepdims=True))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((total * counted).sum(axis=0) / panel.sets.shape[1] / counted.sum(axis=0), np.float64)


def _counted(panel: Panel, cell: Answers) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """[seed, example]: what an answer counts in the headline, and what it could count."""
    if cell.parts is not None:
        return cell.parts[0], cell.parts[1]
    return (cell.codes == panel.gold).astype(np.float32), (cell.codes >= 0).astype(np.float32)
