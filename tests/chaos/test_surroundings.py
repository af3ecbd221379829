"""What surrounds a sweep: Ray's files and processes, signals, the terminal, the store's folder. Real processes."""

from __future__ import annotations

import contextlib
import os
import pty
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from runner.store.events import events_of
from runner.store.reader import committed_ids
from runner.store.verify import broken_invariants
from tests.cluster.ray_nodes import MARK, free_ports, is_worker, lives, ray_nodes
from tests.cluster.saved_states import saved

SECRETS = {
    "AWS_ACCESS_KEY_ID": "marker-of-a-key-id",
    "AWS_SECRET_ACCESS_KEY": "marker-of-a-secret",
    "AWS_SESSION_TOKEN": "marker-of-a-session",
    "AZURE_STORAGE_KEY": "marker-of-azure",
    "FSSPEC_S3_SECRET": "marker-of-fsspec",
    "GOOGLE_API_KEY": "marker-of-google",
    "HF_TOKEN": "marker-of-a-hub",
}
STUDY = """
name: surroundings
tasks: [digits]
models: [convnet]
methods: [rp-ai]
sparsities: [0.9]
seeds: 2
training: {epochs: 3, batch_size: 8, learning_rate: 0.003}
record: {splits: [test], el2n: false}
"""
TRIALS = 4
PATIENCE_SECONDS = 300.0
NOTICE_SECONDS = 90.0
"""Until a driver has left a dead cluster: a second to notice, the rest for the end, on a busy machine."""
GONE_SECONDS = 120.0
"""Until nothing is left of a driver that was killed: Ray's agents try for a minute to tell a head that died with it."""

pytestmark = [pytest.mark.cluster, pytest.mark.chaos, pytest.mark.timeout(600)]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Four trials of a second or two."""
    path = tmp_path / "study.yaml"
    path.write_text(STUDY)
    return path


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for temporary files of this test alone, by which its processes are known too."""
    folder = short_folder()
    try:
        yield folder
    finally:
        for process in processes(folder):
            with contextlib.suppress(psutil.Error):
                process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def short_folder() -> Path:
    """A new folder with a path so short that Ray's sockets fit below a folder in it."""
    while True:
        with contextlib.suppress(FileExistsError):
            folder = Path("/tmp") / secrets.token_hex(2)[:3]
            folder.mkdir(mode=0o700)
            return folder


def processes(place: Path) -> list[psutil.Process]:
    """All that was started with this folder for temporary files, and still runs."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARK) == str(place) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@contextmanager
def driver(
    study: Path, store: Path, place: Path, *options: str, environment: Mapping[str, str] | None = None, **how: Any
) -> Iterator[subprocess.Popen[str]]:
    """`piesweep run` on a cluster of its own, at work."""
    words = [sys.executable, "-m", "runner.command_line", "run", str(study), "--store", str(store), *options]
    own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    own |= {"TMPDIR": str(place), MARK: str(place), **(environment or {})}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True} | how
    with subprocess.Popen(words, text=True, env=own, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def await_(condition: Callable[[], object], process: subprocess.Popen[str], patience: float = PATIENCE_SECONDS) -> None:
    """Wait until something is so, while a process works."""
    deadline = time.monotonic() + patience
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.05)


def gone(place: Path) -> bool:
    """True once no process is left."""
    deadline = time.monotonic() + GONE_SECONDS
    while processes(place) and time.monotonic() < deadline:
        time.sleep(0.2)
    return not processes(place)


def below(folder: Path) -> Iterator[Path]:
    """Everything in a folder that changes meanwhile; links are not followed."""
    for at, folders, files in os.walk(folder, onerror=None):
        yield from (Path(at) / name for name in (*folders, *files))


def ours(names: Iterable[str]) -> set[str]:
    """Names but that of the empty locks by which a user's processes on a node fill caches in turn: they stay."""
    return {name for name in names if not name.startswith("piesweep-locks-")}


def open_to_others(folder: Path) -> list[str]:
    """What others can reach in a folder, with its mode: what lies in a closed one is out of reach."""
    found = []
    for path in sorted(folder.iterdir()):
        with contextlib.suppress(FileNotFoundError):
            mode = stat.S_IMODE(path.lstat().st_mode)
            if mode & 0o077 and not path.is_symlink():
                found.append(f"{mode:o} {path}")
            if path.is_dir() and not path.is_symlink() and mode & 0o011:
                found += open_to_others(path)
    return found


