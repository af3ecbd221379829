"""Compare one cell of two stores: what moved between them, and what other seeds alone would have moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.statistics.answers import Answers, Codes, Panel
from analysis.statistics.interval import CONFIDENCE
from analysis.statistics.noise_floor import interval_of
from analysis.statistics.resampling import generator
from analysis.statistics.slice_scores import effectiveness
from analysis.statistics.swapping import EXACT
from runner.methods import DENSE
from runner.studies.seed_advice import LEAST_SEEDS

Row = dict[str, Any]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Bounds = tuple[float | None, float | None]

WAYS = 1_999
RESAMPLES = 400


@dataclass(frozen=True, kw_only=True)
class Side:
    """A cell of one store with its dense cell, on the matched examples; codes mean the same on both sides."""

    dense: Answers
    cell: Answers

    def first(self, count: int) -> Side:
        """The lowest so many of the seeds that both cells have."""
        kept = self.seeds[:count]
        return Side(dense=self.dense.of(kept), cell=self.cell.of(kept))

    @property
    def seeds(self) -> NDArray[np.int64]:
        return np.intersect1d(self.dense.seeds, self.cell.seeds)


@dataclass(frozen=True, kw_only=True)
class SharedLabels:
    """What both stores' cells are compared on: label sets that codes stand for, and gold codes, -1 for unknown."""

    panel: Panel
    gold: Codes


def compared(ground: SharedLabels, one: Side, other: Side) -> Row:
    """How effectiveness, PIE rate, excess and single votes of a cell differ between A (one) and B (other).

    Both sides count with equally many seeds, the lowest ones: rates fall as seeds are added. ..._change: B less A, with
    an interval over seeds as if those of A and B had nothing in common (Welch's; for rates from the bounds of both
    sides, Zou and Donner 2008, Statistics in Medicine 27). changed: the share of examples whose vote differs between A
    and B; by_seeds: the same between halves of the seeds of one store; beyond: between halves of two stores less that,
    with its interval (`interval_of` with A's cell in the place of the dense one).

    p: the share of ways to hand all seeds to A and B anew, each with its dense model, in which a difference is at least
    as large, the actual way among them: all ways, or WAYS random ones (Phipson and Smyth 2010). Majority votes saturate
    (any three seeds of five make the vote), so that the tests are of single models: effectiveness_change_p of their
    mean effectiveness; distance_change_p of how far the answers of pruned models lie from those of dense ones (half
    their squared distance, which `excess` is for votes); changed_p of how far A's answers lie from B's (Szekely and
    Rizzo 2004, Testing for equal distributions in high dimension). Null, with the intervals, below five seeds a side.
    """
    count = min(len(one.seeds), len(other.seeds))
    row: Row = {"seeds": len(one.seeds), "other_seeds": len(other.seeds), "compared_seeds": count}
    sides = one.first(count), other.first(count)
    ways, is_complete = _ways(count)
    tests = _effectiveness(ground, sides, ways), _distances(sides, ways)
    row |= tests[0][0] | tests[1][0] | _changed(ground, sides)
    for name, found in (tests[0][1] | tests[1][1]).items():
        row[name] = _p(found, is_complete=is_complete)
    if one.cell.method != DENSE:
        row |= _rates(ground, sides)
    if count < LEAST_SEEDS:
        row |= {name: None for name in row if name.endswith(("_p", "_low", "_high"))}
    return row


def least_p(seeds: int) -> float:
    """The least p that so many seeds a side can give."""
    return 1 / min(comb(2 * seeds - 1, seeds - 1), WAYS + 1)


def _ways(seeds: int) -> tuple[Flags, bool]:
    """[way, seed of A then of B]: who goes to A; the first way is the actual one. And whether these are all ways.

    Ways that exchange all of A and B differ in the sign alone, so that the first seed may stay in A.
    """
    actual = np.arange(2 * seeds) < seeds
    if comb(2 * seeds - 1, seeds - 1) <= WAYS + 1:
        found = np.zeros((comb(2 * seeds - 1, seeds - 1), 2 * seeds), np.bool_)
        for way, others in enumerate(combinations(range(1, 2 * seeds), seeds - 1)):
            found[way, [0, *others]] = True
        return found, True
    drawn = generator("stores").permuted(np.tile(actual, (WAYS, 1)), axis=1)
    return np.vstack([actual, drawn]), False


def _p(found: Floats, *, is_complete: bool) -> float:
    extreme = found >= found[0] - EXACT
    return float(extreme.mean() if is_complete else (1 + extreme[1:].sum()) / len(found))


