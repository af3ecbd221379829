"""Draw the classes of PIEs of halves: Figures 2 and 6 of Tropeano et al. 2025."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from analysis.display_names import cell_name, method_key, method_name, percent
from analysis.figures.drawing import Place
from analysis.figures.panels import by_place, key, panel_grid
from analysis.figures.points import Point, add_points, of_cell
from analysis.figures.references import comparable, references
from analysis.figures.style import COLOURS, DISPUTED_NAME, INK, styled
from analysis.results import Results, Row
from runner.printable import printable

EVERYTHING = "#c3c8d2"
ENDS: tuple[dict[str, Any], ...] = (
    {"color": COLOURS[0], "marker": "o", "markersize": 5, "markerfacecolor": "white"},
    {"color": COLOURS[3], "marker": "D", "markersize": 3.2},
)
LOOK: dict[str, Any] = {"color": INK, "marker": "_", "markersize": 9, "markeredgewidth": 1.8, "linestyle": "none"}
SHOWN = 100  # classes, the most frequent ones: more names than that no line can hold
NAME_LENGTH = 18


def draw(results: Results) -> Iterator[tuple[Place, Figure]]:
    """One figure per task and model, one panel per method: the share of each class among all examples and among PIEs.

    Classes by falling frequency; PIEs of halves, which half of the dense and half of the pruned seeds vote differently,
    of the lowest and of the highest sparsity; and the examples that two halves of the dense seeds vote differently.
    """
    for place, rows in by_place(results.class_distribution).items():
        with styled():
            yield place, _figure(place, rows)


def _figure(place: tuple[str, str], rows: list[Row]) -> Figure:
    methods = sorted({row["method"] for row in rows}, key=method_key)
    ends = sorted({row["sparsity"] for row in rows})
    ends = ends[:1] + ends[1:][-1:]
    most: dict[str, int] = {}
    for row in rows:
        most[row["class"]] = max(row["examples"], most.get(row["class"], 0))
    every = sorted((name for name in most if most[name]), key=lambda name: -most[name])
    classes = every[:SHOWN]
    column, name = comparable(rows, "pie_share", "halves_share")
    legend = [
        Patch(facecolor=EVERYTHING, label="all examples"),
        *(
            key(f"{name}, {percent(end)} removed", {"linewidth": 0.9, **look})
            for end, look in zip(ends, ENDS, strict=False)
        ),
        *([key(DISPUTED_NAME, LOOK)] if any(row["dispute_share"] is not None for row in rows) else []),
    ]
    titles = [method_name(method) for method in methods]
    columns, width = (4, 2.35) if len(classes) <= 6 else (2, 4.7) if len(classes) <= 30 else (1, 9.4)
    grid = panel_grid(titles, place, legend, columns=columns, size=(width, 1.5))
    for axes, method in zip(grid.panels, methods, strict=True):
        _panel(axes, classes, [row for row in rows if row["method"] == method], ends, column)
    cut = f"the {len(classes)} most frequent of {len(every)} classes" if len(every) > len(classes) else ""
    return grid.label(cut, "share of examples", bottom=0)


def _panel(axes: Axes, classes: Sequence[str], rows: Sequence[Row], ends: Sequence[float], column: str) -> None:
    at = {name: number for number, name in enumerate(classes)}
    if not rows:
        return
    last = max(row["sparsity"] for row in rows)
    everything = [row for row in rows if row["sparsity"] == last and row["class"] in at]
    axes.bar([at[row["class"]] for row in everything], [row["share"] for row in everything], 0.8, color=EVERYTHING)
    for end, look in zip(ends, ENDS, strict=False):
        own = sorted(
            (row for row in rows if row["sparsity"] == end and row[column] is not None and row["class"] in at),
            key=lambda row: at[row["class"]],
        )
        line = "-" if len(classes) > 6 else "none"
        axes.plot(
            [at[row["class"]] for row in own],
            [row[column] for row in own],
            linewidth=0.9,
            linestyle=line,
            clip_on=False,
            in_layout=False,
            **look,
        )
        add_points(
            axes,
            [
                Point(
                    x=at[row["class"]],
                    y=row[column],
                    words=_words(row, column),
                    filters=of_cell(row) | {"class": row["class"]},
                )
                for row in own
            ],
        )
    drawn = (row for row in rows if row["sparsity"] in ends and row["class"] in at)
    for reference in references(drawn, lambda row: at[row["class"]], "dispute_share"):
        axes.plot(*reference, zorder=3, **LOOK)
    axes.margins(x=0.02)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0, symbol=" %"))
    size = 8 if len(classes) <= 60 else 6
    names = [_short(name) for name in classes]
    axes.set_xticks(range(len(names)), names, rotation=0 if len(names) <= 3 else 90, fontsize=size, color=INK)


def _words(row: Row, column: str) -> str:
    named = {"PIEs of halves": row["halves_share"] if column == "halves_share" else None, "PIEs": row["pie_share"]}
    told = [f"{share * 100:.1f} % of the {name}" for name, share in named.items() if share is not None]
    shares = ", ".join([*told, f"{row['share'] * 100:.1f} % of all examples"])
    return f"{cell_name(row['method'], row['sparsity'])}: {shares} are {row['class']}"


def _short(name: str) -> str:
    told = printable(name)
    return told if len(told) <= NAME_LENGTH else told[: NAME_LENGTH - 1] + "…"
