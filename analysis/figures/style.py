"""Style all figures alike: colours that colour-blind readers and printers tell apart, a marker each, little else."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from analysis.display_names import first_splits, method_key, method_name, percent
from analysis.figures.points import numbered, unnumbered
from analysis.figures.vector import Vector
from analysis.results import Row
from runner.methods import DENSE, METHODS, REFERENCES
from runner.printable import printable

INK = "#1f2430"
RULE = "#d8dbe2"
GREY = "#6b7280"
# Okabe and Ito 2008, without the yellow that paper swallows; neighbours differ in lightness too.
COLOURS = ("#0072B2", "#56B4E9", "#003F66", "#D55E00", "#E69F00", "#8C3B00", "#009E73", "#CC79A7")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "piesweep",
    "pdf.fonttype": 42,  # letters as letters, which journals ask for
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "text.parse_math": False,  # names come from users: a dollar sign is a dollar sign
    "text.usetex": False,
}
PANEL = (4.4, 2.7)
DASHES = (0, (5, 3))
DISPUTED: dict[str, Any] = {"color": INK, "linestyle": (0, (1, 1.5)), "linewidth": 1.6, "marker": ""}
"""How the reference is drawn: what dense models alone disagree on."""
DISPUTED_NAME = "dense against dense"


@dataclass(frozen=True)
class MethodStyle:
    """How one method is drawn."""

    colour: str
    marker: str


@contextmanager
def styled() -> Iterator[None]:
    """Matplotlib with the settings of this file, inside the block."""
    with mpl.rc_context(SETTINGS):
        yield


def looks(methods: Sequence[str]) -> dict[str, MethodStyle]:
    """A look for each method: the same in every figure and every store for those of METHODS, of which the first eight
    differ in colour, and 64 in colour or marker. Those of REFERENCES, which prune nothing, have no colour."""
    fixed = {name: number for number, name in enumerate(METHODS)}
    others = [name for name in sorted(set(methods), key=method_key) if name not in fixed]
    numbers = fixed | {name: len(fixed) + number for number, name in enumerate(others)}
    uncoloured = {name: MethodStyle(GREY, marker) for name, marker in zip(REFERENCES, MARKERS, strict=False)}
    return {
        name: uncoloured.get(name)
        or MethodStyle(
            COLOURS[numbers[name] % len(COLOURS)],
            MARKERS[(numbers[name] + numbers[name] // len(COLOURS)) % len(MARKERS)],
        )
        for name in methods
    }


def panels(rows: Sequence[Row]) -> dict[tuple[str, str, str], list[Row]]:
    """Rows by (task, model, split), one split a task: the first that it has, the test split before others."""
    first = first_splits((row["task"], row["split"]) for row in rows)
    found: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if row["split"] == first[row["task"]]:
            found.setdefault((row["task"], row["model"], row["split"]), []).append(row)
    return found


def draw_panels(
    rows: Sequence[Row],
    draw: Callable[[Axes, list[Row], dict[str, MethodStyle]], None],
    y_label: str,
    further: Sequence[Line2D] = (),
) -> Figure:
    """One panel per task and model, drawn by `draw`, over one legend of the methods and what is further in it; there
    must be rows.
    """
    found = panels(rows)
    methods = sorted({row["method"] for row in rows} - {DENSE}, key=method_key)
    known = looks(methods)
    columns = min(len(found), 2)
    lines = -(-len(found) // columns)
    legend_lines = -(-(len(methods) + 1 + len(further)) // 4)
    width, height = PANEL[0] * columns * (1.4 if columns == 1 else 1), PANEL[1] * lines + 0.3 * legend_lines + 0.3
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False)
    for place in list(axes.flat)[len(found) :]:
        place.set_axis_off()
    for place, ((task, model, split), panel) in zip(axes.flat, found.items(), strict=False):
        place.set_title(f"{task} · {model}" + ("" if split == "test" else f" · {split}"))
        place.set_ylabel(y_label)
        place.set_xlabel("weights removed (not to scale)")
        draw(place, panel, known)
    handles = [
        Line2D([], [], color=known[m].colour, marker=known[m].marker, ms=5, label=method_name(m)) for m in methods
    ]
    if any(row["method"] == DENSE for row in rows):
        handles.append(Line2D([], [], color=INK, linewidth=1.1, linestyle=DASHES, label=DENSE))
    handles += further
    figure.legend(handles=handles, loc="outside lower center", ncols=4, handlelength=1.6, columnspacing=1.4)
    return figure


def positions(axes: Axes, rows: Sequence[Row]) -> dict[float, int]:
    """Sparsity -> place on the x axis: evenly spaced, since what matters happens between 90 % and 99 %.

    Dense models have none; further references, which prune nothing either, are at 0 %.
    """
    found = {row["sparsity"] for row in rows if row["method"] != DENSE}
    places = {sparsity: number for number, sparsity in enumerate(sorted(found))}
    axes.set_xticks(list(places.values()), [percent(sparsity) for sparsity in places])
    axes.margins(x=0.1)
    return places


def vector(figure: Figure) -> Vector:
    """The figure as SVG, for a file and for the page: the same bytes for the same figure."""
    points = tuple(numbered(figure))
    drawn = _saved(figure, "svg", {"Date": None, "Creator": None}).decode("utf-8")
    unnumbered(figure)
    # Whatever has kept a control character until here, the picture is well-formed.
    return Vector(drawn=printable(drawn, block=True), points=points)


def svg(figure: Figure) -> str:
    """The figure as an SVG file."""
    return vector(figure).file


def png(figure: Figure) -> bytes:
    """The figure as PNG at 200 dots per inch, on white."""
    return _saved(figure, "png", {"Software": None})


def pdf(figure: Figure) -> bytes:
    """The figure as PDF of one page."""
    return _saved(figure, "pdf", {"Creator": None, "Producer": None, "CreationDate": None})


def _saved(figure: Figure, kind: str, metadata: dict[str, None]) -> bytes:
    out = io.BytesIO()
    _make_printable(figure)
    with styled():
        figure.savefig(out, format=kind, dpi=200, metadata=metadata, transparent=kind != "png")
        # What is laid out once need not be again for another format; with "none" it would still be drawn for that.
        figure.set_layout_engine(None)
    return out.getvalue()


def _make_printable(figure: Figure) -> None:
    """Names come from users: no control character, which XML forbids, in a text or an id, and no mathematics."""
    for artist in figure.findobj():
        if isinstance(artist, Text):
            artist.set_parse_math(False)
            artist.set_text(printable(artist.get_text(), block=True))
        if gid := artist.get_gid():
            artist.set_gid(printable(gid))
