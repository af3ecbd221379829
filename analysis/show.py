"""Show one table, or one kind of figure, of a store by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from analysis.figures import FIGURES
from analysis.figures.drawing import Picture
from analysis.figures.style import pdf, png, svg
from analysis.relations.database import connect
from analysis.results import Results
from analysis.tables import TABLES, beside_papers, build_table, slices
from analysis.tables.formats import csv_text, latex, markdown, plain_text
from analysis.tables.table import Table
from runner.studies.errors import unknown

PAPER = "paper"
SLICES = "slices"
NO_SLICES = {"task", "split", "example_id"}
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

    exit_status = 2


def one_table(store: Path, name: str, by: str | None = None) -> Table:
    """The table of that name; ShowError for an unknown name, and where the store has nothing to put into it.

    by: the column of the examples by which the table `slices` is made.
    """
    if by is not None and name != SLICES:
        raise ShowError(f"--by is for the table {SLICES}, not for {name}: piesweep table STORE {SLICES} --by {by}")
    if name not in [*TABLES, *beside_papers.NAMES]:
        raise ShowError(unknown("table", name, [*TABLES, *beside_papers.NAMES]))
    results = Results(connect(store), store)
    if name in beside_papers.NAMES:
        tables = beside_papers.tables_beside(results, PAPER)
        table = next((table for table in tables if table.name == name), None)
    elif by is not None:
        _check_column(results, by)
        table = slices.build(results, by)
    else:
        table = build_table(name, results)
    if table is None:
        raise ShowError(f"the store at {store} has nothing that the published table behind '{name}' has")
    if not table.lines:
        raise ShowError(f"the store at {store} has nothing to show in the table '{name}': {_needs(table.views)}")
    return table


def _check_column(results: Results, by: str) -> None:
    """ShowError for a column of the examples that slices no split that is shown."""
    sliced = {row["feature"] for row in results.shown("slices")}
    if by in sliced:
        return
    present = {row["column_name"] for row in results.rows("DESCRIBE examples")} - NO_SLICES
    if by in present:
        raise ShowError(
            f"column '{by}' slices nothing: it is empty, or has more than 20 different values that are no "
            "numbers, or are whole numbers of which every example has its own"
        )
    raise ShowError(unknown("column", by, sorted(sliced)) if sliced else f"the examples have no column '{by}'")


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
