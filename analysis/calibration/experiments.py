"""Simulate studies and count how often every interval holds the truth and every test errs in them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from analysis.calibration.worlds import Examples, Size, World, simulate
from analysis.statistics.answers import Answers, Panel
from analysis.statistics.held_out import values, widened
from analysis.statistics.mcnemar import mcnemar
from analysis.statistics.noise_floor import interval_of
from analysis.statistics.paired import paired_t
from analysis.statistics.swapping import PairedCells, p_of_swap

ALPHA = 0.05
RESAMPLES = 400
FEWEST = 20
Numbers = dict[str, float]
"""What one experiment gives, by name; nan where it gives nothing."""

INTERVALS = {"rate": ("low", "high"), "excess": ("excess_low", "excess_high")}
TWO_WAY = {"rate": ("two_way_low", "two_way_high"), "excess": ("excess_two_way_low", "excess_two_way_high")}
TESTS = ("swap, PIE rate", "swap, right votes", "t, effectiveness", "t, held-out PIEs", "mcnemar, PIE rate")
ALWAYS_NULL = ("swap, PIE rate", "mcnemar, PIE rate")
"""Tests of two pruned methods of one kind: what they find is an error, whatever pruning does."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A world and the size of a study in it."""

    world: World
    seeds: int
    examples: int


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What the experiments of one setting came to.

    covered: share of nominal 95 % intervals over seeds that hold the expected value, on these examples.
    covered_two_way: the same over seeds and examples, with other examples each time. above: share of experiments whose
    excess is above 0 by more than its interval. found: share in which a test finds something at ALPHA: an error if the
    world is null, and always for the tests of ALWAYS_NULL, else its power. Null where nothing is shown, below five
    seeds.
    """

    setting: Setting
    experiments: int
    covered: dict[str, float | None]
    covered_two_way: dict[str, float | None]
    above: float | None
    found: dict[str, float]


def calibrate(setting: Setting, seconds: float, most: int, seed: int = 0) -> Calibration:
    """Experiments for so many seconds, or `most` of them; half have the same examples, half new ones each time."""
    fixed = Examples.of(setting.world, setting.examples, np.random.default_rng([seed, 0]))

    def on_fixed(number: int) -> Numbers:
        return experiment(setting, fixed, np.random.default_rng([seed, 1, number]))

    def on_new(number: int) -> Numbers:
        random = np.random.default_rng([seed, 2, number])
        return _intervals(_panel(setting, Examples.of(setting.world, setting.examples, random), random))

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = _repeated(pool, on_fixed, seconds * 0.7, most)
        others = _repeated(pool, on_new, seconds * 0.3, len(rows))
    above = [row["excess_low"] > 0 for row in rows if np.isfinite(row["excess_low"])]
    return Calibration(
        setting=setting,
        experiments=len(rows),
        covered=_covered(rows, INTERVALS),
        covered_two_way=_covered(others, TWO_WAY),
        above=float(np.mean(above)) if above else None,
        found={name: float(np.mean([row[name] <= ALPHA for row in rows])) for name in TESTS},
    )


def experiment(setting: Setting, examples: Examples, random: np.random.Generator) -> Numbers:
    """One study in the world: its intervals, and the p-values of its tests."""
    panel = _panel(setting, examples, random)
    return {**_intervals(panel), **_p_values(panel)}


def _panel(setting: Setting, examples: Examples, random: np.random.Generator) -> Panel:
    size = Size(seeds=setting.seeds, experiments=1, methods=2)
    return simulate(setting.world, examples, size, random).panel(0)


def _intervals(panel: Panel) -> Numbers:
    row = interval_of(panel, panel.pruned[0], RESAMPLES)
    names = [*INTERVALS, *(bound for bounds in (*INTERVALS.values(), *TWO_WAY.values()) for bound in bounds)]
    return {name: np.nan if row[name] is None else float(row[name]) for name in names}


def _p_values(panel: Panel) -> Numbers:
    dense, (first, second) = panel.dense, panel.pruned
    assert dense is not None
    assert panel.gold is not None
    gold = Answers(method="gold", sparsity=0.0, seeds=np.zeros(1, np.int64), codes=panel.gold[None])
    rates = PairedCells(one=first, other=second, reference=dense, other_reference=dense, sign=1)
    right = PairedCells(one=first, other=dense, reference=gold, other_reference=gold, sign=-1)
    accuracies = [(one.codes == panel.gold).mean(axis=1) for one in (first, dense)]
    held_out = np.array([one - other for _, one, other in widened(values(panel, first))])
    return {
        "swap, PIE rate": p_of_swap(panel, rates),
        "swap, right votes": p_of_swap(panel, right),
        "t, effectiveness": _p_of_t(accuracies[0] - accuracies[1]),
        "t, held-out PIEs": _p_of_t(held_out),
        "mcnemar, PIE rate": _p_of_mcnemar(panel),
    }


def _p_of_t(differences: np.ndarray) -> float:
    if len(differences) < 2 or np.ptp(differences) < 1e-12:
        return 1.0
    return float(paired_t(differences, ALPHA).p)


def _p_of_mcnemar(panel: Panel) -> float:
    """Of the PIEs of two pruned methods."""
    assert panel.dense is not None
    votes = [_plurality(one.codes) for one in (panel.dense, *panel.pruned)]
    one, other = votes[1] != votes[0], votes[2] != votes[0]
    known = np.ones(len(one))
    only, only_other, examples = (np.array([int(found.sum())]) for found in (one & ~other, other & ~one, known))
    return float(mcnemar(only, only_other, examples, ALPHA).p[0])


def _plurality(codes: np.ndarray) -> np.ndarray:
    counts = np.stack([(codes == class_index).sum(axis=0) for class_index in range(int(codes.max()) + 1)])
    return np.asarray(counts.argmax(axis=0))


def _repeated(pool: ThreadPoolExecutor, work: Callable[[int], Numbers], seconds: float, most: int) -> list[Numbers]:
    """What the work gives for 0, 1, ... until the time is over, at least FEWEST of them."""
    rows: list[Numbers] = []
    end = time.monotonic() + seconds
    while len(rows) < most and (len(rows) < FEWEST or time.monotonic() < end):
        rows += pool.map(work, range(len(rows), min(len(rows) + FEWEST, most)))
    return rows


def _covered(rows: Sequence[Numbers], intervals: dict[str, tuple[str, str]]) -> dict[str, float | None]:
    """Share of intervals that hold the mean estimate of all experiments."""
    found: dict[str, float | None] = {}
    for name, (low, high) in intervals.items():
        known = [row for row in rows if np.isfinite(row[low])]
        truth = float(np.mean([row[name] for row in rows]))
        found[name] = float(np.mean([row[low] <= truth <= row[high] for row in known])) if known else None
    return found
