"""Words of passages: where each begins and ends, in characters."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Characters of scripts that write no blanks between words: each is one."""
WORD = re.compile(rf"[{CJK}]|[^\W{CJK}]+|[^\w\s]")
LONGEST = 32_767
"""Characters of a passage: places in it are kept in 16 bits."""


@dataclass(frozen=True)
class PassageWords:
    """The words of n texts end to end: text i owns counts[i] of them. begins, ends: in characters of the text."""

    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def firsts(self) -> NDArray[np.int64]:
        """The number of every text's first word."""
        found: NDArray[np.int64] = np.cumsum(self.counts) - self.counts
        return found


def passage_words(passages: pa.Array | pa.ChunkedArray) -> PassageWords:
    """Letters and digits in a row are a word, and so is every other mark; a passage that comes again is read once."""
    if isinstance(passages, pa.ChunkedArray):
        passages = passages.combine_chunks()
    encoded = passages.dictionary_encode()
    spans = [
        np.array([match.span() for match in WORD.finditer(text)], np.int64).reshape(-1, 2)
        for text in encoded.dictionary.to_pylist()
    ]
    codes = encoded.indices.to_numpy()
    flat = np.concatenate([np.empty((0, 2), np.int64), *(spans[code] for code in codes)])
    counts = np.array([len(one) for one in spans], np.int64)[codes] if len(codes) else np.empty(0, np.int64)
    return PassageWords(begins=flat[:, 0], ends=flat[:, 1], counts=counts)


def answered_words(gold_spans: pa.ChunkedArray, words: PassageWords) -> NDArray[np.int64]:
    """The first and the last word [n, 2] that every example's first gold answer touches, of its passage's words."""
    answers = np.array([row[0] for row in gold_spans.to_pylist()], np.int64).reshape(-1, 2)
    # One search for all passages: each has a stretch of its own, longer than any.
    stretch = 1 + int(words.ends.max(initial=0))
    rows = np.arange(len(answers)) * stretch
    owners = np.repeat(rows, words.counts)
    begin, end = rows + answers[:, 0], rows + answers[:, 1]
    first = np.searchsorted(owners + words.ends, begin, side="right") - words.firsts
    last = np.searchsorted(owners + words.begins, end, side="left") - 1 - words.firsts
    places: NDArray[np.int64] = np.stack([first, np.maximum(last, first)], axis=1).clip(0, (words.counts - 1)[:, None])
    return places
