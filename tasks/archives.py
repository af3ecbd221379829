"""The files of a user's folder or archive, read in memory: nothing is ever unpacked to disk."""

from __future__ import annotations

import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tasks.base import TaskError

ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".zip")
LARGEST_FILE = 1 << 30
GZIP = b"\x1f\x8b"
"""How content begins that gzip has written."""


def is_archive(path: Path) -> bool:
    """True for a file that `read_files` opens as an archive, by its name."""
    return path.is_file() and path.name.lower().endswith(ARCHIVES)


def read_files(source: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the regular files whose name (with / between folders) is wanted, by ascending name.

    Raises TaskError if the source does not exist, is of another kind, is damaged, or holds a file above 1 GiB.
    """
    if not source.exists():
        raise TaskError(f"{source} does not exist; give the folder or archive ({', '.join(ARCHIVES)}) with your copy")
    if source.is_dir():
        names = {path.relative_to(source).as_posix(): path for path in source.rglob("*") if path.is_file()}
        for name in sorted(filter(wanted, names)):
            _check_size(source, name, names[name].stat().st_size)
            yield name, names[name].read_bytes()
    elif is_archive(source):
        try:
            yield from sorted(_members(source, wanted))
        except (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, EOFError, OSError) as error:
            raise TaskError(f"{source} cannot be read as an archive ({error}); get a whole copy again") from error
    else:
        raise TaskError(f"{source} is neither a folder nor an archive; allowed: {', '.join(ARCHIVES)}")


def unzipped(content: bytes) -> bytes:
    """A file's content; of one that gzip has written, what is in it. OSError or EOFError where that is damaged."""
    return gzip.decompress(content) if content.startswith(GZIP) else content


def _members(source: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    if source.name.lower().endswith(".zip"):
        with zipfile.ZipFile(source) as bundle:
            for entry in bundle.infolist():
                if not entry.is_dir() and wanted(entry.filename):
                    _check_size(source, entry.filename, entry.file_size)
                    yield entry.filename, bundle.read(entry)
        return
    with tarfile.open(source) as archive:
        for member in archive:
            if member.isfile() and wanted(member.name):
                _check_size(source, member.name, member.size)
                content = archive.extractfile(member)
                assert content is not None  # it is a regular file
                yield member.name, content.read()


def _check_size(source: Path, name: str, size: int) -> None:
    if size > LARGEST_FILE:
        raise TaskError(f"{name} in {source} has {size} bytes, more than the {LARGEST_FILE} allowed for one file")
