"""One table, or one kind of figure, of a store by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from analysis.database import connect
from analysis.figures import FIGURES
from analysis.figures.drawing import Picture
from analysis.figures.style import pdf, png, svg
from analysis.published.comparison import compare
from analysis.results import Results
from analysis.tables import TABLES, compared
from analysis.tables.formats import csv_text, latex, markdown, plain_text
from analysis.tables.table import Table
from runner.studies.errors import unknown

PAPER = "paper"
FORMATS: dict[str, Callable[[Table], str]] = {
    "text": plain_text,
    "md": markdown,
    "csv": csv_text,
    "latex": latex,
}
ENDINGS: dict[str, Callable[[Figure], bytes]] = {
    ".svg": lambda figure: svg(figure).encode(),
    ".png": png,
    ".pdf": pdf,
}


class ShowError(ValueError):
    """A table or figure that cannot be had: says which there are, or what the store lacks."""


def one_table(store: Path, name: str) -> Table:
    """The table of that name; ShowError for an unknown name, and where the store has nothing to put into it."""
    if name not in [*TABLES, *compared.NAMES]:
        raise ShowError(unknown("table", name, [*TABLES, *compared.NAMES]))
    results = Results(connect(store), store)
    if name in compared.NAMES:
        table = next((table for table in compared.build(compare(results, PAPER)) if table.name == name), None)
    else:
        table = TABLES[name](results)
    if table is None:
        raise ShowError(f"the store at {store} has nothing that the published table behind '{name}' has")
    if not table.lines:
        raise ShowError(f"the store at {store} has nothing to show in the table '{name}': {_needs(table.views)}")
    return table


def write_figures(store: Path, name: str, out: Path) -> list[Path]:
    """Draw the figure of that name; the paths written.

    The ending of `out`, one of ENDINGS, says what is drawn. A kind of figure with one picture for each task and
    model goes to one file for each, `out` with task and model behind its name. ShowError as for a table.
    """
    if name not in FIGURES:
        raise ShowError(unknown("figure", name, FIGURES))
    if out.suffix.lower() not in ENDINGS:
        raise ShowError(f"a figure is written as {', '.join(ENDINGS)}, not as '{out.name}'")
    pictures = list(FIGURES[name].pictures(name, Results(connect(store), store)))
    if not pictures:
        raise ShowError(
            f"the store at {store} has nothing to show in the figure '{name}': {_needs(FIGURES[name].views)}"
        )
    return [_written(out, name, picture, alone=len(pictures) == 1) for picture in pictures]


def _written(out: Path, name: str, picture: Picture, *, alone: bool) -> Path:
    path = out if alone else out.with_name(f"{out.stem}{picture.name.removeprefix(name)}{out.suffix}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(ENDINGS[out.suffix.lower()](picture.figure))
    return path


def _needs(views: tuple[str, ...]) -> str:
    return f"it is made of the view{'' if len(views) == 1 else 's'} {', '.join(views)}"
