"""Two drivers on one study: one works, the other says who does; one that slept past its lease gives way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runner.store.reader import commits, committed_ids
from runner.store.verify import broken_invariants
from tests.cluster.small_study import PATIENCE_SECONDS, TRIALS, command, digest, run

LEASE_SECONDS = 15.0  # longer than a command takes to start on a busy machine
ENVIRONMENT = {**os.environ, "PIESWEEP_LEASE_SECONDS": str(LEASE_SECONDS), "OMP_NUM_THREADS": "1"}

pytestmark = [pytest.mark.cluster, pytest.mark.chaos, pytest.mark.timeout(900)]


@contextmanager
def driver(study: Path, store: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A driver at work; killed if the test leaves it."""
    words = command(study, store, "--max-concurrent", "1", *options)
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()


def await_commits(store: Path, count: int) -> None:
    """Wait until so many trials have committed."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(committed_ids(store)) < count:
        assert time.monotonic() < deadline, f"only {len(committed_ids(store))} trials committed"
        time.sleep(0.1)


def test_a_driver_that_slept_past_its_lease_gives_way(
    survival_study: Path, undisturbed_digest: str, tmp_path: Path
) -> None:
    """SIGSTOP one driver; a second waits out the lease, takes over and works; SIGCONT: the first sees that it lost,
    ends with exit code 75 and says why, its workers write no more, and the store is that of one driver alone."""
    study, store = survival_study, tmp_path / "store"
    with driver(study, store) as sleeper:
        await_commits(store, 2)
        sleeper.send_signal(signal.SIGSTOP)
        held = json.loads((store / "sessions" / "lease.json").read_bytes())
        refused = run(study, store, environment=ENVIRONMENT)
        assert refused.returncode == 75
        assert f"held by process {sleeper.pid}" in refused.stderr
        time.sleep(LEASE_SECONDS)
        with driver(study, store) as successor:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while json.loads((store / "sessions" / "lease.json").read_bytes())["session"] == held["session"]:
                assert successor.poll() is None, successor.communicate()[1]
                assert time.monotonic() < deadline
                time.sleep(0.1)
            await_commits(store, len(committed_ids(store)) + 1)
            sleeper.send_signal(signal.SIGCONT)
            said = sleeper.communicate(timeout=PATIENCE_SECONDS)
            assert sleeper.returncode == 75, said
            assert "another driver, which took this one for dead" in said[0]
            errors = successor.communicate(timeout=PATIENCE_SECONDS)[1]
            assert successor.returncode == 0, errors
    assert len(committed_ids(store)) == TRIALS
    assert broken_invariants(store) == []
    assert sorted(path.name for path in (store / "data").iterdir()) == sorted(
        Path(file.path).name for record in commits(store) for file in record.files
    )
    assert digest(store) == undisturbed_digest


def test_two_at_once_and_a_holder_elsewhere(survival_study: Path, tmp_path: Path) -> None:
    """Of two drivers started together one works, and the other ends with exit code 75 naming it; so it does for a
    holder on another host, as long as that one gives signs of life."""
    study, store = survival_study, tmp_path / "store"
    few = ["seeds=1", "methods=[rp-ai]"]
    with driver(study, store, *few) as one, driver(study, store, *few) as other:
        said = {each.pid: each.communicate(timeout=PATIENCE_SECONDS)[1] for each in (one, other)}
        winner, loser = (one, other) if one.returncode == 0 else (other, one)
        assert winner.returncode == 0, said
        # One that comes when all is done has nothing to do.
        assert loser.returncode in (0, 75), said
        if loser.returncode == 75:
            assert f"held by process {winner.pid}" in said[loser.pid]
    assert broken_invariants(store) == []

    lease = store / "sessions" / "lease.json"
    lease.write_text(json.dumps({"session": "s", "host": "elsewhere", "boot": "b", "pid": 1, "running": []}))
    ended = threading.Event()

    def live() -> None:
        while not ended.wait(0.2):
            lease.touch()

    alive = threading.Thread(target=live)
    alive.start()
    try:
        done = run(study, store, "seeds=2", "methods=[rp-ai]", environment=ENVIRONMENT)
    finally:
        ended.set()
        alive.join()
    assert done.returncode == 75
    assert "held by process 1 on elsewhere" in done.stderr
