"""`piesweep tune`: training settings by random search."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.command_line.output import print_json, print_last, print_table
from runner.command_line.plan_verb import ChangesArgument, StudyArgument
from runner.store.files.place import place

if TYPE_CHECKING:
    from runner.sweep.run_study import SweepEnd
    from runner.tuning.findings import Finding


def tune(  # noqa: PLR0913 - the arguments of a verb are its options
    study: StudyArgument,
    changes: ChangesArgument = None,
    *,
    budget: Annotated[
        int | None, typer.Option(min=1, help="Draws for each task and model; default: as the study says, else 100.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The file of overrides to write, the table of all draws beside it; STUDY.tuned.yaml"),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(parser=place, help="The folder or URL that keeps every draw's result; default: STUDY.tuning"),
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="A running Ray cluster, as for `piesweep run`; else one starts here.")
    ] = None,
    max_concurrent: Annotated[int | None, typer.Option(min=1, help="At most this many draws at once.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Search for the epochs and learning rates at which the dense models are best on the validation split.

    Where to look is said by `tuning` in the study. The test split is never seen. Run it again to resume, or with a
    larger budget to go on. Then: piesweep run STUDY @STUDY.tuned.yaml

    Exit codes: 0 finished, 1 some draws failed, 2 bad input (nothing written), 75 interrupted (run again).
    """
    from rich.console import Console

    from runner.studies import load
    from runner.sweep.environment import cluster_address, require_lasting
    from runner.sweep.run_study import Placement
    from runner.tuning.findings import best, write_overrides, write_table
    from runner.tuning.search import search

    loaded = load(study, changes or [])
    root = store or Path(f"{loaded.name}.tuning")
    file = out or Path(f"{loaded.name}.tuned.yaml")
    if file.suffix == ".csv":
        raise typer.BadParameter(f"{file} is where the table of all draws goes; name a .yaml file", param_hint="--out")
    require_lasting(root)
    placement = Placement(address=cluster_address(address), max_concurrent=max_concurrent)
    done = search(loaded, budget or loaded.tuning.budget, root, placement, Console(stderr=True))
    chosen = best(done.found)
    table = file.with_suffix(".csv")
    write_table(table, done.found)
    is_written = bool(chosen) and done.end.exit_code != 75
    if is_written:
        write_overrides(file, study, chosen)
    if as_json:
        _print_json(done.end, chosen, table, file if is_written else None)
    else:
        if chosen:
            _print_best(done.found, chosen)
        print_last(_ending(done.end, root, table, file if is_written else None))
    raise typer.Exit(done.end.exit_code)


def _print_best(found: list[Finding], chosen: dict[str, Finding]) -> None:
    tried = {cell: [one for one in found if one.cell == cell] for cell in chosen}
    columns = ("task", "model", "draws", "epochs", "learning rate", "metric", "best", "median")
    print_table(columns, [_line(one, tried[cell]) for cell, one in chosen.items()])


def _line(one: Finding, tried: list[Finding]) -> tuple[object, ...]:
    import statistics

    values = [other.value for other in tried if other.value is not None]
    settings = one.tried.settings
    rate = settings.get("learning_rate")
    return (
        one.tried.task,
        one.tried.model,
        len(values),
        settings.get("epochs"),
        None if rate is None else float(f"{rate:.4g}"),
        one.metric,
        f"{one.value:.4f}",
        f"{statistics.median(values):.4f}",
    )


def _ending(end: SweepEnd, root: Path, table: Path, file: Path | None) -> str:
    line = f"{root}: {end.committed} of {end.planned} draws tried"
    if end.failed:
        line += f", {end.failed} failed (tracebacks in {root / 'failures'})"
    if end.exit_code == 75:
        line += f"; stopped by {end.stopped_by}, run again to finish (exit code 75)"
    line += f"\nevery draw: {table}"
    return line + (f"\nbest settings: {file}" if file else "")


def _print_json(end: SweepEnd, chosen: dict[str, Finding], table: Path, file: Path | None) -> None:
    from runner.tuning.findings import row

    print_json(
        {
            "planned": end.planned,
            "committed": end.committed,
            "failed": end.failed,
            "best": [row(one) for one in chosen.values()],
            "table": str(table),
            "overrides": str(file) if file else None,
        }
    )
