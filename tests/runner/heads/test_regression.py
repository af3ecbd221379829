"""The head of numbers: it learns in deviations, answers in the unit of the data, and has no EL2N."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import torch

from runner.heads.regression import RegressionHead, build
from runner.trial.evaluation import Answers, metrics_of, rows_of
from tasks.base import TaskData


def task(values: list[float]) -> TaskData:
    """A task whose training examples have these values."""
    columns = {
        "split": ["train"] * len(values),
        "example_id": pa.array(range(len(values)), pa.int32()),
        "text": [f"text {value}" for value in values],
        "gold_value": pa.array(values, pa.float32()),
    }
    return TaskData(task="t", kind="regression", inputs="text", classes=(), max_tokens=8, examples=pa.table(columns))


def answers(outputs: list[float], head: RegressionHead, targets: list[float]) -> Answers:
    """What a network with these outputs answers."""
    return Answers(
        split="train",
        example_ids=np.arange(len(outputs), dtype=np.int32),
        logits=torch.tensor(outputs)[:, None],
        targets=torch.tensor(targets),
        head=head,
    )


def test_the_loss_is_in_deviations_of_the_training_values() -> None:
    """Values of 100 and 300: an output of 1 is 300, so that the losses are (1 + 1)^2 and 0."""
    data = task([100.0, 300.0])
    head = build(data)
    rows = head.loss_rows(torch.tensor([[1.0], [1.0]]), head.targets(data.examples))
    assert rows.tolist() == [4.0, 0.0]
    assert float(head.loss(torch.tensor([[1.0], [1.0]]), head.targets(data.examples))) == 2.0


def test_rows_hold_values_in_the_unit_of_the_data() -> None:
    """Outputs become values as float32; there are no probabilities, and EL2N is null."""
    rows = rows_of(
        answers([1.0, -1.0], RegressionHead(200.0, 100.0), [300.0, 100.0]), "t1", probabilities=True, influence=True
    )
    assert rows["value"].to_pylist() == [300.0, 100.0]
    assert rows.column_names == ["trial_id", "split", "example_id", "value", "el2n"]
    assert rows["el2n"].null_count == 2


def test_metrics_are_correlations_and_none_where_they_are_not_defined() -> None:
    """A monotone answer has a rank correlation of 1; a constant one, and one that is no number, have none."""
    head = RegressionHead(0.0, 1.0)
    found = metrics_of(answers([0.0, 1.0, 8.0], head, [0.0, 1.0, 2.0]))
    assert found["spearman"] == pytest.approx(1.0)
    assert found["pearson"] == pytest.approx(np.corrcoef([0, 1, 8], [0, 1, 2])[0, 1])
    assert metrics_of(answers([1.0, 1.0], head, [0.0, 1.0]))["pearson"] is None
    diverged = metrics_of(answers([float("nan"), 1.0], head, [0.0, 1.0]))
    assert (diverged["pearson"], diverged["loss"], diverged["nan_rows"]) == (None, None, 1.0)
