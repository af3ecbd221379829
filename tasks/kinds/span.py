"""A span of a passage that answers a question: the span."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tasks.kinds.base import Ballot, Codes, Reads
from tasks.passages import passage_words
from tasks.reading import exact, f1

ABSENT = -1
LONGEST_ANSWER = 30
"""Words of an answer (as the script of Devlin et al. 2019 for SQuAD has it, in tokens)."""


@dataclass(frozen=True, eq=False)
class Span:
    """Codes are characters of the passage int32 [n, 2], where the answer begins and where it has ended; two questions.

    Gold codes are [n, answers, 2], ABSENT beyond those that an example has. passages: of the examples.
    """

    passages: pa.Array | None = None

    name: ClassVar[str] = "span"
    answer: ClassVar[str] = "span"
    answer_type: ClassVar[pa.DataType] = pa.list_(pa.int16())
    gold: ClassVar[Mapping[str, pa.DataType]] = {"gold_spans": pa.list_(pa.list_(pa.int16()))}
    has_classes: ClassVar[bool] = False
    asks: ClassVar[str | None] = "two questions: at which character the answer begins, and at which it ends"
    ballot: ClassVar[Ballot | None] = "places"
    judged: ClassVar[Mapping[str, pa.DataType]] = {"exact": pa.bool_(), "quality": pa.float32()}
    scored_by_rows: ClassVar[bool] = True
    reads: ClassVar[Reads] = "passage"
    metrics: ClassVar[tuple[str, ...]] = ("f1", "exact")

    def of(self, classes: tuple[str, ...]) -> Span:
        return self

    def about(self, examples: pa.Table) -> Span:
        """With the passages of these examples."""
        return replace(self, passages=examples["text_pair"].combine_chunks())

    def decide(self, scores: NDArray[Any], threshold: float) -> Codes:
        """The span whose scores of its first and last word [n, words, 2] are the highest together.

        Of at most LONGEST_ANSWER words; of equal spans the shortest, of these the first. NaN never wins, nor does -inf.
        """
        first, last, _ = best_spans(scores)
        words = passage_words(self._known())
        return np.stack([words.begins[words.firsts + first], words.ends[words.firsts + last]], axis=1).astype(np.int32)

    def column(self, codes: Codes) -> pa.Array:
        """Where the answer begins and where it has ended."""
        offsets = pa.array(np.arange(len(codes) + 1) * 2, pa.int32())
        return pa.ListArray.from_arrays(offsets, pa.array(codes.ravel(), pa.int16()))

    def codes(self, column: pa.Array, classes: int) -> Codes:
        if not pa.types.is_list(column.type.value_type):
            spans: Codes = column.flatten().to_numpy(zero_copy_only=False).astype(np.int32).reshape(-1, 2)
            return spans
        counts = column.value_lengths().to_numpy(zero_copy_only=False)
        table = np.full((len(column), int(counts.max(initial=1)), 2), ABSENT, np.int32)
        ends = column.flatten().flatten().to_numpy(zero_copy_only=False)
        table[np.arange(table.shape[1]) < counts[:, None]] = ends.reshape(-1, 2)
        return table

    def questions(self, codes: Codes) -> Codes:
        return codes if codes.ndim == 2 else codes[:, 0]

    def quality(self, gold: Codes, codes: Codes, extent: float) -> NDArray[Any]:
        """F1 of the answer's words, the best over the gold answers."""
        return self.judgements(gold, codes)["quality"].astype(np.float64)

    def judgements(self, gold: Codes, codes: Codes) -> Mapping[str, NDArray[Any]]:
        """Whether the answer is a gold one, and its F1, both by SQuAD's rules.

        ValueError for an answer that is no part of its passage.
        """
        lengths = pc.utf8_length(self._known()).to_numpy(zero_copy_only=False)
        is_part = (codes[:, 0] >= 0) & (codes[:, 0] <= codes[:, 1]) & (codes[:, 1] <= lengths)
        if not is_part.all():
            row = int(np.argmin(is_part))
            raise ValueError(f"{codes[row].tolist()} is no span of a passage of {lengths[row]} characters")
        said, true = self.texts(codes), self.references(gold)
        return {
            "exact": np.array([exact(*one) for one in zip(said, true, strict=True)], bool),
            "quality": np.array([f1(*one) for one in zip(said, true, strict=True)], np.float32),
        }

    def measured(self, gold: Codes, codes: Codes, classes: int) -> dict[str, float]:
        """Means over the examples."""
        found = self.judgements(gold, codes)
        return {"f1": float(found["quality"].mean(dtype=np.float64)), "exact": float(found["exact"].mean())}

    def texts(self, codes: Codes) -> list[str]:
        """Answers as the passages have them."""
        passages = self._known().to_pylist()
        return [text[begin:end] for text, (begin, end) in zip(passages, codes.tolist(), strict=True)]

    def references(self, gold: Codes) -> list[list[str]]:
        """The gold answers of every example, as the passages have them."""
        passages = self._known().to_pylist()
        spans = zip(passages, gold.tolist(), strict=True)
        return [[text[begin:end] for begin, end in one if begin != ABSENT] for text, one in spans]

    def _known(self) -> pa.Array:
        if self.passages is None:
            raise ValueError("an answer is a span of its passage: ask the kind about the examples first")
        return self.passages


def best_spans(scores: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The first and the last word of the best span of every row [n, words, 2], and its score, as `decide` has it."""
    ranked = np.nan_to_num(scores.astype(np.float64), nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    begins, ends = ranked[..., 0], ranked[..., 1]
    rows = np.arange(len(ranked))
    best = np.full(len(ranked), -np.inf)
    first, last = np.zeros(len(ranked), np.int64), np.zeros(len(ranked), np.int64)
    for further in range(min(LONGEST_ANSWER, ranked.shape[1])):
        together = begins[:, : ranked.shape[1] - further] + ends[:, further:]
        at = together.argmax(1)
        is_better = together[rows, at] > best
        best[is_better] = together[rows, at][is_better]
        first[is_better], last[is_better] = at[is_better], at[is_better] + further
    return first, last, best
