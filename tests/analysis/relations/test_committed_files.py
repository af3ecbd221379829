"""What DuckDB reads: a file that several threads share without moving each other."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from analysis.relations.checked_files import CheckedFiles
from analysis.relations.committed_files import CommittedFiles, SharedFile
from analysis.relations.recorded_files import Recorded
from runner.store.errors import StoreError


def test_a_seek_of_another_thread_does_not_move_a_read() -> None:
    """Each thread reads where it last looked for itself, whatever the others do in between."""
    file = SharedFile(io.BytesIO(bytes(range(100))))
    file.seek(10)
    with ThreadPoolExecutor(max_workers=1) as other:
        assert other.submit(file.seek, 90).result() == 90
        assert file.read(3) == bytes([10, 11, 12])
        assert other.submit(file.read, 2).result() == bytes([90, 91])
    assert file.tell() == 13


def test_size_and_age_are_those_of_the_handle_that_is_open(tmp_path: Path) -> None:
    """A file that goes while it is open keeps its size; its successor, of other bytes, is told and has its own."""
    (tmp_path / "rows").write_bytes(bytes(50))
    recorded = {"rows": Recorded(50, sha256(bytes(50)).hexdigest())}
    files = CommittedFiles(CheckedFiles(tmp_path, recorded, restore=lambda path: bytes(37)))
    name = "committed://rows"
    before = files.modified(name), files.info(name)["size"]
    with files.open(name) as first:
        (tmp_path / "rows").unlink()
        assert (files.info(name)["size"], len(first.read())) == (50, 50)
        age = files.modified(name)
    with pytest.raises(StoreError, match="ask again"):
        files.open(name)
    with files.open(name) as second:
        assert (files.info(name)["size"], len(second.read())) == (37, 37)
        assert files.modified(name) not in (age, *before)


def test_it_reads_as_a_file_does(tmp_path: Path) -> None:
    """Seeking from the start, from here and from the end, and reading to the end, past it and into a buffer."""
    content = bytes(range(50))
    (tmp_path / "rows").write_bytes(content)
    files = CheckedFiles(tmp_path, {"rows": Recorded(50, sha256(content).hexdigest())})
    with CommittedFiles(files).open("committed://rows") as file:
        assert (file.seek(-2, io.SEEK_END), file.read()) == (48, bytes([48, 49]))
        assert (file.seek(5), file.seek(5, io.SEEK_CUR), file.read(1)) == (5, 10, b"\n")
        assert (file.seek(60), file.read(1)) == (60, b"")
        buffer = bytearray(4)
        file.seek(1)
        assert (file.readinto(buffer), bytes(buffer)) == (4, bytes([1, 2, 3, 4]))  # type: ignore[attr-defined]
