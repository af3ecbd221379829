"""A tag for every word of an example: the tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.kinds.base import Ballot, Codes, JudgedBySql, Reads
from tasks.tags import ABSENT, agreement, marks_entities


@dataclass(frozen=True)
class Tagging(JudgedBySql):
    """Codes are class indices int16 [n, words], ABSENT beyond a text's words; one question a word, which tag.

    classes: of the task. Where they mark entities, answers are measured by these; else word by word.
    """

    classes: tuple[str, ...] = ()

    name: ClassVar[str] = "tagging"
    answer: ClassVar[str] = "tags"
    answer_type: ClassVar[pa.DataType] = pa.list_(pa.int16())
    gold: ClassVar[Mapping[str, pa.DataType]] = {"gold_tags": pa.list_(pa.int16())}
    has_classes: ClassVar[bool] = True
    asks: ClassVar[str | None] = "one question a word: which tag it has"
    ballot: ClassVar[Ballot | None] = "places"
    reads: ClassVar[Reads] = "words"

    @property
    def metrics(self) -> tuple[str, ...]:
        """Of entities; of tags that mark none, the share of right words alone."""
        if self.classes and not marks_entities(self.classes):
            return ("accuracy",)
        return ("entity-f1", "entity-precision", "entity-recall", "accuracy")

    def of(self, classes: tuple[str, ...]) -> Tagging:
        return replace(self, classes=classes)

    def decide(self, scores: NDArray[Any], threshold: float) -> Codes:
        """The tag of the highest score of every word, of equal ones the lowest; NaN never wins."""
        ranked = np.nan_to_num(scores, nan=-np.inf, posinf=np.inf, neginf=-np.inf)
        best: Codes = np.where(np.isneginf(scores).all(-1), ABSENT, ranked.argmax(-1)).astype(np.int16)
        return best

    def column(self, codes: Codes) -> pa.Array:
        """The tags of a text's words in their order."""
        is_there = codes != ABSENT
        ends = np.concatenate([[0], np.cumsum(is_there.sum(1))]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(ends), pa.array(codes[is_there], pa.int16()))

    def codes(self, column: pa.Array, classes: int) -> Codes:
        counts = column.value_lengths().to_numpy(zero_copy_only=False)
        table = np.full((len(column), int(counts.max(initial=0))), ABSENT, dtype=np.int16)
        table[np.arange(table.shape[1]) < counts[:, None]] = column.flatten().to_numpy(zero_copy_only=False)
        return table

    def questions(self, codes: Codes) -> Codes:
        return codes

    def quality(self, gold: Codes, codes: Codes, extent: float) -> NDArray[Any]:
        """F1 of the text's entities, 1 where there are none on either side; else the share of right words."""
        found = agreement(gold, codes, self.classes)
        mentions = found.gold + found.said
        quality: NDArray[Any] = np.divide(2.0 * found.hits, mentions, out=np.ones(len(gold)), where=mentions > 0)
        return quality

    def measured(self, gold: Codes, codes: Codes, classes: int) -> dict[str, float]:
        """Of the entities of all texts together; equal to seqeval's f1_score, precision_score and so on."""
        is_there = gold != ABSENT
        found = agreement(gold, codes, self.classes)
        hits, true, said = (int(one.sum()) for one in (found.hits, found.gold, found.said))
        values = {
            "entity-f1": 2 * hits / max(true + said, 1),
            "entity-precision": hits / max(said, 1),
            "entity-recall": hits / max(true, 1),
            "accuracy": float(np.mean(gold[is_there] == codes[is_there])),
        }
        return {name: values[name] for name in self.metrics}
