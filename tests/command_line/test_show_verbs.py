"""`piesweep table`, `piesweep figure` and the lists of both."""

from __future__ import annotations

import json

import pytest


def test_a_table_is_printed(piesweep, store):
    """As text for people and as CSV with full numbers."""
    shown = piesweep("table", store, "pie_percent")
    assert shown.exit_code == 0, shown.output
    assert "IMP-FT" in shown.stdout
    head, first, *_ = piesweep("table", store, "pie_percent", "--format", "csv").stdout.splitlines()
    assert dict(zip(head.split(","), first.split(","), strict=True))["rate"] == "0.25"


def test_a_figure_is_drawn(piesweep, store, tmp_path):
    """The paths written are printed, and the ending says what is written."""
    drawn = piesweep("figure", store, "pie_rate", "--out", tmp_path / "rate.svg")
    assert drawn.stdout.strip() == str(tmp_path / "rate.svg")
    assert "<svg" in (tmp_path / "rate.svg").read_text()
    assert piesweep("figure", store, "pie_rate", "--out", tmp_path / "rate.pdf").exit_code == 0
    assert (tmp_path / "rate.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("what", ["tables", "figures"])
def test_both_are_listed(piesweep, what):
    """Every name of the list has a word on what it shows."""
    rows = json.loads(piesweep("list", what, "--json").stdout)
    assert "effectiveness" in {row[what.removesuffix("s")] for row in rows}
    assert all(row["shows"] for row in rows)


@pytest.mark.parametrize(
    "words", [["table", "pie_rat"], ["figure", "pie_rat", "--out", "a.svg"], ["figure", "pie_rate", "--out", "a.gif"]]
)
def test_what_is_not_there_exits_2(piesweep, store, words):
    """One line on standard error, nothing written."""
    verb, *rest = words
    refused = piesweep(verb, store, *rest)
    assert refused.exit_code == 2
    assert len(refused.stderr.strip().splitlines()) == 1


def test_a_comparison_without_anything_in_common_exits_2(piesweep, store, tmp_path):
    """The report is refused before it is written, and so is a publication that is not kept here."""
    for name, told in (("paper", "nothing to compare"), ("papers", "did you mean 'paper'")):
        refused = piesweep("report", store, "--out", tmp_path / "out", "--compare", name)
        assert refused.exit_code == 2
        assert told in refused.stderr
    assert not (tmp_path / "out").exists()
