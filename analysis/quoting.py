"""How an example is quoted in what is printed: its texts on a few lines, within quotation marks."""

from __future__ import annotations

import textwrap

from analysis.pictures import Picture
from runner.printable import printable

WIDTH = 100
LINES = 4


def quoted(text: str | None, text_pair: str | None, example_id: int, picture: Picture | None = None) -> str:
    """The texts of an example, side by side and shortened; without any, the size of its picture or its number."""
    words = " / ".join(printable(" ".join(part.split())) for part in (text, text_pair) if part)
    if not words and picture is not None:
        return f"  picture of {picture.size}"
    shown = textwrap.shorten(words, LINES * WIDTH, placeholder=" …") or f"(example {example_id} has no text)"
    return textwrap.fill(f"“{shown}”", WIDTH, initial_indent="  ", subsequent_indent="   ")
