"""The word index of a spaCy pipeline's vectors, read without spaCy."""

from __future__ import annotations

from pathlib import Path

import msgpack
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

# spaCy gives words that name one of its own symbols that symbol's number instead of a hash
# (documentation of spacy.symbols); these are the lower-case words among them.
SYMBOLS: dict[str, int] = {
    "agent": 401,
    "attr": 404,
    "aux": 405,
    "cc": 407,
    "cop": 411,
    "dep": 414,
    "det": 415,
    "expl": 417,
    "mark": 423,
    "meta": 424,
    "neg": 425,
    "nn": 427,
    "num": 431,
    "number": 432,
    "obj": 434,
    "poss": 440,
    "possessive": 441,
    "prep": 443,
    "root": 449,
    "acl": 451,
}

_WORD = 2**64 - 1
_MULTIPLIER = 0xC6A4A7935BD1E995


def rows(key2row: Path, words: pa.Array) -> NDArray[np.int64]:
    """The row of each word's vector by the file `vocab/key2row`, a msgpack map from key to row; -1 if it has none."""
    index: dict[int, int] = msgpack.unpackb(key2row.read_bytes(), strict_map_key=False)
    found = (index.get(key(word), -1) for word in words.to_pylist())
    return np.fromiter(found, dtype=np.int64, count=len(words))


def key(word: str) -> int:
    """What spaCy files a word under: its symbol, or MurmurHash64A of its UTF-8 bytes with seed 1."""
    return SYMBOLS[word] if word in SYMBOLS else murmur64a(word.encode(), seed=1)


def murmur64a(data: bytes, seed: int) -> int:
    """MurmurHash64A (Appleby, public domain): 64 bits of `data`, read as little-endian words of 8 bytes."""
    result = seed ^ (len(data) * _MULTIPLIER & _WORD)
    whole = len(data) - len(data) % 8
    for start in range(0, whole, 8):
        block = int.from_bytes(data[start : start + 8], "little") * _MULTIPLIER & _WORD
        block = (block ^ block >> 47) * _MULTIPLIER & _WORD
        result = (result ^ block) * _MULTIPLIER & _WORD
    if whole < len(data):
        result = (result ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _WORD
    result = (result ^ result >> 47) * _MULTIPLIER & _WORD
    return result ^ result >> 47
