"""Labels that are one class, doubtful ones, and those that cannot be meant."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tasks.base import TaskError
from tasks.classes import classes_of


def found(train, test, declared=None):
    """The classes of these labels."""
    return classes_of("own", {"train": pa.array(train), "test": pa.array(test)}, declared)


@pytest.mark.parametrize(
    ("train", "test", "names"),
    [
        (["True", "False"], ["true", "false"], ("false", "true")),
        (["1", "0"], ["1.0", "0.0"], ("0", "1")),
        (["1.0", "0.0"], ["1", "0"], ("0", "1")),
        (["1", "2.5"], ["1.0", "2.50"], ("1", "2.5")),
    ],
)
def test_numbers_and_truth_values_are_one_class_in_all_files(train, test, names):
    """Test rows get the classes that train has, and a sentence says with counts what was taken for one."""
    classes = found(train, test)
    assert classes.names == names
    for split, labels in (("train", train), ("test", test)):
        values = [names[index].lower() for index in classes.indices[split].to_pylist()]
        assert [float(v) if v[0].isdigit() else v for v in values] == [
            float(v) if v[0].isdigit() else v.lower() for v in labels
        ]
    assert classes.warnings[0].startswith(f"one class, {names[0]}: ")
    assert "(1 in train)" in classes.warnings[0]
    assert "(1 in test)" in classes.warnings[0]


def test_labels_in_one_spelling_stay_as_written():
    """Without a second spelling nothing is renamed or said: 1.0 stays 1.0, and codes with leading zeros stay apart."""
    assert found(["1.0", "2.0"], ["2.0"]).names == ("1.0", "2.0")
    assert found(["01", "1"], ["001"]).names == ("001", "01", "1")
    assert found(["b", "a"], ["a", "b"]).warnings == ()


def test_lists_of_labels():
    """Lists are respelled alike; a class that a list names twice counts once, with a sentence."""
    classes = found([["1", "b"], ["b", "b"], []], [["1.0"]])
    assert (classes.names, classes.indices["train"].to_pylist()) == (("1", "b"), [[0, 1], [1], []])
    assert classes.indices["test"].to_pylist() == [[0]]
    assert "train: 1 rows name a class twice, the first row 2; it counts once" in classes.warnings


REFUSED = [
    (["Positive", "Negative"], ["positive", "Negative"], "'positive' .1 in test., and train has 'Positive' instead"),
    (["0", "1"], ["-1", "-1"], "all 2 labels of test are -1, by which GLUE"),
    (["a", "a"], ["a"], r"has 1 classes \(a\); it needs 2"),
    ([f"{number / 10}" for number in range(40)], ["0.3"], "36 labels that are fractions, such as 0.1, .*a measure"),
]


@pytest.mark.parametrize(("train", "test", "match"), REFUSED)
def test_labels_that_cannot_be_meant(train, test, match):
    """Classes that no network could answer right, hidden labels, one class alone, and measures are refused."""
    with pytest.raises(TaskError, match=match):
        found(train, test)


DOUBTED = [
    (["a", "b"], ["c", "c", "a"], "1 classes that train does not have, and no network can learn: 'c' (2 in test)"),
    (["us", "US", "b"], ["b"], "upper and lower case alone: 'US' (1 in train); 'us' (1 in train)"),
    (["0", "1"] * 20 + ["-1"], ["0"], "'-1' (1 in train), of 42 labels: a class, or labels that are missing?"),
    ([f"name {number}" for number in range(30)], ["name 1"], "29 of 30 classes have one example each"),
]


@pytest.mark.parametrize(("train", "test", "said"), DOUBTED)
def test_doubtful_labels_are_told(train, test, said):
    """What may be meant comes with a sentence that has counts and examples."""
    assert [one for one in found(train, test).warnings if said in one], found(train, test).warnings


def test_minus_one_may_be_a_class():
    """A sentiment of -1, 0 and 1, or of -1 and 1, is nothing to remark."""
    assert found(["-1", "0", "1"] * 9, ["-1", "1"]).warnings == ()
    assert found(["-1", "1"] * 9, ["1", "-1"]).names == ("-1", "1")


def test_declared_classes_are_taken_as_they_are():
    """A source that lists its classes is believed: order, spelling and classes that never occur."""
    classes = found(["yes", "no"], ["no"], ("no", "yes", "Yes"))
    assert (classes.names, classes.indices["train"].to_pylist()) == (("no", "yes", "Yes"), [1, 0])
