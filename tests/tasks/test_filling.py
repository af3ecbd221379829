"""What a node keeps is filled once, by one of the processes that want it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.filling import filled
from tasks.manifest import DamageError, require_whole

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
print(sorted(path.name for path in target.iterdir() if path.name != "manifest.json"))
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


def fill(folder: Path) -> None:
    """Two files, one of them deeper."""
    (folder / "deep").mkdir()
    (folder / "first").write_bytes(b"\0\1\2\3")
    (folder / "deep" / "second").write_text("2")


def content(folder: Path) -> dict[str, bytes]:
    """What the files hold that `fill` writes, and any other."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


FILLED = {"first": b"\0\1\2\3", "deep/second": b"2"}


def copied_from_another(folder: Path) -> None:
    """Put the whole content of another filled folder there, its manifest too."""
    other = filled(folder.with_name("other"), lambda fresh: (fresh / "first").write_bytes(b"????"))
    for path in [folder / "first", folder / "deep" / "second", folder / "manifest.json"]:
        path.unlink()
    (folder / "deep").rmdir()
    for path in other.iterdir():
        path.rename(folder / path.name)


DAMAGES = {
    "zeroed": (lambda folder: (folder / "first").write_bytes(bytes(4)), "first has other bytes"),
    "cut": (lambda folder: (folder / "first").write_bytes(b"\0"), "first has other bytes"),
    "lost": (lambda folder: (folder / "deep" / "second").unlink(), "deep/second is missing"),
    "foreign": (lambda folder: (folder / "deep" / "third").write_text("3"), "deep/third is none of its files"),
    "unmanifested": (lambda folder: (folder / "manifest.json").unlink(), "it has no manifest.json"),
    "no JSON": (lambda folder: (folder / "manifest.json").write_text("{"), "its manifest.json is damaged"),
    "other JSON": (lambda folder: (folder / "manifest.json").write_text("[]"), "its manifest.json is damaged"),
    "copied": (copied_from_another, "its manifest.json is that of 'other'"),
    "FIFO": (lambda folder: ((folder / "first").unlink(), os.mkfifo(folder / "first")), "first is no regular file"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_filled_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str) -> None:
    """Zeroed, cut, lost, foreign or unmanifested content is never served: one line says so, and it is filled again."""
    folder = filled(tmp_path / "cache", fill)
    assert capsys.readouterr().err == ""
    do, said = DAMAGES[damage]
    do(folder)
    assert content(filled(folder, fill)) == FILLED
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert str(folder) in line
    require_whole(folder)
    assert {path.name for path in tmp_path.iterdir()} <= {"cache", "other"}


def test_a_change_behind_an_equal_time_is_seen_by_the_next_process(tmp_path: Path) -> None:
    """A flip that keeps size and time is found by a process that has not hashed the file."""
    folder = filled(tmp_path / "cache", fill)
    times = (folder / "first").stat()
    (folder / "first").write_bytes(bytes(4))
    os.utime(folder / "first", ns=(times.st_atime_ns, times.st_mtime_ns))
    words = [sys.executable, "-c", FILLER, str(folder), str(tmp_path / "log")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2], timeout=60)
    assert (done.stdout, "first has other bytes" in done.stderr) == ("['first', 'second']\n", True)


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link in the folder's place, or in it, is taken away itself: what it leads to stays as it is."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "first").write_text("mine")
    folder = tmp_path / "cache" / "here"
    folder.parent.mkdir()
    folder.symlink_to(tmp_path / "precious")
    assert content(filled(folder, fill)) == FILLED
    (folder / "deep" / "second").unlink()
    (folder / "deep" / "second").symlink_to(tmp_path / "precious" / "first")
    (folder / "away").symlink_to(tmp_path / "precious")
    assert content(filled(folder, fill)) == FILLED
    assert not folder.is_symlink()
    assert content(tmp_path / "precious") == {"first": b"mine"}


def test_what_cannot_be_filled_anew_stays_unused(tmp_path: Path) -> None:
    """A filling that fails leaves the damaged folder where it was, and nothing is served."""
    folder = filled(tmp_path / "cache", fill)
    (folder / "first").write_bytes(bytes(4))

    def fail(_: Path) -> None:
        raise OSError("no network")

    with pytest.raises(OSError, match="no network"):
        filled(folder, fail)
    assert (folder / "first").read_bytes() == bytes(4)
    with pytest.raises(DamageError):
        require_whole(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_files_are_forced_before_the_folder_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file, the manifest and the folders are forced to disk under the name aside, then the parent."""
    forced: list[str] = []
    monkeypatch.setattr("tasks.manifest._force", lambda path: forced.append(path.relative_to(tmp_path).as_posix()))
    filled(tmp_path / "cache", fill)
    *before, parent = forced
    names = [path.partition("/")[2] for path in before]
    assert parent == "."
    assert all(path.startswith(".filling-") for path in before)
    assert sorted(names) == sorted(
        ["cache/deep/second", "cache/deep", "cache/first", "cache", "cache/manifest.json", "cache"]
    )
    assert names[-2:] == ["cache/manifest.json", "cache"]
