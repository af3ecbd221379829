"""Further columns and ids of the user's own."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks import catalogue, files
from tasks.base import TaskError
from tasks.further import further_columns
from tests.tasks.test_files import choice, write

ROWS = [
    {"uid": "a-1", "text": "x", "label": "p", "group": "one", "length": "12", "Task": "q", "zip": "01234", "empty": ""},
    {"uid": "a-2", "text": "y", "label": "n", "group": "", "length": "", "Task": "r", "zip": "99999", "empty": ""},
]


@pytest.mark.parametrize("kind", [".csv", ".jsonl", ".parquet"])
def test_every_other_column_is_kept(kind, tmp_path):
    """Columns stay with the examples, the id as text; names of piesweep's own make way; the fingerprint is the same."""
    given = choice(tmp_path, kind, ROWS, ROWS, id="uid")
    for _ in range(2):
        data = catalogue.open_task(given)
        rows = data.split("test").to_pylist()
        assert [row["source_id"] for row in rows] == ["a-1", "a-2"]
        assert [row["example_id"] for row in rows] == [0, 1]
        assert [row["group"] for row in rows] == ["one", ""]
        assert [row["length"] for row in rows] == [12, None]
        assert [row["own_Task"] for row in rows] == ["q", "r"]
        assert [row["zip"] for row in rows] == ["01234", "99999"]
        assert [row["empty"] for row in rows] == ["", ""]
        assert "uid" not in rows[0]
    bare = [{name: row[name] for name in ("text", "label")} for row in ROWS]
    assert files.load(choice(tmp_path, kind, bare, bare)).fingerprint == data.fingerprint


def test_ids_that_are_no_ids_are_told(tmp_path):
    """A missing id column is named as others are; ids that stand there twice are counted."""
    with pytest.raises(TaskError, match=r"train.csv has no column 'uuid'; .*did you mean 'uid'\?"):
        files.check(choice(tmp_path, ".csv", ROWS, ROWS, id="uuid"))
    with pytest.raises(TaskError, match="id is a column beside text and label, not text"):
        files.check(choice(tmp_path, ".csv", ROWS, ROWS, id="text"))
    twice = [ROWS[0], {**ROWS[1], "uid": "a-1"}]
    warnings = files.load(choice(tmp_path, ".csv", twice, ROWS, id="uid")).warnings
    assert "train: 1 ids in 'uid' stand there before, 0 are empty" in warnings


def test_types():
    """Numbers, truth values and dates; types that differ between splits meet in a common one; lists are left out."""
    day = dt.date(2020, 1, 2)
    train = pa.table(
        {"n": [1, 2], "f": [0.5, None], "b": [True, False], "d": [day, day], "mixed": [1, 2], "l": [[1], []]}
    )
    test = pa.table({"n": [1.5], "mixed": ["x"], "only": ["y"]})
    kept, doubts = further_columns({"train": train, "test": test}, None)
    assert {name: values.to_pylist() for name, values in kept["train"].items()} == {
        "n": [1.0, 2.0], "f": [0.5, None], "b": [True, False], "d": ["2020-01-02"] * 2, "mixed": ["1", "2"],
        "only": [None, None],
    }  # fmt: skip
    assert {name: values.type for name, values in kept["test"].items()} == {
        name: values.type for name, values in kept["train"].items()
    }
    assert doubts == ["column 'l' is not kept with the examples: it holds lists, objects or bytes"]


def test_a_column_of_mixed_values_does_no_harm(tmp_path):
    """JSON's further columns may hold what they like: where they cannot be kept, a sentence says so."""
    given = choice(tmp_path, ".jsonl")
    (tmp_path / "train.jsonl").write_text(
        '{"text": "x", "label": "9", "meta": 1}\n{"text": "y", "label": "10", "meta": {"a": 1}}\n'
    )
    data = files.load(given)
    assert "meta" not in data.examples.column_names
    assert any("further columns are left out: " in one and "column 'meta' holds" in one for one in data.warnings)


def test_names_that_sql_does_not_tell_apart(tmp_path):
    """Group and group become two names."""
    path = tmp_path / "train.parquet"
    pq.write_table(pa.table({"text": ["x", "y"], "label": ["a", "b"], "group": [1, 2], "Group": [3, 4]}), path)
    test = write(tmp_path / "test.parquet", [{"text": "z", "label": "a"}])
    given = choice(tmp_path, ".csv").model_copy(update={"train": str(path), "test": str(test)})
    assert {"group", "own_Group"} <= set(files.load(given).examples.column_names)
