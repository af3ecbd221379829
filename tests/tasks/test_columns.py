"""The columns of a task's examples: what a kind of answer declares is in the fingerprint, and cannot be forgotten."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tasks.base import TaskData, TaskError, fingerprint_of
from tasks.columns import KEYS, OWN_GOLD, VIEWED, read_by_trials
from tasks.kinds import KINDS
from tasks.kinds.single_label import SingleLabel


class Toy(SingleLabel):
    """A kind with two gold columns of its own."""

    name = "toy"
    gold = {"gold_first": pa.int16(), "gold_others": pa.list_(pa.string())}  # noqa: RUF012 - a constant of the class


def examples(**columns: pa.Array) -> pa.Table:
    """Two examples of a split."""
    keys = {"split": pa.array(["test"] * 2), "example_id": pa.array([0, 1], pa.int32())}
    return pa.table({**keys, "text": pa.array(["a", "b"]), **columns})


def data(kind: str, table: pa.Table) -> TaskData:
    """A task with these examples."""
    return TaskData(task="t", kind=kind, inputs="text", classes=("x", "y"), max_tokens=8, examples=table)


def test_every_gold_column_of_a_kind_is_in_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new kind declares its columns in its own file, and each of them alone changes the fingerprint."""
    monkeypatch.setitem(KINDS, "toy", Toy())
    first, others = pa.array([0, 1], pa.int16()), pa.array([["p"], []], pa.list_(pa.string()))
    one = data("toy", examples(gold_first=first, gold_others=others))
    two = data("toy", examples(gold_first=pa.array([0, 0], pa.int16()), gold_others=others))
    three = data("toy", examples(gold_first=first, gold_others=pa.array([["p"], ["q"]], pa.list_(pa.string()))))
    assert len({one.fingerprint, two.fingerprint, three.fingerprint}) == 3
    assert list(read_by_trials("text", "toy")) == [*KEYS, "text", "gold_first", "gold_others"]


@pytest.mark.parametrize(
    ("columns", "said"),
    [({}, "lack label"), ({"label": pa.array([0, 1], pa.int64())}, "have label as int64")],
    ids=["forgotten", "another type"],
)
def test_gold_answers_must_be_there(columns: dict[str, pa.Array], said: str) -> None:
    """Examples without a gold column of their kind, or with it in another type, are refused by name."""
    with pytest.raises(TaskError, match=f"task 't': its examples {said}; its kind of answer needs label as int16"):
        data("single-label", examples(**columns))


def test_further_columns_change_no_fingerprint() -> None:
    """What people said of the examples is kept and renames no trial, though another kind has gold of that name."""
    label = pa.array([0, 1], pa.int16())
    plain = examples(label=label)
    more = examples(label=label, gold_value=pa.array([0.5, 0.25]))
    assert data("single-label", plain).fingerprint == data("single-label", more).fingerprint
    assert fingerprint_of(("x", "y"), plain, "text", "single-label") == "72e9a9ea9c11f725"


def test_the_columns_that_there_were() -> None:
    """Names and order on which stores and users' SQL rely."""
    assert list(VIEWED) == ["split", "example_id", "label", "labels", "text", "text_pair"]
    assert set(OWN_GOLD) >= {"gold_value"}
