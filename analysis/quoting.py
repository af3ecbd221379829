"""How an example is quoted in what is printed: its texts on a few lines, within quotation marks."""

from __future__ import annotations

import textwrap

from runner.printable import printable

WIDTH = 100
LINES = 4


def quoted(text: str | None, text_pair: str | None, example_id: int) -> str:
    """The texts of an example, side by side and shortened; an example without any is named by its number."""
    words = " / ".join(printable(" ".join(part.split())) for part in (text, text_pair) if part)
    shown = textwrap.shorten(words, LINES * WIDTH, placeholder=" …") or f"(example {example_id} has no text)"
    return textwrap.fill(f"“{shown}”", WIDTH, initial_indent="  ", subsequent_indent="   ")
