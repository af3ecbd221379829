"""PIEs chosen by some seeds and scored by the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from analysis.calibration.worlds import WORLDS, Examples, Size, simulate
from analysis.relations.database import connect
from analysis.statistics.held_out import held_out_of, reference_values, values, widened
from analysis.statistics.survey import survey
from tests.analysis.statistics.small_panels import answers, panel, write_sets

GOLD = np.zeros(8, np.int32)


def test_other_seeds_choose_by_hand() -> None:
    """With two seeds, the examples on which one seed's models differ are scored by the other seed's."""
    dense = answers(np.array([[0, 0, 1, 0], [0, 0, 0, 1]]), "dense", 0.0)
    pruned = answers(np.array([[1, 0, 1, 1], [0, 1, 1, 0]]), "x", 0.5)
    both = replace(panel(dense, pruned), gold=np.zeros(4, np.int32))
    # Seed 0 differs on examples 0 and 3, where seed 1 has pruned 0, 0 and dense 0, 1. Seed 1 differs on 1, 2 and 3,
    # where seed 0 has pruned 0, 1, 1 and dense 0, 1, 0.
    assert values(both, pruned) == [(0, pytest.approx(1 / 3), pytest.approx(2 / 3)), (1, 1.0, 0.5)]
    row = held_out_of(both, pruned)
    assert (row["pruned"], row["dense"]) == (pytest.approx((1 / 3 + 1) / 2), pytest.approx((2 / 3 + 1 / 2) / 2))
    assert row["difference"] == pytest.approx(row["pruned"] - row["dense"])
    assert (row["low"], row["reference_pruned"], row["scored_seeds"]) == (None, None, 2)


def test_disputed_examples_are_scored_by_a_third() -> None:
    """With three seeds, what two dense ones dispute is scored by the third."""
    dense = answers(np.array([[0, 1, 1], [0, 0, 1], [1, 0, 1]]), "dense", 0.0)
    pruned = answers(np.array([[1, 1, 1], [0, 0, 0], [0, 0, 0]]), "x", 0.5)
    both = replace(panel(dense, pruned), gold=np.zeros(3, np.int32))
    # Seeds 1 and 2 dispute example 0 (scored by seed 0), 0 and 2 examples 0 and 1, 0 and 1 example 1.
    assert reference_values(both, pruned) == [(0, 0.0, 1.0), (1, 1.0, 1.0), (2, 1.0, 1.0)]


def test_seeds_that_choose_for_each_other_count_as_fewer() -> None:
    """Widened differences keep their mean and spread as those of the seeds that a split scores."""
    found = [(seed, 0.5 + 0.01 * seed, 0.4) for seed in range(10)]
    wide = widened(found)
    before, after = (np.array([one - other for _, one, other in rows]) for rows in (found, wide))
    assert after.mean() == pytest.approx(before.mean())
    assert after.std() == pytest.approx(before.std() * 2**0.5)
    assert [other for _, _, other in wide] == [0.4] * 10
    assert widened(found[:1]) == found[:1]


@pytest.mark.parametrize(
    ("dense", "gold"), [(None, GOLD), (np.zeros((3, 8), int), None), (np.zeros((3, 8), int), GOLD - 1)]
)
def test_without_dense_models_or_gold_labels_there_is_nothing(dense: np.ndarray | None, gold: np.ndarray) -> None:
    """Nulls and no error; the same where no seed finds a PIE."""
    pruned = answers(np.zeros((3, 8), int), "x", 0.5)
    side = None if dense is None else answers(dense, "dense", 0.0)
    row = held_out_of(replace(panel(side, pruned), gold=gold), pruned)
    assert set(row.values()) == {0, None}
    alike = answers(np.zeros((3, 8), int), "dense", 0.0)
    assert held_out_of(replace(panel(alike, pruned), gold=GOLD), pruned)["pruned"] is None


def test_a_real_harm_is_seen_and_none_is_not() -> None:
    """Where pruning moves margins its models are worse on held-out PIEs; where it does nothing the interval holds 0."""
    random = np.random.default_rng(5)
    found = {}
    for name in ("null, shared noise", "shift"):
        world = WORLDS[name]
        one = simulate(world, Examples.of(world, 800, random), Size(seeds=9, experiments=1), random).panel(0)
        found[name] = held_out_of(one, one.pruned[0])
    assert found["shift"]["high"] < -0.03
    assert found["null, shared noise"]["low"] < 0 < found["null, shared noise"]["high"]


def test_label_sets_are_scored_by_macro_f1(tmp_path: Path) -> None:
    """On the examples that one seed of two chooses, the other's macro-F1 over all classes is scikit-learn's."""
    random = np.random.default_rng(6)
    gold = random.random((30, 4)) < 0.4
    said = {
        cell: {seed: gold ^ (random.random((30, 4)) < 0.25) for seed in range(2)}
        for cell in (("dense", 0.0), ("imp-ft", 0.5))
    }
    connection = connect(write_sets(tmp_path, said, gold))
    (row,) = survey(connection, resamples=10).held_out
    dense, pruned = said["dense", 0.0], said["imp-ft", 0.5]
    scores = []
    for chooser, scorer in ((0, 1), (1, 0)):
        chosen = (dense[chooser] != pruned[chooser]).any(axis=1)
        scores.append(f1_score(gold[chosen], pruned[scorer][chosen], average="macro", zero_division=0))
    assert row["pruned"] == pytest.approx(np.mean(scores))
