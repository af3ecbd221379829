"""A number per example: the value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.kinds.base import Ballot, Codes, JudgedBySql, Reads
from tasks.metrics import pearson, spearman


class Regression(JudgedBySql):
    """Codes are float32 [n]; there is nothing to vote on, since no two seeds say the same number."""

    name = "regression"
    answer = "value"
    answer_type = pa.float32()
    gold: Mapping[str, pa.DataType] = {"gold_value": pa.float32()}
    has_classes = False
    asks: str | None = None
    ballot: Ballot | None = None
    reads: Reads = "text"
    metrics = ("pearson", "spearman")

    def of(self, classes: tuple[str, ...]) -> Regression:
        return self

    def decide(self, scores: NDArray[Any], threshold: float) -> Codes:
        return scores.astype(np.float32)

    def column(self, codes: Codes) -> pa.Array:
        return pa.array(codes, pa.float32())

    def codes(self, column: pa.Array, classes: int) -> Codes:
        values: Codes = column.to_numpy(zero_copy_only=False)
        return values

    def questions(self, codes: Codes) -> None:
        return None

    def quality(self, gold: Codes, codes: Codes, extent: float) -> NDArray[Any]:
        """1 - |error| / extent, 0 where the error is larger and for an answer that is no number."""
        errors = np.abs(gold.astype(np.float64) - codes.astype(np.float64))
        found: NDArray[Any] = np.clip(1 - np.where(np.isfinite(errors), errors, extent) / extent, 0, 1)
        return found

    def measured(self, gold: Codes, codes: Codes, classes: int) -> dict[str, float]:
        return {"pearson": pearson(gold, codes), "spearman": spearman(gold, codes)}
