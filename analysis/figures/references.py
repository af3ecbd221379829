"""What figures hold against each other: PIEs, and what two halves of the dense seeds dispute, by as many seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from analysis.results import Row, cell

Line = tuple[tuple[float, ...], tuple[float, ...]]
ALL, HALVES = "PIEs", "PIEs of halves"


def comparable(rows: Iterable[Row], of_all: str, of_halves: str) -> tuple[str, str]:
    """The column that is drawn, and what it is called: that of halves, null in cells that have none and are left out.

    Where no cell has halves (single seeds, answers with several places) there is nothing to hold PIEs against, and
    those of all seeds are drawn.
    """
    return (of_halves, HALVES) if any(row[of_halves] is not None for row in rows) else (of_all, ALL)


def references(rows: Iterable[Row], x: Callable[[Row], float], name: str) -> list[Line]:
    """x and y of every cell's points, in the order of x, each line once: cells of the same seeds have the same.

    name: the column of y, null in cells that have none.
    """
    found: dict[tuple[str, str, str, float], list[tuple[float, float]]] = {}
    for row in rows:
        if row[name] is not None:
            found.setdefault(cell(row), []).append((x(row), row[name]))
    lines = dict.fromkeys(tuple(sorted(points)) for points in found.values())
    return [(tuple(at for at, _ in line), tuple(value for _, value in line)) for line in lines]
