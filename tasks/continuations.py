"""Texts that are to be written, of a user's own task: read from their columns, several of one input together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import TaskError
from tasks.cells import Cells, is_text
from tasks.lengths import LONGEST
from tasks.raw_splits import RawSplit

PIECES = 2
"""Tokens that a word is read as, at most, on the average of a text."""
SHORTEST = 8


def targets_of(raw: RawSplit, column: str) -> pa.Array:
    """The references of every row: a text, or a list of them. TaskError names the row of an empty one."""
    cells = Cells.of(raw.answers, raw.place, column)
    kind = cells.values.type
    if is_text(kind):
        lists = pa.array([[one] for one in cells.values.to_pylist()], pa.list_(pa.string()))
    elif pa.types.is_list(kind) and is_text(kind.value_type):
        lists = cells.values.cast(pa.list_(pa.string()))
    else:
        raise TaskError(f"{raw.place}: column '{column}' holds {kind}; texts to be written are text, or lists of texts")
    empty = [not one or not all(text and text.strip() for text in one) for one in lists.to_pylist()]
    cells.refuse(pa.array(empty, pa.bool_()), "holds no text, or an empty one ({count} such rows); fill or remove them")
    return lists


def grouped(columns: Mapping[str, Any], answers: pa.Array) -> tuple[dict[str, Any], pa.Array]:
    """One row for every input, with all its references in their order; of other columns the first row's."""
    texts = columns["text"]
    codes = (
        pc.dictionary_encode(texts).combine_chunks()
        if isinstance(texts, pa.ChunkedArray)
        else texts.dictionary_encode()
    )
    numbers = codes.indices.to_numpy()
    _, first = np.unique(numbers, return_index=True)
    references: list[dict[str, None]] = [{} for _ in first]
    for number, one in zip(numbers, answers.to_pylist(), strict=True):
        references[number].update(dict.fromkeys(one))
    rows = pa.array(first)
    return {name: values.take(rows) for name, values in columns.items()}, pa.array(
        [list(one) for one in references], pa.list_(pa.string())
    )


def longest_whole(examples: pa.Table) -> int:
    """The power of two with room for every input and its longest reference at PIECES tokens a word, at most LONGEST."""
    words = pc.count_substring_regex(examples["text"], r"\S+").to_numpy()
    written = np.array([max(len(one.split()) for one in row) for row in examples["gold_texts"].to_pylist()])
    most = PIECES * int((words + written).max(initial=1)) + 2
    return min(LONGEST, max(SHORTEST, 1 << (most - 1).bit_length()))
