"""The lines of what two halves of the dense seeds dispute, which stand beside those of PIEs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from analysis.results import Row, cell

Line = tuple[tuple[float, ...], tuple[float, ...]]


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
