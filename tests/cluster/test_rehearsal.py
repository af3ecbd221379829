"""A miniature is run twice, once disturbed: real clusters, real kills."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.sweep.rehearsal import miniature, rehearse
from tests.cluster.small_study import STUDY


@pytest.mark.cluster
@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_a_rehearsal_kills_and_proves(tmp_path: Path) -> None:
    """Drivers and trials of one of two stores are killed for real; both say the same, and nothing is left behind."""
    study = tmp_path / "study.yaml"
    study.write_text(STUDY)
    came = rehearse(str(study), miniature(str(study), []), tmp_path / "shared", None, lambda line: None)
    assert came.passed
    assert came.driver_kills > 0
    assert came.worker_kills > 0
    assert list((tmp_path / "shared").iterdir()) == []
