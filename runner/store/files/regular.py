"""Reading a store's files: regular files of its own alone, no links, no pipes, and nothing endless."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from runner.store.errors import StoreError
from runner.store.files import objects
from runner.store.files.place import is_on_disk

LOOK_SECONDS = 5.0
MOST_BYTES = 256 << 20
"""Of a file that is read whole and says nothing of its size: plans of ten thousand trials take two million."""


def contents(paths: list[Path]) -> Iterator[tuple[Path, bytes]]:
    """Small files with their bytes, in order; those that vanish meanwhile are left out."""
    if paths and not is_on_disk(paths[0]):
        yield from objects.contents(paths)
        return
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            yield path, read(path)


def read(path: Path, most: int = MOST_BYTES) -> bytes:
    """A file's bytes; FileNotFoundError if there is none, StoreError for one that no store holds.

    That is a symbolic link, a pipe, a folder, or a file of more than `most` bytes.
    """
    if not is_on_disk(path):
        return path.read_bytes()
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _irregular(path) if error.errno in (errno.ELOOP, errno.ENXIO) else error from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise _irregular(path)
        if found.st_size > most:
            raise StoreError(f"{path} has {found.st_size:,} bytes, more than the {most:,} that it may have; remove it")
        with open(handle, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(handle)


def json_files(folder: Path) -> list[Path]:
    """JSON files of a folder by name; names that begin with a dot are still being written."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith("."))


def require_regular(path: Path) -> None:
    """StoreError for what is there and no file of its own; FileNotFoundError if there is nothing."""
    if is_on_disk(path) and not stat.S_ISREG(path.lstat().st_mode):
        raise _irregular(path)


def is_regular(path: Path) -> bool:
    """True for a file that is there and no link."""
    try:
        require_regular(path)
    except (OSError, StoreError):
        return False
    return True if is_on_disk(path) else path.is_file()


def require_own(folder: Path) -> None:
    """StoreError for a folder that is a symbolic link: whatever is written or removed must stay inside the store."""
    if is_on_disk(folder) and folder.is_symlink():
        raise StoreError(
            f"{folder} is a symbolic link to {folder.resolve()}; a store's own folders are no links, since files are "
            "removed in them: move the folder here, mount it here, or link the whole store"
        )


def _irregular(path: Path) -> StoreError:
    kind = "a symbolic link" if path.is_symlink() else "a folder" if path.is_dir() else "no regular file"
    return StoreError(f"{path} is {kind}, and a store's files are regular files of its own; remove it, or restore it")


def watched(path: Path, seconds: float = LOOK_SECONDS) -> Callable[[], bool]:
    """A function that says whether a file exists; object storage is asked at most once in so many seconds."""
    if is_on_disk(path):
        return path.exists
    last = -seconds
    found = False

    def exists() -> bool:
        nonlocal last, found
        if not found and time.monotonic() - last >= seconds:
            last, found = time.monotonic(), path.exists()
        return found

    return exists
