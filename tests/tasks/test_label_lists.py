"""Cells of text that list classes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.label_lists import members

NAMES = st.text(st.characters(codec="utf-8"), min_size=1).map(str.strip).filter(bool)


@given(st.lists(NAMES, max_size=4), st.sampled_from([repr, json.dumps]))
def test_any_names_come_back(names, written):
    """Whatever the names hold, a list as Python or JSON writes it gives them back."""
    assert members(written(names).strip(), "|", is_marked=False) == names


@pytest.mark.parametrize(
    ("text", "separator", "classes"),
    [
        ("", "|", []),
        (None, "|", None),
        ("a, b|c", "|", ["a, b", "c"]),
        ("[1, 2.0, True]", None, ["1", "2", "true"]),
        ("[ ]", "|", []),
        ("'a' | \"b\"", "|", ["a", "b"]),
        ("'70s|'80s", "|", ["'70s", "'80s"]),
    ],
)
def test_cells(text, separator, classes):
    """Names between marks, lists of plain values, and nothing at all."""
    assert members(text, separator, is_marked=False) == classes


@pytest.mark.parametrize(
    "text",
    ["[a, b]", "['a' 'b']", "['a',]", "[,]", "['a'", "'b']", "['a']|b", "[['a']]", "[(1)]", "[0x10]", "[007]", "[b'a']",
     "['\\d']", "[__import__('os')]", "[" + "-" * 9999 + "1]", "[" * 9999 + "]"],
)  # fmt: skip
def test_what_is_no_list(text):
    """What neither Python nor JSON writes is refused, and nothing is evaluated."""
    with pytest.raises(ValueError, match="no list as JSON or Python writes it"):
        members(text, "|", is_marked=False)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a||b", "a label is empty"),
        ("a|", "a label is empty"),
        ("[1.5]", "1.5 is no class"),
        ("['a', None]", "None is no class"),
        ("['', 'a']", "'' is no class"),
        ('["\\ud83d"]', "half a character"),
    ],
)
def test_what_is_no_class(text, match):
    """Nothing, fractions and half characters are no classes."""
    with pytest.raises(ValueError, match=match):
        members(text, "|", is_marked=False)


def test_a_chosen_mark_cuts_as_it_says():
    """Where the user chose the mark, names in brackets are names, and quotes belong to them."""
    assert members("[x];[y]", ";", is_marked=True) == ["[x]", "[y]"]
    assert members("'x';y", ";", is_marked=True) == ["'x'", "y"]
    assert members("['a;b', 'c']", ";", is_marked=True) == ["a;b", "c"]
