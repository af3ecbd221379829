"""Stores in folders whose names mean something to pattern matching, partitions, URLs or shells."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from analysis.export import export
from analysis.figures import FIGURES
from analysis.relations.database import connect
from analysis.report import write_report
from runner.store.compaction.compact import compact
from runner.store.digest import digest
from runner.store.session import hold

ODD = Path("seed=7") / "split=train" / "[1] a?#* 'b' %20"
VIEWS = ("pie_rate", "trials", "examples", "predictions", "effectiveness")


def test_a_folder_of_any_name_changes_no_answer(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every view, the digest, a compaction, an export and a report are what they are in a plain folder."""
    monkeypatch.setattr("analysis.report.FIGURES", {"pie_rate": FIGURES["pie_rate"]})  # all draw from the same rows
    odd = tmp_path / ODD / "store"
    odd.parent.mkdir(parents=True)
    shutil.copytree(store, odd)
    with hold(odd):
        compact(odd)
    assert digest(odd) == digest(store)
    there, here = connect(store), connect(odd)
    for view in VIEWS:
        # Where rows lie is no answer; neither is how long a compaction has been there.
        rows = [one.sql(f"SELECT * FROM {view} ORDER BY ALL").fetchall() for one in (there, here)]
        assert rows[0] == rows[1], view
    assert export(odd, tmp_path / ODD / "export").rows == export(store, tmp_path / "export").rows
    assert write_report(odd, tmp_path / ODD / "report").is_file()
