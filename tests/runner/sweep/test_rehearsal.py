"""The miniature of a study, and its two runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.methods import METHODS
from runner.plan import plan
from runner.studies import load
from runner.sweep.rehearsal import miniature, rehearse
from tests.cluster.small_study import STUDY


@pytest.mark.parametrize("study", ["quickstart", "pie"])
def test_a_miniature_is_small_and_of_every_kind(study: str) -> None:
    """Few trials of few examples, several checkpoints each, with children that start from a parent and others."""
    small = load(study, miniature(study, []))
    assert len(plan(small).trials) <= 6
    assert {METHODS[name].starts_dense for name in small.methods} == {True, False}
    assert small.tasks[0].limit == {"train": 200, "test": 100}
    assert small.tasks[0].name == load(study).tasks[0].name
    assert {spec.training.epochs for spec in plan(small).trials} == {3}


@pytest.mark.cluster
@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_a_rehearsal_kills_and_proves(tmp_path: Path) -> None:
    """Drivers and trials of one of two stores are killed for real; both say the same, and nothing is left behind."""
    study = tmp_path / "study.yaml"
    study.write_text(STUDY)
    came = rehearse(str(study), [], tmp_path / "shared", None, lambda line: None)
    assert came.passed
    assert came.driver_kills > 0
    assert came.worker_kills > 0
    assert list((tmp_path / "shared").iterdir()) == []
