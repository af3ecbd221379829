"""Spellings of one class: numbers and truth values are the same class however a file writes them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from decimal import Decimal

NUMBER = re.compile(r"[+-]?(0|[1-9][0-9]{0,99})(\.[0-9]{0,100})?")
TRUTHS = ("true", "false")


def respelled(names: Iterable[str], known: Collection[str] = ()) -> dict[str, str]:
    """Name -> class, for every name that is another spelling of a number or truth value among these names.

    `1`, `1.0` and `+1` are the class 1, `True` and `true` the class true; 01 is a word, since a leading zero makes a
    code. Names in one spelling throughout stay as they are written. known: classes that keep their spelling.
    """
    groups: dict[object, set[str]] = {}
    for name in {*names, *known}:
        groups.setdefault(_value(name), set()).add(name)
    result = {}
    for group in groups.values():
        if len(group) > 1:
            kept = sorted(group & set(known)) or [_plain(sorted(group))]
            result.update({name: kept[0] for name in group if name not in known})
    return result


def in_order(names: Iterable[str]) -> list[str]:
    """Class names in index order: as numbers where all are, else as text; equal numbers by their spelling."""
    listed = list(names)
    if all(ORDERED.fullmatch(name) for name in listed):
        return sorted(listed, key=lambda name: (float(name), name))
    return sorted(listed)


ORDERED = re.compile(r"[+-]?\d+(\.\d+)?")


def _value(name: str) -> object:
    if NUMBER.fullmatch(name):
        return Decimal(name)
    return name.lower() if name.lower() in TRUTHS else (name,)


def _plain(spellings: list[str]) -> str:
    """The plain spelling of a number or truth value: 1, 1.5, true."""
    first = spellings[0]
    if first.lower() in TRUTHS:
        return first.lower()
    number = Decimal(first)
    return str(int(number)) if number == int(number) else f"{number.normalize():f}"
