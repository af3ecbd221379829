"""A real Slurm on this machine runs the quickstart study: cut in the middle, it goes on in the next allocation."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from runner.store.layout import Layout
from runner.store.reader import committed_ids
from runner.store.verify import broken_invariants
from tests.cluster.slurm_daemons import missing_reason, slurm

PROGRAMS = Path(sys.executable).parent
PATIENCE_SECONDS = 300.0
WARNING_SECONDS = 120.0
SITE = """
title: two nodes of this machine
partition: main
cpus_per_node: 1
wall_time: "0:40:00"
warning: "0:02:00"
join: "0:02:00"
"""
SMALL = (
    "methods=[imp-ft, mp-ai]",
    "sparsities=0.9",
    "seeds=3",
    "training.epochs=3",
    "models.bilstm.hidden=100",  # trials of seconds, which a warning can meet
    "models.bilstm.layers=2",
    "tasks.movie-snippets.limit.train=150",
)
TRIALS = 9

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(missing_reason()), reason=missing_reason()),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str]]:
    """Slurm with two nodes; its folder has a short path, since sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder, slurm(Path(folder), nodes=2, cpus=2) as environment:
        path = f"{PROGRAMS}{os.pathsep}{environment['PATH']}"
        yield {**environment, "PATH": path, "OMP_NUM_THREADS": "1"}


def piesweep(*words: str, environment: dict[str, str] | None = None) -> str:
    """What a verb prints."""
    command = [str(PROGRAMS / "piesweep"), *words]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=PATIENCE_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def submit(cluster: dict[str, str], folder: Path, name: str, *changes: str) -> None:
    """Submit the study through the verb."""
    (folder / "site.yaml").write_text(SITE)
    options = ["--store", str(folder / "store"), "--site", str(folder / "site.yaml"), "--logs", str(folder / "logs")]
    words = ["submit", "quickstart", *SMALL, *changes, *options, "--on", "slurm", "--nodes", "2", "--name", name]
    assert "Submitted batch job" in piesweep(*words, environment=cluster)


def wait_until(is_so: Callable[[], bool], folder: Path) -> None:
    """Wait for it; what the allocations said is the message if it never comes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        logs = "\n".join(
            path.read_text() for path in sorted((folder / "logs").glob("*-*.log")) if "ray" not in path.name
        )
        assert time.monotonic() < deadline, logs
        time.sleep(0.5)


def queue(cluster: dict[str, str], name: str) -> list[str]:
    """Ids of the jobs of this name that wait or run."""
    words = ["squeue", "--noheader", f"--name={name}", "--format=%i"]
    return subprocess.run(words, capture_output=True, text=True, check=True, env=cluster).stdout.split()


def events(store: Path, kind: str) -> list[dict[str, object]]:
    """Events of a kind, in the order of sessions."""
    lines = [line for log in sorted((store / "sessions").glob("*.jsonl")) for line in log.read_text().splitlines()]
    return [event for event in map(json.loads, lines) if event["event"] == kind]


def workers(cluster: dict[str, str], job: str) -> list[psutil.Process]:
    """The processes in which trials of a job run."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied, IndexError):
            if process.cmdline()[0].startswith("ray::ImplicitFunc"):
                around = process.environ()
                if (around.get("SLURM_CONF"), around.get("SLURM_JOB_ID")) == (cluster["SLURM_CONF"], job):
                    found.append(process)
    return found


def nodes_of(cluster: dict[str, str], job: str) -> str:
    """Where a job runs."""
    words = ["squeue", "--noheader", f"--jobs={job}", "--format=%N"]
    return subprocess.run(words, capture_output=True, text=True, check=True, env=cluster).stdout.strip()


def shorten(cluster: dict[str, str], job: str) -> None:
    """Bring a job's time limit so near that Slurm's warning comes within the next minute."""
    words = ["squeue", "--noheader", f"--jobs={job}", "--format=%S"]
    started = subprocess.run(words, capture_output=True, text=True, check=True, env=cluster).stdout.strip()
    elapsed = time.time() - time.mktime(time.strptime(started, "%Y-%m-%dT%H:%M:%S"))
    limit = math.ceil((elapsed + WARNING_SECONDS) / 60)
    subprocess.run(["scontrol", "update", f"JobId={job}", f"TimeLimit={limit}"], check=True, env=cluster)


