"""The pictures that a column of a table holds: their bytes, as the hub has them, or the paths of their files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from tasks.base import TaskError
from tasks.cells import is_text
from tasks.pictures import Picture


def pictures_in(column: pa.ChunkedArray, place: str, folder: Path | None) -> Iterator[Picture]:
    """The pictures of a column, a row each: bytes, a path below `folder`, or a record of both, as `datasets` has it.

    folder: of the table; None where there is none, and paths mean nothing. TaskError names the row of an empty cell.
    """
    kind = column.type
    if not (pa.types.is_struct(kind) or is_text(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise TaskError(f"{place}: its images are {kind}; allowed: bytes of pictures, paths, or records of both")
    row = 0
    for chunk in column.chunks:
        for value in chunk.to_pylist():
            row += 1
            yield _picture(value, f"{place} row {row}", folder)


def _picture(value: object, name: str, folder: Path | None) -> Picture:
    if isinstance(value, dict):
        value = value.get("bytes") or value.get("path")
    if isinstance(value, bytes) and value:
        return name, value
    if isinstance(value, str) and value and folder is not None:
        path = folder / value
        if not path.is_file():
            raise TaskError(f"{name}: there is no file {path}")
        return f"{name} ({path})", path
    raise TaskError(f"{name} has no picture; it needs bytes{' or a path' if folder else ''}")
