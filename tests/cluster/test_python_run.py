"""`piesweep.run`, from a process that is no command of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.foreign_names import beside

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

NOTEBOOK = """
import piesweep

end = piesweep.run("study.yaml", {store!r}, max_concurrent=1)
print(end.planned, end.committed, end.failed, end.exit_code)
print(piesweep.open({store!r}).trials.df()["method"].sort_values().tolist())
print(piesweep.run("study.yaml", {store!r}).exit_code)
"""


def test_a_study_runs_from_python(tmp_path: Path) -> None:
    """It trains what the store lacks, beside files with our names, and finds it done the second time."""
    study = beside(tmp_path / "project")
    words = [sys.executable, "-c", NOTEBOOK.format(store=str(tmp_path / "store"))]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=250, cwd=study.parent)
    assert done.stdout.splitlines() == ["2 2 0 0", "['dense', 'rp-ai']", "0"], done.stderr
