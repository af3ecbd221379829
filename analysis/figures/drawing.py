"""The contract of a figure: one drawing, of which a store has as many pictures as it has things to show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from matplotlib.figure import Figure

from analysis.results import Results

Place = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One figure: the file it goes to, without its ending, and what it is of (task and model, or nothing)."""

    name: str
    place: Place
    figure: Figure


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A kind of figure: what it shows, the public views its numbers come from, and how it is drawn.

    draw: yields the place (task, model; empty for one figure of everything) and the figure; nothing where a store lacks
    what it needs.
    """

    title: str
    caption: str
    views: tuple[str, ...]
    draw: Callable[[Results], Iterator[tuple[Place, Figure]]]

    def pictures(self, name: str, results: Results) -> Iterator[Picture]:
        """The figures one after another, each under a name that no other has and that any file system takes."""
        taken: set[str] = set()
        for place, figure in self.draw(results):
            if figure.texts or figure.axes:
                _say_seeds(figure, place, results)
            stem = "-".join([name, *(re.sub(r"[^A-Za-z0-9._]+", "_", part) for part in place)])[:100]
            chosen, number = stem, 1
            while chosen.lower() in taken:
                number += 1
                chosen = f"{stem}-{number}"
            taken.add(chosen.lower())
            yield Picture(name=chosen, place=place, figure=figure)


def _say_seeds(figure: Figure, place: Place, results: Results) -> None:
    """Put the number of seeds behind the task and model that head a figure or a panel: votes say little without."""
    heads = {" · ".join(key): f"{' · '.join(key)} · {count}" for key, count in results.seeds.items()}
    for text in figure.texts:
        if place and text.get_text() == " · ".join(place):
            text.set_text(heads.get(text.get_text(), text.get_text()))
    for axes in figure.axes:
        if not place and (title := axes.get_title(loc="left")) in heads:
            axes.set_title(heads[title], loc="left")
