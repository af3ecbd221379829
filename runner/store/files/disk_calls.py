"""The calls by which a store on a disk changes: each is one request to the operating system, and may fail."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class DiskCalls:
    """Changes files and folders; whatever a store does to a disk, it does by these methods.

    OSError from any of them. What `force` and `force_folder` have not confirmed may be lost when the power goes.
    """

    def make_folder(self, folder: Path) -> None:
        folder.mkdir()

    def open_new(self, path: Path) -> int:
        """A handle to a file that did not exist; FileExistsError if it did."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)

    def write(self, handle: int, content: ReadableBuffer) -> int:
        """Write bytes at the end; how many were taken, which may be fewer than given."""
        return os.write(handle, content)

    def append(self, path: Path, content: bytes) -> None:
        """Add bytes at the end of a file that only this process writes, made if missing: all of them, or none."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        try:
            size, left = os.fstat(handle).st_size, memoryview(content)
            try:
                while left:
                    left = left[os.write(handle, left) :]
            except OSError:
                os.ftruncate(handle, size)
                raise
        finally:
            os.close(handle)

    def close(self, handle: int) -> None:
        os.close(handle)

    def force(self, handle: int) -> None:
        """Return once the file's content would survive a power cut."""
        os.fsync(handle)

    def force_folder(self, folder: Path) -> None:
        """Return once the names in a folder would survive a power cut."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def force_written(self, path: Path) -> None:
        """Return once the content of a file that others wrote would survive a power cut."""
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def link(self, path: Path, name: Path) -> None:
        """Give a file a second name; FileExistsError, in one step, if the name is taken."""
        name.hardlink_to(path)

    def rename(self, path: Path, name: Path) -> None:
        """Give a file another name in one step, over whatever had it."""
        path.replace(name)

    def remove(self, path: Path) -> None:
        path.unlink()

    def remove_folder(self, folder: Path) -> None:
        folder.rmdir()
