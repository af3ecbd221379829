"""`piesweep run`: the verb that trains."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from runner.command_line.output import print_last
from runner.store.files.place import place


def run(
    study: Annotated[str, typer.Argument(help="A shipped study's name, or a path to a study file.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Changes to it: seeds=5 training.epochs=2, or @FILE of them."),
    ] = None,
    *,
    store: Annotated[
        Path,
        typer.Option(parser=place, help="The folder, or s3://bucket/prefix, that keeps every result; made if missing."),
    ],
    address: Annotated[
        str | None,
        typer.Option(
            help="A running Ray cluster: auto, or HOST:PORT. Else that of the Ray job, or one that starts here."
        ),
    ] = None,
    max_concurrent: Annotated[int | None, typer.Option(min=1, help="At most this many trials at once.")] = None,
) -> None:
    """Run what the store lacks of a study; run it again to resume, or after adding seeds, methods or sparsities.

    Exit codes: 0 finished, 1 some trials failed, 2 bad input (nothing written), 75 interrupted (run again).
    """
    from rich.console import Console

    from runner.plan import plan
    from runner.studies import load, require_inputs
    from runner.studies.checks import unrecorded
    from runner.studies.length_advice import length_advice
    from runner.studies.seed_advice import advice
    from runner.sweep.environment import cluster_address, require_lasting
    from runner.sweep.run_study import Placement, run_study

    require_lasting(store)
    placement = Placement(address=cluster_address(address), max_concurrent=max_concurrent)
    resolved = load(study, overrides or [])
    require_inputs(resolved)
    for told in (*advice(resolved), *length_advice(resolved), *unrecorded(resolved)):
        typer.echo(f"piesweep: {told}", err=True)
    console = Console(stderr=True)
    end = run_study(plan(resolved), store, placement, console)
    line = f"{store}: {end.committed} of {end.planned} trials committed"
    if end.before:
        line += f" ({end.before} before this run)"
    if end.failed:
        line += f", {end.failed} failed (tracebacks in {store / 'failures'})"
    if end.exit_code == 75:
        line += f"; stopped by {end.stopped_by}, run again to finish (exit code 75)"
    print_last(line)
    if end.exit_code == 0:
        typer.echo(f"next: piesweep report {shlex.quote(str(store))} --out report", err=True)
    raise typer.Exit(end.exit_code)
