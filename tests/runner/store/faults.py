"""A disk whose n-th call fails, and what is left of a folder when the power goes."""

from __future__ import annotations

import errno
import functools
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from runner.store.files.disk_calls import DiskCalls


class Death(BaseException):
    """The process ends here: not even its clean-up runs, since every later call ends it again."""


class FaultyDisk(DiskCalls):
    """A real disk; at each call `fault(call number, name, do)` decides what happens instead of `do()`.

    Nothing is really forced: what would be is kept in `memory`.
    """

    def __init__(self, root: Path, fault: Callable[[int, str, Callable[[], object]], object]) -> None:
        self.root = root
        self.fault = fault
        self.calls: list[str] = []
        self.memory = PowerMemory(root)
        self.handles: dict[int, Path] = {}

    def _do(self, name, do, *remember):
        def remembered():
            result = do()
            for step in remember:
                step()
            return result

        self.calls.append(name)
        return self.fault(len(self.calls), name, remembered)

    def make_folder(self, folder):
        self._do("make_folder", lambda: super(FaultyDisk, self).make_folder(folder), lambda: self.memory.made(folder))

    def open_new(self, path):
        handle = self._do("open_new", lambda: super(FaultyDisk, self).open_new(path), lambda: self.memory.opened(path))
        self.handles[handle] = path
        return handle

    def write(self, handle, content):
        if self.fault.__class__ is ShortWrite:
            content = memoryview(content)[: self.fault.length(len(self.calls) + 1, len(content))]
        return self._do("write", lambda: super(FaultyDisk, self).write(handle, content))

    def append(self, path, content):
        self._do("append", lambda: super(FaultyDisk, self).append(path, content))

    def close(self, handle):
        self._do("close", lambda: super(FaultyDisk, self).close(handle))

    def force(self, handle):
        path = self.handles[handle]
        self._do("force", lambda: self.memory.forced(path))

    def force_written(self, path):
        self.memory.opened(path)
        self._do("force_written", lambda: self.memory.forced(path))

    def force_folder(self, folder):
        self._do("force_folder", lambda: self.memory.forced_folder(folder))

    def link(self, path, name):
        self._do("link", lambda: super(FaultyDisk, self).link(path, name), lambda: self.memory.linked(path, name))

    def rename(self, path, name):
        self._do(
            "rename",
            lambda: super(FaultyDisk, self).rename(path, name),
            lambda: self.memory.linked(path, name),
            lambda: self.memory.removed(path),
        )

    def remove(self, path):
        self._do("remove", lambda: super(FaultyDisk, self).remove(path), lambda: self.memory.removed(path))

    def remove_folder(self, folder):
        self._do("remove_folder", lambda: super(FaultyDisk, self).remove_folder(folder))


class Fault:
    """At one call, once: an error instead of it, or after it has been carried out."""

    def __init__(self, number: int, code: int, *, late: bool = False) -> None:
        self.number = number
        self.error = OSError(code, errno.errorcode[code])
        self.late = late
        self.struck = False

    def __call__(self, number, name, do):
        if number != self.number:
            return do()
        self.struck = True
        if self.late:
            do()
        raise self.error


class ShortWrite(Fault):
    """At one call, if it is a write: half of what was given is written; all writes after it find the disk full."""

    def __init__(self, number: int) -> None:
        super().__init__(number, errno.ENOSPC)

    def length(self, number: int, asked: int) -> int:
        return asked // 2 if number == self.number else asked

    def __call__(self, number, name, do):
        self.struck = self.struck or number == self.number
        if number > self.number and name == "write":
            raise self.error
        return do()


class Kill(Fault):
    """The process ends at one call, and with it everything it would have done."""

    def __init__(self, number: int) -> None:
        super().__init__(number, errno.EIO)

    def __call__(self, number, name, do):
        if number >= self.number:
            self.struck = True
            raise Death
        return do()


class PowerMemory:
    """Which names and contents have been forced to disk, and so survive when the power goes.

    A name survives once its folder has been forced after it was made, a content once its file has; nothing else does
    for certain. Files are told apart by number, since a name may be given from one to another.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.count = 0
        self.contents: dict[int, bytes] = {}
        self.names: dict[Path, int] = {}
        self.folders = {path for path in root.rglob("*") if path.is_dir()}
        for path in root.rglob("*"):
            if path.is_file():
                self.opened(path)
                self.forced(path)
        self.sure_names = dict(self.names)
        self.sure_folders = set(self.folders)

    def made(self, folder: Path) -> None:
        self.folders.add(folder)

    def opened(self, path: Path) -> None:
        self.count += 1
        self.names[path] = self.count

    def forced(self, path: Path) -> None:
        self.contents[self.names[path]] = path.read_bytes()

    def linked(self, path: Path, name: Path) -> None:
        self.names[name] = self.names[path]

    def removed(self, path: Path) -> None:
        self.names.pop(path, None)

    def forced_folder(self, folder: Path) -> None:
        self.sure_folders |= {path for path in self.folders if path.parent == folder}
        kept = {path: file for path, file in self.sure_names.items() if path.parent != folder}
        self.sure_names = kept | {path: file for path, file in self.names.items() if path.parent == folder}

    def power_off(self, keep: Callable[[], bool]) -> None:
        """Rebuild the folder as it may be found afterwards; keep() decides on each name that was not forced.

        A content that was not forced is cut in half and garbled.
        """
        garbled = {self.names[path]: path.read_bytes() for path in self.names if path.exists()}
        folders = {folder for folder in self.folders if folder in self.sure_folders or keep()}
        names = {}
        for path in sorted(self.names.keys() | self.sure_names.keys()):
            now, sure = self.names.get(path), self.sure_names.get(path)
            file = now if now == sure or keep() else sure
            if file is not None:
                names[path] = file
        shutil.rmtree(self.root)
        self.root.mkdir()
        for folder in sorted(folders):
            if folder.parent.is_dir():
                folder.mkdir()
        for path, file in names.items():
            if path.parent.is_dir():
                rest = garbled.get(file, b"")
                path.write_bytes(self.contents.get(file, rest[: len(rest) // 2] + b"\xff"))


FAULTS: dict[str, Callable[[int], Fault]] = {
    "fails": lambda number: Fault(number, (errno.EIO, errno.ENOSPC, errno.EROFS)[number % 3]),
    "done-but-reported-failed": lambda number: Fault(number, errno.EIO, late=True),
    "done-and-found-to-exist": lambda number: Fault(number, errno.EEXIST, late=True),
    "short-write-then-full": ShortWrite,
    "killed": Kill,
}


def _heads(generator: random.Random) -> bool:
    return generator.random() < 0.5


POWER: dict[str, Callable[[int], Callable[[], bool]]] = {
    "names-lost": lambda seed: lambda: False,
    "names-kept": lambda seed: lambda: True,
    "some-names-kept": lambda seed: functools.partial(_heads, random.Random(seed)),
}
"""What becomes of names that were not forced; contents that were not are always lost."""
