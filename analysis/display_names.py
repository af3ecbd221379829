"""The order and the look of names in tables, figures and the report."""

from __future__ import annotations

from collections.abc import Iterable

from runner.methods import DENSE, METHODS, NAMED, REFERENCES
from tasks.base import SPLITS

_SPLITS: dict[str, int] = {name: number for number, name in enumerate(dict.fromkeys(["test", *SPLITS]))}


def method_key(method: str) -> tuple[int, str]:
    """Sorts methods as METHODS lists them, then others (a study's own, ingested) by name; unpruned ones are first."""
    known = (DENSE, *REFERENCES, *METHODS)
    return known.index(method) if method in known else len(known), method


def split_key(split: str) -> tuple[int, str]:
    """Sorts the test split first: it is what the claims are about."""
    return _SPLITS.get(split, len(_SPLITS)), split


def first_splits(places: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Task -> the first split that it has among pairs of task and split, the test split before others."""
    first: dict[str, str] = {}
    for task, split in sorted(places, key=lambda place: split_key(place[1])):
        first.setdefault(task, split)
    return first


def method_name(method: str) -> str:
    """A method as the papers print it: IMP-FT; those of a study's own, and ingested ones, as they are."""
    return method.upper() if method in NAMED else method


def cell_name(method: str, sparsity: float) -> str:
    """A pruned cell in words: IMP-FT at 50 %."""
    return f"{method_name(method)} at {percent(sparsity)}"


def percent(sparsity: float) -> str:
    """A sparsity as a percentage, with the digits it has: 90 %, 99.5 %."""
    return f"{sparsity * 100:.6g} %"
