"""The same study undisturbed, killed and stopped: one digest. Real processes, real signals."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.store.reader import committed_ids
from runner.store.verify import broken_invariants
from tests.cluster import small_study
from tests.cluster.small_study import PATIENCE_SECONDS, TRIALS, command, digest

pytestmark = [pytest.mark.cluster, pytest.mark.chaos, pytest.mark.timeout(900)]


def run(study: Path, store: Path, *options: str) -> int:
    """Run a study to its end; its exit code."""
    return small_study.run(study, store, *options).returncode


def interrupted(study: Path, store: Path, disturb: Callable[[int], None]) -> int:
    """Start a study, disturb its driver (given by process id) once three trials have committed; the exit code."""
    with subprocess.Popen(command(study, store), start_new_session=True) as driver:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(committed_ids(store)) < 3:
            assert driver.poll() is None, "the driver ended before it was disturbed"
            assert time.monotonic() < deadline, "no trial committed"
            time.sleep(0.05)
        disturb(driver.pid)
        return driver.wait(PATIENCE_SECONDS)


def workers(driver: int) -> list[int]:
    """Processes below the driver in which trials run."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
                parents[int(entry.name)] = (int(stat.rsplit(")", 1)[1].split()[1]), (entry / "cmdline").read_bytes())
            except OSError:
                continue

    def is_below(pid: int) -> bool:
        while pid in parents and pid != driver:
            pid = parents[pid][0]
        return pid == driver

    return [pid for pid, (_, line) in parents.items() if line.startswith(b"ray::ImplicitFunc") and is_below(pid)]


def processor_seconds() -> float:
    """What this process's children have used that have ended: a busy machine makes it no more."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def files(store: Path) -> dict[str, bytes]:
    """Every file of a store with its bytes."""
    return {str(path.relative_to(store)): path.read_bytes() for path in store.rglob("*") if path.is_file()}


def test_an_undisturbed_study_is_sound_and_running_it_again_changes_no_byte(
    survival_study: Path, undisturbed: Path
) -> None:
    """All trials commit, every invariant holds, and a second run leaves every byte, in under five processor seconds."""
    assert len(committed_ids(undisturbed)) == TRIALS
    assert broken_invariants(undisturbed) == []
    before = files(undisturbed)
    began = processor_seconds()
    assert run(survival_study, undisturbed) == 0
    assert processor_seconds() - began < 5
    assert files(undisturbed) == before


def test_a_driver_killed_without_warning_is_made_up_for(
    survival_study: Path, undisturbed_digest: str, tmp_path: Path
) -> None:
    """SIGKILL of the driver in mid-study; the same command again, with one trial at a time, finishes with the same
    digest."""
    store = tmp_path / "store"
    assert interrupted(survival_study, store, lambda pid: os.kill(pid, signal.SIGKILL)) == -signal.SIGKILL
    assert 3 <= len(committed_ids(store)) < TRIALS
    assert run(survival_study, store, "--max-concurrent", "1") == 0
    assert broken_invariants(store) == []
    assert digest(store) == undisturbed_digest


def test_a_stopped_driver_says_so_and_is_made_up_for(
    survival_study: Path, undisturbed_digest: str, tmp_path: Path
) -> None:
    """SIGTERM ends the sweep in order with exit code 75 and nothing half-done; the same command finishes it."""
    store = tmp_path / "store"
    assert interrupted(survival_study, store, lambda pid: os.kill(pid, signal.SIGTERM)) == 75
    assert 3 <= len(committed_ids(store)) < TRIALS
    assert not (store / "sessions" / "lease.json").exists()
    assert broken_invariants(store) == []
    assert run(survival_study, store) == 0
    assert digest(store) == undisturbed_digest


def test_a_killed_worker_costs_one_retry(survival_study: Path, undisturbed_digest: str, tmp_path: Path) -> None:
    """SIGKILL of every worker in mid-trial: their trials are tried again within the same run."""
    store = tmp_path / "store"
    killed: list[int] = []

    def kill_workers(driver: int) -> None:
        killed.extend(workers(driver))
        for pid in killed:
            os.kill(pid, signal.SIGKILL)

    assert interrupted(survival_study, store, kill_workers) == 0
    assert killed
    assert digest(store) == undisturbed_digest


def test_added_seeds_and_methods_do_only_what_is_missing(
    survival_study: Path, undisturbed_digest: str, tmp_path: Path
) -> None:
    """A study that grows by methods and a seed keeps every committed trial; dense parents whose trained state is gone
    are trained again, found equal, and the whole equals the larger study run at once."""
    grown = tmp_path / "grown"
    assert run(survival_study, grown, "seeds=2", "methods=[rp-ai, imp-ft]") == 0
    before = files(grown)
    assert run(survival_study, grown) == 0
    after = files(grown)
    assert all(after[name] == content for name, content in before.items() if name.startswith(("commits", "data")))
    assert digest(grown) == undisturbed_digest
    assert broken_invariants(grown) == []
    events = [json.loads(line) for log in (grown / "sessions").glob("*.jsonl") for line in log.read_text().splitlines()]
    assert sum(event["event"] == "trial-rebuilt" for event in events) == 2
