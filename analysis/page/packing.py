"""Numbers and names for a page's script: one JSON head and typed arrays, compressed, as text that any HTML can hold."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import numpy as np
import numpy.typing as npt

ALIGNMENT = 8  # a browser reads a typed array only where its elements may begin
TYPES = {"uint8", "uint16", "uint32", "int32", "float32"}


class Packing:
    """Collects arrays, which the head points at by number, and packs both.

    Layout, little-endian: length of the head (4 bytes), the head as JSON in UTF-8, then the arrays, each from a
    multiple of ALIGNMENT bytes on. The head's key `arrays` lists their types and numbers of elements.
    """

    def __init__(self) -> None:
        self._arrays: list[npt.NDArray[Any]] = []

    def add(self, values: npt.NDArray[Any]) -> int:
        """Keep an array of one of TYPES, flattened row by row, and return its number."""
        if values.dtype.name not in TYPES:
            raise TypeError(f"an array of {values.dtype} cannot be packed; choose from {sorted(TYPES)}")
        self._arrays.append(np.ascontiguousarray(values).reshape(-1))
        return len(self._arrays) - 1

    def packed(self, head: dict[str, Any]) -> str:
        """Head and arrays, gzip, base64: the same text for the same content."""
        listed = [[values.dtype.name, values.size] for values in self._arrays]
        text = json.dumps(head | {"arrays": listed}, separators=(",", ":"), ensure_ascii=False).encode(
            "utf-8", "backslashreplace"
        )
        parts = [len(text).to_bytes(4, "little"), text]
        at = 4 + len(text)
        for values in self._arrays:
            gap = -at % ALIGNMENT
            content = values.astype(values.dtype.newbyteorder("<")).tobytes()
            parts += [b"\0" * gap, content]
            at += gap + len(content)
        return base64.b64encode(gzip.compress(b"".join(parts), compresslevel=5, mtime=0)).decode("ascii")


def unsigned(numbers: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """The narrowest unsigned type that leaves its highest number free for none, which is -1 here."""
    highest = int(numbers.max(initial=0))
    kind = np.uint8 if highest < 0xFF else np.uint16 if highest < 0xFFFF else np.uint32
    return numbers.astype(kind)


def unpacked(text: str) -> tuple[dict[str, Any], list[npt.NDArray[Any]]]:
    """What `Packing.packed` was given: the head and its arrays."""
    content = gzip.decompress(base64.b64decode(text))
    at = 4 + int.from_bytes(content[:4], "little")
    head = json.loads(content[4:at])
    arrays = []
    for name, size in head["arrays"]:
        at += -at % ALIGNMENT
        values = np.frombuffer(content, np.dtype(name).newbyteorder("<"), size, at)
        arrays.append(values)
        at += values.nbytes
    return head, arrays
