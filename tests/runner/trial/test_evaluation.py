"""Predictions, thresholds, EL2N, metrics and rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, matthews_corrcoef

from runner.heads.base import Head
from runner.heads.multi_label import MultiLabelHead
from runner.heads.single_label import SingleLabelHead
from runner.spec import Protocol
from runner.store.schema import PREDICTION_FIELDS
from runner.trial.devices import Compute, Device
from runner.trial.evaluation import Answers, answer, el2n_epoch, metrics_of, rows_of
from tasks.metrics import macro_f1
from tests.runner.small_network import SmallNetwork, encode, small_task

NAN = float("nan")


def answers_of(logits, targets, **choices) -> Answers:
    """Answers on a split named test."""
    values = torch.tensor(logits, dtype=torch.float32)
    ids = np.arange(len(values), dtype=np.int32)
    head: Head = (MultiLabelHead if isinstance(targets[0], list) else SingleLabelHead)(values.shape[1])
    return Answers(split="test", example_ids=ids, logits=values, targets=torch.tensor(targets), head=head, **choices)


def best_threshold(logits: torch.Tensor, targets: torch.Tensor) -> float:
    """The threshold that the head of label sets finds."""
    return MultiLabelHead(logits.shape[1]).best_threshold(logits, targets)


def test_the_lowest_of_tied_classes_wins_and_nan_never():
    """Ties go to the lower index, NaN loses to any number, all-NaN is class 0, infinity wins."""
    logits = [[1.0, 2.0, 2.0], [3.0, 3.0, 3.0], [NAN, 0.0, -1.0], [NAN, NAN, NAN], [0.0, NAN, float("inf")]]
    assert answers_of(logits, [0] * 5).decisions().tolist() == [1, 0, 1, 0, 2]


def test_a_class_is_predicted_strictly_above_the_threshold():
    """sigmoid(0) = 0.5 is not above one half; at threshold 0 every class with a probability is predicted; NaN never."""
    logits, targets = [[0.0, 0.1, -5.0], [NAN, 9.0, 0.0]], [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]
    assert answers_of(logits, targets).decisions().tolist() == [[False, True, False], [False, True, False]]
    assert answers_of(logits, targets, threshold=0.0).decisions().tolist() == [[True] * 3, [False, True, True]]


def naive_threshold(logits: torch.Tensor, targets: torch.Tensor) -> float:
    """The definition, one threshold after the other."""
    probabilities = logits.sigmoid().numpy().astype(np.float64)
    scores = [macro_f1(targets.numpy(), probabilities > i / 100) for i in range(100)]
    return int(np.argmax(scores)) / 100


@settings(max_examples=25)
@given(
    rows=st.integers(1, 40),
    classes=st.integers(1, 5),
    seed=st.integers(0, 999),
    spread=st.sampled_from([0.0, 1.0, 4.0]),
)
def test_the_best_threshold_is_the_naive_loops(rows, classes, seed, spread):
    """The histogram finds the threshold that a hundred calls of macro-F1 find, ties included."""
    generator = torch.Generator().manual_seed(seed)
    targets = (torch.rand(rows, classes, generator=generator) > 0.6).float()
    logits = (torch.randn(rows, classes, generator=generator) + targets) * spread
    assert best_threshold(logits, targets) == naive_threshold(logits, targets)


def test_probabilities_on_a_threshold_are_not_above_it():
    """A probability of exactly one half is a yes below 0.50 and a no from it on."""
    logits, targets = torch.tensor([[0.0], [0.0], [2.0]]), torch.tensor([[0.0], [0.0], [1.0]])
    assert best_threshold(logits, targets) == 0.5
    assert best_threshold(-logits, 1 - targets) == naive_threshold(-logits, 1 - targets)


def test_nan_reaches_no_threshold():
    """A diverged network's training predictions give the lowest threshold rather than an error."""
    assert best_threshold(torch.full((4, 2), NAN), torch.ones(4, 2)) == 0.0


@pytest.mark.parametrize(
    ("epochs", "first"),
    [(1, 1), (2, 1), (3, 1), (4, 2), (10, 4), (13, 4), (14, 5), (20, 7), (26, 8), (39, 12), (50, 16), (72, 22)],
)
def test_el2n_beyond_30_percent(epochs, first):
    """beyond-30 is the smallest count k with k > 0.3 E."""
    assert el2n_epoch(epochs, Protocol()) == first
    assert next(k for k in range(1, epochs + 1) if 10 * k > 3 * epochs) == first


@pytest.mark.parametrize(("epochs", "index"), [(2, 1), (3, 1), (13, 4), (14, 4), (26, 8), (39, 12), (50, 15), (72, 22)])
def test_el2n_as_released(epochs, index):
    """rounded-30 is after epoch index round(0.3 E), one more than that many epochs, at most E."""
    assert el2n_epoch(epochs, Protocol(influence="rounded-30")) == min(index + 1, epochs)
    assert el2n_epoch(1, Protocol(influence="rounded-30")) == 1


