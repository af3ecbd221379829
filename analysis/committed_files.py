"""The only files that DuckDB sees: what a store has committed, to be read and never written."""

from __future__ import annotations

import functools
import io
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from fsspec import AbstractFileSystem  # type: ignore[import-untyped]

from runner.store.files import StoreError

PROTOCOL = "committed"


class CommittedFiles(AbstractFileSystem):  # type: ignore[misc]
    """A read-only file system of the named files below `root`, whose addresses are committed://<relative path>.

    DuckDB counts a path that it may read as one that it may write, and a SELECT can carry a COPY in its WITH clause:
    a committed file would not be safe under its own name. Here there is no way to open one for writing. Any other
    address, and any listing, finds nothing. A file that a compaction takes away while a query runs is made again by
    `restore`, from where its rows are now.
    """

    protocol = PROTOCOL
    cachable = False

    def __init__(self, root: Path, relative_paths: Iterable[str], restore: Callable[[str], bytes]) -> None:
        super().__init__()
        self._paths = {f"{PROTOCOL}://{relative}": inside(root, relative) for relative in relative_paths}
        self._restored = functools.lru_cache(maxsize=8)(lambda path: restore(path.removeprefix(f"{PROTOCOL}://")))

    def open(self, path: str, mode: str = "rb", **options: Any) -> BinaryIO:
        """A committed file's bytes; PermissionError for any other mode than reading."""
        if mode != "rb":
            raise PermissionError(f"{path}: committed files are never written")
        try:
            file: BinaryIO = self._path(path).open("rb")
        except FileNotFoundError:
            file = io.BytesIO(self._restored(path))
        return cast("BinaryIO", SharedFile(file))

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        """Name, size and type, as fsspec describes a file."""
        try:
            size = self._path(path).stat().st_size
        except FileNotFoundError:
            size = len(self._restored(path))
        return {"name": path, "size": size, "type": "file"}

    def modified(self, path: str) -> datetime:
        """When the file was written: DuckDB drops what it cached of an older one."""
        try:
            return datetime.fromtimestamp(self._path(path).stat().st_mtime, UTC)
        except FileNotFoundError:
            return datetime.fromtimestamp(0, UTC)

    def glob(self, path: str, maxdepth: int | None = None, **options: Any) -> list[str]:
        """The file itself: an address is never a pattern."""
        return [path] if path in self._paths else []

    def _path(self, address: str) -> Path:
        if address not in self._paths:
            raise PermissionError(f"{address} is not a committed file of this store")
        return self._paths[address]


class SharedFile(io.RawIOBase):
    """A file of which every thread has a position of its own.

    DuckDB's threads share the handle of a file that a query scans twice: no thread's seek may move another's read.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._own = threading.local()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return int(getattr(self._own, "position", 0))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with self._lock:
            start = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell()}.get(whence)
            self._own.position = offset + (self._file.seek(0, io.SEEK_END) if start is None else start)
        return self.tell()

    def read(self, size: int | None = -1) -> bytes:
        with self._lock:
            self._file.seek(self.tell())
            data = self._file.read(-1 if size is None else size)
        self._own.position = self.tell() + len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def inside(root: Path, relative: str) -> Path:
    """The path of a store's file; StoreError if a record names a place outside the store."""
    parts = PurePosixPath(relative)
    if parts.is_absolute() or ".." in parts.parts:
        raise StoreError(f"the store at {root} names the file '{relative}', which lies outside it; do not trust it")
    return root / relative


def address(relative: str) -> str:
    """A committed file as a quoted SQL string."""
    return "'" + f"{PROTOCOL}://{relative}".replace("'", "''") + "'"
