"""Writing files so that a reader sees all of one or none of it, whatever dies when.

Every change of a store goes through these functions: on a disk through `runner.store.files.disk_calls`, call by call,
in object storage through `runner.store.files.objects`. What a process leaves behind that dies inside one is a file
whose name begins with a dot, which no reader looks at and `runner.store.leftovers` removes.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from runner.store.errors import StoreError
from runner.store.files import objects
from runner.store.files.disk_calls import DiskCalls
from runner.store.files.place import is_on_disk
from runner.store.files.regular import require_regular
from runner.store.files.scratch import scratch_folder

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

DISK = DiskCalls()
ASIDE = re.compile(r"\..+\.([0-9a-f]{12}|clock|probe)")
"""Names of files that are not finished, or only ask something of the file system."""


def create(path: Path, content: bytes) -> bool:
    """Create a file with this content in one step; False, and nothing changed, if the path exists already.

    On a disk the content is written and forced under a name of its own, then hard-linked to the path: linking is
    atomic and exclusive on local disks, NFS and Lustre alike, so of several writers exactly one wins.
    """
    if not is_on_disk(path):
        return objects.create(path, content)
    aside = _written_aside(path, content)
    try:
        DISK.link(aside, path)
    except OSError as error:
        # A network file system may repeat a request whose answer was lost: that it fails does not say that it failed.
        if not _are_one(aside, path):
            if isinstance(error, FileExistsError):
                return False
            raise
    finally:
        _drop(aside)
    DISK.force_folder(path.parent)
    return True


def require_exclusive_creation(root: Path) -> None:
    """StoreError if the store lies where a file that exists can be created again, so that commits would not be safe."""
    if not is_on_disk(root) and not objects.can_create_exclusively(root):
        raise StoreError(
            f"the object storage of {root} ignores 'If-None-Match: *': two attempts could commit one trial; "
            "use storage with conditional writes, or a folder"
        )


def replace(path: Path, content: bytes) -> None:
    """Put this content at the path in one step, over whatever was there."""
    if not is_on_disk(path):
        objects.replace(path, content)
        return
    _take_name(_written_aside(path, content), path)


def append(path: Path, content: bytes, *, is_new: bool = True) -> None:
    """Add bytes to a file of a disk that only this process writes; it may be lost when the power goes.

    is_new: False for a file that was begun, whose folder is not made anew: the store may have been moved meanwhile.
    """
    if is_new:
        _make_folder(path.parent)
    DISK.append(path, content)


def take_over(path: Path, seen: bytes, content: bytes) -> bool:
    """Put this content at the path if it still has the content `seen`; of several that try, one succeeds."""
    if not is_on_disk(path):
        return objects.exchange(path, seen, content)
    aside = _aside(path)
    try:
        DISK.rename(path, aside)
    except FileNotFoundError:
        return False
    try:
        if aside.read_bytes() != seen:
            # Somebody else was first, and this is what they put there.
            with contextlib.suppress(FileExistsError):
                DISK.link(aside, path)
            return False
    finally:
        _drop(aside)
    return create(path, content)


def renew(path: Path, seen: bytes, content: bytes) -> None:
    """Put new content at a path that only this process changes; nothing happens if it was taken over."""
    if not is_on_disk(path):
        objects.exchange(path, seen, content)
    elif path.read_bytes() == seen:
        replace(path, content)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that did not exist, open for writing; whole and forced to disk when the block ends.

    Readers may see it before, so its name must be one that nobody looks for yet. It is removed if the block fails.
    """
    if not is_on_disk(path):
        with written(path) as local, local.open("xb") as file:
            yield file
        return
    _make_folder(path.parent)
    handle = DISK.open_new(path)
    try:
        try:
            with io.BufferedWriter(_Raw(handle)) as writer:
                yield cast("BinaryIO", writer)
                writer.flush()
                DISK.force(handle)
        finally:
            DISK.close(handle)
        DISK.force_folder(path.parent)
    except BaseException:
        _drop(path)
        raise


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """The name of a file of this machine, to be written in the block; it then takes the path's place in one step."""
    if not is_on_disk(path):
        with scratch_folder("upload") as folder:
            local = folder / path.name
            yield local
            objects.upload(local, path)
        return
    _make_folder(path.parent)
    aside = _aside(path)
    try:
        yield aside
        DISK.force_written(aside)
    except BaseException:
        _drop(aside)
        raise
    _take_name(aside, path)


@contextmanager
def on_disk(path: Path) -> Iterator[Path]:
    """A file of this machine with the path's bytes, as long as the block lasts; FileNotFoundError if there is none."""
    if is_on_disk(path):
        require_regular(path)
        yield path
        return
    with scratch_folder("download") as folder:
        local = folder / path.name
        objects.download(path, local)
        yield local


def move(path: Path, name: Path) -> None:
    """Give a file another name in its folder, over whatever had it."""
    if is_on_disk(path):
        DISK.rename(path, name)
        DISK.force_folder(path.parent)
    else:
        objects.move(path, name)


def move_into(path: Path, name: Path) -> None:
    """Move a file, or a link itself, to a name in another folder, which is made; FileNotFoundError if there is none."""
    if not is_on_disk(path):
        objects.move(path, name)
        return
    path.lstat()
    _make_folder(name.parent)
    DISK.rename(path, name)
    DISK.force_folder(name.parent)
    DISK.force_folder(path.parent)


def discard(path: Path) -> None:
    """Remove a file; nothing happens if there is none."""
    with contextlib.suppress(FileNotFoundError):
        if is_on_disk(path):
            DISK.remove(path)
        else:
            path.unlink()


def discard_folder(folder: Path) -> None:
    """Remove a folder with everything in it, as far as that is possible; nothing happens if there is none.

    Of a symbolic link only the link goes, whether it is the folder itself or lies in it: what it points to stays.
    """
    if not is_on_disk(folder):
        objects.discard_folder(folder)
        return
    if folder.is_symlink():
        with contextlib.suppress(OSError):
            DISK.remove(folder)
        return
    for above, folders, names in os.walk(folder, topdown=False):
        for path in (Path(above) / name for name in (*names, *folders)):
            with contextlib.suppress(OSError):
                (DISK.remove if path.is_symlink() or not path.is_dir() else DISK.remove_folder)(path)
    with contextlib.suppress(OSError):
        DISK.remove_folder(folder)


class _Raw(io.RawIOBase):
    """The writing end of a handle, as Python's buffers want it."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, content: ReadableBuffer) -> int:
        count = DISK.write(self._handle, content)
        self._written += count
        return count


def _written_aside(path: Path, content: bytes) -> Path:
    _make_folder(path.parent)
    aside = _aside(path)
    try:
        handle = DISK.open_new(aside)
        try:
            left = memoryview(content)
            while left:
                left = left[DISK.write(handle, left) :]
            DISK.force(handle)
        finally:
            DISK.close(handle)
    except BaseException:
        _drop(aside)
        raise
    return aside


def _take_name(aside: Path, path: Path) -> None:
    try:
        DISK.rename(aside, path)
    except BaseException:
        _drop(aside)
        raise
    DISK.force_folder(path.parent)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it; each name is forced to disk before anything is put below it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        DISK.make_folder(folder)
    DISK.force_folder(folder.parent)


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}")


def _are_one(aside: Path, path: Path) -> bool:
    """True if both are names of one file."""
    try:
        return aside.samefile(path)
    except OSError:
        return False


def _drop(aside: Path) -> None:
    """Remove what was not finished; where that fails too, `runner.store.leftovers` will."""
    with contextlib.suppress(OSError):
        DISK.remove(aside)
