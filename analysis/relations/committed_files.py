"""Show DuckDB a store's committed files and no others, to be read and never written."""

from __future__ import annotations

import io
import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

import duckdb
from fsspec import AbstractFileSystem  # type: ignore[import-untyped]

from analysis.relations.checked_files import CheckedFiles
from runner.store.errors import StoreError

PROTOCOL = "committed"

_damage: deque[StoreError] = deque(maxlen=16)
"""What was found where DuckDB read: it tells of the text of an error in a file system of ours, and of nothing else."""


def damage_behind(error: duckdb.Error) -> StoreError | None:
    """The damage to a store's file for which DuckDB has given up; None where it had another reason."""
    return next((found for found in reversed(_damage) if str(found) in str(error)), None)


class CommittedFiles(AbstractFileSystem):  # type: ignore[misc]
    """A read-only file system of a store's files, whose addresses are committed://<relative path>.

    DuckDB counts a path that it may read as one that it may write, and a SELECT can carry a COPY in its WITH clause:
    a committed file would not be safe under its own name. Here there is no way to open one for writing. Any other
    address, and any listing, finds nothing.
    """

    protocol = PROTOCOL
    cachable = False

    def __init__(self, files: CheckedFiles) -> None:
        super().__init__()
        self._files = files
        self._last: dict[int, tuple[str, os.stat_result]] = {}

    def open(self, path: str, mode: str = "rb", **options: Any) -> BinaryIO:
        """A committed file's bytes; PermissionError for any other mode than reading."""
        if mode != "rb":
            raise PermissionError(f"{path}: committed files are never written")
        with _damage_remembered():
            file = self._files.open(self._path(path))
        # DuckDB asks for size and age by the path, and means the handle that the same thread has just opened. Its own
        # threads are new to Python at every call: they keep nothing in a threading.local, but their number.
        self._last[threading.get_ident()] = path, os.fstat(file.fileno())
        return cast("BinaryIO", SharedFile(file))

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        """Name, size and type, as fsspec describes a file."""
        relative, last = self._path(path), self._opened(path)
        with _damage_remembered():
            size = last.st_size if last else self._files.size(relative)
        return {"name": path, "size": size, "type": "file"}

    def modified(self, path: str) -> datetime:
        """An age by which DuckDB drops what it cached of other bytes: long ago, and another one for another file.

        Committed files are never written to again; but one that a compaction takes away is made again in another form.
        """
        self._path(path)
        last = self._opened(path)
        # Not the inode alone, which a file that is made next may be given again.
        age = hash((last.st_dev, last.st_ino, last.st_size, last.st_mtime_ns)) % 2**32 if last else 0
        return datetime.fromtimestamp(age / 1000, UTC)

    def _opened(self, path: str) -> os.stat_result | None:
        """What this thread opened last, if it was this file."""
        last, found = self._last.get(threading.get_ident(), ("", None))
        return found if last == path else None

    def glob(self, path: str, maxdepth: int | None = None, **options: Any) -> list[str]:
        """The file itself: an address is never a pattern."""
        return [path] if self._relative(path) in self._files else []

    def _path(self, address: str) -> str:
        relative = self._relative(address)
        if relative not in self._files:
            raise PermissionError(f"{address} is not a committed file of this store")
        return relative

    @staticmethod
    def _relative(address: str) -> str:
        return address.removeprefix(f"{PROTOCOL}://") if address.startswith(f"{PROTOCOL}://") else ""


@contextmanager
def _damage_remembered() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        _damage.append(StoreError(str(error)))  # without the frames, which would hold the connection for ever
        raise


class SharedFile(io.RawIOBase):
    """A file of which every thread has a position of its own.

    DuckDB's threads share the handle of a file that a query scans twice: no thread's seek may move another's read.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._own: dict[int, int] = {}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._own.get(threading.get_ident(), 0)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with self._lock:
            start = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell()}.get(whence)
            self._own[threading.get_ident()] = offset + (self._file.seek(0, io.SEEK_END) if start is None else start)
        return self.tell()

    def read(self, size: int | None = -1) -> bytes:
        with self._lock:
            self._file.seek(self.tell())
            data = self._file.read(-1 if size is None else size)
        self._own[threading.get_ident()] = self.tell() + len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def address(relative: str) -> str:
    """A committed file as a quoted SQL string."""
    return "'" + f"{PROTOCOL}://{relative}".replace("'", "''") + "'"
