"""`piesweep plan`: what a study amounts to, before anything is run."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from runner.command_line.output import print_facts, print_json, print_table

if TYPE_CHECKING:
    from runner.plan import Estimate
    from runner.studies import Study

StudyArgument = Annotated[str, typer.Argument(help="A shipped study (see `piesweep list studies`) or a path to one.")]
ChangesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...", help="Overrides, such as seeds=5 training.epochs=2 tasks.snli.data=/data/snli."
    ),
]


def plan(
    study: StudyArgument,
    changes: ChangesArgument = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Say what a study amounts to: trials, training, rows and bytes. Reads no data."""
    from runner.plan import estimate
    from runner.plan import plan as make_plan
    from runner.studies import load

    loaded = load(study, changes or [])
    found = estimate(make_plan(loaded))
    if found.unsized:
        names = ", ".join(found.unsized)
        typer.echo(f"piesweep: the sizes of {names} are known once loaded; rows and bytes leave them out", err=True)
    if as_json:
        values = dataclasses.asdict(found)
        del values["unsized"]
        print_json(values)
    else:
        _print_plan(loaded, found)


def _print_plan(study: Study, found: Estimate) -> None:
    from runner.studies.checks import missing_inputs

    print_facts(
        {
            "study": f"{study.name}: {study.description}" if study.description else study.name,
            "trials": f"{found.trials:,} ({found.dense:,} dense, {found.pruned:,} pruned)",
            "training": f"{found.training_units:,} dense trainings' worth of epochs "
            f"({found.training_units_naive:,} if iterative methods shared none)",
            "rows": ", ".join(f"{split} {count:,}" for split, count in found.rows.items()),
            "store": f"about {bytes_text(found.store_bytes)}",
        }
    )
    print()
    print_table(("task", "model", "epochs", "batch size", "learning rate", "CPUs", "GPUs"), _cells(study))
    for problem in missing_inputs(study):
        print(f"before it can run: {problem.message}")


def _cells(study: Study) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for task in study.tasks:
        for model in study.models:
            settings = study.training.of_cell(task.name, model.name)
            chosen = (settings["epochs"], settings["batch_size"], settings["learning_rate"])
            rows.append((task.name, model.name, *chosen, *study.resources.of_model(model.name)))
    return rows


def bytes_text(count: int) -> str:
    """A number of bytes in the largest unit of which there is at least one."""
    for unit, size in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"
