"""A store of numbers: what its views say, and that a compaction changes nothing of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from analysis.explanation import explain
from analysis.export import export
from analysis.figures import FIGURES
from analysis.overview import overviews
from analysis.page.cautions import cautions
from analysis.page.findings import findings
from analysis.relations.database import connect
from analysis.report import write_report
from analysis.results import Results
from analysis.summary import pie_table
from analysis.tables import TABLES
from runner.store.reader import task_cards
from runner.store.schema import Facts
from runner.store.writer import Subject, commit_rows, save_task
from tasks.base import TaskData
from tasks.kinds import KINDS
from tests.analysis.stores import hashed, require_compaction_changes_no_view, write_scores

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
    assert found[2][1] is None  # an answer is no number
    dense, pruned = ([one.mean() for key, one in qualities.items() if key[0] == name] for name in ("dense", "imp-ft"))
    ((drift, halves),) = connection.execute("SELECT drift, dense_halves FROM drift").fetchall()
    assert (drift, halves) == pytest.approx((np.mean(pruned) - np.mean(dense), abs(dense[0] - dense[1])))
    for view in ("pies", "pie_rate", "majority_vote", "flips", "classes", "confusion"):
        assert connection.execute(f"SELECT count(*) FROM {view}").fetchall() == [(0,)]


def test_scored_texts_have_no_ratio_of_pies_where_nobody_votes(store: Path) -> None:
    """Rows that say zero PIEs would tell of votes that there are none of."""
    write_scores(store, [{"task": "t", "split": "test", "example_id": str(number)} for number in range(4)])
    connection = connect(store)
    assert connection.execute("SELECT count(*) FROM readability").fetchall() == [(4,)]
    assert connection.execute("SELECT count(*) FROM readability_ratio").fetchall() == [(0,)]


def test_a_compaction_changes_no_view(store: Path) -> None:
    """The rows are sound before and after, and every view says the same."""
    require_compaction_changes_no_view(store)


def test_reports_and_exports_say_numbers(store: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An overview tells drift instead of PIEs; an export has the answers, and no PIEs."""
    (one,) = overviews(Results.of(store), 0)
    assert "there are no PIEs" in one.summary
    assert "moves most in IMP-FT at 50 %" in one.summary
    exported = export(store, tmp_path_factory.mktemp("out") / "export")
    assert exported.rows == {"examples": 4, "predictions": 16, "trials": 4, "pies": 0}


def test_an_undefined_correlation_is_nowhere_a_zero(store: Path) -> None:
    """Means are of the seeds that have a value, marked as such; the page says how many have none, and why."""
    results = Results.of(store)
    values = {(row["method"], row["seed"]): row["value"] for row in results.seed_effectiveness}
    assert values["imp-ft", 0] is None
    (pruned,) = [row for row in results.effectiveness if row["method"] == "imp-ft"]
    assert (pruned["mean"], pruned["seeds"], pruned["undefined"]) == (values["imp-ft", 1], 1, 1)
    table = TABLES["effectiveness"](results)
    ((_, (shown,)),) = [line.values for line in table.lines]
    assert (shown.text, shown.marks) == (f"{values['imp-ft', 1]:.3f}", frozenset({"undefined"}))
    assert "1 of 2 trials of 1 cell have no pearson" in "".join(cautions(results))
    assert "‡" in pie_table(results)


def test_a_cell_without_any_value_is_a_dash(store: Path) -> None:
    """Of constant answers alone nothing is a number: table, figure, page and explanation say so and go on."""
    settings = {"task": "t", "data": task_cards(store)["t"].fingerprint, "model": "net", "method": "mp-ai"}
    subject = Subject(trial_id=hashed("constant"), settings={**settings, "sparsity": 0.5, "seed": 0}, origin="ingested")
    rows = pa.table({"split": ["test"] * 4, "example_id": pa.array(range(4), pa.int32())})
    commit_rows(
        store, subject, rows.append_column("value", pa.array([1.0] * 4, pa.float32())), Facts(achieved_sparsity=0.5)
    )
    results = Results.of(store)
    texts = {line.keys[-1]: line.values[1][0].text for line in TABLES["effectiveness"](results).lines}
    assert texts["MP-AI"] == "\N{EN DASH}"
    assert all(list(FIGURES[name].pictures(name, results)) for name in ("effectiveness", "drift"))
    assert explain(store, "t:test:net:mp-ai:0.5").questions
    assert "0 of" not in pie_table(results)
    assert findings(results)


def test_drift_is_a_table_and_a_figure(store: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Both show the view's numbers beside the halves of the dense seeds."""
    results = Results.of(store)
    (row,) = results.drift
    (line,) = TABLES["drift"](results).lines
    assert [value.text for value in line.values[0]] == [f"{row['drift']:+.4f}", f"{row['dense_halves']:.4f}"]
    ((_, figure),) = FIGURES["drift"].draw(results)
    drawn = [line.get_ydata() for line in figure.axes[0].lines]
    assert [row["drift"]] in [list(one) for one in drawn]
    assert [row["dense_halves"]] * 2 in [list(one) for one in drawn]
    page = write_report(store, tmp_path_factory.mktemp("out") / "report")
    assert {"drift", "effectiveness"} <= {table.stem for table in (page.parent / "tables").glob("*.md")}
    assert "Drift of quality" in page.read_text()
