"""The first study that the README shows runs from its table to its report, with the commands that stand there."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.small_study import PATIENCE_SECONDS
from tests.documents import blocks
from tests.test_documents import FIRST_STUDY, README, first_reviews

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


def test_the_first_study_runs_to_its_report(tmp_path: Path) -> None:
    """Every command ends well, in its order; 25 trials are in the store, and the page is there."""
    study, console = blocks(README, FIRST_STUDY)
    (tmp_path / "reviews.csv").write_text(first_reviews())
    (tmp_path / study.name).write_text(study.text)
    printed = []
    for line in console.text.splitlines():
        words = shlex.split(line.removeprefix("$ piesweep "), comments=True)
        done = subprocess.run(
            [sys.executable, "-m", "runner.command_line", *words],
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        printed.append(done.stdout + done.stderr)
    assert "25 of 25 trials committed" in printed[2]
    assert (tmp_path / "report" / "index.html").is_file()
