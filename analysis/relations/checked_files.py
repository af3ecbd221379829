"""The files of a store that answers are read from: opened only as what was recorded of them.

A file is held against its record at its first opening, through the handle that is then read from. It is looked at again
only where the file is another one since. Nothing but regular files inside the store is opened.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from io import BufferedReader
from pathlib import Path, PurePosixPath

import pyarrow as pa

from analysis.relations.recorded_files import Expected, Recorded
from analysis.relations.spill import own_folder
from runner.store.errors import StoreError
from runner.store.files.regular import Irregular
from runner.store.files.storage import storage

Restore = Callable[[str], bytes]
Identity = tuple[int, int, int, int, int]

_UNPROVEN = (ArithmeticError, LookupError, OSError, TypeError, ValueError, pa.ArrowException)
"""What a proof may raise over bytes that somebody has changed."""


def lost(path: str) -> bytes:
    """The way to restore a file for which there is none."""
    raise FileNotFoundError(path)


class CheckedFiles:
    """Files below `root`, by path relative to it, with what their bytes must be.

    restore: makes a file that is not there any more, since a compaction has taken it away, from where its rows are now.
    spare: files that may be lost, and are restored where they are damaged too. What is not read in its own place
    (objects of object storage, which are fetched whole; files whose content alone is known; restored ones) lies in a
    private folder as long as this object lives. StoreError for whatever is not as it should be.
    """

    def __init__(
        self,
        root: Path,
        expected: Mapping[str, Expected],
        restore: Restore = lost,
        spare: Collection[str] = (),
    ) -> None:
        self.root = root
        self._expected = {path: expected[path] for path in expected if inside(root, path)}
        self._restore = restore
        self._spare = frozenset(spare)
        self._sound: dict[str, Identity] = {}
        self._copies: dict[str, Path] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._folders: set[Path] = set()
        self._private: Path | None = None
        self._is_told = False
        self._making = threading.Lock()

    def __contains__(self, path: object) -> bool:
        return path in self._expected

    def open(self, path: str) -> BufferedReader:
        """A file's bytes as they were recorded, from the first of them on."""
        with self._locks[path]:
            if path not in self._copies:
                try:
                    return self._as_recorded(path)
                except (FileNotFoundError, StoreError) as error:
                    if isinstance(error, StoreError) and path not in self._spare:
                        raise
                    self._copy(path, self._again(path))
            return self._copies[path].open("rb")

    def size(self, path: str) -> int:
        """How many bytes `open` gives."""
        expected = self._expected[path]
        in_place = path not in self._spare and path not in self._copies
        if in_place and isinstance(expected, Recorded) and (self.root / path).exists():
            return expected.bytes
        with self.open(path) as file:
            return file.seek(0, os.SEEK_END)

    def _as_recorded(self, path: str) -> BufferedReader:
        expected = self._expected[path]
        file = self._opened(path)
        try:
            if isinstance(expected, Recorded):
                self._check(path, file, expected)
                return file
            with file:
                self._copy(path, self._proven(path, file.read(), expected))
            return self._copies[path].open("rb")
        except BaseException:
            file.close()
            raise

    def _opened(self, path: str) -> BufferedReader:
        """A file of a folder of the store itself; what was fetched into the private folder is checked there."""
        place = self.root / path
        if place.parent not in self._folders:
            if not storage(self.root).contains(self.root, place.parent):
                raise self._damaged(path, "a link leads outside the store")
            self._folders.add(place.parent)
        try:
            return storage(self.root).opened(place, copy=lambda: self._local(path))
        except Irregular:
            raise self._damaged(path, "it is no regular file") from None

    def _check(self, path: str, file: BufferedReader, expected: Recorded) -> None:
        identity = _identity(file)
        if self._sound.get(path) == identity:
            return
        size = identity[2]
        if size != expected.bytes:
            raise self._damaged(path, f"it has {size:,} bytes instead of {expected.bytes:,}")
        if hashlib.file_digest(file, "sha256").hexdigest() != expected.sha256:
            raise self._damaged(path, "its bytes are not those that were written")
        self._sound[path] = identity
        file.seek(0)

    def _proven(self, path: str, content: bytes, proof: Callable[[bytes], bytes]) -> bytes:
        try:
            return proof(content)
        except _UNPROVEN as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise self._damaged(path, f"it cannot be believed ({reason[:200]})") from error

    def _again(self, path: str) -> bytes:
        """A file made again; StoreError, once, where its bytes are others than somebody may have read half of."""
        content, expected = self._restored(path), self._expected[path]
        is_another = isinstance(expected, Recorded) and hashlib.sha256(content).hexdigest() != expected.sha256
        if is_another and path in self._sound and not self._is_told:
            self._is_told = True
            raise StoreError(
                f"a compaction took {self.root / path} away while it was read, and it cannot be made again as it was; "
                "ask again"
            )
        return content

    def _restored(self, path: str) -> bytes:
        try:
            return self._restore(path)
        except FileNotFoundError as error:
            raise self._damaged(path, "it is missing") from error

    def _damaged(self, path: str, what: str) -> StoreError:
        """What is said of a file from which nothing is answered, and what mends it."""
        return StoreError(
            f"{self.root / path} is damaged: {what}. Nothing is answered from it; run piesweep verify {self.root}, "
            "which names all that is, then piesweep verify --repair"
        )

    def _copy(self, path: str, content: bytes) -> None:
        local = self._local(path)
        local.unlink(missing_ok=True)
        local.write_bytes(content)
        self._copies[path] = local

    def _local(self, path: str) -> Path:
        with self._making:
            if self._private is None:
                self._private = own_folder()
                weakref.finalize(self, shutil.rmtree, self._private, ignore_errors=True)
        return self._private / hashlib.sha256(path.encode(errors="surrogatepass")).hexdigest()


def inside(root: Path, relative: str) -> Path:
    """The path of a store's file; StoreError if a record names a place outside the store."""
    parts = PurePosixPath(relative)
    if parts.is_absolute() or ".." in parts.parts:
        raise StoreError(f"the store at {root} names the file '{relative}', which lies outside it; do not trust it")
    return root / relative


def _identity(file: BufferedReader) -> Identity:
    """What changes when a file is replaced, or written to."""
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
