"""Votes that a compaction has kept give the same answers as the rows they were counted from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from analysis.relations.database import connect
from runner.store.compaction.compact import compact
from runner.store.layout import Layout
from tests.runner.store import mixed

COUNTED = ("majority_vote", "pies", "pie_rate", "el2n", "accuracy_on_pies")


def answers(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    """The rows of every view that stands on votes."""
    return {view: connection.execute(f"FROM {view} ORDER BY ALL").fetchall() for view in COUNTED}


def kept_cells(connection: duckdb.DuckDBPyConnection) -> int:
    """How many cells' votes come from a compaction."""
    return int(connection.execute("SELECT count(kept_no) FROM internal.cell").fetchall()[0][0])


def reads_files(connection: duckdb.DuckDBPyConnection, view: str) -> bool:
    """True if a query of this view opens Parquet files."""
    return "PARQUET" in str(connection.execute(f"EXPLAIN FROM {view}").fetchall()).upper()


def test_kept_votes_change_no_answer(tmp_path: Path) -> None:
    """Before and after a compaction every view says the same; afterwards no row is counted any more."""
    mixed.store(tmp_path, range(4))
    loose = connect(tmp_path)
    compact(tmp_path)
    compacted = connect(tmp_path)
    assert (kept_cells(loose), kept_cells(compacted)) == (0, 6)
    assert answers(loose) == answers(compacted)
    for kind in ("label", "labels", "el2n"):
        assert reads_files(loose, f"internal.{kind}_uncounted")
        assert not reads_files(compacted, f"internal.{kind}_uncounted")


def test_cells_that_grew_are_counted_from_rows(tmp_path: Path) -> None:
    """A seed that came later is in every vote at once; cells that have not changed still come from the compaction."""
    mixed.store(tmp_path / "grown", range(2), planned=range(3))
    compact(tmp_path / "grown")
    mixed.store(tmp_path / "whole", range(2), planned=range(3))
    for spec in mixed.specs(range(2, 3)):
        if spec.task == "toy" or spec.is_dense:
            for root in (tmp_path / "grown", tmp_path / "whole"):
                mixed.committed(root, spec)
    grown = connect(tmp_path / "grown")
    assert kept_cells(grown) == 2
    assert answers(grown) == answers(connect(tmp_path / "whole"))


@pytest.mark.parametrize("in_memory", [False, True], ids=["folder", "object storage"])
def test_a_query_goes_on_when_its_votes_are_replaced(tmp_path: Path, *, in_memory: bool) -> None:
    """A connection made before two more compactions counts the votes of its time again."""
    root = pytest.importorskip("upath").UPath(f"memory://{tmp_path.name}/counted") if in_memory else tmp_path
    mixed.store(root, range(2), planned=range(4))
    compact(root)
    earlier = connect(root)
    expected = answers(connect(root))
    for seed in (2, 3):
        for spec in mixed.specs(range(seed, seed + 1)):
            mixed.committed(root, spec)
        compact(root)
    assert len(list(Layout(root).votes.iterdir())) == 1
    assert answers(earlier) == expected
    assert answers(connect(root)) != expected
