"""The points of a figure that a reader may ask about: what each says, and which examples stand behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle
from matplotlib.transforms import IdentityTransform

from analysis.addresses import filtered
from analysis.results import Row
from runner.methods import DENSE

AREA = 110  # square points: wide enough for a finger and narrow enough for its neighbours
ABOVE = 10  # all that is drawn: what lies on top answers the pointer
PLACE = ("task", "split", "model", "method", "sparsity")


@dataclass(frozen=True, kw_only=True)
class Point:
    """One point: where it is drawn, its words, and the filters of the page's explorer that list its examples."""

    x: float
    y: float
    words: str
    filters: Mapping[str, object]

    @property
    def address(self) -> str:
        """The explorer's address of these examples; empty where there are none to list."""
        return filtered(self.filters) if self.filters else ""


class Points(PathCollection):
    """Points of one panel as an artist that draws nothing and carries their words into an SVG."""

    def __init__(self, axes: Axes, points: Sequence[Point]) -> None:
        marker = MarkerStyle("o")
        super().__init__(
            [marker.get_path().transformed(marker.get_transform())],
            [AREA],
            offsets=[(point.x, point.y) for point in points],
            offset_transform=axes.transData,
            facecolors="none",
            edgecolors="none",
            zorder=ABOVE,
        )
        self.set_transform(IdentityTransform())  # of the marker, which has a size in points and not in data
        self.points = tuple(points)
        self.set_in_layout(False)


def add_points(axes: Axes, points: Sequence[Point]) -> None:
    """Make points of a panel answer a pointer; how the panel looks does not change."""
    if points:
        axes.add_collection(Points(axes, points), autolim=False)


def of_cell(row: Row) -> dict[str, object]:
    """The filters that list what the row's cell breaks; none for dense models, which break nothing."""
    return {} if row.get("method") == DENSE else {name: row[name] for name in PLACE if name in row}


def numbered(figure: Figure) -> list[Point]:
    """All points of a figure, each with an address of its own, #point-N, in the figure's artists."""
    found: list[Point] = []
    for artist in figure.findobj(Points):
        points = artist.points
        artist.set_urls([f"#point-{len(found) + at}" for at in range(len(points))])
        found += points
    return found


def unnumbered(figure: Figure) -> None:
    """Take the addresses off again: a format without a page around it has nothing that they could lead to."""
    for artist in figure.findobj(Points):
        artist.set_urls([None])
