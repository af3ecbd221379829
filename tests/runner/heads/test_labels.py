"""Heads of labels: targets, losses by row, and that each kind of answer has a head."""

from __future__ import annotations

import pyarrow as pa
import pytest
import torch

from runner.heads import HEADS
from runner.heads.base import Head
from runner.heads.multi_label import MultiLabelHead
from runner.heads.single_label import SingleLabelHead
from tasks.kinds import KINDS


def test_every_kind_has_a_head() -> None:
    """The two registries name the same kinds, in the same order, and kinds are called what they are registered as."""
    assert [*HEADS] == [*KINDS]
    assert all(kind.name == name for name, kind in KINDS.items())


def test_targets_single_label() -> None:
    """Labels come as int64 in the order of the rows."""
    answers = SingleLabelHead(3).targets(pa.table({"label": pa.array([2, 0, 1], pa.int16())}))
    assert answers.dtype == torch.int64
    assert answers.tolist() == [2, 0, 1]


def test_targets_multi_label() -> None:
    """Label lists come as rows of zeros and ones, also for a slice and for an empty list."""
    table = pa.table({"labels": pa.array([[1], [0, 2], [], [1]], pa.list_(pa.int16()))})
    assert MultiLabelHead(3).targets(table.slice(1)).tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert MultiLabelHead(3).targets(table).dtype == torch.float32


@pytest.mark.parametrize(
    ("head", "targets"),
    [(SingleLabelHead(3), torch.tensor([0, 2])), (MultiLabelHead(3), torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]))],
)
def test_the_loss_is_the_mean_of_its_rows(head: Head, targets: torch.Tensor) -> None:
    """One loss an example, whose mean is what is minimised."""
    outputs = torch.tensor([[0.3, -1.0, 2.0], [1.5, 0.2, -0.7]])
    rows = head.loss_rows(outputs, targets)
    assert rows.shape == (2,)
    torch.testing.assert_close(rows.mean(), head.loss(outputs, targets))
