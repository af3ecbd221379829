"""`piesweep table` and `piesweep figure`: one of a report's tables or figures by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from runner.command_line.arguments import StoreArgument
from runner.command_line.output import say


def table(
    store: StoreArgument,
    name: Annotated[str, typer.Argument(help="A table of `piesweep list tables`.")],
    output_format: Annotated[
        Literal["text", "md", "csv", "latex"], typer.Option("--format", help="How it is printed; csv is unrounded.")
    ] = "text",
    by: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Of the table slices: one column of the examples.")
    ] = None,
) -> None:
    """Print one table of a store."""
    from analysis.relations.stopping import ends_at_once
    from analysis.show import FORMATS, one_table

    with ends_at_once():
        say(FORMATS[output_format](one_table(store, name, by)).rstrip("\n"))


def figure(
    store: StoreArgument,
    name: Annotated[str, typer.Argument(help="A figure of `piesweep list figures`.")],
    out: Annotated[Path, typer.Option(help="The file to write: .svg, .png or .pdf.")],
) -> None:
    """Draw one figure of a store; where it has one picture for each task and model, one file for each."""
    from analysis.relations.stopping import ends_at_once
    from analysis.show import write_figures

    with ends_at_once():
        for path in write_figures(store, name, out):
            say(str(path))
