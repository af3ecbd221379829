"""A store of numbers: what its views say, and that a compaction changes nothing of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from analysis.export import export
from analysis.overview import overviews
from analysis.relations.database import VIEWS, connect
from analysis.results import Results
from runner.store.compaction.compact import compact
from runner.store.reader import task_cards
from runner.store.schema import Facts
from runner.store.verify import broken_invariants
from runner.store.writer import Subject, commit_rows, save_task
from tasks.base import TaskData
from tasks.kinds import KINDS
from tests.analysis.stores import hashed

GOLD = np.array([0.0, 1.0, 2.0, 4.0], np.float32)
VALUES = {
    ("dense", 0.0, 0): [0.0, 1.0, 2.0, 3.0],
    ("dense", 0.0, 1): [1.0, 1.0, 3.0, 2.0],
    ("imp-ft", 0.5, 0): [9.0, float("nan"), 2.0, 2.0],
    ("imp-ft", 0.5, 1): [0.5, 0.0, 1.0, 4.0],
}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two dense and two pruned trials on four examples."""
    places = {"split": ["test"] * 4, "example_id": pa.array(range(4), pa.int32())}
    columns = {**places, "text": list("abcd"), "gold_value": pa.array(GOLD)}
    examples = pa.table(columns)
    save_task(
        tmp_path, TaskData(task="t", kind="regression", inputs="text", classes=(), max_tokens=8, examples=examples)
    )
    for (method, sparsity, seed), values in VALUES.items():
        settings = {"task": "t", "data": task_cards(tmp_path)["t"].fingerprint, "model": "net", "method": method}
        subject = Subject(
            trial_id=hashed(f"{method}-{seed}"),
            settings={**settings, "sparsity": sparsity, "seed": seed},
            origin="ingested",
        )
        rows = pa.table({**places, "value": pa.array(values, pa.float32())})
        assert commit_rows(tmp_path, subject, rows, Facts(achieved_sparsity=sparsity)) is not None
    return tmp_path


def test_views_say_what_the_kind_says(store: Path) -> None:
    """Quality is that of the kind, effectiveness is Pearson's correlation, drift is of the mean qualities, no PIEs."""
    connection = connect(store)
    qualities = {key: KINDS["regression"].quality(GOLD, np.array(one, np.float32), 4.0) for key, one in VALUES.items()}
    rows = connection.execute("""
        SELECT method, sparsity, seed, list(quality ORDER BY example_id)
        FROM predictions JOIN trials USING (trial_id) GROUP BY ALL""").fetchall()
    assert {tuple(row[:3]): row[3] for row in rows} == {key: pytest.approx(one) for key, one in qualities.items()}
    found = connection.execute("SELECT metric, value FROM effectiveness ORDER BY method, seed").fetchall()
    assert [row[0] for row in found] == ["pearson"] * 4
    assert found[0][1] == pytest.approx(np.corrcoef(GOLD, VALUES["dense", 0.0, 0])[0, 1])
    assert found[2][1] == 0  # an answer is no number
    dense, pruned = ([one.mean() for key, one in qualities.items() if key[0] == name] for name in ("dense", "imp-ft"))
    ((drift, halves),) = connection.execute("SELECT drift, dense_halves FROM drift").fetchall()
    assert (drift, halves) == pytest.approx((np.mean(pruned) - np.mean(dense), abs(dense[0] - dense[1])))
    for view in ("pies", "pie_rate", "majority_vote", "flips", "classes", "confusion"):
        assert connection.execute(f"SELECT count(*) FROM {view}").fetchall() == [(0,)]


def test_a_compaction_changes_no_view(store: Path) -> None:
    """The rows are sound before and after, and every view says the same."""
    before = {view: connect(store).execute(f"FROM {view} ORDER BY ALL").fetchall() for view in VIEWS}
    assert not broken_invariants(store)
    compact(store)
    assert not broken_invariants(store)
    after = {view: connect(store).execute(f"FROM {view} ORDER BY ALL").fetchall() for view in VIEWS}
    assert str(after) == str(before)


def test_reports_and_exports_say_numbers(store: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An overview tells drift instead of PIEs; an export has the answers, and no PIEs."""
    (one,) = overviews(Results.of(store), 0)
    assert "there are no PIEs" in one.summary
    assert "moves most in IMP-FT at 50 %" in one.summary
    exported = export(store, tmp_path_factory.mktemp("out") / "export")
    assert exported.rows == {"examples": 4, "predictions": 16, "trials": 4, "pies": 0}
