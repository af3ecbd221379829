"""Weighted votes against a plain count, seed by seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis.statistics import ballots
from analysis.statistics.ballots import contest
from tests.analysis.statistics.small_panels import answers, panel

SOME = settings(max_examples=40)


def vote(weights: NDArray[np.float32], codes: NDArray[np.int32], sets: NDArray[np.bool_] | None) -> list[object]:
    """The vote on every example, counted one by one."""
    found: list[object] = []
    for column in codes.T:
        if sets is None:
            counts: dict[int, float] = {}
            for weight, code in zip(weights, column, strict=True):
                counts[int(code)] = counts.get(int(code), 0) + float(weight)
            found.append(min(counts, key=lambda code: (-counts[code], code)))
        else:
            yes = sum(weight * sets[code] for weight, code in zip(weights, column, strict=True))
            found.append(tuple(2 * yes > weights.sum()))
    return found


@SOME
@given(seed=st.integers(0, 2**32 - 1), classes=st.integers(2, 6), kind=st.sampled_from(["single", "multi"]))
def test_shares_and_jaccards_are_those_of_counting(seed: int, classes: int, kind: str) -> None:
    """Any weights, ties included, give the shares and Jaccard indices that counting votes one by one gives."""
    random = np.random.default_rng(seed)
    sets = None if kind == "single" else np.unique(random.random((classes, 3)) < 0.5, axis=0)
    codes = [random.integers(0, classes if sets is None else len(sets), (count, 40)) for count in (4, 5)]
    # Most answers are alike, as they are among models.
    codes = [np.where(random.random(one.shape) < 0.6, one[0], one) for one in codes]
    first, second = answers(codes[0], "dense", 0.0), answers(codes[1], "imp-ft", 0.5)
    votes = contest(panel(first, second, sets=sets), first, second)
    weights = [random.integers(0, 3, (7, count)).astype(np.float32) for count in (4, 5)]
    for one in weights:
        one[one.sum(axis=1) == 0] = 1
    others = [one[::-1] for one in weights]
    voters = [(0, weights[0]), (1, weights[1]), (0, others[0]), (1, others[1])]
    counted = [[vote(one, codes[side], sets) for one in electorates] for side, electorates in voters]
    for pair in ((0, 1), (0, 2)):
        rows = zip(counted[pair[0]], counted[pair[1]], strict=True)
        expected = [np.mean([a != b for a, b in zip(*row, strict=True)]) for row in rows]
        assert votes.shares(voters, [pair])[0] == pytest.approx(expected)
    for number, found in enumerate(votes.jaccards(voters, (0, 1), (2, 3))):
        sides = [{i for i in range(40) if counted[a][number][i] != counted[b][number][i]} for a, b in ((0, 1), (2, 3))]
        either = len(sides[0] | sides[1])
        assert found == pytest.approx(len(sides[0] & sides[1]) / either if either else 1)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Votes counted a few patterns at a time are those counted at once, also where a pattern has many questions."""
    random = np.random.default_rng(3)
    sets = random.random((30, 12)) < 0.4
    one, other = (answers(random.integers(0, 30, (6, 50)), name, 0.0) for name in ("dense", "x"))
    votes = contest(panel(one, other, sets=sets), one, other)
    weights = random.integers(0, 4, (9, 6)).astype(np.float32)
    whole = votes.shares([(0, weights), (1, weights)], [(0, 1)])
    monkeypatch.setattr(ballots, "BLOCK", 20)
    assert (votes.shares([(0, weights), (1, weights)], [(0, 1)]) == whole).all()


def test_seeds_without_an_answer_have_no_vote() -> None:
    """An example that one seed skips is voted on by the others; one that a side skips wholly is not compared."""
    one = answers(np.array([[1, 1, 0], [-1, 0, -1], [-1, 1, -1]]), "dense", 0.0)
    other = answers(np.array([[0, 1, -1], [0, 1, -1], [1, 1, -1]]), "x", 0.5)
    votes = contest(panel(one, other), one, other)
    everyone = np.ones((1, 3), np.float32)
    assert votes.examples == 2
    assert votes.shares([(0, everyone), (1, everyone)], [(0, 1)]).tolist() == [[0.5]]
