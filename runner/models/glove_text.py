"""Word vectors in GloVe's text format, "word number ... number" a line, parsed once into a mapped array."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from runner.models import ModelError
from runner.models.mapped import filled, mapped

LINES_AT_ONCE = 10_000


def identity(path: Path) -> str:
    """A short hash of the file's place, size and time of change: reading gigabytes to know them again is too slow."""
    found = path.stat()
    return hashlib.sha256(f"{path.resolve()}\n{found.st_size}\n{found.st_mtime_ns}".encode()).hexdigest()[:16]


def dimensions(path: Path) -> int:
    """Numbers a line, as the file's first lines tell.

    A word may hold spaces (GloVe 840B has a few), so the line with the fewest fields counts. ModelError if the
    first lines are not in the format.
    """
    with path.open(encoding="utf-8", newline="\n") as file:
        found = min((line.rstrip("\r\n").count(" ") for line in _vectors_of(itertools.islice(file, 100))), default=0)
    if found < 1:
        raise ModelError(f"{path} does not look like word vectors; every line must be 'word number number ...'")
    return found


def load(path: Path, cache: Path) -> tuple[pa.ChunkedArray, NDArray[np.float32]]:
    """The words and the matrix [words, dimensions] of a text file, from `cache` where it has been parsed before.

    ModelError names the first line that is not in the format.
    """
    folder = filled(cache / f"text-{identity(path)}", lambda fresh: _parse(path, fresh))
    return pq.read_table(folder / "words.parquet")["word"], mapped(folder, "matrix")


def _parse(path: Path, folder: Path) -> None:
    width = dimensions(path)
    with path.open(encoding="utf-8", newline="\n") as file:
        count = sum(1 for _ in _vectors_of(file))
    matrix = np.lib.format.open_memmap(folder / "matrix.npy", mode="w+", dtype=np.float32, shape=(count, width))
    words: list[str] = []
    with path.open(encoding="utf-8", newline="\n") as file:
        lines = _vectors_of(file)
        while block := list(itertools.islice(lines, LINES_AT_ONCE)):
            parts = [line.rstrip("\r\n").rsplit(" ", width) for line in block]
            matrix[len(words) : len(words) + len(block)] = _numbers(parts, width, path, len(words))
            words.extend(part[0] for part in parts)
    matrix.flush()
    pq.write_table(pa.table({"word": pa.array(words, pa.large_string())}), folder / "words.parquet")


def _vectors_of(lines: Iterator[str]) -> Iterator[str]:
    """The lines that hold a vector: word2vec's first line, "words dimensions", is left out."""
    for number, line in enumerate(lines):
        fields = line.split()
        if number == 0 and len(fields) == 2 and all(field.isdecimal() for field in fields):
            continue
        yield line


def _numbers(parts: list[list[str]], width: int, path: Path, before: int) -> NDArray[np.float32]:
    """The numbers of these lines [lines, width]; ModelError names the first bad one, counted in vectors."""
    try:
        return np.array([part[1:] for part in parts], dtype=np.float32)
    except ValueError:
        for number, part in enumerate(parts, start=before + 1):
            try:
                bad = len(np.array(part[1:], dtype=np.float32)) != width
            except ValueError:
                bad = True
            if bad:
                start = " ".join(part)[:60]
                message = f"{path}: vector {number} is not a word and {width} numbers: '{start}...'"
                raise ModelError(message) from None
        raise
