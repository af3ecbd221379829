"""`piesweep explain`: what it prints behind a number."""

from __future__ import annotations

import json

import pytest


def test_the_printed_query_gives_the_printed_number(piesweep, store):
    """The query that stands above a number answers with it when it is pasted into `piesweep sql`."""
    printed = piesweep("explain", store, "films:test:net:imp-ft:0.9")
    assert printed.exit_code == 0, printed.output
    lines = printed.stdout.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("SELECT examples, pies, rate"))
    assert lines[place + 1].strip() == "examples 4, pies 1, rate 0.25"
    answered = piesweep("sql", store, lines[place], "--format", "json")
    assert json.loads(answered.stdout) == [{"examples": 4, "pies": 1, "rate": 0.25}]


def test_trials_rows_and_sql_are_named(piesweep, store):
    """Both sides with their counts, and the text of every view behind them."""
    shown = piesweep("explain", store, "films:test:net:imp-ft:90%").stdout
    sides = [line.split() for line in shown.splitlines() if line.split()[:1] in (["IMP-FT"], ["dense"])]
    assert ["IMP-FT", "at", "90", "%", "2", "2", "0", "test", "4", "8"] in sides
    assert ["dense", "2", "2", "0", "test", "4", "8"] in sides
    assert "-- Title:     PIE rate" in shown
    assert "-- Title:     Pruned and dense votes of single-label tasks side by side" in shown


def test_everything_as_json(piesweep, store):
    """Scripts get all trial ids, the files and the SQL."""
    found = json.loads(piesweep("explain", store, "pie_rate", "--json").stdout)
    (side,) = found["sides"]
    assert (side["committed"], len(side["trial_ids"]), side["rows"]) == (4, 4, {"test": 16})
    assert "pie_rate" in found["sources"]


@pytest.mark.parametrize("what", ["films:test:net:imp-ft:0.8", "films:test", "pie_rat"])
def test_what_is_not_there_exits_2(piesweep, store, what):
    """Bad input is one message on stderr."""
    result = piesweep("explain", store, what)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("piesweep: ")
