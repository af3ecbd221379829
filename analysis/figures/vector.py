"""A figure as SVG: a file of its own, and a part of the report's page whose points lead to their examples."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from analysis.figures.points import Point
from runner.printable import printable

LINKED = re.compile(r'<a xlink:href="#point-(\d+)"[^>]*>(.*?)</a>', re.DOTALL)
NOT_INLINE = re.compile(r"^.*?(?=<svg )|<!--.*?-->|<metadata>.*?</metadata>|<style .*?</style>", re.DOTALL)
NAMED = re.compile(r'(\bid="|href="#|url\(#)(?!point-)')
SIZED = re.compile(r'<svg ([^>]*?)width="[^"]*" height="[^"]*" viewBox="0 0 ([\d.]+) ([\d.]+)"')


@dataclass(frozen=True, kw_only=True)
class Vector:
    """What Matplotlib drew, whose links #point-N stand for the points."""

    drawn: str
    points: tuple[Point, ...]

    @property
    def file(self) -> str:
        """The picture by itself: a browser shows each point's words under the pointer."""
        return self._with(lambda point, inside: f'<g pointer-events="all">{_title(point.words)}{inside}</g>')

    def inline(self, number: int, title: str) -> str:
        """The picture as an element of a page, its ids apart from those of the others; points lead to examples."""

        def linked(point: Point, inside: str) -> str:
            link = f'a href="{escape(point.address)}" tabindex="-1"' if point.address else "g"
            end = link.split(" ", maxsplit=1)[0]
            return f'<{link} class="point" pointer-events="all">{_title(point.words)}{inside}</{end}>'

        bare = NOT_INLINE.sub("", self.drawn)
        apart = NAMED.sub(rf"\g<1>f{number}-", bare)
        shown = f'style="--width: \\g<2>" role="group" aria-label="{_attribute(title)}"'
        sized = SIZED.sub(rf'<svg \g<1>viewBox="0 0 \g<2> \g<3>" {shown}', apart, count=1)
        return Vector(drawn=sized, points=self.points)._with(linked).strip()

    def _with(self, linked: Callable[[Point, str], str]) -> str:
        return LINKED.sub(lambda found: linked(self.points[int(found[1])], found[2]), self.drawn)


def _title(words: str) -> str:
    return f"<title>{escape(printable(words))}</title>"


def _attribute(text: str) -> str:
    """A text within quotes, harmless in the replacement of a regular expression too."""
    return escape(printable(text)).replace("\\", "\\\\")
