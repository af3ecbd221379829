"""Measure how long texts are in tokens, and where the paper cuts them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# What torchtext's `basic_english` does to a text in lower case before it splits at white space, in its order.
REPLACEMENTS = (
    ("'", " '  "),
    ('"', ""),
    (".", " . "),
    ("<br />", " "),
    (",", " , "),
    ("(", " ( "),
    (")", " ) "),
    ("!", " ! "),
    ("?", " ? "),
    (";", " "),
    (":", " "),
)
WORD = r"[^\t-\r\x1c-\x20\x{85}\p{Z}]+"  # between white space as Unicode has it, and Python's str.split with it
LONGEST = 512  # what BERT's positions can hold


def token_counts(examples: pa.Table) -> NDArray[np.int64]:
    """Tokens of every example by torchtext's `basic_english`, int64 [n]; a pair counts its separator as one."""
    counts = _count(examples["text"])
    return counts + 1 + _count(examples["text_pair"]) if "text_pair" in examples.column_names else counts


def statistics(counts: NDArray[np.int64]) -> dict[str, float]:
    """What Table 7 of the PIE paper tells of lengths; std is the population's, p85 the 85th percentile."""
    return {
        "mean": round(float(counts.mean()), 2),
        "median": float(np.median(counts)),
        "min": int(counts.min()),
        "max": int(counts.max()),
        "std": round(float(counts.std()), 2),
        "p85": float(np.percentile(counts, 85)),
    }


def power_of_two(counts: NDArray[np.int64]) -> int:
    """The first power of two that leaves at least 85 % of the texts whole (Tropeano et al. 2025, A.2), at most 512."""
    longest = float(np.percentile(counts, 85))
    return min(LONGEST, 1 << max(3, int(np.ceil(np.log2(max(longest, 1))))))


def _count(texts: pa.ChunkedArray) -> NDArray[np.int64]:
    texts = pc.utf8_lower(texts)
    for mark, spaced in REPLACEMENTS:
        texts = pc.replace_substring(texts, mark, spaced)
    counts: NDArray[np.int64] = pc.count_substring_regex(texts, WORD).to_numpy().astype(np.int64)
    return counts
