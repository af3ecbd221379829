"""The head of spans: its targets, its loss, and words that the network does not read."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
import torch

from runner.heads.span import SpanHead
from runner.trial.evaluation import Answers, metrics_of, rows_of

NOT_THERE = [-torch.inf] * 2
EXAMPLES = pa.table(
    {
        "text": ["what", "what"],
        "text_pair": ["The old cat-like sat", "a cat"],
        "gold_spans": pa.array([[[4, 13], [8, 11]], [[2, 5]]], pa.list_(pa.list_(pa.int16()))),
    }
)
HEAD = SpanHead()
TARGETS = HEAD.targets(EXAMPLES)
OUTPUTS = torch.tensor(
    [
        [[0.0, 0.0], [5.0, 0.1], [0.1, 0.1], [0.1, 0.1], [0.1, 5.0], [0.1, 0.1]],
        [[0.1, 0.1], [5.0, 5.0], *[NOT_THERE] * 4],
    ]
)
"""The first word of the first passage is cut; it answers "old cat-like", whose last word the gold one only begins."""


def answers(outputs: torch.Tensor) -> Answers:
    """What a network with these outputs answers."""
    ids = np.arange(2, dtype=np.int32)
    return Answers(split="test", example_ids=ids, logits=outputs, targets=TARGETS, head=HEAD, examples=EXAMPLES)


def test_targets_are_the_words_that_the_first_answer_touches() -> None:
    """ "old cat-l" ends within the fifth word; all gold answers are kept beside."""
    assert TARGETS[:, :2].tolist() == [[1, 4], [1, 1]]
    assert HEAD.gold(TARGETS).tolist() == [[[4, 13], [8, 11]], [[2, 5], [-1, -1]]]


def test_the_loss_is_the_mean_of_both_ends_over_words_that_are_read() -> None:
    """A softmax over five words, and over two; a word that was cut is none of them, and as a target teaches nothing."""
    rows = HEAD.loss_rows(OUTPUTS, TARGETS)
    first, second = math.log(1 + 4 * math.exp(0.1 - 5)), math.log(1 + math.exp(0.1 - 5))
    assert rows.tolist() == pytest.approx([first, second], rel=1e-4)
    assert HEAD.loss(OUTPUTS, TARGETS).item() == pytest.approx((first + second) / 2, rel=1e-4)
    cut = TARGETS.clone()
    cut[0, 0] = 0
    outputs = OUTPUTS.clone().requires_grad_()
    loss = HEAD.loss_rows(outputs, cut)
    assert loss[0].item() == pytest.approx(first / 2, rel=1e-4)
    loss.sum().backward()
    assert torch.isfinite(outputs.grad).all()
    assert (outputs.grad[0, :, 0] == 0).all()


def test_soft_targets_are_probabilities_of_words() -> None:
    """Against a network's own the loss is least."""
    soft = HEAD.soft(OUTPUTS)
    assert soft.sum(1).tolist() == [[pytest.approx(1.0)] * 2] * 2
    assert soft[0, 0].tolist() == [0, 0]
    assert HEAD.loss(OUTPUTS, soft) < HEAD.loss(OUTPUTS + torch.rand(OUTPUTS.shape), soft)


def test_rows_say_how_good_answers_are() -> None:
    """Span, exact match and F1; metrics are their means, and words that were cut are counted."""
    rows = rows_of(answers(OUTPUTS), "t" * 16, probabilities=True, influence=False)
    assert rows.column_names == ["trial_id", "split", "example_id", "span", "exact", "quality"]
    assert rows["span"].to_pylist() == [[4, 16], [2, 5]]
    assert rows["exact"].to_pylist() == [False, True]
    assert rows["quality"].to_pylist() == pytest.approx([0.5, 1.0])
    found = metrics_of(answers(OUTPUTS))
    assert found["f1"] == pytest.approx(0.75)
    assert found["exact"] == 0.5
    assert (found["cut_words"], found["nan_rows"]) == (1.0, 0.0)
