"""`piesweep readability`, and what the report does with the scores."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

from analysis.figures import FIGURES
from analysis.readability import dictionary, scoring
from runner.command_line import app


@pytest.fixture
def own(store, tmp_path, monkeypatch):
    """A copy of the store that a test may write to, without scores that a report has left there; a report has no other
    figure than that of readability."""
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setattr("analysis.report.FIGURES", {"readability": FIGURES["readability"]})
    return shutil.copytree(store, tmp_path / "store", ignore=shutil.ignore_patterns("readability"))


def test_scores_are_computed_once(piesweep, own):
    """The first call scores every text and says how far it is, the second has nothing to do."""
    result = piesweep("readability", own)
    assert result.exit_code == 0, result.output
    assert "4 texts scored" in result.stdout
    assert "readability of films, test: 4 of 4 texts" in result.stderr
    again = piesweep("readability", own, "--json")
    assert json.loads(again.stdout)["scored"] == 0
    rows = json.loads(piesweep("sql", own, "SELECT tokens FROM readability", "--format", "json").stdout)
    assert [row["tokens"] for row in rows] == [2, 2, 2, 2]


def test_a_split_is_chosen(piesweep, own):
    """`--split` scores nothing else; an unknown one is refused with those that are allowed."""
    assert json.loads(piesweep("readability", own, "--split", "train", "--json").stdout)["scored"] == 0
    assert json.loads(piesweep("readability", own, "--split", "test", "--json").stdout)["scored"] == 4
    wrong = piesweep("readability", own, "--split", "dev")
    assert wrong.exit_code == 2
    assert "validation" in wrong.output


def test_a_report_scores_first(piesweep, own, tmp_path):
    """What the report needs of readability is there when it is drawn."""
    result = piesweep("report", own, "--out", tmp_path / "report")
    assert result.exit_code == 0, result.output
    assert json.loads(piesweep("readability", own, "--split", "test", "--json").stdout)["scored"] == 0


def test_a_report_without_the_dictionary(own, tmp_path, monkeypatch):
    """Without its file the verb ends as bad input; the report says why it goes without, and is written."""
    monkeypatch.setenv("PIESWEEP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(dictionary, "DICTIONARY", tmp_path / "nowhere")
    scoring._vocabulary.cache_clear()
    verb = CliRunner().invoke(app, ["readability", str(own)])
    assert verb.exit_code == 2
    assert "install piesweep again" in verb.stderr
    result = CliRunner().invoke(app, ["report", str(own), "--out", str(tmp_path / "report")])
    assert result.exit_code == 0, result.output
    assert "the report goes without readability" in result.stderr
    assert (tmp_path / "report" / "index.html").exists()
