"""Votes of some electorates on every example, kept apart: for numbers that need to know which examples differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.answers import Answers, Codes
from analysis.statistics.ballots import Weights
from analysis.statistics.place_codes import ranked

Flags = NDArray[np.bool_]
Side = tuple[Codes, Weights]


def differ(
    sets: Flags | None,
    one: tuple[Answers, Weights],
    other: tuple[Answers, Weights],
    places: NDArray[np.int16] | None = None,
) -> Flags:
    """[electorate, example]: whether the votes of two sides differ, on examples that both sides have answered.

    weights[electorate, seed]; ties go to the lowest class, and a multi-label vote is every class with more than half.
    places: as a panel has them; votes then differ if those for any place do.
    """
    codes = np.concatenate([one[0].codes, other[0].codes])
    # Where all answer alike, so do their votes: most examples of most cells.
    turning = (codes != codes[:1]).any(axis=0)
    turning &= (one[0].codes >= 0).any(axis=0) & (other[0].codes >= 0).any(axis=0)
    sides = [(answers.codes[:, turning], weights) for answers, weights in (one, other)]
    found = np.zeros((len(one[1]), len(turning)), np.bool_)
    found[:, turning] = _differ(sets, *sides) if places is None else _differ_by_place(places, *sides)
    return found


def _differ(sets: Flags | None, one: Side, other: Side) -> Flags:
    """The same of examples that both sides have answered, all of them."""
    if sets is None:
        classes = max(int(codes.max(initial=0)) for codes, _ in (one, other)) + 1
        first, second = (_plurality(codes, weights, classes) for codes, weights in (one, other))
        return np.asarray(first != second)
    found = np.zeros((len(one[1]), one[0].shape[1]), np.bool_)
    for members in members_of(sets):
        says, also = (
            2 * (weights @ members[codes].astype(np.float32)) > weights.sum(axis=1, keepdims=True)
            for codes, weights in (one, other)
        )
        found |= says != also
    return found


def _differ_by_place(places: NDArray[np.int16], one: Side, other: Side) -> Flags:
    """The same where an answer has a code for each of several places."""
    found = np.zeros((len(one[1]), one[0].shape[1]), np.bool_)
    seeds = len(one[0])
    for place in range(places.shape[1]):
        said = places[:, place][np.concatenate([one[0], other[0]])]
        turning = (said != said[:1]).any(axis=0)
        codes = ranked(said[:, turning]).astype(np.int32)
        found[:, turning] |= _differ(None, (codes[:seeds], one[1]), (codes[seeds:], other[1]))
    return found


def members_of(sets: Flags) -> list[Flags]:
    """For each class, whether the label set of a code holds it; the code -1, no answer, holds none."""
    return [np.append(column, False) for column in sets.T]


def holders(sets: Flags | None, codes: Codes) -> Flags:
    """[class, ...]: whether an answer is the class, or holds it, for every class that any answer could be."""
    if sets is None:
        return np.stack([codes == class_index for class_index in range(int(codes.max(initial=0)) + 1)])
    return np.stack([members[codes] for members in members_of(sets)])


def _plurality(codes: Codes, weights: Weights, classes: int) -> NDArray[np.int16]:
    winner = np.zeros((len(weights), codes.shape[1]), np.int16)
    most = weights @ (codes == 0).astype(np.float32)
    for class_index in range(1, classes):
        votes = weights @ (codes == class_index).astype(np.float32)
        winner[votes > most] = class_index
        np.maximum(most, votes, out=most)
    return winner
