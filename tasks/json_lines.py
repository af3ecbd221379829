"""JSON records, one a line or in one list: what kind of value each column holds, and the first of another kind."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from tasks.base import TaskError
from tasks.squad_files import is_squad, questions

LOOKED_AT = 1 << 16
"""Bytes at the beginning of a file in which SQuAD's form is told."""

Record = tuple[int, dict[str, Any]]
"""The number of a line and the object on it."""


def as_lines(path: Path, file: BinaryIO) -> tuple[BinaryIO, str]:
    """A file of JSON as one record a line, and how the place of a record is called.

    That is a line, an item of the file's list, or a question of a file in SQuAD's form. TaskError for a list that is
    no JSON, and for a file in that form that lacks a part of it.
    """
    start = file.tell()
    first = next((byte for byte in iter(lambda: file.read(1), b"") if not byte.isspace()), b"")
    file.seek(start)
    if first == b"{" and (found := _one_object(file, start)) is not None:
        try:
            return _lines(questions(found)), f"{path} question"
        except ValueError as error:
            raise TaskError(f"{path}: {error}") from error
    if first != b"[":
        return file, f"{path} line"
    try:
        items = json.loads(file.read())
    except (ValueError, RecursionError) as error:
        raise TaskError(f"{path} is no list of JSON objects, nor one object a line: {error}") from error
    return _lines(items), f"{path} item"


def _lines(items: Iterable[Any]) -> BinaryIO:
    return io.BytesIO(b"".join(json.dumps(item).encode() + b"\n" for item in items))


def _one_object(file: BinaryIO, start: int) -> dict[str, Any] | None:
    """What a file in SQuAD's form holds; None for any other, whose first line alone is read."""
    head = file.read(LOOKED_AT)
    found = None
    if b'"paragraphs"' in head:
        try:
            found = json.loads(head + file.read())
        except (ValueError, RecursionError):
            found = None
    file.seek(start)
    return found if is_squad(found) else None


def records(place: str, lines: Iterable[bytes]) -> Iterator[Record]:
    """The objects of these lines; empty lines hold none. TaskError names a line that is no JSON object."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except UnicodeDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            raise TaskError(f"{place} {number} is not JSON: {error}") from error
        if not isinstance(record, dict):
            raise TaskError(f'{place} {number} is not a JSON object like {{"text": ..., "label": ...}}')
        yield number, record


def column_types(place: str, sample: Iterable[Record], names: Sequence[str]) -> pa.Schema:
    """The Arrow type of every column: that of its first value that says anything, text where none does."""
    kinds: dict[str, pa.DataType] = {}
    for number, record in sample:
        for name in names:
            value = record.get(name)
            if name not in kinds and value is not None and value != []:
                try:
                    inferred = pa.array([value]).type
                except (OverflowError, pa.ArrowException, UnicodeError) as error:
                    advice = "; write it in quotes" if isinstance(error, OverflowError) else ""
                    raise TaskError(
                        f"{place} {number}: column '{name}' holds {_shown(value)} ({error}){advice}"
                    ) from error
                if not pa.types.is_null(inferred):
                    kinds[name] = inferred
    return pa.schema([(name, kinds.get(name, pa.string())) for name in names])


def with_fractions(lines: Iterable[Record], kinds: pa.Schema) -> pa.Schema:
    """The same types, but floating-point for columns of whole numbers in which some record has another number."""
    whole = {column.name for column in kinds if pa.types.is_integer(column.type)}
    wider = {name for _, record in lines for name in whole if isinstance(record.get(name), float)}
    return pa.schema([(column.name, pa.float64() if column.name in wider else column.type) for column in kinds])


def refuse_odd_value(place: str, lines: Iterable[Record], kinds: pa.Schema) -> None:
    """TaskError for the first value that is of another kind than its column."""
    for number, record in lines:
        for column in kinds:
            value = record.get(column.name)
            if not _fits(value, column.type):
                raise TaskError(
                    f"{place} {number}: column '{column.name}' holds {_shown(value)}, where lines before hold "
                    f"{_said(column.type)}; write one kind of value in a column"
                )


def _fits(value: Any, kind: pa.DataType) -> bool:
    if value is None:
        return True
    if pa.types.is_list(kind):
        return isinstance(value, list) and all(_fits(item, kind.value_type) for item in value)
    if pa.types.is_integer(kind):
        return type(value) is int and -(2**63) <= value < 2**63
    if pa.types.is_floating(kind):
        return type(value) in (int, float)
    wanted: type = dict if pa.types.is_struct(kind) else bool if pa.types.is_boolean(kind) else str
    return isinstance(value, wanted)


def _said(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"lists of {_said(kind.value_type)}"
    said = {pa.int64(): "whole numbers below 2^63", pa.float64(): "numbers", pa.bool_(): "truth values"}
    return said.get(kind, "objects" if pa.types.is_struct(kind) else "text")


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
