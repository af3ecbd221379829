"""Parsed examples kept as Parquet, so that the second trial that asks for a task waits for no parser."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.base import TaskData
from tasks.registry_packages import cache_folder

HEADER = b"piesweep"


def cached(task: str, key: dict[str, Any], load: Callable[[], TaskData]) -> TaskData:
    """The task's data from the cache if it was parsed before from the same key, else from `load`.

    key: JSON values that change whenever the examples can; the code of this room is added. Every file may be
    deleted at any time.
    """
    text = json.dumps({**key, "code": _code()}, sort_keys=True)
    path = cache_folder() / "tasks" / f"{task}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.parquet"
    if (known := _read(path)) is not None:
        return known
    data = load()
    with contextlib.suppress(OSError):  # a full disk or read-only home costs time, not the trial
        _write(path, data)
    return data


def file_stamps(source: Path) -> list[tuple[str, int, int]]:
    """(name, bytes, modification time in ns) of a file, or of every file below a folder, by name."""
    if source.is_file():
        return [_stamp(source, source.name)]
    files = (Path(folder) / name for folder, _, names in os.walk(source) for name in names)
    return sorted(_stamp(path, path.relative_to(source).as_posix()) for path in files if path.is_file())


def _stamp(path: Path, name: str) -> tuple[str, int, int]:
    stat = path.stat()
    return name, stat.st_size, stat.st_mtime_ns


@cache
def _code() -> str:
    """A hash of this room's sources: a mended loader never serves what the broken one parsed."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"\x1f".join(path.read_bytes() for path in sources)).hexdigest()[:16]


def _read(path: Path) -> TaskData | None:
    try:
        table = pq.read_table(path)
        card = json.loads(table.schema.metadata[HEADER])
        return TaskData(
            **{**card, "classes": tuple(card["classes"]), "examples": table.replace_schema_metadata().combine_chunks()}
        )
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):  # absent, damaged, or of another version
        return None


def _write(path: Path, data: TaskData) -> None:
    names = ("task", "kind", "inputs", "classes", "max_tokens", "fingerprint", "note")
    card = json.dumps({name: getattr(data, name) for name in names})
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=path.parent) as aside:
        fresh = Path(aside) / path.name
        pq.write_table(data.examples.replace_schema_metadata({HEADER: card.encode()}), fresh, compression="zstd")
        fresh.replace(path)
