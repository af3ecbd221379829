"""Calibrations as tables: a line for every interval and test, a column for every world."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from analysis.calibration.experiments import ALPHA, ALWAYS_NULL, TESTS, Calibration

COLUMNS = 4
LEAST_COVERED = 0.92
ERRORS = 3.0
"""Standard errors of a share by which it must miss what is promised before that is called a miss."""
MISSING = "\N{EN DASH}"
LEGEND = f"""\
Intervals: share of nominal 95 % ones that hold the truth. Excess above 0: share of studies that call it so, an error in
null worlds. Tests: share of studies with p of at most {ALPHA:g}; in (brackets) where there is something to find. Those
of the PIE rate compare two methods of one kind, so that all they find is error; mcnemar asks about further examples
for the same seeds, and is there to be seen. {MISSING}: no interval below five seeds.
!: a coverage below {LEAST_COVERED:g}, or an error above {ALPHA:g}, by more than {ERRORS:g} standard errors."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """One printed table."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def blocks(found: Sequence[tuple[str, Calibration]]) -> Iterator[Block]:
    """Tables of at most COLUMNS worlds each, apart by model and number of seeds."""

    def size(named: tuple[str, Calibration]) -> tuple[str, int, int]:
        name, one = named
        return name, one.setting.seeds, one.setting.examples

    for (name, seeds, examples), group in groupby(sorted(found, key=size), key=size):
        own = [one for _, one in group]
        for start in range(0, len(own), COLUMNS):
            part = own[start : start + COLUMNS]
            counts = sorted({one.experiments for one in part})
            told = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
            yield Block(
                title=f"{name}: {seeds} seeds, {examples:,} examples, {told} simulated studies a world",
                columns=("", *(one.setting.world.name for one in part)),
                rows=tuple((label, *(value(one) for one in part)) for label, value in LINES.items()),
            )


def _covered(name: str) -> Callable[[Calibration], str]:
    return lambda one: _coverage(one.covered[name], one.experiments)


def _covered_two_way(name: str) -> Callable[[Calibration], str]:
    return lambda one: _coverage(one.covered_two_way[name], one.experiments)


def _coverage(share: float | None, experiments: int) -> str:
    if share is None:
        return MISSING
    missed = share < LEAST_COVERED - ERRORS * (LEAST_COVERED * (1 - LEAST_COVERED) / experiments) ** 0.5
    return f"{share:.2f}{'!' if missed else ''}"


def _above(one: Calibration) -> str:
    return MISSING if one.above is None else _found(one.above, one, is_error=one.setting.world.is_null)


def _tested(name: str) -> Callable[[Calibration], str]:
    return lambda one: _found(one.found[name], one, is_error=name in ALWAYS_NULL or one.setting.world.is_null)


def _found(share: float, one: Calibration, *, is_error: bool) -> str:
    if not is_error:
        return f"({share:.2f})"
    missed = share > ALPHA + ERRORS * (ALPHA * (1 - ALPHA) / one.experiments) ** 0.5
    return f"{share:.2f}{'!' if missed else ''}"


LINES: dict[str, Callable[[Calibration], str]] = {
    "interval of the PIE rate, over seeds": _covered("rate"),
    "of the PIE rate, over seeds and examples": _covered_two_way("rate"),
    "of the excess, over seeds": _covered("excess"),
    "of the excess, over seeds and examples": _covered_two_way("excess"),
    "excess above 0": _above,
    **{name: _tested(name) for name in TESTS},
}
