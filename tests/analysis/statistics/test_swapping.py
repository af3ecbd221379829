"""Two cells whose models change places, seed by seed."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from analysis.relations.database import connect
from analysis.results import Results
from analysis.statistics.answers import Answers, gathered
from analysis.statistics.hypothesis_tests import declared
from analysis.statistics.swapping import PairedCells, p_of_swap, swap
from tests.analysis.statistics.small_panels import answers, drawn, panel, write_sets, write_store
from tests.analysis.stores import write_plan

MARGINS = np.random.default_rng(21).normal(size=80)


def rate(dense: np.ndarray, pruned: np.ndarray) -> float:
    """The share of examples on which two majority votes of two classes differ, ties to the lower."""
    votes = [2 * side.sum(axis=0) > len(side) for side in (dense, pruned)]
    return float((votes[0] != votes[1]).mean())


def by_hand(one: np.ndarray, other: np.ndarray, dense: np.ndarray) -> tuple[float, float]:
    """Difference of PIE rates and its p over all 2^n exchanges, one by one."""
    found = []
    for exchange in product((False, True), repeat=len(one)):
        chosen = np.array(exchange)[:, None]
        found.append(rate(dense, np.where(chosen, other, one)) - rate(dense, np.where(chosen, one, other)))
    return found[0], float((np.abs(found) >= abs(found[0]) - 1e-9).mean())


@pytest.mark.parametrize("seeds", [2, 3, 6])
def test_p_is_the_share_of_all_exchanges(seeds: int) -> None:
    """Half of the ways stand for all of them: difference and p are those of counting all 2^n one by one."""
    random = np.random.default_rng(seeds)
    dense, one, other = (drawn(random, seeds, MARGINS + shift) for shift in (0, 1.5, 0.5))
    cells = [answers(codes, name, 0.5) for codes, name in ((dense, "dense"), (one, "x"), (other, "y"))]
    duel = PairedCells(one=cells[1], other=cells[2], reference=cells[0], other_reference=cells[0], sign=1)
    found = swap(panel(*cells), duel, 0.05)
    estimate, p = by_hand(one, other, dense)
    assert (found["estimate"], found["p"]) == pytest.approx((estimate, p))
    assert p_of_swap(panel(*cells), duel) == found["p"]
    assert found["p"] >= 2.0 ** (1 - seeds)
    assert (found["low"] is None) == (seeds < 5)


def test_many_seeds_are_exchanged_at_random() -> None:
    """Beyond 9,999 ways p is that of as many random ones, the observed one counted: no less than 1 in 10,000."""
    random = np.random.default_rng(4)
    dense, one, other = (drawn(random, 15, MARGINS + shift) for shift in (0, 3.0, 0.0))
    cells = [answers(codes, name, 0.5) for codes, name in ((dense, "dense"), (one, "x"), (other, "y"))]
    duel = PairedCells(one=cells[1], other=cells[2], reference=cells[0], other_reference=cells[0], sign=1)
    found = swap(panel(*cells), duel, 0.05)
    assert 1 / 10_000 <= (found["p"] or 0) <= 0.005  # one or two exchanged seeds of fifteen change few votes
    assert (found["low"] or 0) > 0
    assert swap(panel(*cells), duel, 0.05) == found


def test_each_side_may_have_a_dense_cell_of_its_own() -> None:
    """Two models: dense and pruned models of a seed change places together."""
    random = np.random.default_rng(5)
    codes = [drawn(random, 5, MARGINS + shift) for shift in (0, 0.2, 1.0, 0.9)]
    dense, other_dense, one, other = (answers(own, name, 0.5) for own, name in zip(codes, "abcd", strict=True))
    duel = PairedCells(one=one, other=other, reference=dense, other_reference=other_dense, sign=1)
    found = swap(panel(dense, one), duel, 0.05)
    every = []
    for exchange in product((False, True), repeat=5):
        e = np.array(exchange)[:, None]
        sides = (np.where(e, codes[1], codes[0]), np.where(e, codes[3], codes[2]))
        others = (np.where(e, codes[0], codes[1]), np.where(e, codes[2], codes[3]))
        every.append(rate(*sides) - rate(*others))
    assert found["estimate"] == pytest.approx(every[0])
    assert found["p"] == pytest.approx(np.mean(np.abs(every) >= abs(every[0]) - 1e-9))


def test_right_votes_are_counted_against_gold() -> None:
    """With the gold answers as reference and sign -1 the difference is that of the accuracies of both votes."""
    random = np.random.default_rng(6)
    gold = (MARGINS > 0).astype(np.int32)
    one, other = (answers(drawn(random, 5, MARGINS * scale), "x", 0.5) for scale in (2.0, 0.5))
    truth = Answers(method="gold", sparsity=0.0, seeds=np.zeros(1, np.int64), codes=gold[None])
    found = swap(
        panel(one, other), PairedCells(one=one, other=other, reference=truth, other_reference=truth, sign=-1), 0.05
    )
    right = [float((2 * cell.codes.sum(axis=0) > 5).astype(int).__eq__(gold).mean()) for cell in (one, other)]
    assert found["estimate"] == pytest.approx(right[0] - right[1])


def test_from_store_to_verdict(tmp_path: Path) -> None:
    """Declared families of votes: rates and right votes as the views have them, and what few seeds cannot show."""
    random = np.random.default_rng(7)
    gold = (MARGINS > 0).astype(np.int64)
    cells = {
        cell: dict(enumerate(drawn(random, 9, MARGINS + shift)))
        for cell, shift in ((("dense", 0.0), 0), (("imp-ft", 0.5), 0.1), (("rp-ai", 0.5), 2.0))
    }
    write_store(tmp_path, cells, gold)
    families = [
        {"name": "rates", "compare": "pie-rate", "of": {"method": "rp-ai"}, "against": "imp-ft", "test": "swap"},
        {"name": "right", "of": {"method": "rp-ai"}, "against": "dense", "test": "swap"},
        {"name": "strict", "against": "dense", "test": "swap", "alpha": 0.005},
    ]
    trials = [
        {"task": "t", "model": "m", "method": method, "sparsity": sparsity, "seed": seed}
        for (method, sparsity), seeds in cells.items()
        for seed in seeds
    ]
    write_plan(tmp_path, "study", trials, {"hypotheses": families})
    results = Results(connect(tmp_path))
    rows = declared(results)
    rates = {row["method"]: row["rate"] for row in results.pie_rate}
    assert rows[0]["estimate"] == pytest.approx(rates["rp-ai"] - rates["imp-ft"])
    assert [(row["family"], row["verdict"]) for row in rows] == [
        ("rates", "higher"),
        ("right", "lower"),
        ("strict", "too few seeds to show one"),  # two comparisons: 2 / 256 is above 0.005
        ("strict", "too few seeds to show one"),
    ]
    votes = {
        row["method"]: row["value"]
        for row in results.rows("""SELECT m.method, avg((m.vote = e.label)::INTEGER) AS value FROM majority_vote AS m
            JOIN examples AS e USING (task, split, example_id) GROUP BY ALL""")
    }
    assert rows[1]["estimate"] == pytest.approx(votes["rp-ai"] - votes["dense"])
    assert rows[0]["pairs"] == 9


def test_a_seed_that_one_side_lacks_is_named(tmp_path: Path) -> None:
    """Votes of other seeds are no pairs."""
    random = np.random.default_rng(8)
    cells = {cell: dict(enumerate(drawn(random, 3, MARGINS))) for cell in (("dense", 0.0), ("imp-ft", 0.5))}
    del cells["imp-ft", 0.5][1]
    write_store(tmp_path, cells, (MARGINS > 0).astype(np.int64))
    trials = [
        {"task": "t", "model": "m", "method": method, "sparsity": sparsity, "seed": seed}
        for method, sparsity in cells
        for seed in range(3)
    ]
    write_plan(tmp_path, "study", trials, {"hypotheses": [{"name": "right", "against": "dense", "test": "swap"}]})
    (row,) = declared(Results(connect(tmp_path)))
    assert (row["verdict"], row["reason"]) == ("not tested", "unpaired: IMP-FT 50 % lacks seed 1")


def test_gold_label_sets_that_nobody_answers(tmp_path: Path) -> None:
    """A gold set that no model ever gives has a code of its own, and others the code of the answers."""
    gold = np.array([[True, False], [True, True], [False, False]])
    said = np.array([[True, False], [False, True], [False, False]])
    store = write_sets(tmp_path, {("dense", 0.0): {0: said}}, gold)
    found = gathered(connect(store), "t", "test", {("m", "dense", 0.0)})
    assert found is not None
    assert found.sets is not None
    assert (found.sets[found.gold.codes[0]] == gold).all()
    assert (found.gold.codes[0] == found.cells["m", "dense", 0.0].codes[0]).tolist() == [True, False, True]
    assert gathered(connect(store), "t", "test", {("m", "rp-ai", 0.5)}) is None
