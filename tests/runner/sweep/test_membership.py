"""Beginning and ending with Ray, which may hang: everything is bounded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.sweep.environment import prepare

prepare(None)

import ray  # noqa: E402

from runner.sweep import connection, membership  # noqa: E402
from runner.sweep.environment import ClusterError  # noqa: E402
from runner.sweep.membership import Membership  # noqa: E402


@pytest.fixture
def hung() -> Iterator[threading.Event]:
    """What a Ray that hangs waits for: the end of the test."""
    over = threading.Event()
    yield over
    over.set()


def test_a_shutdown_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch, hung: threading.Event) -> None:
    """After the time it may take, what is left of a cluster of our own is killed, and nothing is waited for."""
    killed: list[bool] = []
    monkeypatch.setattr(ray, "shutdown", hung.wait)
    monkeypatch.setattr(membership, "END_SECONDS", 0.05)
    monkeypatch.setattr(membership, "kill_own_cluster", lambda: killed.append(True))
    member = Membership(lambda: None)
    member.begin(None)
    member.end(is_dead=False)
    assert killed == [True]


def test_a_dead_cluster_is_not_asked_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray would wait for what is no longer there, and end this process."""
    asked: list[bool] = []
    monkeypatch.setattr(ray, "shutdown", lambda: asked.append(True))
    member = Membership(lambda: None)
    member.begin(None)
    member.end(is_dead=True)
    assert asked == []


@pytest.mark.parametrize(("mode", "ends"), [("a", True), ("r", False)])
def test_whoever_writes_in_the_folder_of_a_dead_cluster_is_killed(tmp_path: Path, mode: str, ends: bool) -> None:
    """Also a process whose parent is long dead; one that only reads there, as `tail -f` does, is left alone."""
    folder, ready = tmp_path / "logs", tmp_path / "ready"
    folder.mkdir()
    (folder / "agent.log").touch()
    script = "import sys, time; f = open(sys.argv[1], sys.argv[2]); open(sys.argv[3], 'w').close(); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script, str(folder / "agent.log"), mode, str(ready)]) as process:
        while not ready.exists():
            time.sleep(0.01)
        membership.kill_writers(folder)
        assert (process.poll() is not None) is ends
        process.kill()


def test_a_cluster_that_never_lets_us_in_is_a_cluster_error(
    monkeypatch: pytest.MonkeyPatch, hung: threading.Event
) -> None:
    """Something listens, but Ray never returns: refused in words when the time is over."""
    monkeypatch.setattr(ray, "init", lambda **_: hung.wait())
    monkeypatch.setattr(connection, "MUTE_SECONDS", 0.05)
    monkeypatch.setattr(connection, "_await_listener", lambda address: None)
    with (
        pytest.raises(
            ClusterError, match=r"no Ray cluster could be joined at 10\.0\.0\.1:6379 \(no answer for 0\.05 s"
        ),
        connection.given_cluster("10.0.0.1:6379", lambda: False),
    ):
        pytest.fail("it was let in")


def test_a_ray_that_cannot_start_is_a_cluster_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says why; the folder that was made for it is gone."""

    def refuse(**options: str) -> None:
        folders.append(Path(options["_temp_dir"]))
        raise RuntimeError("no room in /dev/shm\nand more")

    folders: list[Path] = []
    monkeypatch.setattr(ray, "init", refuse)
    with (
        pytest.raises(ClusterError, match=r"Ray could not be started on this machine \(no room in /dev/shm\)$"),
        connection.own_cluster(1, lambda: False),
    ):
        pytest.fail("it started")
    assert not folders[0].parent.exists()


def test_where_nothing_listens_is_tried_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster that only just starts is waited for; a dead address is refused."""
    now, looks = [0.0], [0]

    def listens(host: str, port: int) -> bool:
        looks[0] += 1
        return looks[0] > 3 and port == 6379

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    connection._await_listener("10.0.0.1:6379", listens)
    assert looks[0] == 4
    with pytest.raises(TimeoutError, match="nothing listens there, tried for 30 s"):
        connection._await_listener("10.0.0.1:6380", listens)
    assert now[0] < connection.SILENT_SECONDS + 10


def test_what_ray_starts_does_not_hear_of_a_closed_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGHUP is blocked in every process that Ray starts, and in this one it is not."""
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    words: list[str] = []
    member = Membership(
        lambda: words.append(subprocess.check_output(["grep", "SigBlk", "/proc/self/status"], text=True))
    )
    member.begin(None)
    member.end(is_dead=False)
    assert int(words[0].split()[1], 16) & 1 << (signal.SIGHUP - 1)
    assert signal.SIGHUP not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_process_that_knew_ray_leaves_at_once() -> None:
    """What Ray and others registered for the end of the interpreter may hang: the exit code counts, and the output."""
    script = (
        "import atexit, sys, time, types; sys.modules['ray'] = types.ModuleType('ray'); "
        "atexit.register(time.sleep, 60); sys.argv = ['piesweep', 'plan', 'no-such-study']; "
        "from runner.command_line import main; main()"
    )
    root = {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=50, env=os.environ | root, check=False
    )
    assert done.returncode == 2
    assert "no-such-study" in done.stderr


def test_the_folder_of_our_own_cluster_leaves_room_for_its_sockets() -> None:
    """In a usual place for temporary files, with the highest process number there is."""
    folder = "/tmp/piesweep-ray-abcdef-4194304-abcd"
    assert len(folder) <= connection.LONGEST_SOCKET - len(connection.SOCKET)
