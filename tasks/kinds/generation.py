"""A text that is written after another: the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.kinds.base import Ballot, Codes, Reads


@dataclass(frozen=True)
class Generation:
    """Codes are texts, objects [n]; gold codes are lists of texts, the references of an example. Nobody votes on texts.

    All metrics lie between 0 and 1, those of sacrebleu too.
    """

    name: ClassVar[str] = "generation"
    answer: ClassVar[str] = "answer"
    answer_type: ClassVar[pa.DataType] = pa.string()
    gold: ClassVar[Mapping[str, pa.DataType]] = {"gold_texts": pa.list_(pa.string())}
    has_classes: ClassVar[bool] = False
    asks: ClassVar[str | None] = None
    ballot: ClassVar[Ballot | None] = None
    judged: ClassVar[Mapping[str, pa.DataType]] = {"quality": pa.float32()}
    scored_by_rows: ClassVar[bool] = False
    reads: ClassVar[Reads] = "continuation"
    metrics: ClassVar[tuple[str, ...]] = ("bleu", "chrf", "rouge-l")

    def of(self, classes: tuple[str, ...]) -> Generation:
        return self

    def about(self, examples: pa.Table) -> Generation:
        return self

    def decide(self, scores: NDArray[Any], threshold: float) -> Codes:
        """The texts that the network has written, as they are."""
        return scores

    def column(self, codes: Codes) -> pa.Array:
        return pa.array(codes.tolist(), pa.string())

    def codes(self, column: pa.Array, classes: int) -> Codes:
        table: Codes = np.empty(len(column), object)
        table[:] = column.to_pylist()
        return table

    def questions(self, codes: Codes) -> None:
        return None

    def quality(self, gold: Codes, codes: Codes, extent: float) -> NDArray[Any]:
        """Sentence chrF, the best over the references, as sacrebleu has it."""
        return self.judgements(gold, codes)["quality"].astype(np.float64)

    def judgements(self, gold: Codes, codes: Codes) -> Mapping[str, NDArray[Any]]:
        """Sentence chrF (Popović 2015), the best over the references."""
        chrf = _chrf()
        scores = [chrf.sentence_score(said, true).score / 100 for said, true in zip(codes, gold, strict=True)]
        return {"quality": np.array(scores, np.float32)}

    def measured(self, gold: Codes, codes: Codes, classes: int) -> dict[str, float]:
        """Of all texts together; of ROUGE-L the mean over the texts of the best F over their references."""
        from sacrebleu.metrics.bleu import BLEU

        most = max(map(len, gold))
        references: Any = [[one[at] if at < len(one) else None for one in gold] for at in range(most)]
        said = codes.tolist()
        rouge = _rouge()
        longest = [rouge.score_multi(one, text)["rougeL"].fmeasure for text, one in zip(said, gold, strict=True)]
        return {
            "bleu": BLEU().corpus_score(said, references).score / 100,
            "chrf": _chrf().corpus_score(said, references).score / 100,
            "rouge-l": float(np.mean(longest)),
        }


@cache
def _chrf() -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


@cache
def _rouge() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"])
