"""Describe a store's methods: the lines of METHODS behind their names, and what studies changed of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runner.method import Method
from runner.methods import DENSE, NAMED

MEANINGS = """
    SELECT DISTINCT method, settings->>'base_method' AS base, (settings->'method_options')::VARCHAR AS changed
    FROM trials WHERE method <> ? ORDER BY ALL"""
"""What the trials of a store say of every pruned method."""


@dataclass(frozen=True)
class Variant:
    """One meaning of a method's name in a store: the line behind it, and the options that are changed."""

    name: str
    line: Method | None
    changed: tuple[tuple[str, Any], ...] = ()

    @property
    def title(self) -> str:
        """What the line is called, with the options that the study changed; nothing for one made elsewhere."""
        return f"{self.line.title}{self.options}" if self.line else ""

    @property
    def options(self) -> str:
        """The options that the study changed, in brackets, after a space."""
        if not self.changed or not self.line:
            return ""
        return f" ({', '.join(f'{option} {value}' for option, value in self.changed)})"


def variants(rows: Iterable[Mapping[str, Any]], planned: Iterable[str]) -> dict[str, list[Variant]]:
    """Method -> what it means in a store, as its trials say; as METHODS says where no trial of it has committed.

    rows: those of MEANINGS. planned: the methods of all cells that are planned, `dense` among them.
    """
    found: dict[str, list[Variant]] = {}
    for row in rows:
        name = row["base"] or row["method"]
        one = Variant(name, NAMED.get(name), _changed(json.loads(row["changed"] or "[]")))
        known = found.setdefault(row["method"], [])
        if one not in known:  # trials of before methods had options say nothing of them
            known.append(one)
    known_here = {
        name: sorted(own, key=lambda one: (one.name, len(one.changed), repr(one.changed)))
        for name, own in found.items()
    }
    return {name: [Variant(name, NAMED.get(name))] for name in {*planned} - {DENSE}} | known_here


def _changed(given: Any) -> tuple[tuple[str, Any], ...]:
    """The pairs of option and value in a trial's settings, which may hold anything: `piesweep verify` judges them."""
    pairs = given if isinstance(given, list) else []
    return tuple((str(pair[0]), pair[1]) for pair in pairs if isinstance(pair, list) and len(pair) == 2)
