"""Several classes per example, or none: the labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.kinds.base import Ballot, Codes, JudgedBySql, Reads
from tasks.metrics import macro_f1


class MultiLabel(JudgedBySql):
    """Codes are bool [n, classes]; one question a class, whether the example has it."""

    name = "multi-label"
    answer = "labels"
    answer_type = pa.list_(pa.int16())
    gold: Mapping[str, pa.DataType] = {"labels": pa.list_(pa.int16())}
    has_classes = True
    asks: str | None = "one question a class: whether the example has it"
    ballot: Ballot | None = "set"
    reads: Reads = "text"
    metrics = ("macro-f1",)

    def of(self, classes: tuple[str, ...]) -> MultiLabel:
        return self

    def decide(self, scores: NDArray[Any], threshold: float) -> Codes:
        """Every class whose probability is strictly above the threshold."""
        said: Codes = scores.astype(np.float64) > threshold
        return said

    def column(self, codes: Codes) -> pa.Array:
        """Ascending indices."""
        ends = np.concatenate([[0], np.cumsum(codes.sum(1))]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(ends), pa.array(codes.nonzero()[1].astype(np.int16)))

    def codes(self, column: pa.Array, classes: int) -> Codes:
        table = np.zeros((len(column), classes), dtype=bool)
        owners = np.repeat(np.arange(len(column)), column.value_lengths().to_numpy(zero_copy_only=False))
        table[owners, column.flatten().to_numpy(zero_copy_only=False)] = True
        return table

    def questions(self, codes: Codes) -> Codes:
        return codes

    def quality(self, gold: Codes, codes: Codes, extent: float) -> NDArray[Any]:
        """F1 of the example's classes; 1 where both are empty."""
        mentions = gold.sum(1) + codes.sum(1)
        hits = 2.0 * (gold & codes).sum(1)
        found: NDArray[Any] = np.divide(hits, mentions, out=np.ones(len(gold)), where=mentions > 0)
        return found

    def measured(self, gold: Codes, codes: Codes, classes: int) -> dict[str, float]:
        return {"macro-f1": macro_f1(gold, codes)}
