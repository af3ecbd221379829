"""What a node keeps is filled once, by one of the processes that want it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

FILLER = """
import pathlib, sys, time
from tasks.filling import filled

target, log = map(pathlib.Path, sys.argv[1:])

def fill(folder):
    with log.open("a") as file:
        file.write("filled\\n")
    (folder / "first").write_text("1")
    time.sleep(0.5)
    (folder / "second").write_text("2")

filled(target, fill)
print(sorted(path.name for path in target.iterdir()))
"""


def filler(target: Path, log: Path) -> subprocess.Popen[str]:
    """A process that wants the folder."""
    words = [sys.executable, "-c", FILLER, str(target), str(log)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


def test_two_processes_fill_once(tmp_path: Path) -> None:
    """Both find the whole folder, one of them filled it, and nothing else is left."""
    processes = [filler(tmp_path / "cache", tmp_path / "log") for _ in range(2)]
    found = [process.communicate(timeout=60)[0] for process in processes]
    assert found == ["['first', 'second']\n"] * 2
    assert (tmp_path / "log").read_text() == "filled\n"
    assert {path.name for path in tmp_path.iterdir()} == {"cache", "log"}


def test_who_dies_while_filling_is_replaced(tmp_path: Path) -> None:
    """SIGKILL in the middle leaves no folder that looks whole; who waited fills it."""
    first = filler(tmp_path / "cache", tmp_path / "log")
    deadline = time.monotonic() + 60
    while not (tmp_path / "log").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    second = filler(tmp_path / "cache", tmp_path / "log")
    os.kill(first.pid, signal.SIGKILL)
    first.communicate(timeout=60)
    assert second.communicate(timeout=60)[0] == "['first', 'second']\n"
    assert (tmp_path / "log").read_text() == "filled\nfilled\n"
