"""Say what is wrong with a study so that it can be put right."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]


class StudyError(ValueError):
    """A study that cannot be planned: a line for each thing wrong, with its place, what was given, what is allowed."""

    exit_status = 2


@dataclass(frozen=True)
class Problem:
    """One thing wrong at one key of a study."""

    path: KeyPath
    message: str


def key_text(path: KeyPath) -> str:
    """A key path as people write it: ("tasks", 0, "limit") is tasks[0].limit."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def unknown(what: str, given: str, allowed: Iterable[str]) -> str:
    """The message for a name that does not exist, with the nearest one that does."""
    names = list(allowed)
    return f"unknown {what} '{given}'{suggestion(given, names)}; allowed: {', '.join(names) or 'none'}"


def suggestion(given: str, allowed: Iterable[str]) -> str:
    """ ", did you mean ..?" for the nearest allowed name, or nothing where none is near."""
    by_folded = {name.lower().replace("_", "-"): name for name in allowed}
    near = difflib.get_close_matches(given.lower().replace("_", "-"), by_folded, n=1, cutoff=0.6)
    return f", did you mean '{by_folded[near[0]]}'?" if near else ""


def repeated(values: Iterable[Hashable]) -> list[Hashable]:
    """The values that stand more than once, each named once."""
    return [value for value, count in Counter(values).items() if count > 1]
