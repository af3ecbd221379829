"""Files with a word and its tags a line and a blank line between texts, as the shared tasks of CoNLL have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from tasks.base import TaskError
from tasks.text_files import Written, opened

DOCUMENT = "-DOCSTART-"
"""How a line begins that parts two documents, and is no word."""


def column_names_of(path: Path, written: Written, wanted: Sequence[str]) -> list[str]:
    """The names of a file's columns, which has no heading: those that the study says.

    Else the first is the first that is wanted, the last the last, and between them stand column 2, column 3, ...
    """
    if written.columns is not None:
        return list(written.columns)
    first = next(_lines(path, written), None)
    count = len(first[1]) if first else len(wanted)
    if not wanted or count < 2:
        return [f"column {number + 1}" for number in range(count)]
    return [wanted[0], *(f"column {number + 1}" for number in range(1, count - 1)), wanted[-1]]


def count_texts(path: Path, written: Written) -> int:
    """The texts of a file."""
    return len(dict.fromkeys(text for text, _ in _lines(path, written)))


def read_lists(path: Path, names: Sequence[str], written: Written, wanted: Sequence[str]) -> pa.Table:
    """The named columns, a list for every text. TaskError names the line that has more or fewer columns than others."""
    present = column_names_of(path, written, wanted)
    places = [present.index(name) for name in names]
    flat: list[list[str]] = [[] for _ in places]
    ends: list[int] = [0]
    last = None
    for text, cells in _lines(path, written, len(present)):
        if text != last:
            ends.append(ends[-1])
            last = text
        ends[-1] += 1
        for values, place in zip(flat, places, strict=True):
            values.append(cells[place])
    offsets = pa.array(ends, pa.int32())
    lists = [pa.ListArray.from_arrays(offsets, pa.array(values, pa.string())) for values in flat]
    return pa.table(dict(zip(names, lists, strict=True)))


def _lines(path: Path, written: Written, columns: int | None = None) -> Iterator[tuple[int, list[str]]]:
    """The number of the text to which each word belongs, and the cells of its line."""
    with opened(path, written.encoding) as file:
        yield from words_in((line.decode() for line in file), str(path), written.delimiter, columns)


def words_in(
    lines: Iterable[str], place: str, delimiter: str | None = None, columns: int | None = None
) -> Iterator[tuple[int, list[str]]]:
    """The number of the text to which each word belongs, and the cells of its line; place names these in errors."""
    text, is_between = -1, True
    for number, line in enumerate(lines, start=1):
        content = line.rstrip("\r\n")
        if not content.strip() or content.startswith(DOCUMENT):
            is_between = True
            continue
        if is_between:
            text, is_between = text + 1, False
        cells = [cell.strip() for cell in content.split(delimiter)] if delimiter else content.split()
        if columns is not None and len(cells) != columns:
            raise TaskError(
                f"{place} line {number} has {len(cells)} columns and the file {columns}: a line is a word and its "
                "tags, parted by blanks or tabs (or by delimiter), and a blank line parts two texts"
            )
        yield text, cells
