"""A store's files as objects in object storage, through fsspec: whole objects are put, none is ever changed.

Exclusive creation is a conditional put (`If-None-Match: *`), renewal one that names what it replaces (`If-Match`), as
the S3 API defines them: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

from runner.store.errors import StoreError
from runner.store.files.contract import LOG, LOOK_SECONDS, MOST_BYTES
from runner.store.files.regular import too_large
from runner.store.files.scratch import scratch_folder

PAUSES = (0.1, 0.3, 1.0, 3.0)
"""Seconds between attempts, where another writer of the same object was at work at the same moment."""
CONFLICTS = ("ConditionalRequestConflict", "OperationAborted")
REFUSALS = ("PreconditionFailed", "412")
ENVIRONMENT = ("AWS_", "FSSPEC_", "GOOGLE_", "AZURE_")
"""How names of environment variables begin that hold endpoints and credentials."""


class Objects:
    """The backend of objects below a prefix: no links, no folders, no appending, and every question is a request."""

    appends = False

    def create(self, path: Path, content: bytes) -> bool:
        files, name = _opened(path)
        for pause in (*PAUSES, None):
            try:
                files.pipe_file(name, content, mode="create")
            except FileExistsError:
                # A put whose answer was lost is sent again, and then finds itself.
                return bool(files.cat_file(name) == content)
            except OSError as error:
                if _code(error) not in CONFLICTS or pause is None:
                    raise
                time.sleep(pause)
            else:
                return True
        raise AssertionError("the last attempt returns or raises")

    def replace(self, path: Path, content: bytes) -> None:
        files, name = _opened(path)
        files.pipe_file(name, content)

    def append(self, log: Path, content: bytes, *, is_new: bool = True) -> None:
        """As the contract says: each time a part of its own, `<name>.<nanoseconds>.events.jsonl`."""
        self.replace(log.with_name(f"{log.name.removesuffix(LOG)}.{time.time_ns()}{LOG}"), content)

    def take_over(self, path: Path, seen: bytes, content: bytes) -> bool:
        files, name = _opened(path)
        try:
            tag = files.info(name).get("ETag")
            if files.cat_file(name) != seen:
                return False
            files.pipe_file(name, content, **({"IfMatch": tag} if tag else {}))
        except FileNotFoundError:
            return False
        except OSError as error:
            if _code(error) not in REFUSALS + CONFLICTS:
                raise
            return bool(files.cat_file(name) == content)
        return True

    def renew(self, path: Path, seen: bytes, content: bytes) -> None:
        self.take_over(path, seen, content)

    @contextmanager
    def new_file(self, path: Path) -> Iterator[BinaryIO]:
        with self.written(path) as local, local.open("xb") as file:
            yield file

    @contextmanager
    def written(self, path: Path) -> Iterator[Path]:
        with scratch_folder("upload") as folder:
            local = folder / path.name
            yield local
            files, name = _opened(path)
            files.put_file(str(local), name)  # the object appears when the last byte has arrived

    def move(self, path: Path, name: Path) -> None:
        files, old = _opened(path)
        files.mv(old, _opened(name)[1])

    def discard(self, path: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()

    def discard_folder(self, folder: Path) -> None:
        files, name = _opened(folder)
        if files.exists(name):
            files.rm(name, recursive=True)

    def read(self, path: Path, most: int = MOST_BYTES) -> bytes:
        content = path.read_bytes()
        if len(content) > most:
            raise too_large(path, len(content), most)
        return content

    def contents(self, paths: list[Path], *, skip_irregular: bool = False) -> Iterator[tuple[Path, bytes]]:
        """As the contract says; many are fetched at a time."""
        if not paths:
            return
        files, _ = _opened(paths[0])
        names = [_opened(path)[1] for path in paths]
        found = files.cat(names, on_error="return")
        for path, name in zip(paths, names, strict=True):
            content = found[name]
            if isinstance(content, bytes):
                yield path, content
            elif not isinstance(content, FileNotFoundError):
                raise content

    def opened(self, path: Path, copy: Callable[[], Path]) -> BufferedReader:
        local = copy()
        if not local.exists():
            try:
                _download(path, local)
            except BaseException:
                local.unlink(missing_ok=True)
                raise
        return local.open("rb")

    @contextmanager
    def on_disk(self, path: Path) -> Iterator[Path]:
        with scratch_folder("download") as folder:
            local = folder / path.name
            _download(path, local)
            yield local

    def parquet_source(self, path: Path) -> Path | BinaryIO:
        return path.open("rb")

    def stamp(self, path: Path) -> tuple[int, int, int] | None:
        return None

    def require_regular(self, path: Path) -> None:
        """Every object is one."""

    def is_regular(self, path: Path) -> bool:
        return path.is_file()

    def require_own(self, folder: Path) -> None:
        """There are no links."""

    def irregular(self, folder: Path, depth: int = 0) -> Iterator[tuple[Path, str]]:
        return iter(())

    def contains(self, root: Path, path: Path) -> bool:
        return path == root or root in path.parents

    def watched(self, path: Path, seconds: float = LOOK_SECONDS) -> Callable[[], bool]:
        last = -seconds
        found = False

        def exists() -> bool:
            nonlocal last, found
            if not found and time.monotonic() - last >= seconds:
                last, found = time.monotonic(), path.exists()
            return found

        return exists

    def require_exclusive_creation(self, root: Path) -> None:
        """As the contract says: some servers overwrite what a conditional put should have left alone."""
        probe = root / f".{uuid.uuid4().hex[:12]}.probe"
        try:
            if self.create(probe, b"first") and not self.create(probe, b"second") and probe.read_bytes() == b"first":
                return
        finally:
            probe.unlink(missing_ok=True)
        raise StoreError(
            f"the object storage of {root} ignores 'If-None-Match: *': two attempts could commit one trial; "
            "use storage with conditional writes, or a folder"
        )

    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in environment.items() if name.startswith(ENVIRONMENT)}

    def folder(self, path: Path) -> Path | None:
        return None


def _download(path: Path, local: Path) -> None:
    files, name = _opened(path)
    files.get_file(name, str(local))


def _opened(path: Path) -> tuple[Any, str]:
    """The file system of a path and the path's name in it."""
    place: Any = path
    return place.fs, place.path


def _code(error: OSError) -> str:
    """What the server called an error; nothing where the file system does not say."""
    response = getattr(error.__cause__, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
