"""Opening, limiting, caching and describing tasks."""

from __future__ import annotations

import collections
import dataclasses
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import TASKS, catalogue, files
from tasks.base import TaskChoice, TaskData, TaskError
from tasks.cache import cached
from tasks.catalogue import check, describe, limited, open_task, planned_sizes
from tasks.examples import examples_table, split_sizes
from tests.tasks.test_files import choice, write


def made(labels, kind="single-label"):
    """A task whose test split has these labels."""
    name = "label" if kind == "single-label" else "labels"
    texts = [f"text {number}" for number in range(len(labels))]
    examples = examples_table({"train": {"text": texts, name: labels}, "test": {"text": texts, name: labels}})
    classes = ("a", "b", "c")
    return TaskData(task="made", kind=kind, inputs="text", classes=classes, max_tokens=8, examples=examples)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=80), st.data())
def test_limit_keeps_ids_and_shares(labels, drawn):
    """A limited split has exactly the limit, its examples their ids, its classes their shares; the rest is whole."""
    limit = drawn.draw(st.integers(1, len(labels) + 5))
    data = made(labels)
    part = limited(data, {"test": limit})
    kept = min(limit, len(labels))
    assert split_sizes(part.examples) == {"train": len(labels), "test": kept}
    rows = part.split("test").to_pylist()
    assert all(row["text"] == f"text {row['example_id']}" and row["label"] == labels[row["example_id"]] for row in rows)
    found = collections.Counter(row["label"] for row in rows)
    for label, count in collections.Counter(labels).items():
        assert abs(found[label] - count * kept / len(labels)) < 1
    assert (part.fingerprint == data.fingerprint) == (kept == len(labels))


@given(st.lists(st.lists(st.integers(0, 2), unique=True).map(sorted), min_size=1, max_size=40), st.data())
def test_limit_of_several_labels_grows_by_adding(labels, drawn):
    """A smaller limit's examples are among a larger one's."""
    sizes = sorted(drawn.draw(st.tuples(*[st.integers(1, len(labels))] * 2)))
    small, large = (limited(made(labels, "multi-label"), {"test": size}).split("test") for size in sizes)
    assert [small.num_rows, large.num_rows] == sizes
    assert set(small["example_id"].to_pylist()) <= set(large["example_id"].to_pylist())


def test_a_second_call_reads_the_cache(tmp_path, monkeypatch):
    """Own files are parsed once; a limit and max_tokens are applied to what the cache holds."""
    given = choice(tmp_path)
    first = open_task(given)
    monkeypatch.setattr(files, "load", lambda _: pytest.fail("parsed again"))
    assert open_task(given).examples.equals(first.examples)
    assert open_task(given).fingerprint == first.fingerprint
    limit = open_task(given.model_copy(update={"limit": {"train": 1}, "max_tokens": 5}))
    assert (split_sizes(limit.examples), limit.max_tokens) == ({"train": 1, "test": 2}, 5)
    assert open_task(given).max_tokens == first.max_tokens


def test_changed_files_are_parsed_again(tmp_path):
    """Another size or time of a source file means new examples."""
    given = choice(tmp_path)
    before = open_task(given)
    write(tmp_path / "train.csv", [{"text": "new", "label": "10"}])
    assert open_task(given).fingerprint != before.fingerprint
    path = tmp_path / "test.csv"
    path.write_text(path.read_text().replace("true", "tree"))
    os.utime(path, ns=(1, 1))
    assert "tree" in open_task(given).split("test")["text"].to_pylist()


def test_a_damaged_cache_is_replaced(session_cache):
    """A file cut short or changed in the cache is parsed again, not served."""
    data = made([0, 1, 2])
    cached("damaged", {"key": 1}, lambda: data)
    (path,) = (session_cache / "tasks").glob("damaged-*/examples.parquet")
    path.write_bytes(path.read_bytes()[:100])
    assert cached("damaged", {"key": 1}, lambda: data).examples.equals(data.examples)
    pq.write_table(pq.read_table(path).slice(1), path)
    assert cached("damaged", {"key": 1}, lambda: data).examples.equals(data.examples)
    again = cached("damaged", {"key": 1}, lambda: pytest.fail("not replaced"))
    assert (again.examples.equals(data.examples), again.classes) == (True, data.classes)


