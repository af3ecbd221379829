"""What stands behind a number: the SQL gives it, and the trials and rows are those of the store."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from analysis.explanation import CellName, ExplanationError, explain
from analysis.figures import FIGURES
from analysis.relations.database import SQL, VIEWS, connect
from analysis.relations.query import run_query
from analysis.tables import TABLES
from runner.store.reader import commits
from tests.analysis.stores import hashed


def answered(store: Path, query: str) -> list[dict[str, Any]]:
    """The rows that `piesweep sql --format json` prints."""
    out = io.StringIO()
    run_query(store, query, "json", out)
    return list(json.loads(out.getvalue()))


@pytest.mark.parametrize(
    "cell", ["reviews:test:bilstm:imp-ft:0.9", "topics:test:bilstm:rp-ai:50%", "reviews:test:bilstm:dense"]
)
def test_the_queries_give_the_numbers(store: Path, cell: str) -> None:
    """What is printed beside a query is what the same query answers when it is pasted into `piesweep sql`."""
    found = explain(store, cell)
    views = ["effectiveness"] if cell.endswith("dense") else ["pie_rate", "effectiveness", "accuracy_on_pies"]
    if cell.startswith("reviews") and len(views) > 1:
        views += ["recall_distortion", "intensification"]
    assert [asked.view for asked in found.questions] == views
    for asked in found.questions:
        assert asked.rows or asked.view == "intensification"
        assert [pytest.approx(row) for row in asked.rows] == answered(store, asked.query)


def test_a_cells_sides_are_its_trials(store: Path) -> None:
    """Planned, committed and failed, ids, rows and files of the pruned and the dense cell, as the records say."""
    pruned, dense = explain(store, "reviews:test:bilstm:rp-ai:0.9").sides
    assert (pruned.name, pruned.planned, pruned.committed, pruned.failed) == ("RP-AI at 90 %", 4, 3, 0)
    assert (dense.name, dense.planned, dense.committed, dense.failed) == ("dense", 4, 4, 0)
    assert pruned.trial_ids == tuple(sorted(hashed(f"reviews-bilstm-rp-ai-0.9-{seed}") for seed in range(3)))
    assert (pruned.rows, pruned.rows_per_trial) == ({"test": 90}, {"test": (30,)})
    records = {record.trial_id: record for record in commits(store)}
    assert pruned.files == tuple(records[trial_id].files[0].path for trial_id in pruned.trial_ids)


def test_the_sources_are_whole(store: Path) -> None:
    """The SQL files of the views and of all that they stand on come in an order in which they can be created."""
    found = explain(store, "reviews:test:bilstm:imp-ft:0.9")
    assert {"pairs", "pie_rate", "scores", "effectiveness", "accuracy_on_pies"} <= set(found.sources)
    created = list(found.sources)
    for name, sql in found.sources.items():
        for needed in created[created.index(name) + 1 :]:
            assert f"internal.{needed} " not in sql
    assert found.sources["pie_rate"] == (SQL / "pie_rate.sql").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "views"),
    [("pie_percent", {"pie_rate", "effectiveness"}), ("pie_rate", {"pie_rate"}), ("completeness", {"completeness"})],
)
def test_tables_figures_and_views_are_explained_by_name(store: Path, name: str, views: set[str]) -> None:
    """A name stands for the public views that its numbers come from, over all committed trials."""
    found = explain(store, name)
    assert views <= {asked.view for asked in found.questions}
    (side,) = found.sides
    connection = connect(store)
    total = connection.execute("SELECT count(*) FROM predictions").fetchone()
    assert total is not None
    assert sum(side.rows.values()) == total[0]
    assert (side.planned, side.committed, len(side.trial_ids)) == (40, 39, 39)
    for asked in found.questions:
        assert connection.sql(asked.query).columns


@pytest.mark.parametrize("name", sorted({*TABLES, *FIGURES, *VIEWS}))
def test_every_table_figure_and_view_can_be_explained(store: Path, name: str) -> None:
    """Each names at least one public view, and the SQL of all that it stands on."""
    found = explain(store, name)
    assert found.questions
    assert {asked.view for asked in found.questions} <= set(VIEWS) & set(found.sources)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("pie_rte", "unknown table, figure or view 'pie_rte', did you mean 'pie_rate'?"),
        ("reviews:test:bilstm:imp-ft", "write TASK:SPLIT:MODEL:METHOD:SPARSITY"),
        ("reviews:test:bilstm:imp-ft:much", "write TASK:SPLIT:MODEL:METHOD:SPARSITY"),
        ("review:test:bilstm:imp-ft:0.9", "unknown task 'review', did you mean 'reviews'?"),
        ("reviews:test:bert:imp-ft:0.9", "unknown model 'bert'; allowed: bilstm"),
        ("reviews:test:bilstm:imp-wr:0.9", "unknown method 'imp-wr', did you mean 'imp-ft'?; allowed: dense, imp-ft"),
        ("reviews:test:bilstm:imp-ft:0.7", "unknown sparsity '0.7'"),
        ("reviews:train:bilstm:imp-ft:0.9", "unknown split 'train'; allowed: test"),
    ],
)
def test_what_is_not_there_is_named(store: Path, what: str, said: str) -> None:
    """A cell or name that the store does not have is refused with what it has."""
    with pytest.raises(ExplanationError) as caught:
        explain(store, what)
    assert said in str(caught.value)


def test_a_name_cannot_leave_its_quotes() -> None:
    """A quote in a name stays inside the SQL text that it is quoted in."""
    cell = CellName(task="x' OR 1=1 --", split="test", model="m", method="mp-ai", sparsity=0.5)
    assert cell.condition.startswith("task = 'x'' OR 1=1 --' AND split = 'test'")


@pytest.mark.parametrize(("written", "sparsity"), [("0.9", 0.9), ("90%", 0.9), ("99.5 %", 0.995), (".5", 0.5)])
def test_sparsities_as_people_write_them(written: str, sparsity: float) -> None:
    """A fraction or a percentage."""
    assert CellName.parse(f"t:test:m:mp-ai:{written}").sparsity == sparsity
