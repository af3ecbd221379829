"""The manifest of a filled folder: name, size and SHA-256 of every file in it, against which it is checked."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

NAME = "manifest.json"
OF_THE_FILE_SYSTEM = ".nfs"
"""How the names begin under which NFS keeps removed files that a process still has open."""

Stamps = tuple[tuple[str, int, int, int], ...]
"""Of every file its name, bytes, time of change in ns and inode: while they stay, a process need not hash it again."""

_checked: dict[Path, Stamps] = {}


class DamageError(ValueError):
    """A folder that does not hold what its manifest says: one clause that names the first difference."""


def seal(folder: Path, name: str) -> None:
    """Force everything in a folder to disk, then write its manifest and force that too.

    name: what the folder will be called: a manifest that was copied with another folder's content does not pass.
    """
    _force_below(folder)
    content = {"folder": name, "files": {file: _described(folder / file) for file in _files(folder)}}
    manifest = folder / NAME
    manifest.write_text(json.dumps(content, indent=0), encoding="utf-8")
    manifest.chmod(manifest.stat().st_mode & ~0o022)  # who may change it could change what it vouches for
    _force(manifest)
    _force(folder)


def require_whole(folder: Path) -> None:
    """DamageError unless the folder holds exactly the files of its manifest, byte for byte.

    Every file is hashed the first time a process asks (about a second for each gigabyte), and again only if a size, a
    time of change or an inode is another than then. Links are damage: nothing behind one is read.
    """
    place = folder.absolute()
    try:
        stamps = _stamps(folder)
        if _checked.get(place) != stamps:
            _compare(folder, stamps)
            _checked[place] = stamps
    except OSError as error:
        raise DamageError(f"it cannot be read: {error}") from error


def force_name(folder: Path) -> None:
    """Force the name under which a folder now lies to disk."""
    _force(folder.parent)


def _compare(folder: Path, stamps: Stamps) -> None:
    recorded = _recorded(folder)
    sizes = {name: size for name, size, _, _ in stamps if name != NAME}
    for name in sorted(recorded.keys() | sizes.keys()):
        if name not in sizes:
            raise DamageError(f"{name} is missing")
        if name not in recorded:
            raise DamageError(f"{name} is none of its files")
        if [sizes[name], _hash(folder / name)] != recorded[name]:
            raise DamageError(f"{name} has other bytes than were written")


def _recorded(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / NAME).read_bytes())
        name, files = content["folder"], dict(content["files"])
    except FileNotFoundError:
        raise DamageError(f"it has no {NAME}, as folders of earlier versions") from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise DamageError(f"its {NAME} is damaged") from None
    if name != folder.name:
        raise DamageError(f"its {NAME} is that of {str(name)[:80]!r}")
    return files


def _stamps(folder: Path) -> Stamps:
    found = []
    for name in _files(folder):
        status = (folder / name).lstat()
        if not stat.S_ISREG(status.st_mode):
            raise DamageError(f"{name} is no regular file")
        found.append((name, status.st_size, status.st_mtime_ns, status.st_ino))
    return tuple(found)


def _files(folder: Path) -> list[str]:
    """The names of everything below a folder but folders, ascending; a link to a folder counts as a file."""
    if folder.is_symlink():
        raise DamageError("it is a link")
    names = []
    for place, folders, files in os.walk(folder, onerror=_raise):
        here = Path(place)
        links = [name for name in folders if (here / name).is_symlink()]
        names += [(here / name).relative_to(folder).as_posix() for name in [*files, *links]]
    return sorted(name for name in names if not name.rpartition("/")[2].startswith(OF_THE_FILE_SYSTEM))


def _raise(error: OSError) -> None:
    raise error


def _described(path: Path) -> list[int | str]:
    return [path.stat().st_size, _hash(path)]


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _force_below(folder: Path) -> None:
    """Force the files below a folder, then the folders, to disk."""
    for place, _, files in os.walk(folder, topdown=False):
        for name in files:
            _force(Path(place) / name)
        _force(Path(place))


def _force(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
