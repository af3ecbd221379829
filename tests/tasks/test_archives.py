"""Reading a user's folder or archive."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import Any, cast

import pytest

from tasks import archives
from tasks.archives import read_files
from tasks.base import TaskError

FILES = {"top/b.txt": b"two", "top/a.txt": b"one", "top/skip.bin": b"no"}


def write(form, path):
    """The same files as a folder, a tar or a zip."""
    if form == "folder":
        for name, content in FILES.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
        return path
    target = path / f"files{form}"
    if form == ".zip":
        with zipfile.ZipFile(target, "w") as bundle:
            for name, content in FILES.items():
                bundle.writestr(name, content)
        return target
    with tarfile.open(target, cast("Any", f"w:{form.rpartition('.')[2]}")) as archive:
        for name, content in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return target


@pytest.mark.parametrize("form", ["folder", ".zip", ".tar.gz", ".tar.xz", ".tar.bz2"])
def test_every_form_gives_the_same_files(form, tmp_path):
    """Folder and archives give the wanted files by name, and only them."""
    source = write(form, tmp_path)
    assert list(read_files(source, lambda name: name.endswith(".txt"))) == [
        ("top/a.txt", b"one"),
        ("top/b.txt", b"two"),
    ]


def test_links_in_archives_are_not_followed(tmp_path):
    """A link that points at a file of the machine is no file of the archive."""
    with tarfile.open(tmp_path / "links.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo("a.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    assert list(read_files(tmp_path / "links.tar.gz", lambda name: True)) == []


def test_a_damaged_archive_is_named(tmp_path):
    """A cut download is an error that names the file."""
    source = write(".tar.xz", tmp_path)
    source.write_bytes(source.read_bytes()[:40])
    with pytest.raises(TaskError, match=r"files\.tar\.xz cannot be read"):
        list(read_files(source, lambda name: True))


@pytest.mark.parametrize("form", ["folder", ".zip", ".tar.gz"])
def test_a_huge_file_is_refused(form, tmp_path, monkeypatch):
    """A member above the limit is refused before it is read."""
    monkeypatch.setattr(archives, "LARGEST_FILE", 2)
    with pytest.raises(TaskError, match="more than the 2 allowed"):
        list(read_files(write(form, tmp_path), lambda name: True))


def test_other_sources_are_refused(tmp_path):
    """A missing path and a file of another kind each say what is allowed."""
    (tmp_path / "plain.txt").write_text("x")
    with pytest.raises(TaskError, match="does not exist"):
        list(read_files(tmp_path / "absent", lambda name: True))
    with pytest.raises(TaskError, match="neither a folder nor an archive"):
        list(read_files(tmp_path / "plain.txt", lambda name: True))
