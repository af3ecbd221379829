"""A cell of text as the classes that it lists: as Python or JSON writes a list, or with a mark between them."""

from __future__ import annotations

import ast
import json
import re
import warnings
from typing import Any

QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
ITEM = re.compile(rf"\s*({QUOTED}|[+-]?\d{{1,37}}(?:\.\d*)?|True|False|None)\s*")
TORN = re.compile(r"""^\[\s*['"]|['"]\s*\]$""")
"""How a piece of a list looks that was cut in the middle."""
ADVICE = 'which is no list as JSON or Python writes it; write ["a", "b"], or use JSONL or Parquet'
LONGEST = 1 << 20


def members(text: str | None, separator: str | None, *, is_marked: bool) -> list[str] | None:
    """The classes that a trimmed cell lists; none for an empty text. ValueError says what is wrong with it.

    is_marked: the user chose the separator, so that [a];[b] are two classes as they stand.
    """
    if not text:
        return None if text is None else []
    parts = [part.strip() for part in text.split(separator)] if separator else [text]
    if text.startswith("[") and text.endswith("]"):
        if is_marked and len(parts) > 1 and all(part.startswith("[") and part.endswith("]") for part in parts):
            return parts
        return [_name(item) for item in _written_list(text)]
    if separator is None:
        raise ValueError("which is no list; give separator, the mark between two labels (separator: ';')")
    if any(TORN.search(part) for part in parts):
        raise ValueError(ADVICE)
    if "" in parts:
        raise ValueError(f"in which a label is empty: there is nothing on one side of a '{separator}'; remove it")
    return [_unquoted(part) for part in parts] if not is_marked else parts


def _written_list(text: str) -> list[Any]:
    """The items of a list of plain values as JSON or Python writes it; nothing is evaluated but single quoted words."""
    if len(text) > LONGEST:
        raise ValueError(ADVICE)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        pass
    else:
        if isinstance(found, list):
            return found
    inner, items, at = text[1:-1], [], 0
    while inner.strip():
        match = ITEM.match(inner, at)
        if match is None or inner[match.end() : match.end() + 1] not in ("", ","):
            raise ValueError(ADVICE)
        items.append(_value(match[1]))
        at = match.end() + 1
        if match.end() == len(inner):
            break
    return items


def _value(token: str) -> Any:
    """What one word in quotes, number, truth value or None stands for."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an escape that Python does not know
            return ast.literal_eval(token)
    except (ValueError, SyntaxError):  # 007, or such an escape
        raise ValueError(ADVICE) from None


def _name(item: Any) -> str:
    """One item as a class name: a word, a whole number or a truth value."""
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, float) and item.is_integer() and abs(item) < 2**53:
        return str(int(item))
    if isinstance(item, int):
        return str(item)
    if not isinstance(item, str) or not item.strip():
        raise ValueError(f"in which {item!r:.60} is no class; a class is a word, a whole number or a truth value")
    if not item.isascii() and any("\ud800" <= letter <= "\udfff" for letter in item):
        raise ValueError("which holds half a character; write the whole one")
    return item.strip()


def _unquoted(part: str) -> str:
    """A name without the pair of quotes around it."""
    inner = part[1:-1].strip()
    return inner if len(part) > 2 and part[0] == part[-1] and part[0] in "'\"" and inner else part
