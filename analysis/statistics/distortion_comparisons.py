"""Compare recall distortion along one axis of the grid: sparsities, networks, tasks or methods, a family a column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any, Literal

from scipy import stats

from analysis.statistics.cell_keys import CellKey
from analysis.statistics.recall_distortions import defined, pseudo_values

Row = dict[str, Any]
Values = Mapping[str, float]
Alternative = Literal["two-sided", "less", "greater"]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What differs between the two sides of a comparison, and what a family of comparisons shares.

    pairs: which cells of one family are compared, given their keys in the order of the grid and how large the networks
    are. is_paired: both sides go on from the same dense trials. alternative: of the first side against the second.
    """

    family: Callable[[CellKey], tuple[Any, ...]]
    pairs: Callable[[Sequence[CellKey], Mapping[CellKey, int]], Iterator[tuple[CellKey, CellKey]]]
    is_paired: bool
    alternative: Alternative = "two-sided"


def slopes_compared(own: Values, other: Values, *, is_paired: bool, alternative: Alternative) -> Row:
    """Mean difference, t, degrees of freedom and p: Student's paired t, or Welch's of independent samples.

    own, other: parent -> alpha. reason: why there is no test; pairs of other parents are none.
    """
    blank = dict.fromkeys(("difference", "statistic", "freedom", "p"))
    if min(len(own), len(other)) < 2:
        return {**blank, "reason": "fewer than two seeds have a value"}
    if is_paired and own.keys() != other.keys():
        return {**blank, "reason": "no pairs: the two sides go on from other dense trials"}
    one, two = list(own.values()), [other[name] for name in (own if is_paired else other)]
    difference = sum(one) / len(one) - sum(two) / len(two)
    if max(one) == min(one) and max(two) == min(two):
        return {**blank, "difference": difference, "reason": "no spread"}
    if is_paired:
        found = stats.ttest_rel(one, two, alternative=alternative)
    else:
        found = stats.ttest_ind(one, two, equal_var=False, alternative=alternative)
    numbers = {"statistic": float(found.statistic), "freedom": float(found.df), "p": float(found.pvalue)}
    return {"difference": difference, **numbers, "reason": ""}


def comparisons(trials: Mapping[CellKey, list[Row]], sizes: Mapping[CellKey, int], name: str) -> list[Row]:
    """One row a comparison of an axis of AXES, its p and that of alpha* corrected by Bonferroni over its family.

    trials: the rows of every cell as recall_distortions has them. sizes: parameters of the networks.
    """
    axis = AXES[name]
    values = {key: {row["parent_id"]: row["alpha"] for row in defined(rows)} for key, rows in trials.items()}
    pseudo = {key: pseudo_values(rows) for key, rows in trials.items()}
    families: dict[tuple[Any, ...], list[CellKey]] = {}
    for key, own in values.items():
        if key[4] and own:
            families.setdefault(axis.family(key), []).append(key)
    found = []
    for keys in families.values():
        pairs = list(axis.pairs(keys, sizes))
        for one, other in pairs:
            cross = _of(pseudo[one] or {}, pseudo[other] or {}, axis)
            row = _of(values[one], values[other], axis) | {f"cross_{part}": number for part, number in cross.items()}
            found.append({"one": one, "other": other, **row, **_corrected(row, len(pairs))})
    return found


def _of(own: Values, other: Values, axis: Axis) -> Row:
    return slopes_compared(own, other, is_paired=axis.is_paired, alternative=axis.alternative)


def _corrected(row: Row, size: int) -> Row:
    return {
        f"{begun}corrected_p": None if row[f"{begun}p"] is None else min(1.0, size * row[f"{begun}p"])
        for begun in ("", "cross_")
    }


def _next_sparsity(keys: Sequence[CellKey], _: Mapping[CellKey, int]) -> Iterator[tuple[CellKey, CellKey]]:
    yield from pairwise(sorted(keys, key=lambda key: key[4]))


def _next_size(keys: Sequence[CellKey], sizes: Mapping[CellKey, int]) -> Iterator[tuple[CellKey, CellKey]]:
    known = [key for key in keys if key in sizes]
    yield from pairwise(sorted(known, key=lambda key: (sizes[key], key)))


def _each_method(keys: Sequence[CellKey], _: Mapping[CellKey, int]) -> Iterator[tuple[CellKey, CellKey]]:
    yield from combinations(keys, 2)


def _each_task(keys: Sequence[CellKey], _: Mapping[CellKey, int]) -> Iterator[tuple[CellKey, CellKey]]:
    """With the same network where both have one, else with whatever each has."""
    models: dict[str, set[str]] = {}
    for key in keys:
        models.setdefault(key[0], set()).add(key[2])
    for one, other in combinations(keys, 2):
        shared = models[one[0]] & models[other[0]]
        if one[0] != other[0] and (one[2] == other[2] or not shared):
            yield one, other


AXES: dict[str, Axis] = {
    "sparsity": Axis(family=lambda key: key[:4], pairs=_next_sparsity, is_paired=True, alternative="less"),
    "model": Axis(
        family=lambda key: (key[0], key[1], key[3], key[4]),
        pairs=_next_size,
        is_paired=False,
        alternative="greater",
    ),
    "task": Axis(family=lambda key: (key[1], key[3], key[4]), pairs=_each_task, is_paired=False),
    "method": Axis(family=lambda key: (key[0], key[1], key[2], key[4]), pairs=_each_method, is_paired=True),
}
"""As Good et al. 2022, section 7, compare them; but datasets two-sided, since nothing says which of two is harder."""


def by_cell(trials: Iterable[Row], key: Callable[[Row], CellKey]) -> dict[CellKey, list[Row]]:
    """The trials of every cell."""
    found: dict[CellKey, list[Row]] = {}
    for row in trials:
        found.setdefault(key(row), []).append(row)
    return found
