"""Tasks of numbers: kind: regression, and every cell that is none."""

from __future__ import annotations

import pytest

from tasks import files
from tasks.base import TaskError
from tests.tasks.test_files import choice

ROWS = [{"text": f"text {number}", "label": number / 4} for number in range(60)]


@pytest.mark.parametrize("kind", [".csv", ".jsonl", ".parquet"])
def test_a_float_column_is_a_regression_if_the_study_says_so(kind, tmp_path):
    """The label column becomes gold_value, there are no classes, and the headline is Pearson's correlation."""
    data = files.load(_regression(tmp_path, kind))
    assert (data.kind, data.metric, data.classes) == ("regression", "pearson", ())
    assert data.split("train")["gold_value"].to_pylist() == [number / 4 for number in range(60)]
    assert "label" not in data.examples.column_names


def _regression(folder, kind, rows=ROWS, **fields):
    return choice(folder, kind, rows, ROWS, **fields).model_copy(update={"kind": "regression"})


def test_without_it_the_column_is_refused_with_that_advice(tmp_path):
    """Sixty fractions are no classes."""
    with pytest.raises(TaskError, match="say kind: regression"):
        files.load(choice(tmp_path, ".parquet", ROWS, ROWS))


@pytest.mark.parametrize("cell", ["high", "nan", "inf", "1e60"])
def test_a_cell_that_is_no_number_is_named(cell, tmp_path):
    """Row and column of a word, of what only looks like a number, and of one that 32 bits do not hold."""
    rows = [*ROWS[:3], {"text": "odd", "label": cell}]
    with pytest.raises(TaskError, match=r"row 4: column 'label' holds .*a regression predicts a finite number"):
        files.load(_regression(tmp_path, ".csv", rows))


def test_equal_values_teach_nothing(tmp_path):
    """A training split of one value is refused."""
    with pytest.raises(TaskError, match=r"all training values are 2\.0"):
        files.load(_regression(tmp_path, ".csv", [{"text": f"t {number}", "label": 2.0} for number in range(4)]))
