"""Columns of a user's table as what they must hold: class names, lists of them, whole numbers, words, fractions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import TaskError
from tasks.label_lists import members

WHOLE = r"^[+-]?0*\d{1,37}(\.0*)?$"
EXACT = 2.0**53
"""Floating-point numbers from here on do not tell neighbouring whole numbers apart."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """A column: its values, and the file and name that errors say. rows: the row of each where one holds several."""

    values: pa.Array
    place: str
    column: str
    rows: pa.Array | None = None

    @classmethod
    def of(cls, values: pa.Array | pa.ChunkedArray, place: str, column: str) -> Cells:
        """The cells of a column in plain types: not in chunks, no dictionary."""
        if isinstance(values, pa.ChunkedArray):
            values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        return cls(values=values, place=place, column=column)

    def refuse(self, bad: pa.Array, said: str) -> None:
        """TaskError for the first value for which `bad` is true; said may hold {value} and {count}."""
        count = pc.sum(bad).as_py() or 0
        if count:
            first = pc.index(bad, True).as_py()
            row = (first if self.rows is None else self.rows[first].as_py()) + 1
            what = said.replace("{count}", str(count)).replace("{value}", _shown(self.values[first].as_py()))
            raise TaskError(f"{self.place} row {row}: column '{self.column}' {what}")

    def refuse_kind(self, wanted: str) -> None:
        """TaskError for the first value, where a whole column is of the wrong type."""
        self.refuse(pc.is_valid(self.values), f"holds {{value}} ({self.values.type}); {wanted}")


def is_text(kind: pa.DataType) -> bool:
    """True for the Arrow types of text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def class_names(cells: Cells) -> pa.Array:
    """Class names as trimmed text, null where a cell says nothing.

    A class is a word, a whole number (1.0 in a column of floating-point numbers is 1) or a truth value.
    """
    kind, values = cells.values.type, cells.values
    wanted = "a class is a word, a whole number or a truth value"
    if pa.types.is_floating(kind):
        return _whole_floats(cells, f"{wanted}; write it as text if each such number is a class").cast(pa.string())
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return values.cast(pa.string())
    if not is_text(kind):
        hint = "; for several classes per example use labels" if _is_list(kind) else ""
        cells.refuse_kind(f"{wanted}{hint}")
        return pa.nulls(len(values), pa.string())
    return _filled(values)


def class_lists(cells: Cells, separator: str | None, *, is_marked: bool) -> pa.Array:
    """Lists of class names, null where a cell is null; an empty text is the empty list.

    Cells are lists, or text: a list as Python or JSON writes it, or names with the separator between them. is_marked:
    the user chose the separator. TaskError names the row of a list that is none, or that holds nothing in a place.
    """
    values = cells.values
    if _is_list(values.type):
        lists = values.cast(pa.list_(values.type.value_type))
        inner = replace(Cells.of(lists.flatten(), cells.place, cells.column), rows=pc.list_parent_indices(lists))
        names = class_names(inner)
        inner.refuse(pc.is_null(names), "holds {value} in its list, which is no class; remove it")
        return _lists(lists, names)
    if not is_text(values.type):
        cells.refuse_kind(
            "labels are lists of classes, or text with separator, the mark between two labels (separator: ';')"
        )
        return pa.nulls(len(values), pa.list_(pa.string()))
    codes = pc.dictionary_encode(pc.utf8_trim_whitespace(values.cast(pa.string())))
    found: list[list[str] | None] = []
    for number, text in enumerate(codes.dictionary.to_pylist()):
        try:
            found.append(members(text, separator, is_marked=is_marked))
        except ValueError as error:
            cells.refuse(pc.fill_null(pc.equal(codes.indices, number), False), f"holds {{value}}, {error}")
    return pa.array(found, pa.list_(pa.string())).take(codes.indices)


def whole_numbers(cells: Cells) -> pa.Array:
    """Whole numbers, as integers or as text in digits; null where a cell is empty."""
    kind, values = cells.values.type, cells.values
    if pa.types.is_integer(kind) or pa.types.is_null(kind):
        return values
    wanted = "it must be a whole number"
    if pa.types.is_floating(kind):
        return _whole_floats(cells, f"{wanted}, below 2^53 where it is stored in floating point; else write it as text")
    if not (is_text(kind) or pa.types.is_decimal(kind)):
        cells.refuse_kind(wanted)
        return pa.nulls(len(values), pa.int64())
    texts = _filled(values)
    bad = pc.invert(pc.match_substring_regex(texts, WHOLE))
    cells.refuse(pc.fill_null(bad, False), f"holds {{value}}; {wanted} of at most 37 digits")
    return pc.replace_substring_regex(texts, r"^\+|\.0*$", "")


def fractions(cells: Cells) -> pa.Array:
    """Numbers as doubles, null where a cell is empty or not a number (as pandas writes what is missing)."""
    kind, values = cells.values.type, cells.values
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        numbers = values.cast(pa.float64())
        return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
    if not is_text(kind):
        cells.refuse_kind("it must be a number")
        return pa.nulls(len(values), pa.float64())
    codes = pc.dictionary_encode(_filled(values))
    found: list[float | None] = []
    for number, text in enumerate(codes.dictionary.to_pylist()):
        try:
            found.append(None if text is None else float(text))
        except ValueError:
            cells.refuse(pc.fill_null(pc.equal(codes.indices, number), False), "holds {value}; it must be a number")
    return pa.array(found, pa.float64()).take(codes.indices)


def words(cells: Cells) -> pa.Array:
    """Text as it is written, whole numbers as text."""
    kind, values = cells.values.type, cells.values
    if pa.types.is_integer(kind) or pa.types.is_null(kind):
        return values.cast(pa.string())
    if not is_text(kind):
        cells.refuse_kind("it must be text")
        return pa.nulls(len(values), pa.string())
    return values.cast(pa.string())


def _whole_floats(cells: Cells, wanted: str) -> pa.Array:
    numbers = cells.values.cast(pa.float64())
    numbers = pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
    whole = pc.and_(pc.equal(pc.trunc(numbers), numbers), pc.less(pc.abs(numbers), EXACT))
    cells.refuse(pc.fill_null(pc.invert(whole), False), f"holds {{value}}; {wanted}")
    return numbers.cast(pa.int64())


def _filled(values: pa.Array) -> pa.Array:
    """Trimmed text, null where it is empty."""
    texts = pc.utf8_trim_whitespace(values.cast(pa.string()))
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _lists(lists: pa.Array, names: pa.Array) -> pa.Array:
    """The same lists with other values."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
    return pa.ListArray.from_arrays(offsets, names, mask=pc.is_null(lists))


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
