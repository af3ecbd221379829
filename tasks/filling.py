"""Folders that are filled once on a node, however many trials want them, and checked before they are used."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from tasks.manifest import DamageError, force_name, require_whole, seal


def filled(folder: Path, fill: Callable[[Path], None]) -> Path:
    """`folder`, holding what `fill` wrote into the empty folder it was given, now or in an earlier call.

    The folder appears whole and forced to disk, or not at all, with a manifest by which it is checked whenever it is
    opened (`tasks.manifest.require_whole`). What does not pass is never used: it is filled anew, with a line on stderr,
    and a link is removed itself, not what it leads to. One process fills, the others wait for it; should it die, the
    next one fills. On a folder that nodes share each may fill, and the first rename wins.
    """
    if _is_whole(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _turn(folder), _aside(folder.parent) as aside:
        if _is_whole(folder, tell=True):
            return folder
        fresh = aside / folder.name
        fresh.mkdir()
        fill(fresh)
        seal(fresh, folder.name)
        _put(fresh, folder, aside / ".damaged")
    return folder


def _is_whole(folder: Path, *, tell: bool = False) -> bool:
    """True if a folder may be used. tell: say on stderr what is wrong with one that is there and may not."""
    try:
        require_whole(folder)
    except DamageError as damage:
        if tell and os.path.lexists(folder):
            print(f"the cache folder {folder} is not used, since {damage}; filling it anew", file=sys.stderr)
        return False
    return True


def _put(fresh: Path, folder: Path, damaged: Path) -> None:
    """Give the fresh folder its place; what lies there and is damaged is moved away, a link as the link it is."""
    if os.path.lexists(folder):
        if _is_whole(folder):  # another node's process was faster, with the same bytes
            return
        folder.rename(damaged)
    try:
        fresh.rename(folder)
    except OSError:
        if not _is_whole(folder):
            raise
    force_name(folder)


@contextmanager
def _aside(parent: Path) -> Iterator[Path]:
    """A folder beside the one to be filled, removed in the end with what is left in it."""
    with tempfile.TemporaryDirectory(prefix=".filling-", dir=parent, ignore_cleanup_errors=True) as name:
        yield Path(name)


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
