"""A store's files on a disk, of this machine or shared: written aside, forced, and named in one step."""

from __future__ import annotations

import contextlib
import io
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from runner.store.errors import StoreError
from runner.store.files.contract import LOOK_SECONDS, MOST_BYTES
from runner.store.files.disk_calls import DiskCalls
from runner.store.files.regular import irregular, open_regular, read_regular, require_own, require_regular

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Disk:
    """The backend of files that the operating system reaches; `calls` are what it asks of it, one by one."""

    appends = True

    def __init__(self, calls: DiskCalls | None = None) -> None:
        self.calls = calls or DiskCalls()

    def create(self, path: Path, content: bytes) -> bool:
        """As the contract says. The content is forced under a name of its own, then hard-linked to the path.

        Linking is atomic and exclusive on local disks, NFS and Lustre alike, so of several writers exactly one wins.
        """
        aside = self._written_aside(path, content)
        try:
            self.calls.link(aside, path)
        except OSError as error:
            # A network file system may repeat a request whose answer was lost: an error does not say that it failed.
            if not _are_one(aside, path):
                if isinstance(error, FileExistsError):
                    return False
                raise
        finally:
            self._drop(aside)
        self.calls.force_folder(path.parent)
        return True

    def replace(self, path: Path, content: bytes) -> None:
        self._take_name(self._written_aside(path, content), path)

    def append(self, log: Path, content: bytes, *, is_new: bool = True) -> None:
        if is_new:
            self._make_folder(log.parent)
        self.calls.append(log, content)

    def take_over(self, path: Path, seen: bytes, content: bytes) -> bool:
        aside = _aside(path)
        try:
            self.calls.rename(path, aside)
        except FileNotFoundError:
            return False
        try:
            if aside.read_bytes() != seen:
                # Somebody else was first, and this is what they put there.
                with contextlib.suppress(FileExistsError):
                    self.calls.link(aside, path)
                return False
        finally:
            self._drop(aside)
        return self.create(path, content)

    def renew(self, path: Path, seen: bytes, content: bytes) -> None:
        if path.read_bytes() == seen:
            self.replace(path, content)

    @contextmanager
    def new_file(self, path: Path) -> Iterator[BinaryIO]:
        self._make_folder(path.parent)
        handle = self.calls.open_new(path)
        try:
            try:
                with io.BufferedWriter(_Raw(handle, self.calls)) as writer:
                    yield cast("BinaryIO", writer)
                    writer.flush()
                    self.calls.force(handle)
            finally:
                self.calls.close(handle)
            self.calls.force_folder(path.parent)
        except BaseException:
            self._drop(path)
            raise

    @contextmanager
    def written(self, path: Path) -> Iterator[Path]:
        self._make_folder(path.parent)
        aside = _aside(path)
        try:
            yield aside
            self.calls.force_written(aside)
        except BaseException:
            self._drop(aside)
            raise
        self._take_name(aside, path)

    def move(self, path: Path, name: Path) -> None:
        path.lstat()
        self._make_folder(name.parent)
        self.calls.rename(path, name)
        self.calls.force_folder(name.parent)
        if name.parent != path.parent:
            self.calls.force_folder(path.parent)

    def discard(self, path: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.calls.remove(path)

    def discard_folder(self, folder: Path) -> None:
        if folder.is_symlink():
            with contextlib.suppress(OSError):
                self.calls.remove(folder)
            return
        for above, folders, names in os.walk(folder, topdown=False):
            for path in (Path(above) / name for name in (*names, *folders)):
                with contextlib.suppress(OSError):
                    is_folder = path.is_dir() and not path.is_symlink()
                    (self.calls.remove_folder if is_folder else self.calls.remove)(path)
        with contextlib.suppress(OSError):
            self.calls.remove_folder(folder)

    def read(self, path: Path, most: int = MOST_BYTES) -> bytes:
        return read_regular(path, most)

    def contents(self, paths: list[Path], *, skip_irregular: bool = False) -> Iterator[tuple[Path, bytes]]:
        for path in paths:
            if not skip_irregular or self.is_regular(path):
                with contextlib.suppress(FileNotFoundError):
                    yield path, self.read(path)

    def opened(self, path: Path, copy: Callable[[], Path]) -> BufferedReader:
        return open_regular(path)

    @contextmanager
    def on_disk(self, path: Path) -> Iterator[Path]:
        require_regular(path)
        yield path

    def parquet_source(self, path: Path) -> Path | BinaryIO:
        require_regular(path)  # nobody writes into a pipe: it would be waited for
        return path

    def stamp(self, path: Path) -> tuple[int, int, int] | None:
        found = path.lstat()
        return found.st_ino, found.st_size, found.st_mtime_ns

    def require_regular(self, path: Path) -> None:
        require_regular(path)

    def is_regular(self, path: Path) -> bool:
        try:
            require_regular(path)
        except (OSError, StoreError):
            return False
        return True

    def require_own(self, folder: Path) -> None:
        require_own(folder)

    def irregular(self, folder: Path, depth: int = 0) -> Iterator[tuple[Path, str]]:
        return irregular(folder, depth)

    def contains(self, root: Path, path: Path) -> bool:
        return path.resolve().is_relative_to(root.resolve())

    def watched(self, path: Path, seconds: float = LOOK_SECONDS) -> Callable[[], bool]:
        return path.exists

    def require_exclusive_creation(self, root: Path) -> None:
        """Any disk creates a second name of a file exclusively."""

    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return {}

    def folder(self, path: Path) -> Path | None:
        return nearest_folder(path)

    def _written_aside(self, path: Path, content: bytes) -> Path:
        self._make_folder(path.parent)
        aside = _aside(path)
        try:
            handle = self.calls.open_new(aside)
            try:
                left = memoryview(content)
                while left:
                    left = left[self.calls.write(handle, left) :]
                self.calls.force(handle)
            finally:
                self.calls.close(handle)
        except BaseException:
            self._drop(aside)
            raise
        return aside

    def _take_name(self, aside: Path, path: Path) -> None:
        try:
            self.calls.rename(aside, path)
        except BaseException:
            self._drop(aside)
            raise
        self.calls.force_folder(path.parent)

    def _make_folder(self, folder: Path) -> None:
        """Make a folder and those above it; each name is forced to disk before anything is put below it."""
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        with contextlib.suppress(FileExistsError):
            self.calls.make_folder(folder)
        self.calls.force_folder(folder.parent)

    def _drop(self, aside: Path) -> None:
        """Remove what was not finished; where that fails too, `runner.store.leftovers` will."""
        with contextlib.suppress(OSError):
            self.calls.remove(aside)


class _Raw(io.RawIOBase):
    """The writing end of a handle, as Python's buffers want it."""

    def __init__(self, handle: int, calls: DiskCalls) -> None:
        self._handle = handle
        self._calls = calls
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, content: ReadableBuffer) -> int:
        count = self._calls.write(self._handle, content)
        self._written += count
        return count


def nearest_folder(path: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    found = path.absolute()
    while not found.is_dir() and found != found.parent:
        found = found.parent
    return found


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}")


def _are_one(aside: Path, path: Path) -> bool:
    """True if both are names of one file."""
    try:
        return aside.samefile(path)
    except OSError:
        return False
