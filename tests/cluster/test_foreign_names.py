"""Studies that run beside files with the names of our folders: in the working folder, on PYTHONPATH, in a job's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from runner.store.verify import broken_invariants
from tests.cluster.foreign_names import PIESWEEP, beside

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


def run(study: Path, store: Path, folder: Path, environment: Mapping[str, str]) -> None:
    """Run the study as users do; every trial commits."""
    done = subprocess.run(
        [PIESWEEP, "run", str(study), "--store", str(store)],
        check=False,
        capture_output=True,
        text=True,
        timeout=250,
        cwd=folder,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    assert "2 of 2 trials committed" in done.stdout
    assert broken_invariants(store) == []
    assert not list((store / "failures").glob("*"))


def test_files_of_our_names_in_the_working_folder(tmp_path: Path) -> None:
    """A `tasks.py`, `runner.py`, `analysis.py` or `cluster.py` beside the study is imported by no process of ours."""
    study = beside(tmp_path / "project")
    run(study, tmp_path / "store", study.parent, {})


def test_files_of_our_names_on_the_path(tmp_path: Path) -> None:
    """Nor is one on PYTHONPATH, where Python looks before it looks among the installed packages."""
    study = beside(tmp_path / "project")
    run(study, tmp_path / "store", tmp_path, {"PYTHONPATH": str(study.parent)})
