"""`piesweep sql` and `piesweep report`: from a store to answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from runner.command_line.arguments import StoreArgument
from runner.command_line.output import print_json, say
from runner.command_line.readability_verb import scored_for_report


def sql(
    store: StoreArgument,
    query: Annotated[
        str | None,
        typer.Argument(help="A question over the views of `piesweep list views`, or - for one on standard input."),
    ] = None,
    *,
    file: Annotated[Path | None, typer.Option(help="A file with the question instead.")] = None,
    output_format: Annotated[
        Literal["table", "csv", "json", "parquet"], typer.Option("--format", help="How the rows are printed.")
    ] = "table",
    out: Annotated[Path | None, typer.Option(help="A file to write instead of standard output.")] = None,
) -> None:
    """Ask a store a question in SQL. Reads the store alone and changes nothing in it."""
    from analysis.relations.query import QueryError, read_query, run_query
    from analysis.relations.stopping import ends_at_once

    if (query is None) == (file is None):
        raise QueryError("give one question: as a word, - for standard input, or --file FILE")
    source = file or (Path("-") if query == "-" else None)
    with ends_at_once():
        run_query(store, read_query(source) if source else str(query), output_format, out)


def report(
    store: StoreArgument,
    out: Annotated[Path, typer.Option(help="The folder to write tables, figures and the page into.")],
    examples: Annotated[int, typer.Option(min=0, help="How many broken examples to print.")] = 5,
    compare: Annotated[
        str | None, typer.Option(metavar="paper", help="Set published figures beside the store's own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the page's path alone, as JSON.")] = False,
) -> None:
    """Write a store's tables, figures and HTML page; print the PIE table and the examples that pruning breaks most."""
    from analysis.published.figures import publication
    from analysis.relations.stopping import ends_at_once
    from analysis.report import check_place, write_report
    from analysis.results import Results

    if compare:
        publication(compare)  # refuses an unknown name before anything long
    scored_for_report(store)
    with ends_at_once():
        check_place(store, out)
        results = Results.of(store)
        page = write_report(store, out, compare, results)
        if as_json:
            print_json({"page": str(page)})
            return
        from analysis.summary import broken_examples, pie_table, told

        say(pie_table(results))
        say(f"\n{told(results)}")
        if examples:
            say(f"\n{broken_examples(results, examples)}")
        say(f"\nThe whole report: {page}")
