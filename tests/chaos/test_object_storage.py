"""A study whose store lies in object storage: run, killed and resumed. Real processes, a real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("s3fs", reason="pip install -e '.[test]' installs s3fs")
pytest.importorskip("moto", reason="pip install -e '.[test]' installs moto")

from runner.store.files.place import place
from runner.store.reader import committed_ids
from tests.runner.store.object_server import BUCKET, object_server

STUDY = """
name: far-away
tasks: [digits]
models: [convnet]
methods: [imp-ft, rp-ai]
sparsities: [0.9]
seeds: 2
training: {epochs: 3, batch_size: 32, learning_rate: 0.003}
record: {splits: [test], el2n: false}
"""
TRIALS = 6
PATIENCE_SECONDS = 300.0

pytestmark = [pytest.mark.cluster, pytest.mark.chaos, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """The address of a new store."""
    with object_server():
        yield f"s3://{BUCKET}/{uuid.uuid4().hex[:8]}"


def piesweep(*words: str) -> list[str]:
    """A command line."""
    return [sys.executable, "-m", "runner.command_line", *words]


def answer(*words: str) -> str:
    """What a verb prints."""
    done = subprocess.run(piesweep(*words), check=False, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def disturbed(study: Path, store: str, number: signal.Signals, after: int) -> int:
    """Run a study and send its driver a signal once so many trials have committed; the exit code."""
    with subprocess.Popen(piesweep("run", str(study), "--store", store), start_new_session=True) as driver:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(committed_ids(place(store))) < after:
            assert driver.poll() is None, "the driver ended before it was disturbed"
            assert time.monotonic() < deadline, "no trial committed"
            time.sleep(0.2)
        os.kill(driver.pid, number)
        return driver.wait(PATIENCE_SECONDS)


def test_a_disturbed_study_in_object_storage_ends_like_one_on_a_disk(store: str, tmp_path: Path) -> None:
    """SIGTERM ends the sweep in order, SIGKILL ends its driver; the same command finishes. All is as on a disk."""
    study = tmp_path / "far-away.yaml"
    study.write_text(STUDY)
    assert disturbed(study, store, signal.SIGTERM, after=1) == 75
    assert not (place(store) / "sessions" / "lease.json").exists()
    assert answer("verify", store).endswith("sound")
    assert disturbed(study, store, signal.SIGKILL, after=3) == -signal.SIGKILL
    assert 3 <= len(committed_ids(place(store))) < TRIALS
    answer("run", str(study), "--store", store)
    assert answer("verify", store).endswith("sound")
    assert answer("status", store).startswith(f"{TRIALS} planned, {TRIALS} committed, 0 running, 0 failed")
    local = str(tmp_path / "store")
    answer("run", str(study), "--store", local)
    assert answer("digest", store) == answer("digest", local)
    question = "SELECT method, split, pies, examples FROM pie_rate ORDER BY ALL"
    assert answer("sql", store, question, "--format", "csv") == answer("sql", local, question, "--format", "csv")
    answer("report", store, "--out", str(tmp_path / "report"))
    assert (tmp_path / "report" / "index.html").is_file()
