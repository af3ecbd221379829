"""Writing small files so that a reader sees all of one or none of it, whatever dies when."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


class StoreError(RuntimeError):
    """A store that cannot be used as asked: says what is wrong and what to do."""


def create(path: Path, content: bytes) -> bool:
    """Create a file with this content in one step; False, and nothing changed, if the path exists already.

    The content is written and forced to disk under a name of its own, then hard-linked to the path: linking is
    atomic and exclusive on local disks, NFS and Lustre alike, so of several writers exactly one wins.
    """
    aside = _written_aside(path, content)
    try:
        os.link(aside, path)
    except FileExistsError:
        return False
    finally:
        aside.unlink()
    force_folder(path.parent)
    return True


def replace(path: Path, content: bytes) -> None:
    """Put this content at the path in one step, over whatever was there."""
    aside = _written_aside(path, content)
    aside.replace(path)
    force_folder(path.parent)


def _written_aside(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.parent / f".{path.name}.{uuid.uuid4().hex[:12]}"
    try:
        with aside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return aside


def force_folder(folder: Path) -> None:
    """Force a folder's entries to disk, so that a name just made survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
