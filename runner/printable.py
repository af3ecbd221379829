"""Foreign text made harmless: names, texts and messages as a terminal, a log or a document may show them.

A name may come from anybody's study, data or store. What could move a cursor, change colours, set a window's title,
turn the direction of reading or make XML ill-formed becomes an escape that one sees, such as \\x1b; all else stays.
"""

from __future__ import annotations

import json
import re
from typing import Any

STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Controls (C0, DEL, C1), line and paragraph separators, direction overrides, lone surrogates, no characters at all."""
STEERING_BLOCK = re.compile(f"(?![\t\n]){STEERING.pattern}")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet may run: https://owasp.org/www-community/attacks/CSV_Injection"""


def printable(text: str, *, block: bool = False) -> str:
    """The text with visible escapes for whatever steers; block: line breaks and tabs are meant, and stay."""
    return (STEERING_BLOCK if block else STEERING).sub(_escaped, text)


def printable_throughout(value: Any) -> Any:
    """Lists and mappings, as JSON has them, with every text in them as a printable block."""
    if isinstance(value, str):
        return printable(value, block=True)
    if isinstance(value, dict):
        return {printable_throughout(key): printable_throughout(part) for key, part in value.items()}
    return [printable_throughout(part) for part in value] if isinstance(value, list | tuple) else value


def json_line(value: Any) -> str:
    """A value as JSON of one line; what steers is escaped as JSON escapes it, so that the value stays the same."""
    return STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def no_formula(value: object) -> object:
    """A cell of a CSV file; a text that a spreadsheet would take for a formula begins with a single quote."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _escaped(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]
