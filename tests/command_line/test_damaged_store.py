"""Every verb that answers from a damaged file refuses in one line with exit code 2."""

from __future__ import annotations

import os
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runner.store.errors import StoreError

VERBS = {
    "sql": ("sql", "{store}", "FROM predictions"),
    "report": ("report", "{store}", "--out", "{out}"),
    "export": ("export", "{store}", "--out", "{out}"),
    "table": ("table", "{store}", "pie_percent"),
    "figure": ("figure", "{store}", "pie_rate", "--out", "{out}.svg"),
    "example": ("example", "{store}", "films:test:3"),
    "explain": ("explain", "{store}", "films:test:net:imp-ft:0.9"),
    "readability": ("readability", "{store}"),
}


def flipped(path):
    """One bit is another."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def piped(path):
    """A pipe, into which nobody writes."""
    path.unlink()
    os.mkfifo(path)


def retold(path):
    """A whole file of examples, with another text."""
    table = pq.read_table(path)
    text = pa.array(["another", *table["text"].to_pylist()[1:]])
    pq.write_table(table.set_column(table.column_names.index("text"), "text", text), path)


def arguments(verb, store, out):
    """The words of a verb."""
    return [part.format(store=store, out=out) for part in VERBS[verb]]


@pytest.mark.parametrize("damage", [flipped, piped], ids=["a flipped bit", "a pipe"])
@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_answers_from_damage(piesweep, store, tmp_path, verb, damage):
    """A damaged file of rows, or of examples where no rows are read: named, with the mend, and nothing written."""
    copy, out = tmp_path / "store", tmp_path / "out"
    shutil.copytree(store, copy)
    path = sorted(copy.glob("tasks/*.parquet" if verb == "readability" else "data/*.parquet"))[0]
    (retold if (verb, damage) == ("readability", flipped) else damage)(path)
    result = piesweep(*arguments(verb, copy, out))
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = (line for line in result.stderr.splitlines() if not line.startswith("readability of "))
    assert line.startswith(f"piesweep: {path} is damaged: ")
    assert f"run piesweep verify {copy}" in line
    assert list(tmp_path.iterdir()) == [copy]


def test_damage_is_what_was_met_and_not_what_duckdb_says(piesweep, store, monkeypatch):
    """Any other error of DuckDB in a verb that asks it questions of ours: one line too."""
    import duckdb

    from analysis import show as single

    def refuse(*_):
        raise duckdb.InvalidInputException("No magic bytes\nLINE 1: FROM x\n  ^")

    monkeypatch.setattr(single, "one_table", refuse)
    result = piesweep("table", store, "pie_percent")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "piesweep: DuckDB cannot answer this: No magic bytes\n"


def test_what_an_error_quotes_steers_no_terminal(piesweep, store, monkeypatch):
    """A name in an error of a store: its escape sequences are shown and not obeyed."""
    from analysis import show as single

    def refuse(*_):
        raise StoreError("the task '\x1b]0;owned\x07\x9b31m\u202e' is gone\nrun verify")

    monkeypatch.setattr(single, "one_table", refuse)
    result = piesweep("table", store, "pie_percent")
    assert result.stderr == "piesweep: the task '\\x1b]0;owned\\x07\\x9b31m\\u202e' is gone\nrun verify\n"
