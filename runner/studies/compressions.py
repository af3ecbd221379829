"""Read `compressions` and `levels` of a study or block, which are sparsities under other names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runner.pruning.schedules import DIGITS, Levels
from runner.studies.errors import KeyPath, Problem
from runner.studies.grid import listed

SPELLINGS = ("compressions", "levels")
"""What a study may give in place of sparsities."""
MOST_LEVELS = 100


def sparsity_of(compression: float) -> float:
    """The fraction of all parameters that is gone where 1/c of them are left."""
    return round(1 - 1 / compression, DIGITS)


def problems_of(values: dict[str, Any], path: KeyPath) -> Iterator[Problem]:
    """What is wrong with the compressions or levels of a study or block."""
    given = [key for key in ("sparsities", *SPELLINGS) if key in values]
    if len(given) > 1:
        yield Problem(
            (*path, given[-1]), f"a study says how much goes by one of {', '.join(given)}; remove all but one of these"
        )
    if "compressions" in values:
        yield from _compression_problems(values["compressions"], (*path, "compressions"))
    count = values.get("levels", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_LEVELS:
        yield Problem(
            (*path, "levels"),
            f"{count!r} is no number of levels, at each of which a fifth of what is left goes; allowed: 1 to "
            f"{MOST_LEVELS}",
        )


def _compression_problems(given: Any, path: KeyPath) -> Iterator[Problem]:
    for index, one in enumerate(entries := given if isinstance(given, list) else [given]):
        if isinstance(one, bool) or not isinstance(one, int | float) or not 1 < one < float("inf"):
            yield Problem(
                (*path, index) if entries is given else path,
                f"{one!r} is not a compression: allowed are ratios of all parameters to those that are left, above 1 "
                "(dense models are always planned; what fine-tuning alone changes, `references: [finetuned]` shows)",
            )


def as_sparsities(values: dict[str, Any]) -> dict[str, Any]:
    """The values with compressions or levels as the sparsities they stand for; `problems_of` found nothing wrong."""
    kept = {key: value for key, value in values.items() if key not in SPELLINGS}
    if "compressions" in values:
        return {**kept, "sparsities": [sparsity_of(one) for one in listed(values["compressions"])]}
    if "levels" in values:
        return {**kept, "sparsities": [Levels().gone(level) for level in range(1, values["levels"] + 1)]}
    return values
