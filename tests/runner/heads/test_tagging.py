"""The head of tags: words that are not there count as nothing, and words that were cut as known by nobody."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import Tensor, nn

from runner.heads.tagging import TaggingHead, build
from runner.trial.batches import joined
from runner.trial.evaluation import Answers, metrics_of, rows_of
from tasks.base import TaskData

CLASSES = ("O", "B-X", "I-X")
NOT_THERE = [-torch.inf] * 3
GOLD = [[1, 2, 0], [0]]


def task() -> TaskData:
    """Two texts of three words and one."""
    columns = {
        "split": ["train"] * 2,
        "example_id": pa.array(range(2), pa.int32()),
        "text": ["a b c", "d"],
        "words": pa.array([["a", "b", "c"], ["d"]]),
        "gold_tags": pa.array(GOLD, pa.list_(pa.int16())),
    }
    return TaskData(task="t", kind="tagging", inputs="text", classes=CLASSES, max_tokens=8, examples=pa.table(columns))


HEAD: TaggingHead = build(task())
TARGETS = HEAD.targets(task().examples)
OUTPUTS = torch.tensor([[[0.0, 5.0, 0.0], [0.0, 0.0, 0.0], [0.0, 5.0, 0.0]], [[5.0, 0.0, 0.0], NOT_THERE, NOT_THERE]])
"""Right, cut, wrong; right."""


def answers(logits: Tensor) -> Answers:
    """What a network with these outputs answers."""
    return Answers(split="train", example_ids=np.arange(2, dtype=np.int32), logits=logits, targets=TARGETS, head=HEAD)


def test_the_loss_is_the_mean_over_texts_of_the_mean_over_words() -> None:
    """Every text counts the same; a cut word costs the logarithm of the number of tags, and no gradient."""
    outputs = OUTPUTS.clone().requires_grad_()
    right = math.log(1 + 2 * math.exp(-5))
    rows = HEAD.loss_rows(outputs, TARGETS)
    expected = [(right + math.log(3) + right + 5) / 3, right]
    assert rows.tolist() == pytest.approx(expected, rel=1e-6)
    assert float(HEAD.loss(OUTPUTS, TARGETS)) == pytest.approx(sum(expected) / 2, rel=1e-6)
    HEAD.loss(outputs, TARGETS).backward()
    assert outputs.grad is not None
    assert outputs.grad[1, 1:].abs().sum() == 0


def test_a_teachers_probabilities_are_targets_too() -> None:
    """The loss against them is the cross entropy of distributions, word by word, and finite where no words are."""
    soft = HEAD.soft(OUTPUTS)
    entropy = -(soft[1, 0] * soft[1, 0].log()).sum()
    assert HEAD.loss_rows(OUTPUTS, soft)[1] == pytest.approx(float(entropy), rel=1e-6)
    assert HEAD.loss_rows(OUTPUTS, soft).isfinite().all()


def test_a_batch_of_shorter_texts_is_learned_from_alone() -> None:
    """Targets reach to the longest text of the split, outputs to that of the batch."""
    assert HEAD.loss_rows(OUTPUTS[1:, :1], TARGETS[1:]).tolist() == HEAD.loss_rows(OUTPUTS, TARGETS)[1:].tolist()
    together = joined([OUTPUTS[1:, :1], OUTPUTS[:1]])
    assert torch.equal(together, OUTPUTS.flip(0))
    assert joined([OUTPUTS[1:, :1]], 4).shape == (1, 4, 3)


def test_rows_hold_a_tag_for_every_word() -> None:
    """A cut word has the first tag; there are no probabilities; EL2N is the mean over words."""
    given = answers(OUTPUTS)
    rows = rows_of(given, "t1", probabilities=True, influence=False)
    assert rows["tags"].to_pylist() == [[1, 0, 1], [0]]
    assert rows.column_names == ["trial_id", "split", "example_id", "tags"]
    influence = HEAD.influence(OUTPUTS, TARGETS)
    softmax = nn.functional.softmax(OUTPUTS[1, 0], 0)
    assert float(influence[1]) == pytest.approx(float((softmax - torch.tensor([1.0, 0, 0])).norm()), rel=1e-6)


def test_metrics_are_of_entities_and_outputs_that_are_no_numbers_are_counted() -> None:
    """One entity of two words, of which the answer has two wrong ones of one word; then a network that diverged."""
    found = metrics_of(answers(OUTPUTS))
    assert [found[name] for name in HEAD.kind.metrics] == [0.0, 0.0, 0.0, 0.5]
    diverged = OUTPUTS.clone()
    diverged[0, 0] = torch.nan
    found = metrics_of(answers(diverged))
    assert (found["nan_rows"], found["loss"]) == (1.0, None)
    assert answers(diverged).decisions().tolist() == [[0, 0, 1], [0, -1, -1]]
