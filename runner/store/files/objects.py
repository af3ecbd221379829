"""Files of a store as objects in object storage, through fsspec: whole objects are put, none is ever changed.

Exclusive creation is a conditional put (`If-None-Match: *`), renewal one that names what it replaces (`If-Match`), as
the S3 API defines them: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAUSES = (0.1, 0.3, 1.0, 3.0)
"""Seconds between attempts, where another writer of the same object was at work at the same moment."""
CONFLICTS = ("ConditionalRequestConflict", "OperationAborted")
REFUSALS = ("PreconditionFailed", "412")


def create(path: Path, content: bytes) -> bool:
    """Put an object unless there is one; False, and nothing changed, if there is."""
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


def replace(path: Path, content: bytes) -> None:
    """Put an object, over whatever was there."""
    files, name = _opened(path)
    files.pipe_file(name, content)


def exchange(path: Path, seen: bytes, content: bytes) -> bool:
    """Put an object in the place of one that still has the content `seen`; False, and nothing changed, otherwise."""
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


def can_create_exclusively(folder: Path) -> bool:
    """True if a second creation of an object is refused: some servers overwrite it, and commits would not be safe."""
    probe = folder / f".{uuid.uuid4().hex[:12]}.probe"
    try:
        return create(probe, b"first") and not create(probe, b"second") and probe.read_bytes() == b"first"
    finally:
        probe.unlink(missing_ok=True)


def upload(local: Path, path: Path) -> None:
    """Put a file's bytes; the object appears when the last of them has arrived."""
    files, name = _opened(path)
    files.put_file(str(local), name)


def download(path: Path, local: Path) -> None:
    """Copy an object into a file; FileNotFoundError if there is none."""
    files, name = _opened(path)
    files.get_file(name, str(local))


def move(path: Path, name: Path) -> None:
    """Copy an object within the server, then remove it under its first name."""
    files, old = _opened(path)
    files.mv(old, _opened(name)[1])


def discard_folder(folder: Path) -> None:
    """Remove all objects below a prefix."""
    files, name = _opened(folder)
    if files.exists(name):
        files.rm(name, recursive=True)


def contents(paths: list[Path]) -> Iterator[tuple[Path, bytes]]:
    """Objects with their bytes, fetched many at a time; those that vanish meanwhile are left out."""
    files, _ = _opened(paths[0])
    names = [_opened(path)[1] for path in paths]
    found = files.cat(names, on_error="return")
    for path, name in zip(paths, names, strict=True):
        content = found[name]
        if isinstance(content, bytes):
            yield path, content
        elif not isinstance(content, FileNotFoundError):
            raise content


def _opened(path: Path) -> tuple[Any, str]:
    """The file system of a path and the path's name in it."""
    place: Any = path
    return place.fs, place.path


def _code(error: OSError) -> str:
    """What the server called an error; nothing where the file system does not say."""
    response = getattr(error.__cause__, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
