"""The head of a span of a passage: a softmax over its words for the first word of the answer, and one for the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from runner.heads.base import WithoutProbabilities
from tasks.base import TaskData
from tasks.kinds import KINDS
from tasks.kinds.base import Codes, Kind
from tasks.passages import answered_words, passage_words

UNREAD = -1e9
"""The logit of a word that is not there, or that the network does not read: no answer begins or ends there."""


@dataclass(frozen=True)
class SpanHead(WithoutProbabilities):
    """Two units at every word of the passage; outputs are [n, words, 2] (Devlin et al. 2019, section 4.2).

    Those of a passage that was read in windows are [n, words, 4] (runner.models.windows): losses are of the first two,
    and the last two decide.

    Targets are int64 [n, 2 + 2 answers]: the first and the last word of the first gold answer, and then all gold
    answers in characters, which no loss reads. An answer that begins or ends at a word which the network does not read
    teaches nothing there.
    """

    width: int = 2
    kind: Kind = KINDS["span"]
    learns_threshold: bool = False

    def targets(self, examples: pa.Table) -> Tensor:
        gold = self.kind.codes(examples["gold_spans"].combine_chunks(), 0)
        places = answered_words(examples["gold_spans"], passage_words(examples["text_pair"]))
        return torch.from_numpy(np.concatenate([places, gold.reshape(len(gold), -1)], axis=1).astype(np.int64))

    def gold(self, targets: Tensor) -> Codes:
        codes: Codes = targets[:, 2:].numpy().astype(np.int32).reshape(len(targets), -1, 2)
        return codes

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean over examples of the mean cross entropy of first and last word."""
        return self.loss_rows(outputs, targets).mean()

    def loss_rows(self, outputs: Tensor, targets: Tensor) -> Tensor:
        is_read, likely = log_likely(outputs[..., :2])
        if targets.ndim == 3:
            return -(targets * likely).sum(1).mean(1)
        places = targets[:, None, :2]
        losses = -likely.gather(1, places)[:, 0]
        return (losses * is_read.gather(1, places[:, 0])).mean(1)

    def soft(self, outputs: Tensor) -> Tensor:
        """Probabilities of every word, to be the first and the last."""
        return log_likely(outputs[..., :2])[1].exp()

    def scores(self, outputs: Tensor) -> NDArray[Any]:
        is_read, likely = log_likely(outputs[..., -2:])
        found: NDArray[Any] = likely.masked_fill(~is_read[..., None], -torch.inf).numpy()
        return found


def log_likely(outputs: Tensor) -> tuple[Tensor, Tensor]:
    """Which words the network reads [n, words], and the log-probabilities of every word [n, words, 2]."""
    is_read = ~(outputs.isneginf() | (outputs == 0)).all(-1)
    return is_read, outputs.masked_fill(~is_read[..., None], UNREAD).log_softmax(1)


def build(data: TaskData) -> SpanHead:
    """The head for a task's data."""
    return SpanHead()
