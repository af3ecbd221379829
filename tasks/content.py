"""Hashes of tables that depend on their values alone, not on chunks, files or buffers."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def content_hash(table: pa.Table) -> str:
    """SHA-256 in hex over names, nulls and values of the columns, in the order given."""
    digest = hashlib.sha256(str(table.num_rows).encode())
    for name in table.column_names:
        column = table[name].combine_chunks()
        digest.update(f"\x1f{name}\x1f".encode())
        _add_column(digest, column)
    return digest.hexdigest()


def _add_column(digest: Any, column: pa.Array) -> None:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    digest.update(f"{column.null_count}".encode())
    if column.null_count:
        digest.update(column.is_valid().to_numpy(zero_copy_only=False).tobytes())
    if pa.types.is_list(column.type):
        digest.update(pc.fill_null(pc.list_value_length(column), 0).to_numpy().tobytes())
        _add_column(digest, column.flatten())
    elif pa.types.is_string(column.type):
        digest.update(pc.fill_null(pc.binary_length(column), 0).to_numpy().tobytes())
        digest.update(_characters(column.drop_null()))
    elif pa.types.is_fixed_size_binary(column.type):
        width = column.type.byte_width
        held = column.drop_null()
        digest.update(memoryview(held.buffers()[1])[held.offset * width : (held.offset + len(held)) * width])
    else:
        digest.update(column.drop_null().to_numpy(zero_copy_only=False).tobytes())


def _characters(column: pa.Array) -> memoryview:
    """The UTF-8 bytes of all values, one after the other, as Arrow holds them: no text becomes a Python object."""
    if not len(column):
        return memoryview(b"")
    offsets = np.frombuffer(column.buffers()[1], np.int32, len(column) + 1, column.offset * 4)
    return memoryview(column.buffers()[2] or b"")[offsets[0] : offsets[-1]]
