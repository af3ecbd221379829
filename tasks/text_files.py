"""Files of text as bytes of UTF-8: unpacked, without a mark at the start, from whatever character set they are in."""

from __future__ import annotations

import codecs
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from tasks.base import Quoting, TaskError

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""What files begin with that say their character set; the longer first."""
EIGHT_BIT = ("cp1252", "latin-1")
LOOKED_AT = 4096


@dataclass(frozen=True, kw_only=True)
class Written:
    """How a user's files of text are written, as far as the user says; the rest is told from each file.

    quoting: csv where a quote may open a cell, none where it is a character like others. delimiter: one character.
    columns: the names of the columns of files that have no heading.
    """

    quoting: Quoting | None = None
    delimiter: str | None = None
    encoding: str | None = None
    columns: tuple[str, ...] | None = None


AS_FOUND = Written()


@contextmanager
def opened(path: Path, encoding: str | None) -> Iterator[BinaryIO]:
    """The text of a file as bytes of UTF-8. TaskError names the line that is not of the character set.

    encoding: None for UTF-8, or what the file's first bytes say. Other character sets cannot be told apart, so none is
    guessed. Such files are held in memory.
    """
    with cast("BinaryIO", gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb") as file:
        head = file.read(LOOKED_AT)
        mark, found = next(((mark, name) for mark, name in MARKS if head.startswith(mark)), (b"", "utf-8"))
        chosen = codecs.lookup(encoding).name if encoding else found
        if encoding is None and found == "utf-8" and b"\0" in head:
            which = "utf-16-be" if head.startswith(b"\0") else "utf-16-le"
            raise TaskError(f"{path} holds null bytes, as UTF-16 without a mark does; set encoding: {which}")
        if chosen == "utf-8":
            file.seek(len(mark) if found == "utf-8" else 0)
            yield file
            return
        file.seek(0)
        content = file.read()
    try:
        yield io.BytesIO(content.decode(chosen).encode())
    except UnicodeDecodeError as error:
        line = content[: error.start].decode(chosen, "replace").count("\n") + 1
        raise TaskError(f"{path} line {line}: {_bytes(error)} is no text in {chosen}; set another encoding") from None


def refuse_undecodable(path: Path) -> None:
    """TaskError for the first line of a file that is not UTF-8, with how it reads in the usual other character sets."""
    with opened(path, None) as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                around = line[max(0, error.start - 12) : error.start + 12]
                readings = [f"{name} reads {text!r}" for name in EIGHT_BIT if (text := _decoded(around, name))]
                raise TaskError(
                    f"{path} line {number}: {_bytes(error)} is not UTF-8; set encoding, the file's character set "
                    f"({', '.join(readings)})"
                ) from None


def require_encoding(name: str) -> None:
    """TaskError unless Python has a character set of this name."""
    try:
        "".encode(name).decode(name)
        codecs.lookup(name)
    except (LookupError, ValueError, TypeError):
        raise TaskError(
            f"encoding '{name}' is none that Python knows; such as utf-8, utf-16, latin-1, cp1252, gb18030, shift_jis"
        ) from None


def _bytes(error: UnicodeDecodeError) -> str:
    return f"byte 0x{error.object[error.start]:02X}"


def _decoded(line: bytes, encoding: str) -> str:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return ""
