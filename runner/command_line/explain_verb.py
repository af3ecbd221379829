"""`piesweep explain`: what stands behind a number of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from runner.command_line.arguments import StoreArgument
from runner.command_line.output import cell_text, print_facts, print_json, print_table, say
from runner.printable import printable

if TYPE_CHECKING:
    from analysis.explanation import Question, Side

SHOWN = 3
"""Trial ids and files that are printed of each side; --json has all."""


def explain(
    store: StoreArgument,
    what: Annotated[
        str,
        typer.Argument(
            metavar="CELL-OR-NAME",
            help="TASK:SPLIT:MODEL:METHOD:SPARSITY, TASK:SPLIT:MODEL:dense, or the name of a table, figure or view.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with every trial id and file.")] = False,
) -> None:
    """The SQL, the trials and the row counts behind a number; every query can be pasted into `piesweep sql`."""
    from dataclasses import asdict

    from analysis.explanation import explain as explained
    from analysis.relations.stopping import ends_at_once

    with ends_at_once():
        found = explained(store, what)
    if as_json:
        print_json(asdict(found))
        return
    say(found.title)
    for asked in found.questions:
        _print_question(asked)
    print()
    rows = [
        (side.name, side.planned, side.committed, side.failed, _each(side), sum(side.rows.values()))
        for side in found.sides
    ]
    print_table(("trials", "planned", "committed", "failed", "rows of each", "rows"), rows)
    for side in found.sides:
        say(f"\n{side.name}")
        print_facts({"trial ids": _few(side.trial_ids), "files": _few(side.files)})
    print("\nThe views, each after what it stands on; relations without SQL here are made of the committed files:")
    for name, sql in found.sources.items():
        say(f"\n-- {name}\n{sql.rstrip()}")


def _print_question(asked: Question) -> None:
    say(f"\n{asked.query}")
    for row in asked.rows:
        print("  " + printable(", ".join(f"{name} {_exact(value)}" for name, value in row.items())))


def _exact(value: object) -> str:
    return repr(value) if isinstance(value, float) else cell_text(value)


def _each(side: Side) -> str:
    return ", ".join(f"{split} {cell_text(list(counts))}" for split, counts in side.rows_per_trial.items())


def _few(names: tuple[str, ...]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")
