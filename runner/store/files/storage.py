"""Which backend holds a path of a store: the one place where a disk and object storage are told apart."""

from __future__ import annotations

from pathlib import Path

from runner.store.files.contract import Backend
from runner.store.files.disk import Disk
from runner.store.files.objects import Objects

DISK = Disk()
OBJECTS = Objects()


def storage(path: Path) -> Backend:
    """The backend of a place, or of a path below it: what the operating system reaches is on a disk."""
    return DISK if isinstance(path, Path) else OBJECTS