def test_el2n_is_the_norm_of_the_error():
    """Softmax minus one-hot for one class, sigmoid minus multi-hot for several."""
    single = SingleLabelHead(2).influence(torch.tensor([[0.0, 0.0], [100.0, 0.0]]), torch.tensor([0, 1]))
    assert single.tolist() == pytest.approx([0.5**0.5, 2**0.5])
    multi = MultiLabelHead(3).influence(torch.tensor([[0.0, 0.0, 100.0]]), torch.tensor([[1.0, 0.0, 1.0]]))
    assert multi.tolist() == pytest.approx([0.5**0.5])


def test_answers_come_in_the_splits_order_without_dropout():
    """Whatever batches evaluation makes, row i answers example i, and twice gives the same."""
    compute = Compute(device=Device(torch=torch.device("cpu"), vendor="cpu", name="test"))
    network, encoded = SmallNetwork(3), encode(None, small_task().split("test"))
    logits = answer(network, encoded, 7, compute)
    network.eval()
    torch.testing.assert_close(logits, network(encoded.pixels).detach())
    assert torch.equal(logits, answer(network, encoded, 7, compute))
    assert logits.dtype == torch.float32


def test_metrics_of_single_label_answers():
    """Accuracy, macro-F1 as scikit-learn has it, mean loss, and the rows with NaN counted."""
    generator = torch.Generator().manual_seed(0)
    logits, targets = torch.randn(30, 4, generator=generator), torch.randint(0, 3, (30,), generator=generator)
    found = metrics_of(answers_of(logits.tolist(), targets.tolist()))
    guesses = logits.argmax(1)
    assert found["accuracy"] == pytest.approx(float((guesses == targets).float().mean()))
    assert found["loss"] == pytest.approx(float(torch.nn.functional.cross_entropy(logits, targets)))
    assert found["macro-f1"] == pytest.approx(
        f1_score(targets, guesses, average="macro", labels=range(4), zero_division=0)
    )
    assert found["nan_rows"] == 0


def test_metrics_of_a_diverged_network_are_defined():
    """NaN logits give labels, a loss of None and a count, never an error."""
    found = metrics_of(answers_of([[NAN, NAN], [1.0, 0.0]], [1, 0]))
    assert found["accuracy"] == 0.5
    assert found["loss"] is None
    assert found["nan_rows"] == 1
    multi = metrics_of(answers_of([[NAN, NAN], [1.0, -1.0]], [[1.0, 0.0], [1.0, 0.0]]))
    assert multi["macro-f1"] == pytest.approx((2 / 3) / 2)
    assert multi["loss"] is None
    assert "accuracy" not in multi


def test_rows_of_single_label_answers():
    """Columns of the schema in its types, sorted by id, with probabilities and EL2N where asked for."""
    answers = Answers(
        split="train",
        example_ids=np.array([2, 0, 1], dtype=np.int32),
        logits=torch.tensor([[5.0, 0.0], [0.0, 5.0], [0.0, 0.0]]),
        targets=torch.tensor([0, 1, 1]),
        head=SingleLabelHead(2),
        el2n=torch.tensor([0.25, 0.5, 0.75]),
    )
    rows = rows_of(answers, "t1", probabilities=True, influence=True)
    assert all(field.type == PREDICTION_FIELDS[field.name] for field in rows.schema)
    assert rows.column_names == ["trial_id", "split", "example_id", "label", "probabilities", "el2n"]
    assert rows["example_id"].to_pylist() == [0, 1, 2]
    assert rows["label"].to_pylist() == [1, 0, 0]
    assert rows["el2n"].to_pylist() == [0.5, 0.75, 0.25]
    assert rows["probabilities"].to_pylist()[1] == [0.5, 0.5]
    assert set(rows["split"].to_pylist()) == {"train"}


def test_rows_of_multi_label_answers():
    """Ascending class lists, an empty list where no class is predicted, EL2N null where it was not measured."""
    answers = answers_of([[1.0, -1.0, 1.0], [-1.0, -1.0, -1.0], [-1.0, 1.0, -1.0]], [[1.0, 0.0, 0.0]] * 3)
    rows = rows_of(answers, "t1", probabilities=False, influence=True)
    assert rows["labels"].to_pylist() == [[0, 2], [], [1]]
    assert rows["labels"].type == PREDICTION_FIELDS["labels"]
    assert rows["el2n"].null_count == 3
    assert "label" not in rows.column_names


def test_chosen_metrics_are_those_of_a_trial():
    """A trial's facts hold the metrics that its task chooses, and no others of its kind."""
    answers = answers_of([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]], [0, 1, 0, 0])
    found = metrics_of(answers, ("matthews", "f1:up"), ("down", "up"))
    assert [*found] == ["matthews", "f1:up", "loss", "nan_rows"]
    assert found["f1:up"] == pytest.approx(2 / 3)
    assert found["matthews"] == pytest.approx(matthews_corrcoef([0, 1, 0, 0], [0, 1, 1, 0]))
