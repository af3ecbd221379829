"""One class per example: the label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.kinds.base import Ballot, Codes, JudgedBySql, Reads
from tasks.metrics import accuracy, macro_f1

PART = "part"
"""A column of the examples that parts a split: where a metric is a mean over several test sets."""


@dataclass(frozen=True, eq=False)
class SingleLabel(JudgedBySql):
    """Codes are class indices int16 [n]; one question, which class. parts: of the examples, where they have such."""

    parts: pa.ChunkedArray | None = None

    name: ClassVar[str] = "single-label"
    answer: ClassVar[str] = "label"
    answer_type: ClassVar[pa.DataType] = pa.int16()
    gold: ClassVar[Mapping[str, pa.DataType]] = {"label": pa.int16()}
    has_classes: ClassVar[bool] = True
    asks: ClassVar[str | None] = "one question: which class"
    ballot: ClassVar[Ballot | None] = "class"
    reads: ClassVar[Reads] = "text"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "macro-f1")

    def of(self, classes: tuple[str, ...]) -> SingleLabel:
        return self

    def about(self, examples: pa.Table) -> SingleLabel:
        """With the parts of these examples."""
        return replace(self, parts=examples[PART] if PART in examples.column_names else None)

    def decide(self, scores: NDArray[Any], threshold: float) -> Codes:
        """The class of the highest score, of equal ones the lowest; NaN never wins; class 0 where all are NaN."""
        ranked = np.nan_to_num(scores, nan=-np.inf, posinf=np.inf, neginf=-np.inf)
        best: Codes = ranked.argmax(axis=1).astype(np.int16)
        return best

    def column(self, codes: Codes) -> pa.Array:
        return pa.array(codes, pa.int16())

    def codes(self, column: pa.Array, classes: int) -> Codes:
        labels: Codes = column.to_numpy(zero_copy_only=False)
        return labels

    def questions(self, codes: Codes) -> Codes:
        return codes[:, None]

    def quality(self, gold: Codes, codes: Codes, extent: float) -> NDArray[Any]:
        """1 for the gold class, else 0."""
        right: NDArray[Any] = (gold == codes).astype(np.float64)
        return right

    def measured(self, gold: Codes, codes: Codes, classes: int) -> dict[str, float]:
        index = np.arange(classes)
        return {
            "accuracy": accuracy(gold, codes),
            "macro-f1": macro_f1(gold[:, None] == index, codes[:, None] == index),
        }
