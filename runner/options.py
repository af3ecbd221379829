"""Check the options of a registered piece, whose defaults say which there are and of which type."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any


def no_option(what: str, name: str, key: str, defaults: Mapping[str, Any]) -> str:
    """The message for an option that the model or method of this name does not have."""
    allowed = ", ".join(f"{known} (default {default!r})" for known, default in defaults.items()) or "none"
    return f"{what} '{name}' has no option '{key}'{nearest(key, defaults)}; allowed: {allowed}"


def wrong_type(what: str, name: str, key: str, value: Any, default: Any) -> str:
    """The message for a value of another type than the default's."""
    return (
        f"option '{key}' of {what} '{name}' is {value!r} ({type(value).__name__}); "
        f"it must be of type {type(default).__name__}, such as {default!r}"
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """ " (did you mean ..?)" for the nearest known name, or nothing where none is near."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""