def holding(folder: Path, words: list[str]) -> list[str]:
    """Files in a folder that hold one of the words, and the word."""
    found = []
    for path in below(folder):
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                found += [f"{path}: {word}" for word in words if word.encode() in content]
    return found


def test_nothing_of_a_run_is_open_to_others_tells_a_secret_or_stays(
    study: Path, tmp_path: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """While a study runs, after SIGKILL, and after the next start under nohup, which a closed terminal does not stop:
    a listing of what lies outside the store, its modes, and what it holds of credentials and of the cluster's token.
    The store keeps the user's own umask; no home folder is needed."""
    store, told = tmp_path / "store", {**SECRETS, "HOME": "/dev/null/home", "PIESWEEP_CACHE": str(tmp_path / "cache")}
    with driver(study, store, place, environment=told, umask=0o027) as first:
        await_(lambda: committed_ids(store), first)
        token = next(p.environ()["RAY_AUTH_TOKEN"] for p in processes(place) if is_worker(p))
        assert len(token) == 64
        assert holding(place, [*SECRETS.values(), token]) == []
        listing = [f"{stat.S_IMODE(path.lstat().st_mode):o} {path.name}" for path in sorted(place.iterdir())]
        assert {line.split("-")[1] for line in listing if "piesweep-" in line} >= {"ray", "tune"}
        assert open_to_others(place) == []
        size = sum(path.lstat().st_size for path in below(place))
        first.kill()
        first.wait()
    assert gone(place)
    assert holding(place, list(SECRETS.values())) == []
    left = sorted(path.name for path in place.iterdir())
    assert any(name.startswith("piesweep-ray-") for name in left)  # the kill left something to sweep
    ignoring = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)}
    with driver(study, store, place, environment=told, umask=0o027, **ignoring) as second:
        done = len(committed_ids(store))
        await_(lambda: len(committed_ids(store)) > done, second)
        second.send_signal(signal.SIGHUP)
        assert ours(left) & ours(path.name for path in place.iterdir()) == set()
        output = second.communicate(timeout=PATIENCE_SECONDS)
    assert second.returncode == 0, output
    assert gone(place)
    after = sorted(path.name for path in place.iterdir())
    with capsys.disabled():
        print(f"\nwhile it runs ({size:,} bytes): {listing}\nafter the kill: {left}\nafter the next run: {after}")
    assert ours(after) == set()
    assert open_to_others(place) == []
    assert not [*Path("/tmp/ray").glob(f"*_{first.pid}"), *Path("/tmp/ray").glob(f"*_{second.pid}")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in below(store) if path.is_file()} == {0o640}
    assert {stat.S_IMODE(path.stat().st_mode) for path in below(store) if path.is_dir()} == {0o750}
    assert broken_invariants(store) == []


def unexpected(errors: str) -> list[str]:
    """Lines that not every run prints: advice, the task, what there is to do, that Ray starts or is joined, counts."""
    usual = ("seeds: ", "task ", "trials committed", "trials to do", "starting Ray here", "joining the Ray cluster")
    return [line for line in errors.splitlines() if not any(part in line for part in usual)]


@pytest.mark.parametrize(("name", "said"), [("raylet", "node process"), ("gcs_server", "head process")])
def test_a_dead_process_of_ray_ends_the_run_with_a_word(
    study: Path, tmp_path: Path, place: Path, name: str, said: str
) -> None:
    """SIGKILL, as for want of memory, of the node's or the head's process of a cluster of our own: exit code 75, one
    line that says so, nothing of Ray left running, and a store that the next run may have at once."""
    store = tmp_path / "store"
    with driver(study, store, place, "training.epochs=40") as process:
        await_(lambda: saved(store), process)
        started = psutil.Process(process.pid).children(recursive=True)
        next(p for p in started if p.name() == name).kill()
        output, errors = process.communicate(timeout=NOTICE_SECONDS)
    assert process.returncode == 75, errors
    assert [process for process in psutil.wait_procs(started, timeout=1.0)[1] if lives(process)] == []
    assert f"stopped by the death of Ray's {said} ({name}), run again to finish (exit code 75)" in output
    assert unexpected(errors) == []
    assert gone(place)
    assert not (store / "sessions" / "lease.json").exists()
    assert ours(path.name for path in place.iterdir()) == set()
    assert broken_invariants(store) == []


