"""`piesweep plan`: what a study amounts to, before anything is run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.command_line.output import bytes_text, print_facts, print_json, print_table, say
from runner.store.files.place import place

if TYPE_CHECKING:
    from runner.estimate import BlockEstimate, Estimate
    from runner.studies import Study

StudyArgument = Annotated[str, typer.Argument(help="A shipped study (see `piesweep list studies`) or a path to one.")]
ChangesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...",
        help="Overrides, such as seeds=5 training.epochs=2 tasks.snli.data=/data/snli, or @FILE for a file of them.",
    ),
]


BLOCK_COLUMNS = (
    *("block", "tasks", "models", "methods", "seeds", "trials", "dense", "references", "pruned", "training units"),
    "shared with blocks above",
)


def plan(  # noqa: PLR0913 - the arguments of a verb are its options
    study: StudyArgument,
    changes: ChangesArgument = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
    site: Annotated[str | None, typer.Option(help="Also what it asks of this site: a profile's name or path.")] = None,
    nodes: Annotated[int, typer.Option(min=1, help="Nodes of one allocation.")] = 1,
    gpus_per_node: Annotated[int | None, typer.Option(min=0, help="Default: as the site says.")] = None,
    cpus_per_node: Annotated[int | None, typer.Option(min=1, help="Default: as the site says.")] = None,
    time: Annotated[str | None, typer.Option(help="Wall time of one allocation; default: as the site says.")] = None,
    measured: Annotated[
        Path | None, typer.Option(parser=place, help="A store whose dense trials say how long one takes.")
    ] = None,
    seconds_per_unit: Annotated[float | None, typer.Option(min=0.001, help="Or seconds of one dense training.")] = None,
    store_free: Annotated[float | None, typer.Option(min=0, help="Gigabytes that are free for the store.")] = None,
) -> None:
    """Say what a study amounts to: trials, training, rows and bytes. Reads no data.

    With --site also GPU-hours, allocations, files and bytes at their peak; exits 2 where they break one of its limits.
    """
    from runner.estimate import estimate
    from runner.plan import plan as make_plan
    from runner.studies import load

    loaded = load(study, changes or [])
    planned = make_plan(loaded)
    found = estimate(planned)
    if found.unsized:
        names = ", ".join(found.unsized)
        say(f"piesweep: the sizes of {names} are known once loaded; rows and bytes leave them out", err=True)
    flight = None
    if site:
        from runner.command_line.preflight import RequestedShape, preflight, print_preflight

        wish = RequestedShape(
            site=site,
            nodes=nodes,
            gpus_per_node=gpus_per_node,
            cpus_per_node=cpus_per_node,
            time=time,
            measured=measured,
            seconds_per_unit=seconds_per_unit,
            store_free=store_free,
        )
        flight = preflight(planned, wish)
    if as_json:
        values = dataclasses.asdict(found)
        del values["unsized"]
        if not found.extra_bytes:
            del values["extra_bytes"]
        if not loaded.grid:
            del values["blocks"]  # the one is the whole
        print_json({**values, **(dataclasses.asdict(flight.footprint) if flight else {})})
    else:
        _print_plan(loaded, found)
        if flight:
            print_preflight(flight)
    if flight:
        flight.refuse()


def _print_plan(study: Study, found: Estimate) -> None:
    from runner.studies.checks import missing_inputs, unrecorded
    from runner.studies.length_advice import length_advice
    from runner.studies.seed_advice import advice

    references = f"{found.references:,} references, " if found.references else ""
    print_facts(
        {
            "study": f"{study.name}: {study.description}" if study.description else study.name,
            "trials": f"{found.trials:,} ({found.dense:,} dense, {references}{found.pruned:,} pruned)",
            "training": f"{found.training_units:,} dense trainings' worth of epochs "
            f"({found.training_units_naive:,} if iterative methods shared none)",
            "rows": ", ".join(f"{split} {count:,}" for split, count in found.rows.items()),
            "store": f"about {bytes_text(found.store_bytes)}",
            "probabilities": _probabilities(study, found),
            **{name: f"about {bytes_text(size)}" for name, size in found.extra_bytes.items()},
            **({"canary": f"{found.canary:,} trials more on every vendor's devices"} if found.canary else {}),
            **({"hypotheses": "; ".join(_families(study))} if study.hypotheses else {}),
        }
    )
    if study.grid:
        print()
        print_table(BLOCK_COLUMNS, [_block(number, block) for number, block in enumerate(found.blocks)])
    print()
    print_table(("task", "model", "epochs", "batch size", "learning rate", "CPUs", "GPUs"), _cells(study))
    for line in (*advice(study), *length_advice(study), *unrecorded(study), *_filters(study)):
        print(line)
    for problem in missing_inputs(study):
        say(f"before it can run: {problem.message}")


def _filters(study: Study) -> Iterator[str]:
    """Of every model that loses whole filters: the ratios that come of those asked for."""
    from runner.pruning.compression import CompressionError, compression_of

    cutting = {name for name, choice in study.method_choices.items() if choice.line.scope == "filterwise"}
    if not cutting:
        return
    from runner.models.catalogue import filter_ratio  # loads torch, which no other plan needs
    from tasks import TASKS

    for task, model in study.pairs:
        classes = TASKS[task.name].class_count if task.name in TASKS else None
        cells = [
            cell
            for cell in study.cells
            if cell.method in cutting and (cell.task, cell.model) == (task.name, model.name)
        ]
        for sparsity in dict.fromkeys(cell.sparsity for cell in cells):
            asked = f"{model.name} on {task.name}, whole filters: "
            if study.base != "prunable":
                asked += f"ratio {compression_of(sparsity):.4g} of all parameters to those left"
            else:
                asked += f"{sparsity:g} of them"
            try:
                reached = filter_ratio(model.model, classes, model.options, sparsity, study.base)
                yield f"{asked} comes to {reached:.4g}"
            except CompressionError as error:
                yield f"{asked}: {error}"


def _block(number: int, block: BlockEstimate) -> tuple[object, ...]:
    """A block of the grid: what it is, what it amounts to by itself, and what of that blocks before it have too."""
    names = (", ".join(chosen) for chosen in (block.tasks, block.models, block.methods))
    counts = (block.seeds, block.trials, block.dense, block.references, block.pruned, block.training_units)
    shared = f"{block.shared_trials:,} trials, {block.shared_units:,} units" if block.shared_trials else "nothing"
    return f"grid[{number}]", *names, *(f"{count:,}" for count in counts), shared


def _probabilities(study: Study, found: Estimate) -> str:
    size = bytes_text(found.probability_bytes)
    if study.record.probabilities:
        return f"about {size} of these"
    return f"not kept; with record.probabilities=true about {size} more"


def _families(study: Study) -> list[str]:
    from runner.studies.seed_advice import family_told, least_seeds

    families = [(choice, choice.comparisons(study.cells)) for choice in study.hypotheses]
    return [family_told(choice, len(pairs), least_seeds(study, pairs)) for choice, pairs in families]


def _cells(study: Study) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for task, model in study.pairs:
        settings = study.training.of_cell(task.name, model.name)
        chosen = (settings["epochs"], settings["batch_size"], settings["learning_rate"])
        rows.append((task.name, model.name, *chosen, *study.occupied(model.name)))
    return rows
