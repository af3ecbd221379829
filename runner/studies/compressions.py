"""Read `compressions` of a study or block, which are sparsities of all parameters under another name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runner.studies.errors import KeyPath, Problem
from runner.studies.grid import listed

DIGITS = 12
"""Decimals of the sparsity 1 - 1/c of a compression c: 0.9 for 10, whatever floats make of it."""


def sparsity_of(compression: float) -> float:
    """The fraction of all parameters that is gone where 1/c of them are left."""
    return round(1 - 1 / compression, DIGITS)


def compression_of(sparsity: float) -> float:
    """The ratio of all parameters to those that are left where this fraction of all is gone."""
    return round(1 / (1 - sparsity), DIGITS - 3)


def problems_of(values: dict[str, Any], path: KeyPath) -> Iterator[Problem]:
    """What is wrong with the compressions of a study or block."""
    if "compressions" not in values:
        return
    place = (*path, "compressions")
    if "sparsities" in values:
        yield Problem(place, "a study says how much goes either by `sparsities` or by `compressions`; remove one")
    given = listed(values["compressions"])
    for index, one in enumerate(given if isinstance(given, list | tuple) else [given]):
        if isinstance(one, bool) or not isinstance(one, int | float) or not 1 < one < float("inf"):
            where = (*place, index) if isinstance(values["compressions"], list) else place
            yield Problem(
                where,
                f"{one!r} is not a compression: allowed are ratios of all parameters to those that are left, above 1 "
                "(dense models are always planned; what fine-tuning alone changes, `references: [finetuned]` shows)",
            )


def as_sparsities(values: dict[str, Any]) -> dict[str, Any]:
    """The values with compressions as the sparsities they stand for; `problems_of` has found nothing wrong."""
    if "compressions" not in values:
        return values
    kept = {key: value for key, value in values.items() if key not in ("compressions", "sparsities")}
    return {**kept, "sparsities": [sparsity_of(one) for one in listed(values["compressions"])]}
