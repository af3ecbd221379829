"""Folders that are filled once on a node, however many trials want them at the same time."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock


def filled(folder: Path, fill: Callable[[Path], None]) -> Path:
    """`folder`, holding what `fill` wrote into the empty folder it was given, now or in an earlier call.

    The folder appears whole or not at all. One process fills, the others wait for it; should it die, the next one
    fills. On a folder that nodes share each may fill, and the first rename wins.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _turn(folder), tempfile.TemporaryDirectory(prefix=".filling-", dir=folder.parent) as aside:
        if folder.is_dir():
            return folder
        fresh = Path(aside) / folder.name
        fresh.mkdir()
        fill(fresh)
        try:
            fresh.rename(folder)
        except OSError:
            if not folder.is_dir():  # otherwise another process was faster, with the same bytes
                raise
    return folder


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Wait for one's turn among the processes of this node; without waiting where it keeps no locks."""
    try:
        lock = FileLock(_locks() / f"{hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:16]}.lock")
        lock.acquire()
    except (NotImplementedError, OSError):
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _locks() -> Path:
    """A folder of this user on this node: the cache itself may be on a file server, where locks are slow or none."""
    place = Path(tempfile.gettempdir()) / f"piesweep-locks-{os.getuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    if place.lstat().st_uid != os.getuid() or place.is_symlink():
        raise PermissionError(f"{place} belongs to somebody else")
    return place
