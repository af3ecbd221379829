"""The contract of a table: lines of values with signs and notes, whatever they are printed as."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

Mark = Literal["best", "worst", "better", "incomplete", "undefined"]


@dataclass(frozen=True)
class Value:
    """One number as it is printed, with what is to be said of it."""

    text: str
    marks: frozenset[Mark] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line: its keys (task, model, method, ...), then one group of values per column of the table."""

    keys: tuple[str, ...]
    values: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A printed table and the full numbers under it.

    columns: headings of the value columns; each has the sub-headings `parts` (one empty part: none are printed).
    legend: what each mark that occurs means. records: the same numbers, one dictionary a row, unrounded: the CSV.
    views: the public views that the numbers come from. A table without lines has nothing to say of a store.
    """

    name: str
    title: str
    caption: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    parts: tuple[str, ...]
    lines: tuple[Line, ...]
    legend: dict[Mark, str]
    records: tuple[dict[str, Any], ...]
    views: tuple[str, ...]

    @property
    def heading_keys(self) -> int:
        """How many keys head a block of lines: those before the method; without a method, all but the last."""
        return self.keys.index("method") if "method" in self.keys else len(self.keys) - 1

    @property
    def blocks(self) -> list[tuple[tuple[str, ...], list[Line]]]:
        """The lines by what heads them: task and model."""
        place = self.heading_keys
        return [(key, list(lines)) for key, lines in groupby(self.lines, key=lambda line: line.keys[:place])]

    @property
    def marks(self) -> dict[Mark, str]:
        """The part of the legend that this table needs."""
        used = {mark for line in self.lines for group in line.values for value in group for mark in value.marks}
        return {mark: meaning for mark, meaning in self.legend.items() if mark in used}