def _effectiveness(ground: SharedLabels, sides: tuple[Side, Side], ways: Flags) -> tuple[Row, dict[str, Floats]]:
    known = ground.gold >= 0
    names = ("effectiveness", "other_effectiveness", *(f"effectiveness_change{end}" for end in ("", "_low", "_high")))
    if not known.any():
        return dict.fromkeys((*names, "effectiveness_change_p")), {}
    values = [
        effectiveness(replace(side.cell, codes=side.cell.codes[:, known]), ground.gold[known], ground.panel.sets).value
        for side in sides
    ]
    mean, other = (float(value.mean()) for value in values)
    row = dict(zip(names, (mean, other, other - mean, *_welch(other - mean, *values)), strict=True))
    both = np.concatenate(values)
    moved = (np.where(ways, 0, both).sum(axis=1) - np.where(ways, both, 0).sum(axis=1)) / len(values[0])
    return row, {"effectiveness_change_p": np.abs(moved)}


def _welch(difference: float, one: Floats, other: Floats) -> Bounds:
    """The interval of a difference of two means, by Student's t with Welch's degrees of freedom; null for one seed."""
    seeds = len(one)
    if seeds < 2:
        return None, None
    parts = one.var(ddof=1) / seeds, other.var(ddof=1) / seeds
    spread = float(sum(parts))
    if spread == 0:
        return difference, difference
    freedom = (seeds - 1) * spread**2 / sum(part**2 for part in parts)
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * spread**0.5
    return difference - reach, difference + reach


def _distances(sides: tuple[Side, Side], ways: Flags) -> tuple[Row, dict[str, Floats]]:
    """How far dense and pruned answers lie apart in either store, and for every way what the tests go by."""
    dense, cell = (
        np.concatenate(codes) for codes in ([side.dense.codes for side in sides], [side.cell.codes for side in sides])
    )
    apart = _differing(cell, cell)
    mine, theirs = ways.astype(np.float64), (~ways).astype(np.float64)
    count = len(sides[0].seeds)
    twos = max(count * (count - 1), 1)
    across = 2 * ((mine @ apart) * theirs).sum(axis=1) / count**2
    within = sum(((side @ apart) * side).sum(axis=1) / twos for side in (mine, theirs))
    tests = {"changed_p": np.asarray(across - within)}
    if sides[0].cell.method == DENSE:
        return {}, tests
    # Of the two models of one seed nothing is said: they share noise.
    kernel = _differing(dense, cell) - (_differing(dense, dense) + apart) / 2
    np.fill_diagonal(kernel, 0)
    one, other = (((side @ kernel) * side).sum(axis=1) / twos for side in (mine, theirs))
    found = {"distance": float(one[0]), "other_distance": float(other[0]), "distance_change": float(other[0] - one[0])}
    return found, tests | {"distance_change_p": np.abs(other - one)}


def _differing(one: Codes, other: Codes) -> Floats:
    """[seed, other seed]: the share of examples that two models answer differently."""
    return np.array([(other != row).mean(axis=1) for row in one])


def _changed(ground: SharedLabels, sides: tuple[Side, Side]) -> Row:
    """Votes that differ between A and B, and what halves of the seeds of one store differ by."""
    seeds = np.arange(len(sides[0].seeds))
    one, other = (replace(side.cell, seeds=seeds) for side in sides)
    found = interval_of(replace(ground.panel, dense=one, pruned=(other,)), other, RESAMPLES)
    floors = [found[name] for name in ("noise_floor", "pruned_floor") if found[name] is not None]
    return {
        "changed": found["rate"],
        "by_seeds": sum(floors) / 2 if floors else None,
        "beyond": found["excess"],
        "beyond_low": found["excess_low"],
        "beyond_high": found["excess_high"],
    }


def _rates(ground: SharedLabels, sides: tuple[Side, Side]) -> Row:
    """The intervals of both rates' difference, and of that of both excesses."""
    one, other = (
        interval_of(replace(ground.panel, dense=side.dense, pruned=(side.cell,)), side.cell, RESAMPLES)
        for side in sides
    )
    row: Row = {
        "pie_rate": one["rate"],
        "other_pie_rate": other["rate"],
        "excess": one["excess"],
        "other_excess": other["excess"],
    }
    for name, key, ends in (
        ("pie_rate", "rate", ("low", "high")),
        ("excess", "excess", ("excess_low", "excess_high")),
    ):
        known = one[key] is not None and other[key] is not None
        row[f"{name}_change"] = other[key] - one[key] if known else None
        low, high = difference_bounds(_told(other, key, ends), _told(one, key, ends))
        row |= {f"{name}_change_low": low, f"{name}_change_high": high}
    return row


def _told(row: Row, name: str, ends: tuple[str, str]) -> tuple[float | None, float | None, float | None]:
    return row[name], row[ends[0]], row[ends[1]]


def difference_bounds(
    first: tuple[float | None, float | None, float | None], second: tuple[float | None, float | None, float | None]
) -> Bounds:
    """The interval of first - second from (estimate, low, high) of each, where both are independent; null without one.

    The method of variance estimates recovery: each half of an interval stands for the variance on its side.
    """
    known = [number for number in (*first, *second) if number is not None]
    if len(known) < 6:
        return None, None
    a, a_low, a_high, b, b_low, b_high = known
    return a - b - float(np.hypot(a - a_low, b_high - b)), a - b + float(np.hypot(a_high - a, b - b_low))
