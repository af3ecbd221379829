"""Rows as they come from a query, and the stream that their text goes to."""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Iterator
from typing import IO, Any, cast

import pyarrow as pa


def rows(reader: pa.RecordBatchReader) -> Iterator[tuple[Any, ...]]:
    """One tuple of Python values a row."""
    for batch in reader:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def text_stream(out: IO[Any] | None) -> IO[str]:
    """A text stream over what was given: standard output, a text stream as it is, or bytes as UTF-8."""
    target: Any = sys.stdout if out is None else out
    return cast("IO[str]", target if isinstance(target, io.TextIOBase) else codecs.getwriter("utf-8")(target))
