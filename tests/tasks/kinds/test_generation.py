"""The kind of written texts: its metrics are those of the libraries, in fractions of one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import sacrebleu
from rouge_score.rouge_scorer import RougeScorer

from tasks.kinds import KINDS

KIND = KINDS["generation"]
SAID = ["the cat sat on the mat", "a dog barked", ""]
REFERENCES = [["the cat sat on a mat", "there was a cat"], ["the dog barked loudly"], ["nothing", "no", "never"]]
GOLD = KIND.codes(pa.array(REFERENCES), 0)
CODES = KIND.codes(pa.array(SAID), 0)


def test_quality_is_the_best_sentence_chrf() -> None:
    """Of each text against all its references; 0 for an empty one."""
    expected = [sacrebleu.sentence_chrf(said, true).score / 100 for said, true in zip(SAID, REFERENCES, strict=True)]
    assert KIND.quality(GOLD, CODES, 1.0) == pytest.approx(expected)
    assert KIND.judgements(GOLD, CODES)["quality"].dtype == np.float32
    assert KIND.quality(GOLD, CODES, 1.0)[2] == 0


def test_metrics_are_of_all_texts_together() -> None:
    """With as many references as an example has."""
    columns = [["the cat sat on a mat", "the dog barked loudly", "nothing"], ["there was a cat", None, "no"]]
    columns.append([None, None, "never"])
    rouge = RougeScorer(["rougeL"])
    longest = [max(rouge.score(one, said)["rougeL"].fmeasure for one in true)
               for said, true in zip(SAID, REFERENCES, strict=True)]  # fmt: skip
    assert KIND.measured(GOLD, CODES, 0) == {
        "bleu": pytest.approx(sacrebleu.corpus_bleu(SAID, columns).score / 100),
        "chrf": pytest.approx(sacrebleu.corpus_chrf(SAID, columns).score / 100),
        "rouge-l": pytest.approx(np.mean(longest)),
    }
    assert KIND.metrics == ("bleu", "chrf", "rouge-l")


def test_texts_come_back_as_they_were_stored() -> None:
    """Empty ones too; nobody votes on them."""
    assert KIND.codes(KIND.column(CODES), 0).tolist() == SAID
    assert KIND.column(CODES).type == pa.string()
    assert KIND.questions(CODES) is None
    assert KIND.asks is KIND.ballot is None
