"""Which classes pay: recall and PIEs class by class, with intervals over seeds and examples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.relations.database import connect
from analysis.results import Results
from analysis.statistics.crossed import BOUNDS, changed
from analysis.tables import TABLES
from tests.analysis.statistics.small_panels import write_sets, write_store


def test_intervals_over_seeds_and_examples_hold_the_truth() -> None:
    """Over repeated draws of seeds and examples, in 95 % of cases or more; the mean is that of all answers."""
    random = np.random.default_rng(3)
    covered = []
    for _ in range(300):
        effects = (
            random.normal(size=(7, 1)) * 0.1 + random.normal(size=(1, 60)) * 0.3 + random.normal(size=(7, 60)) * 0.5
        )
        row = changed(effects + 0.2)
        covered.append(row["change_low"] <= 0.2 <= row["change_high"])
        assert row["change"] == pytest.approx(effects.mean() + 0.2)
    assert 0.93 <= np.mean(covered) <= 1


def test_few_seeds_have_no_interval() -> None:
    """Below five seeds there is the mean alone; without answers nothing."""
    assert changed(np.ones((4, 9))) == {"change": 1.0, **dict.fromkeys(BOUNDS)}
    assert set(changed(np.zeros((0, 0))).values()) == {None}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Pruning turns a third of class b, always; nothing happens to class a but some noise; class c has few examples."""
    random = np.random.default_rng(4)
    gold = np.repeat([0, 1, 2], [60, 45, 3])
    dense = {seed: np.where(random.random(108) < 0.05, (gold + 1) % 2, gold) for seed in range(7)}
    harmed = (gold == 1) & (np.arange(108) % 3 == 0)
    pruned = {seed: np.where(harmed, 0, np.where(random.random(108) < 0.05, (gold + 1) % 2, gold)) for seed in range(7)}
    root = tmp_path_factory.mktemp("classes") / "store"
    return Results(connect(write_store(root, {("dense", 0.0): dense, ("mp-ai", 0.9): pruned}, gold)))


def test_the_class_that_pays_is_told_from_the_other(results: Results) -> None:
    """Class b loses recall and has an excess above 0, class a neither; a class of three examples is left out."""
    rows = {row["class"]: row for row in results.class_changes}
    assert set(rows) == {"a", "b"}
    assert rows["b"]["change_high"] < -0.1
    assert rows["b"]["excess_low"] > 0
    assert rows["a"]["change_low"] < 0 < rows["a"]["change_high"]
    assert rows["a"]["excess_low"] <= 0
    assert (rows["a"]["examples"], rows["b"]["examples"]) == (60, 45)
    expected = {row["class"]: row["rate"] for row in results.class_distribution}
    assert {name: row["rate"] for name, row in rows.items()} == pytest.approx({n: expected[n] for n in rows})


def test_the_table_marks_it(results: Results) -> None:
    """One block a class, the most frequent first; marks on what is beyond its interval."""
    table = TABLES["class_changes"](results)
    assert [line.keys for line in table.lines] == [("t", "m", "a", "MP-AI"), ("t", "m", "b", "MP-AI")]
    marks = [[set(value.marks) for value in line.values[0]] for line in table.lines]
    assert marks == [[set(), set(), set()], [{"worst"}, set(), {"best"}]]
    assert "Votes are of 7 seeds." in table.caption


def test_accuracy_has_its_interval_beside_the_p_value(results: Results) -> None:
    """The table against_dense has the interval over seeds and examples around its own estimate."""
    (row,) = TABLES["against_dense"](results).records
    assert row["two_way_low"] < row["estimate"] < row["two_way_high"] < 0


def test_label_sets_have_recall_by_class(tmp_path: Path) -> None:
    """The recall of a class is over the examples whose gold set holds it."""
    random = np.random.default_rng(5)
    gold = random.random((40, 3)) < 0.5
    said = {
        cell: {seed: gold ^ (random.random((40, 3)) < 0.2) for seed in range(3)}
        for cell in (("dense", 0.0), ("imp-ft", 0.5))
    }
    rows = Results(connect(write_sets(tmp_path, said, gold))).class_changes
    assert {row["class"] for row in rows} == {"c000", "c001", "c002"}
    for row in rows:
        members = gold[:, int(row["class"][1:])]
        own = [one[members, int(row["class"][1:])].mean() for one in said["imp-ft", 0.5].values()]
        assert row["pruned_recall"] == pytest.approx(np.mean(own))
        assert row["examples"] == members.sum()
