"""A store read without trials, and the tables of the paper with and without the collapsed ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.relations.database import connect
from analysis.results import Results
from analysis.tables import TABLES
from runner.store.compaction.compact import compact
from runner.store.digest import digest
from tests.analysis.statistics.small_panels import write_store
from tests.analysis.stores import hashed
from tests.runner.store import tampering

GOLD = np.array([0, 1, 0, 1, 1, 0])
CELLS = {
    ("dense", 0.0): dict.fromkeys(range(3), GOLD),
    ("rp-ai", 0.9): {0: GOLD, 1: np.zeros(6, int), 2: np.zeros(6, int)},
    ("imp-ft", 0.5): dict.fromkeys(range(3), GOLD),
}
WITHOUT = [name for name in TABLES if name.endswith("_without_collapsed")]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two of three models of one pruned cell call every example the same."""
    return write_store(tmp_path / "store", CELLS, GOLD)


@pytest.mark.parametrize("compacted", [False, True])
def test_trials_left_out_are_as_if_they_had_never_been(store: Path, compacted: bool) -> None:
    """Votes, rates and effectiveness are those of the trials that are left, and the store is untouched."""
    if compacted:
        compact(store)
    before = digest(store)
    ids = frozenset(row["trial_id"] for row in Results(connect(store)).collapsed)
    assert ids == {hashed("t-m-rp-ai-0.9-1"), hashed("t-m-rp-ai-0.9-2")}
    left = Results(connect(store, without=ids))
    assert {row["method"]: row["rate"] for row in Results(connect(store)).pie_rate} == {"rp-ai": 0.5, "imp-ft": 0}
    assert {row["method"]: row["rate"] for row in left.pie_rate} == {"rp-ai": 0, "imp-ft": 0}
    assert {row["method"]: row["seeds"] for row in left.effectiveness} == {"dense": 3, "rp-ai": 1, "imp-ft": 3}
    assert left.rows("SELECT count(DISTINCT trial_id) AS n FROM predictions") == [{"n": 7}]
    assert left.collapsed == []
    assert digest(store) == before


def test_the_tables_come_a_second_time_without_collapsed_trials(store: Path) -> None:
    """The second versions have the numbers of the trials that are left, and say so."""
    results = Results(connect(store), store)
    one, again = TABLES["pie_percent"](results), TABLES["pie_percent_without_collapsed"](results)
    rates = [{row["method"]: row["rate"] for row in table.records} for table in (one, again)]
    assert rates == [{"rp-ai": 0.5, "imp-ft": 0}, {"rp-ai": 0, "imp-ft": 0}]
    assert again.title.endswith("without collapsed trials (sensitivity)")
    assert "collapsed" in again.views
    told = TABLES["collapsed"](results)
    assert [(line.keys[-1], line.values[0][0].text) for line in told.lines] == [("RP-AI", "2 constant of 3")]
    assert {row["seed"] for row in told.records} == {1, 2}


@pytest.mark.parametrize("name", [*WITHOUT, "collapsed"])
def test_a_store_without_collapsed_trials_has_no_such_tables(tmp_path: Path, name: str) -> None:
    """Where nothing collapsed, nothing is printed twice."""
    store = write_store(tmp_path, {cell: {0: GOLD, 1: GOLD} for cell in CELLS}, GOLD)
    table = TABLES[name](Results(connect(store), store))
    assert (table.name, table.lines, table.records) == (name, (), ())


def test_outputs_that_are_no_numbers_are_flagged(store: Path) -> None:
    """A trial whose metrics count rows with NaN is flagged on that split, whatever else it is."""
    path = store / "commits" / f"{hashed('t-m-rp-ai-0.9-1')}.json"
    metrics = {"test": {"nan_rows": 2.0, "loss": None}}
    tampering.rewrite(path, lambda record: record["facts"].update(metrics=metrics))
    assert [row["kind"] for row in Results(connect(store)).collapsed] == ["nan", "constant"]
