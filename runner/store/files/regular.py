"""Reading files of a disk: regular files of a store's own alone, no links, no pipes, and nothing endless."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from runner.store.errors import StoreError
from runner.store.files.contract import ASIDE


class Irregular(StoreError):
    """A link, a pipe or a folder where a store has a file of its own."""


def open_regular(path: Path) -> BufferedReader:
    """A regular file open for reading: links are not followed, and pipes and devices not waited for."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _irregular(path) if error.errno in (errno.ELOOP, errno.ENXIO) else error from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _irregular(path)
    return os.fdopen(handle, "rb")


def read_regular(path: Path, most: int) -> bytes:
    """The bytes of a regular file; StoreError if it has more than `most`."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise too_large(path, size, most)
        return file.read()


def require_regular(path: Path) -> None:
    """Irregular for what is there and no file of its own; FileNotFoundError if there is nothing."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise _irregular(path)


def require_own(folder: Path) -> None:
    """StoreError for a folder that is a symbolic link."""
    if folder.is_symlink():
        raise StoreError(
            f"{folder} is a symbolic link to {folder.resolve()}; a store's own folders are no links, since files are "
            "removed in them: move the folder here, mount it here, or link the whole store"
        )


def irregular(folder: Path, depth: int) -> Iterator[tuple[Path, str]]:
    """What lies in a folder, `depth` folders below it, and is no regular file, with the word for what it is."""
    if not folder.is_dir() or folder.is_symlink():
        return
    for path in sorted(path for path in folder.iterdir() if not ASIDE.fullmatch(path.name)):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        if depth and stat.S_ISDIR(mode):
            yield from irregular(path, depth - 1)
        elif depth or not stat.S_ISREG(mode):
            yield path, "symbolic link" if stat.S_ISLNK(mode) else "folder" if stat.S_ISDIR(mode) else "file or pipe"


def too_large(path: Path, size: int, most: int) -> StoreError:
    """What is said of a file that is larger than any of its kind."""
    return StoreError(f"{path} has {size:,} bytes, more than the {most:,} that it may have; remove it")


def _irregular(path: Path) -> Irregular:
    kind = "a symbolic link" if path.is_symlink() else "a folder" if path.is_dir() else "no regular file"
    return Irregular(f"{path} is {kind}, and a store's files are regular files of its own; remove it, or restore it")
