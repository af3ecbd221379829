"""`piesweep example`: what it prints of one example."""

from __future__ import annotations

import json
import re

import pytest

from analysis.pictures import Picture
from runner.command_line.example_verb import _shortened, draw, half_blocks
from runner.printable import printable
from tests.analysis.picture_stores import write_pictures
from tests.analysis.stores import write_task, write_trials

GREY = Picture(height=3, width=2, channels=1, content=bytes([0, 16, 32, 48, 64, 255]))


def test_a_life_for_people(piesweep, store):
    """Text, label, votes with their seeds, the mark of a PIE, and where the method turns."""
    result = piesweep("example", store, "films:test:3")
    assert result.exit_code == 0, result.output
    assert "text 3" in result.stdout
    assert "dense vote yes 2/2" in result.stdout
    assert "no 2/2 ≠" in result.stdout
    line = next(line for line in result.stdout.splitlines() if "IMP-FT" in line)
    assert line.split() == ["IMP-FT", "no", "2/2", "≠", "90", "%", "no"]


def test_label_sets_are_told_by_what_changed(piesweep, tmp_path):
    """Of a vote for several classes, those that the dense vote lacks and those that it has beyond it."""
    sets = {("dense", 0.0): "a|b", ("imp-ft", 0.5): "b|a", ("imp-ft", 0.9): "b|c", ("imp-ft", 0.95): ""}
    write_task(tmp_path, "papers", ["a", "b", "c"], [{"split": "test", "example_id": 0, "labels": "a", "text": "x"}])
    place = {"task": "papers", "model": "net", "seed": 0, "split": "test", "example_id": 0}
    rows = [place | {"method": method, "sparsity": sparsity, "labels": s} for (method, sparsity), s in sets.items()]
    write_trials(tmp_path, {"papers": ["a", "b", "c"]}, rows)
    shown = piesweep("example", tmp_path, "papers:test:0").stdout
    assert "dense vote a 1/1, b 1/1" in shown
    line = next(line for line in shown.splitlines() if "IMP-FT" in line)
    assert re.split(r"\s{2,}", line.strip()) == ["IMP-FT", "same", "+c 1/1, -a ≠", "-a, -b ≠", "90 %", "no"]


def test_a_life_for_scripts(piesweep, store):
    """One JSON object with every vote."""
    found = json.loads(piesweep("example", store, "films:test:2", "--model", "net", "--json").stdout)
    assert found["address"] == {"task": "films", "split": "test", "example_id": 2}
    (life,) = found["lives"]
    assert life["turns"] == [{"method": "imp-ft", "flips_at": None, "flips_back_at": None}]
    assert life["answers"][0]["vote"] == ["no"]


@pytest.mark.parametrize(("address", "said"), [("films:test:9", "the nearest are 2 and 3"), ("film:test:1", "'films'")])
def test_a_wrong_address_exits_2(piesweep, store, address, said):
    """Bad input is one message on stderr."""
    result = piesweep("example", store, address)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_texts_cannot_steer_a_terminal():
    """Escape sequences, bells and direction marks are spelled out; letters of any script stay."""
    assert (
        printable("a\x1b[31mred\x07 \u202etxt\nline\tend café 北京")
        == r"a\x1b[31mred\x07 \u202etxt\nline\tend café 北京"
    )


def test_a_text_of_a_megabyte_is_cut_and_says_so():
    """A terminal shows its beginning and its length; a short text stays whole."""
    shown = _shortened("x" * 1_000_000)
    assert shown == "x" * 2_000 + " … (the first 2,000 of 1,000,000 characters; --json has all)"
    assert _shortened("x" * 2_000) == "x" * 2_000
    assert _shortened(None) is None


def test_a_picture_has_its_size(piesweep, tmp_path):
    """Its size is told where no terminal could draw it; JSON has what it has of any example, and no bytes."""
    store = write_pictures(tmp_path)
    lines = piesweep("example", store, "patches:test:1").stdout.splitlines()
    assert lines[1].split() == ["picture", "2", "x", "2", "pixels"]
    assert "\N{UPPER HALF BLOCK}" not in "".join(lines)
    found = json.loads(piesweep("example", store, "patches:test:1", "--json").stdout)
    assert found["text"] is None
    assert {"picture", "pixels"}.isdisjoint(found)


def test_half_blocks_have_two_pixels():
    """Ink is the upper pixel, ground the one below; below the last of an odd number of lines there is none."""
    assert half_blocks(GREY) == [
        [("\N{UPPER HALF BLOCK}", "#000000 on #202020"), ("\N{UPPER HALF BLOCK}", "#101010 on #303030")],
        [("\N{UPPER HALF BLOCK}", "#404040"), ("\N{UPPER HALF BLOCK}", "#ffffff")],
    ]
    colour = Picture(height=2, width=1, channels=3, content=bytes([1, 2, 3, 253, 254, 255]))
    assert half_blocks(colour) == [[("\N{UPPER HALF BLOCK}", "#010203 on #fdfeff")]]


@pytest.mark.parametrize(
    ("variables", "drawn"),
    [
        ({"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": "truecolor"}, "38;2;3;3;3;48;2;3;3;3m"),
        ({"FORCE_COLOR": "1", "TERM": "xterm-256color"}, "38;5;16;48;5;16m"),
        ({"FORCE_COLOR": "1", "TERM": "xterm"}, ""),
        ({"FORCE_COLOR": "1", "TERM": "xterm-256color", "NO_COLOR": "1"}, ""),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, ""),
    ],
)
def test_only_terminals_with_colours_draw(monkeypatch, capsys, variables, drawn):
    """With 24 bits or 256 colours two lines are drawn; with fewer, without any, or into a pipe, nothing is."""
    for name in ("FORCE_COLOR", "NO_COLOR", "COLORTERM", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    draw(Picture(height=3, width=2, channels=1, content=bytes([len(variables)] * 6)))  # Rich keeps what a colour became
    shown = capsys.readouterr().out
    assert drawn in shown
    assert len(shown.splitlines()) == (2 if drawn else 0)
