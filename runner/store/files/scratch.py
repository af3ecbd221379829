"""Private scratch folders: made by one process for one purpose, gone at its end, or at the next start after it died.

A folder's maker holds a lock on it (flock) for as long as it lives, also when it is killed: the system lets go of it
then. So a folder that can be locked is dead. The name says on which boot of which machine it was made, since a lock is
known to one kernel only: folders of other machines on a shared disk are left alone, and so are other users' and links.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

NAME = re.compile(r"piesweep-(?P<purpose>[a-z]+)-(?P<boot>[0-9a-f]{6})-(?P<pid>[0-9]+)-(?P<draw>[0-9a-f]{4})")
MOST_DRAWS = 100
OWN_PLACES = {"ray": "RAY_TMPDIR"}
"""Purpose -> the variable by which a user says where its folders go, before TMPDIR."""

OTHER_PLACES = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - folders of mode 700 are made in them
"""Where else a folder may lie if the one for temporary files cannot be written, or is too long."""

_held: dict[Path, int] = {}
"""Folder of this process -> the descriptor that locks it."""


class NoScratch(RuntimeError):
    """No place for a scratch folder: says which were tried and what to set."""

    exit_status = 2


@contextmanager
def scratch_folder(purpose: str, longest: int | None = None) -> Iterator[Path]:
    """A private folder for the time of a block; longest: how many bytes its path may have."""
    folder = make_scratch(purpose, longest)
    try:
        yield folder
    finally:
        remove_scratch(folder)


def make_scratch(purpose: str, longest: int | None = None) -> Path:
    """A new folder `piesweep-PURPOSE-...`, mode 700; `remove_scratch` removes it, or `sweep_scratch` once we are dead.

    purpose: small letters. longest: how many bytes its path may have (a socket below it must fit 107). NoScratch where
    no place for temporary files can be written and is short enough.
    """
    refused = []
    for place in _places([purpose]):
        with contextlib.suppress(OSError):
            folder = place / _name(purpose)
            if longest is not None and len(os.fsencode(folder)) > longest:
                refused.append(f"{place} is too long")
                continue
            return _made(place, purpose)
        refused.append(f"{place} cannot be written")
    raise NoScratch(f"no place for temporary files: {'; '.join(refused)}. Set TMPDIR to a short path of yours")


def remove_scratch(folder: Path) -> None:
    """Remove a folder that `make_scratch` made; what cannot be removed now is left to `sweep_scratch`."""
    shutil.rmtree(folder, ignore_errors=True)
    descriptor = _held.pop(folder, None)
    if descriptor is not None:
        os.close(descriptor)


def sweep_scratch(purposes: Sequence[str] = ()) -> int:
    """Remove folders for these purposes (none named: for all) whose makers, this user's here, are dead; how many."""
    boot = _boot()
    found = 0
    for place in _places(purposes or OWN_PLACES):
        for name in _names(place):
            match = NAME.fullmatch(name)
            if match and match["boot"] == boot and (not purposes or match["purpose"] in purposes):
                found += _removed_if_dead(place / name)
    return found


def _places(purposes: Iterable[str]) -> list[Path]:
    """The folders for temporary files, then the others; a place that is named twice counts once."""
    variables = [OWN_PLACES[purpose] for purpose in purposes if purpose in OWN_PLACES]
    first = [os.environ[name] for name in variables if os.environ.get(name)]
    with contextlib.suppress(OSError):  # nothing that Python tries can be written
        first.append(tempfile.gettempdir())
    return list(dict.fromkeys(Path(place) for place in (*first, *OTHER_PLACES)))


def _name(purpose: str) -> str:
    name = f"piesweep-{purpose}-{_boot()}-{os.getpid()}-{secrets.token_hex(2)}"
    assert NAME.fullmatch(name), f"a purpose is small letters, not '{purpose}'"
    return name


def _made(place: Path, purpose: str) -> Path:
    """A new folder, locked. Someone may sweep it in the instant before it is locked: then another is made."""
    for _ in range(MOST_DRAWS):
        folder = place / _name(purpose)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            if _is_kept(folder):
                return folder
    raise FileExistsError(f"{place} is full of names")


def _is_kept(folder: Path) -> bool:
    """Lock a folder that was just made; False if somebody was faster. Where there are no locks nobody sweeps either."""
    try:
        descriptor = _locked(folder)
    except (BlockingIOError, FileNotFoundError):
        return False
    except OSError:
        return True
    if descriptor is not None:
        _held[folder] = descriptor
    return descriptor is not None


def _removed_if_dead(folder: Path) -> bool:
    try:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            return False
        descriptor = _locked(folder)
    except OSError:  # it is gone, it is locked, or this file system has no locks
        return False
    if descriptor is None:
        return False
    try:
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()
    finally:
        os.close(descriptor)


def _locked(folder: Path) -> int | None:
    """A descriptor that locks the folder; None if it was replaced meanwhile. BlockingIOError: another has locked it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        there, here = folder.lstat(), os.fstat(descriptor)
        if (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino):
            return descriptor
    except OSError:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _names(place: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return sorted(os.listdir(place))  # noqa: PTH208 - a name is all that is wanted
    return []


def _boot() -> str:
    """Six digits for this boot of this machine."""
    said = socket.gethostname()
    with contextlib.suppress(OSError):
        said = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return hashlib.sha256(said.encode()).hexdigest()[:6]
