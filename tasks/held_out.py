"""Splits held out from train by a fraction: stratified, and drawn by the examples alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tasks.base import SPLITS, Split, TaskError
from tasks.columns import TEXTS
from tasks.metrics import indicators
from tasks.spelling import in_order
from tasks.splitting import iterative_stratification, stratified_split

LABELS = "\0labels"
"""The name of the labels among the columns of a split, which no column of a user's can have."""


def sizes(task: str, rows: int, fractions: Mapping[Split, float]) -> dict[Split, int]:
    """Examples of every split: each fraction of the rows, rounded to the nearest, and the rest for train."""
    parts = {split: int(rows * fraction + 0.5) for split, fraction in fractions.items()}
    left = rows - sum(parts.values())
    for split, size in {"train": left, **parts}.items():
        if size < 1:
            raise TaskError(f"task '{task}': the fractions leave {split} without one of the {rows} examples")
    counted: dict[Split, int] = {"train": left, **parts}
    return {split: counted[split] for split in SPLITS if split in counted}


def hold_out(
    task: str, columns: Mapping[Split, Mapping[str, Any]], fractions: Mapping[Split, float], *, are_classes: bool = True
) -> dict[Split, dict[str, Any]]:
    """The columns of all splits, those named in `fractions` taken from train, which keeps the other rows in order.

    Each class has its share of every split (for several labels a row: iterative stratification, Sechidis et al.
    2011); numbers, spans and texts are not stratified. Which of its rows is told by a hash of the text or image alone
    (of questions about a passage: of the passage): no seed, no order of rows, and a text that stands there twice in one
    class goes to one side as far as the sizes allow. The same data give the same splits for ever.
    """
    train = {name: _whole(values) for name, values in columns["train"].items()}
    labels = train[LABELS]
    are_spans = pa.types.is_list(labels.type) and pa.types.is_list(labels.type.value_type)
    ids = text_ids({"text": train["text_pair"]} if are_spans else train)
    wanted = sizes(task, len(ids), fractions)
    if not are_classes or are_spans or pa.types.is_floating(labels.type):
        rows = stratified_split(ids, np.zeros(len(ids), np.int64), wanted)
    elif pa.types.is_list(labels.type):
        names = in_order(pc.unique(labels.flatten()).to_pylist())
        numbers = {name: number for number, name in enumerate(names)}
        lists = [sorted({numbers[name] for name in row}) for row in labels.to_pylist()]
        rows = iterative_stratification(ids, indicators(lists, len(names)), wanted)
    else:
        names = in_order(pc.unique(labels).to_pylist())
        strata = pc.index_in(labels, pa.array(names)).to_numpy().astype(np.int64)
        rows = stratified_split(ids, strata, wanted)
    result: dict[Split, dict[str, Any]] = {split: dict(one) for split, one in columns.items() if split != "train"}
    for split, chosen in rows.items():
        result[split] = {name: values.take(pa.array(chosen)) for name, values in train.items()}
    return result


def _whole(values: Any) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def text_ids(train: Mapping[str, pa.Array]) -> NDArray[np.int64]:
    """A number of 63 bits for every example, from the SHA-256 of its text or texts, or of its image's bytes."""
    if "pixels" in train:
        hashes = (hashlib.sha256(one).digest() for one in train["pixels"].to_pylist())
        return np.fromiter((int.from_bytes(one[:8], "big") >> 1 for one in hashes), np.int64, len(train["pixels"]))
    texts = [train[name].to_pylist() for name in TEXTS if name in train]
    digests = (hashlib.sha256("\x1f".join(row).encode()).digest() for row in zip(*texts, strict=True))
    numbers = (int.from_bytes(digest[:8], "big") >> 1 for digest in digests)
    return np.fromiter(numbers, dtype=np.int64, count=len(texts[0]))