def stop_another_in_order(cluster: dict[str, str], folder: Path, other: str) -> None:
    """Run a study of its own on the nodes of another job, cancel it in mid-trial in order: it saves and is over."""
    folder.mkdir()
    submit(cluster, folder, "beside", "training.epochs=30")
    (job,) = queue(cluster, "beside")
    wait_until(lambda: (folder / "store").exists() and any(events(folder / "store", "trial-started")), folder)
    assert nodes_of(cluster, job) == nodes_of(cluster, other) == "n[1-2]"
    subprocess.run(["scancel", "--signal=TERM", "--batch", job], check=True, env=cluster)
    wait_until(lambda: not queue(cluster, "beside"), folder)
    said = (folder / "logs" / f"beside-{job}.log").read_text()
    assert "stopped by SIGUSR1, run again to finish" in said
    assert "cancelled; sbatch this script again to go on" in said
    assert "Killed" not in said
    assert any(Layout(folder / "store").checkpoints.glob("*/*.safetensors"))
    assert queue(cluster, "cut") == [other]


def test_a_study_cut_by_its_allocation_ends_in_the_next_one(cluster: dict[str, str], tmp_path: Path) -> None:
    """At its time limit Slurm warns in mid-study: the driver saves and leaves, the script submits itself, and the store
    ends with the digest of an undisturbed run on this machine; the event log names every allocation. Meanwhile another
    job comes and goes on the same nodes. The limit is shortened once all is ready for it: no machine is too slow."""
    store, logs = tmp_path / "store", tmp_path / "logs"
    submit(cluster, tmp_path, "cut")
    (first,) = queue(cluster, "cut")
    # However fast this machine is: trials stand still until the warning has come.
    wait_until(lambda: store.exists() and len(committed_ids(store)) >= 2, tmp_path)
    frozen = workers(cluster, first)
    assert frozen
    for process in frozen:
        process.send_signal(signal.SIGSTOP)
    stop_another_in_order(cluster, tmp_path / "beside", first)
    shorten(cluster, first)
    wait_until((logs / f"cut-{first}.stop").exists, tmp_path)
    for process in frozen:
        process.send_signal(signal.SIGCONT)
    wait_until(lambda: not queue(cluster, "cut"), tmp_path)
    used = [int(str(event["slurm_job"])) for event in events(store, "allocation")]
    said = [(logs / f"cut-{job}.log").read_text() for job in used]
    submitted = [line for text in said for line in text.splitlines() if line.startswith("Submitted batch job")]
    assert len(used) >= 2
    assert used == [int(first), *(int(line.split()[-1]) for line in submitted)]
    assert all("stopped by SIGUSR1, run again to finish" in text for text in said[:-1])
    assert "no allocation follows" in said[-1]
    assert all("DUE TO TIME LIMIT" not in text for text in said)
    assert len(committed_ids(store)) == TRIALS
    assert broken_invariants(store) == []
    alone = tmp_path / "alone"
    piesweep("run", "quickstart", *SMALL, "--store", str(alone), environment={**os.environ, "OMP_NUM_THREADS": "1"})
    assert piesweep("digest", str(store)) == piesweep("digest", str(alone))


def test_an_allocation_without_progress_is_the_last(cluster: dict[str, str], tmp_path: Path) -> None:
    """A warning that comes before the driver can hear it stops it all the same, kills nothing, and since nothing came
    further no other allocation is submitted."""
    submit(cluster, tmp_path, "early")
    wait_until(lambda: any((tmp_path / "logs").glob("early-*.log")), tmp_path)
    (job,) = queue(cluster, "early")
    subprocess.run(["scancel", "--signal=USR1", "--batch", job], check=True, env=cluster)
    wait_until(lambda: not queue(cluster, "early"), tmp_path)
    said = (tmp_path / "logs" / f"early-{job}.log").read_text()
    assert "this allocation came no further, so none follows" in said
    assert not (tmp_path / "store").exists() or committed_ids(tmp_path / "store") == set()
