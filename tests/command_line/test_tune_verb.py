"""`piesweep tune`: exit codes, files and the summary, with trials that run in this process."""

from __future__ import annotations

import json

import pytest

from runner.models import MODELS
from runner.sweep import run_study as sweep
from tasks import TASKS
from tests.runner.small_network import ARCHITECTURE, small_task
from tests.runner.tuning.points import STUDY, InThisProcess, task_of


@pytest.fixture
def tune(piesweep, monkeypatch, tmp_path):
    """Run the verb on the study of the points, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIESWEEP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(MODELS, "small", ARCHITECTURE)
    monkeypatch.setitem(TASKS, "points", task_of(small_task()))
    (tmp_path / "points.yaml").write_text(STUDY)

    def run(*words, ray=None):
        here = ray or InThisProcess()
        monkeypatch.setattr(sweep, "_sweep", here)
        monkeypatch.setattr(sweep, "_joined", here.joined)
        return piesweep("tune", "points.yaml", *words)

    return run


def test_a_search_leaves_overrides_and_a_table(tune, tmp_path):
    """Both files lie where the summary says, and the store is named after the study."""
    result = tune()
    assert result.exit_code == 0, result.output
    assert "points-study.tuning: 4 of 4 draws tried" in result.stdout
    assert "best settings: points-study.tuned.yaml" in result.stdout
    assert (tmp_path / "points-study.tuned.csv").read_text().count("\n") == 5
    head = (tmp_path / "points-study.tuned.yaml").read_text().splitlines()[0]
    assert head.endswith("piesweep run points.yaml @points-study.tuned.yaml")


def test_an_interrupted_search_exits_75_and_names_no_best_yet(tune, tmp_path):
    """What is known is in the table; settings are written when the search is done."""
    result = tune("--json", ray=InThisProcess(most=1))
    assert result.exit_code == 75
    assert json.loads(result.stdout)["overrides"] is None
    assert not (tmp_path / "points-study.tuned.yaml").exists()
    assert tune().exit_code == 0


def test_budget_and_places_are_options(tune, tmp_path):
    """--budget, --out and --store."""
    result = tune("--budget", "2", "--out", tmp_path / "here" / "best.yaml", "--store", tmp_path / "kept", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["planned"] == 2
    assert (tmp_path / "here" / "best.yaml").exists()
    assert (tmp_path / "here" / "best.csv").exists()
    assert (tmp_path / "kept" / "commits").is_dir()


@pytest.mark.parametrize(
    "words", [("tuning={}",), ("--out", "best.csv"), ("tuning.epochs=[3,1]",), ("--budget", "0"), ("@missing.yaml",)]
)
def test_bad_input_exits_2_and_writes_nothing(tune, tmp_path, words):
    """No range to search, a table's name for the overrides, a range upside down."""
    result = tune(*words)
    assert result.exit_code == 2, result.output
    assert not (tmp_path / "points-study.tuning").exists()
