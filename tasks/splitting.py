"""Splits that never change: examples are ordered by a hash of their id and dealt out by class, exactly."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tasks.base import Split


def scrambled(ids: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A well-mixed 64-bit hash of each id: the output function of splitmix64 (Steele, Lea and Flood 2014).

    One formula over whole arrays, the same on every machine and for every library version.
    """
    mixed = ids.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def shares(total: int, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """`total` places dealt to strata in proportion to their counts, by largest remainder; ties to the lower index.

    total: at most counts.sum(). Returns places per stratum, never above its count, that sum to `total`.
    """
    exact = counts * total
    size = int(counts.sum())
    places = exact // size
    left = total - int(places.sum())
    order = np.argsort(-(exact % size), kind="stable")
    places[order[:left]] += 1
    return places


def stratified_order(ids: NDArray[np.int64], strata: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
    """For each stratum its row numbers, by the hash of their ids (equal ids stay together)."""
    order = np.lexsort((np.arange(len(ids)), scrambled(ids)))
    return {int(stratum): order[strata[order] == stratum] for stratum in np.unique(strata)}


def stratified_subset(ids: NDArray[np.int64], strata: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The rows, ascending, of a subset of `size` examples that has each stratum's share of the whole."""
    groups = stratified_order(ids, strata)
    places = shares(size, np.array([len(rows) for rows in groups.values()]))
    chosen = [rows[:count] for rows, count in zip(groups.values(), places, strict=True)]
    return np.sort(np.concatenate(chosen))


def stratified_split(
    ids: NDArray[np.int64], strata: NDArray[np.int64], sizes: Mapping[Split, int]
) -> dict[Split, NDArray[np.int64]]:
    """Rows of every split, ascending: exactly `sizes`, each with its share of every stratum, by the hash of the ids."""
    if sum(sizes.values()) != len(ids):
        raise ValueError(f"sizes {dict(sizes)} add to {sum(sizes.values())}, but there are {len(ids)} examples")
    left = np.arange(len(ids))
    result: dict[Split, NDArray[np.int64]] = {}
    for split, size in sizes.items():
        rows = stratified_subset(ids[left], strata[left], size) if len(left) else left
        result[split] = left[rows]
        left = np.delete(left, rows)
    return result


def iterative_stratification(
    ids: NDArray[np.int64], labels: NDArray[np.bool_], sizes: Mapping[Split, int]
) -> dict[Split, NDArray[np.int64]]:
    """Rows of every split, ascending, for examples with several labels each.

    Sechidis, Tsoumakas and Vlahavas 2011, "On the stratification of multi-label data", algorithm 1: take the label
    with the fewest examples left, deal each of them to the split that wants that label most (then the one that
    wants most examples). Two details are ours: examples come by the hash of their id where the paper draws
    lots, and a full split takes no more, so the sizes are exact.

    ids: [n] distinct. labels: bool [n, classes]. sizes: add up to n. Ties go to the first split and the lower class.
    """
    names, targets = list(sizes), np.array(list(sizes.values()), dtype=np.int64)
    if targets.sum() != len(ids):
        raise ValueError(f"sizes {dict(sizes)} add to {targets.sum()}, but there are {len(ids)} examples")
    wanted = targets[:, None] * labels.sum(axis=0)[None, :] / len(ids)  # [splits, classes]
    room = targets.copy()
    place = np.full(len(ids), -1)
    order = np.argsort(scrambled(ids), kind="stable")
    while (left := order[place[order] < 0]).size:
        remaining = labels[left].sum(axis=0)
        if remaining.any():
            rarest = int(np.argmin(np.where(remaining > 0, remaining, len(ids) + 1)))
            batch, wish = left[labels[left, rarest]], wanted[:, rarest]  # a view: follows the updates below
        else:
            batch, wish = left, room
        for row in batch:
            split = max(np.flatnonzero(room > 0), key=lambda one: (wish[one], room[one]))
            place[row] = split
            room[split] -= 1
            wanted[split, labels[row]] -= 1
    return {name: np.flatnonzero(place == index) for index, name in enumerate(names)}