def test_a_cache_that_cannot_be_written_costs_nothing(tmp_path, monkeypatch):
    """Where the cache folder cannot be made, the data come all the same."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PIESWEEP_CACHE", str(tmp_path / "file"))
    data = made([0, 1])
    assert cached("made", {}, lambda: data) is data


def test_data_that_break_the_declaration_are_refused(monkeypatch):
    """A loader that returns other sizes or classes than declared is caught."""
    task = TASKS["digits"]
    monkeypatch.setitem(TASKS, "digits", dataclasses.replace(task, sizes={"train": 1, "test": 1}, version=98))
    with pytest.raises(TaskError, match="but declares"):
        open_task(TaskChoice(name="digits"))
    monkeypatch.setitem(TASKS, "digits", dataclasses.replace(task, classes=("x", "y"), version=99))
    with pytest.raises(TaskError, match="but declares"):
        open_task(TaskChoice(name="digits"))


WRONG = [
    ({"name": "reuter"}, r"unknown task 'reuter'; known: movie-snippets, .*did you mean 'reuters'\?"),
    ({"name": "reuters"}, "needs your copy: set data to Reuters-21578"),
    ({"name": "reuters", "data": "/nowhere"}, "data: /nowhere does not exist"),
    ({"name": "digits", "data": "x"}, "fetches its own data"),
    ({"name": "digits", "text": "x", "label": "y"}, "takes no text, label; allowed: data, limit, max_tokens"),
    ({"name": "digits", "limit": {"test": 0}}, "limit of test is 0"),
    ({"name": "digits", "train": "a.csv", "test": "b.csv"}, "'digits' is a registered task"),
]


@pytest.mark.parametrize(("fields", "match"), WRONG)
def test_wrong_choices(fields, match):
    """Each says what was given and what is allowed."""
    with pytest.raises(TaskError, match=match):
        check(TaskChoice(**fields))


def test_a_limit_of_a_split_that_is_not_there(tmp_path):
    """A limit of validation where there is none is refused."""
    with pytest.raises(TaskError, match="no split 'validation' to limit; it has train, test"):
        open_task(choice(tmp_path, limit={"validation": 1}))


def test_planned_sizes_need_no_data(tmp_path, monkeypatch):
    """Registered tasks are declared, own files counted, limits applied; nothing is loaded."""
    monkeypatch.setattr(catalogue, "cached", lambda *_: pytest.fail("loaded"))
    assert planned_sizes(TaskChoice(name="imdb", limit={"test": 10})) == {
        "train": 20000,
        "validation": 5000,
        "test": 10,
    }
    assert planned_sizes(choice(tmp_path, limit={"train": 2})) == {"train": 2, "test": 2}


def test_describe_with_and_without_data():
    """Declared facts always; token statistics where the data is at hand."""
    reuters = describe("reuters")
    assert (reuters["train"], reuters["validation"], reuters["test"], reuters["classes"]) == (6737, 1440, 1429, 23)
    assert (reuters["kind"], reuters["metric"], reuters["loaded"]) == ("multi-label", "macro-f1", False)
    snippets = describe("movie-snippets")
    assert (snippets["loaded"], snippets["tokens"]["median"], snippets["tokens"]["p85"]) == (True, 22, 33)
    assert describe("digits")["inputs"] == "image"
    with pytest.raises(TaskError, match="unknown task"):
        describe("imbd")


def test_examples_keep_further_columns():
    """Columns the contract does not know stay as they are."""
    table = examples_table({"train": {"text": ["x"], "label": [0], "more": pa.array([1.5])}})
    assert table["more"].to_pylist() == [1.5]
    assert table.column_names == ["split", "example_id", "text", "label", "more"]
