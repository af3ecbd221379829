"""Foreign text: what steers a terminal, a reader's eye, a spreadsheet or an XML parser."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from runner.printable import json_line, no_formula, printable, printable_throughout

STEERING = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *map(chr, range(0x202A, 0x202F)),
    *map(chr, range(0x2066, 0x206A)),
    *("\u2028", "\u2029", "\ud800", "\udfff", "\ufffe", "\uffff"),
]


@pytest.mark.parametrize("character", STEERING, ids=ascii)
def test_what_steers_is_seen(character: str) -> None:
    """Every control, direction override, separator and lone surrogate becomes ASCII that names it."""
    shown = printable(f"a{character}b")
    assert shown == f"a{ascii(character)[1:-1]}b"
    assert shown.isascii()
    block = printable(f"a{character}b", block=True)
    assert block == (f"a{character}b" if character in "\n\t" else shown)
    assert ET.fromstring(f"<a>{block}</a>").text == block


@pytest.mark.parametrize("text", ["café", "北京", "שלום", "👩\u200d🔬", "a\u00a0b", "\\x1b", "[red]", "$x$"])
def test_letters_of_any_script_stay(text: str) -> None:
    """Nothing else is touched, not even joined emoji or what looks like an escape."""
    assert printable(text) == printable(text, block=True) == text


def test_json_keeps_its_value() -> None:
    """As JSON what steers is an escape of JSON's own: one printable line, the same value."""
    value = {"a\x9b31m": ["\u202e\x1b\n", 1.5, None, "\ud800"]}
    line = json_line(value)
    assert line == printable(line)
    assert json.loads(line) == value


def test_lists_and_mappings_are_made_printable_throughout() -> None:
    """Keys, values, and values in them; numbers stay numbers."""
    assert printable_throughout({"\x1b": ["\x9b", {"a": "\x00\n"}, 1]}) == {"\\x1b": ["\\x9b", {"a": "\\x00\n"}, 1]}


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_is_a_formula(cell: str) -> None:
    """A text that a spreadsheet would run begins with a single quote."""
    assert no_formula(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", [-1, -0.5, "a=b", "", None, "'=1", " =1"])
def test_numbers_and_other_texts_are_cells_as_they_are(cell: object) -> None:
    """A negative number is a number."""
    assert no_formula(cell) == cell
