"""What a report says of hardware: disagreement between vendors, and comparisons that it confounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.hardware import confounded, described, disagreement, warnings
from analysis.relations.database import connect
from analysis.report import write_report
from analysis.results import Results
from analysis.summary import pie_table
from tests.analysis.stores import write_store

CASES = Path(__file__).parent / "sql"


def results(tmp_path: Path, case: str) -> Results:
    """The results of a store made of a case folder of the views' tests."""
    return Results(connect(write_store(tmp_path / "store", CASES / case)))


def test_disagreement_is_summed_over_trials(tmp_path: Path) -> None:
    """Two trials on two vendors' devices: 3 of 6 answers differ, in the best trial half, in the worst half."""
    rows = disagreement(results(tmp_path, "canary/copies_are_compared_and_never_vote"))
    assert [(row["vendor"], row["other_vendor"], row["trials"], row["rate"]) for row in rows] == [
        ("amd", "nvidia", 2, pytest.approx(0.5)),
        ("nvidia", "nvidia", 1, 0.0),
    ]
    assert (rows[0]["lowest"], rows[0]["highest"]) == (0.5, 0.5)


def test_both_kinds_of_confounding_are_warned_of(tmp_path: Path) -> None:
    """A cell against its dense models comes first, then cells against each other, each counted in one sentence."""
    found = results(tmp_path, "confounded/sides_on_two_vendors")
    assert [described(row) for row in confounded(found)] == [
        "t, net: IMP-FT 90 % against dense, 1 of 2 seeds",
        "t, net: IMP-FT 50 % against IMP-FT 90 %, 1 of 2 seeds",
    ]
    told = warnings(found)
    assert told[0].startswith("1 pruned cell had seeds whose dense trial ran on another vendor's device (1 of 2 seeds)")
    assert told[1].startswith("1 pair of pruned cells had seeds")
    assert " ".join(pie_table(found).split()).endswith(told[1])


def test_the_page_shows_noise_and_warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report has a section on hardware where there is something to say, and none where there is not."""
    monkeypatch.setattr("analysis.report.FIGURES", {})  # they say nothing of hardware
    results(tmp_path, "confounded/sides_on_two_vendors")
    page = write_report(tmp_path / "store", tmp_path / "report").read_text()
    assert "Before you believe a number" in page
    assert "<li>1 pruned cell had seeds whose dense trial ran on another vendor&#39;s device" in page
    assert "IMP-FT 90 % against dense, 1 of 2 seeds" in page
    write_store(tmp_path / "noise", CASES / "canary/copies_are_compared_and_never_vote")
    page = write_report(tmp_path / "noise", tmp_path / "other").read_text()
    assert "amd and nvidia" in page
    assert "50.00 %" in page
    assert "Before you believe a number" not in page
    write_store(tmp_path / "plain", CASES / "pies/votes_differ")
    assert 'id="hardware"' not in write_report(tmp_path / "plain", tmp_path / "third").read_text()