def test_a_dead_node_process_of_a_given_cluster_ends_the_run_with_a_word(study: Path, tmp_path: Path) -> None:
    """The node by which the driver belongs to a cluster that it did not start dies: likewise."""
    store = tmp_path / "store"
    with ray_nodes(cpus=2) as nodes:
        told = nodes.environment | SECRETS
        options = ["--address", nodes.address, "training.epochs=40"]
        with driver(study, store, nodes.folder, *options, environment=told) as process:
            await_(lambda: saved(store), process)
            assert holding(nodes.folder, list(SECRETS.values())) == []
            nodes.raylet("head").kill()
            output, errors = process.communicate(timeout=NOTICE_SECONDS)
    assert process.returncode == 75, errors
    assert "stopped by the death of " in output
    assert "run again to finish (exit code 75)" in output
    assert not (store / "sessions" / "lease.json").exists()


def test_a_stop_is_heard_while_ray_starts_and_where_no_ray_is(study: Path, tmp_path: Path, place: Path) -> None:
    """SIGTERM during the start of a cluster of our own: exit code 75 with a word. An address where nothing listens:
    exit code 2 with a line after half a minute. Neither writes anything."""
    store, nowhere = tmp_path / "store", {"RAY_ADDRESS": f"127.0.0.1:{free_ports(1)[0]}"}
    with driver(study, tmp_path / "dead", place, environment=nowhere) as dead:
        began = time.monotonic()
        with driver(study, store, place) as process:
            await_(lambda: any(p.name() == "gcs_server" for p in processes(place)), process)
            process.terminate()
            output, errors = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 75, errors
        assert f"0 of {TRIALS} trials committed; stopped by SIGTERM, run again to finish (exit code 75)" in output
        assert not store.exists()
        errors = dead.communicate(timeout=PATIENCE_SECONDS)[1]
    assert dead.returncode == 2
    assert f"joined at {nowhere['RAY_ADDRESS']} (nothing listens there, tried for 30 s)" in errors
    assert len(unexpected(errors)) == 1
    assert time.monotonic() - began < PATIENCE_SECONDS / 2
    assert not (tmp_path / "dead").exists()
    assert gone(place)


def test_a_closed_terminal_stops_a_run_in_order(study: Path, tmp_path: Path, place: Path) -> None:
    """The terminal that shows the live table is closed: SIGHUP reaches all processes of its session and every further
    word fails, yet trials save their state, and the exit code is 75."""
    store = tmp_path / "store"
    ours, theirs = pty.openpty()
    how = {"stdin": theirs, "stdout": theirs, "stderr": theirs, "preexec_fn": _controlled}
    told = {"TMPDIR": "/dev/null/none"}  # cannot be written: another place is found
    with driver(study, store, place, "training.epochs=40", environment=told, **how) as process:
        os.close(theirs)
        os.set_blocking(ours, False)

        def reading() -> bool:
            with contextlib.suppress(BlockingIOError):
                os.read(ours, 65536)
            return bool(saved(store))

        await_(reading, process)
        os.close(ours)
        assert process.wait(PATIENCE_SECONDS) == 75
    assert [event["trial_id"] for event in events_of(store, "trial-stopped")]
    assert not (store / "sessions" / "lease.json").exists()
    assert gone(place)


def _controlled() -> None:
    """Make the terminal on standard input the one that controls this new session."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_moved_store_is_called_by_its_name(study: Path, tmp_path: Path, place: Path) -> None:
    """The store's folder is moved while a study runs: no other driver is blamed, and it is not made anew. The place for
    temporary files is too long for sockets: Ray's folder lies in another, as private, and goes too."""
    store, long = tmp_path / "store", tmp_path / ("long" * 20)
    long.mkdir()
    told = {"PIESWEEP_LEASE_SECONDS": "6", "TMPDIR": str(long)}
    with driver(study, store, place, "training.epochs=40", environment=told) as process:
        await_(lambda: saved(store), process)
        (folder,) = Path("/tmp").glob(f"piesweep-ray-*-{process.pid}-*")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        store.rename(tmp_path / "elsewhere")
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 75, errors
    assert f"stopped by the loss of the store: {store} was moved or deleted, run again" in output
    assert "another driver" not in output + errors
    assert not store.exists(), sorted(store.rglob("*"))
    assert not folder.exists()
    assert ours(path.name for path in long.iterdir()) == set()
