"""Spell the single values of a row: exact for whoever goes on with them, short for whoever reads them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

DIGITS = 4


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    for kind, convert in _PLAIN.items():
        if isinstance(value, kind):
            return convert(value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)


_PLAIN: dict[type, Callable[[Any], Any]] = {
    float: lambda value: value if math.isfinite(value) else None,
    Decimal: lambda value: int(value) if value == value.to_integral_value() else float(value),
    date: lambda value: value.isoformat(),  # a datetime is a date
    time: lambda value: value.isoformat(),
    timedelta: lambda value: value.total_seconds(),
    bytes: lambda value: value.hex(),
}


def spelled(value: Any) -> str:
    """A value in one text, every digit kept."""
    match value:
        case None:
            return "NULL"
        case float():
            return repr(value)
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:f}"
        case list() | tuple() | dict():
            return json.dumps(plain(value), ensure_ascii=False)
    return str(plain(value))


def short(value: Any) -> Any:
    """A value with its fractions at DIGITS significant digits, in lists and structures too; no whole digit goes."""
    if isinstance(value, list | tuple):
        return [short(part) for part in value]
    if isinstance(value, dict):
        return {key: short(part) for key, part in value.items()}
    if not isinstance(value, float | Decimal) or not math.isfinite(value) or value == round(value):
        return value
    behind = DIGITS - 1 - math.floor(math.log10(abs(float(value))))
    rounded = round(value, behind) if behind > 0 else round(value)
    return value if rounded == value else rounded
