"""The command line, `piesweep`: one verb a function, one module a group of verbs.

Nothing heavy is imported here or at the top of those modules: `piesweep --help` answers at once, and a verb
loads what it works with.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Annotated

import typer

from runner.command_line import (
    analysis_verbs,
    calibrate_verb,
    check_verb,
    compare_verb,
    describe_verbs,
    doctor_verb,
    example_verb,
    explain_verb,
    export_model_verb,
    latency_verb,
    plan_verb,
    readability_verb,
    show_verbs,
    storage_verb,
    store_verbs,
    submit_verb,
    sweep_verbs,
    tune_verb,
    upkeep_verbs,
    verify_verb,
)
from runner.command_line.group import VerbGroup

app = typer.Typer(
    name="piesweep",
    cls=VerbGroup,
    help="Find out which examples, classes and texts pay when a neural network is pruned.",
    epilog="Exit codes: 0 done, 1 failed, 2 bad input (nothing written), 75 interrupted (run again), 128+n killed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"piesweep {version('piesweep')}")
        raise typer.Exit


@app.callback()
def before_the_verb(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    """Options that stand before a verb."""


app.command("list")(describe_verbs.list_registered)
app.add_typer(describe_verbs.app, name="describe")
app.command("plan")(plan_verb.plan)
app.command("check")(check_verb.check)
app.command("run")(sweep_verbs.run)
app.command("tune")(tune_verb.tune)
app.command("submit")(submit_verb.submit)
app.command("status")(store_verbs.status)
app.command("verify")(verify_verb.verify)
app.command("digest")(store_verbs.digest)
app.command("ingest")(store_verbs.ingest)
app.command("compact")(upkeep_verbs.compact)
app.command("merge")(upkeep_verbs.merge)
app.command("prune-checkpoints")(upkeep_verbs.prune_checkpoints)
app.command("export")(upkeep_verbs.export)
app.command("export-model")(export_model_verb.export_model)
app.command("storage")(storage_verb.storage)
app.command("latency")(latency_verb.latency)
app.command("readability")(readability_verb.readability)
app.command("sql")(analysis_verbs.sql)
app.command("report")(analysis_verbs.report)
app.command("table")(show_verbs.table)
app.command("figure")(show_verbs.figure)
app.command("example")(example_verb.example)
app.command("explain")(explain_verb.explain)
app.command("compare")(compare_verb.compare)
app.command("calibrate")(calibrate_verb.calibrate)
app.command("doctor")(doctor_verb.doctor)


def main() -> None:
    """Run the command that `sys.argv` gives, and leave with its exit code.

    A process that had to do with Ray leaves at once: all is done, and what Ray does at an exit may hang.
    """
    try:
        app()
    except SystemExit as end:
        if "ray" not in sys.modules:
            raise
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
