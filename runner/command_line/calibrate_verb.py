"""`piesweep calibrate`: how far the intervals and tests of a report can be believed, shown in simulated studies."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.command_line.output import print_json, print_table
from runner.store.files.place import place

if TYPE_CHECKING:
    from analysis.calibration.experiments import Setting

SEEDS = (5, 10)
EXAMPLES = 400
MOST = 1_000


def calibrate(
    store: Annotated[
        Path | None,
        typer.Argument(metavar="[STORE]", parser=place, help="A store whose like is simulated; without, all worlds."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="How long the simulations may take, all together.")] = 90,
    seeds: Annotated[
        list[int] | None, typer.Option(min=2, max=100, help="How many seeds; may be repeated. Default: the store's.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list instead of tables.")] = False,
) -> None:
    """Simulate studies whose truth is known, and print how often intervals hold it and tests err.

    Worlds like the store's own have its seeds, examples, classes, accuracy and noise: there pruning does nothing, adds
    noise, takes noise away and moves margins a little, or moves them. Reads the store alone and changes nothing in it.
    """
    from analysis.calibration.experiments import calibrate as simulated
    from analysis.calibration.printed import LEGEND, blocks

    settings = _like(store, seeds) if store else _of_all_kinds(seeds or list(SEEDS))
    found = [(name, simulated(setting, seconds / len(settings), MOST)) for name, setting in settings]
    if as_json:
        print_json([{"model": name, **dataclasses.asdict(one)} for name, one in found])
        return
    for block in blocks(found):
        print_table(block.columns, block.rows, block.title)
        print()
    print(LEGEND)


def _like(store: Path, seeds: list[int] | None) -> list[tuple[str, Setting]]:
    from analysis.calibration.likeness import settings_like
    from analysis.relations.database import connect
    from runner.store.errors import StoreError

    own = list(settings_like(connect(store)))
    if not own:
        raise StoreError(
            f"{store} has nothing to simulate: it takes gold labels, and two seeds with a dense and a pruned trial "
            "each; leave STORE out to see worlds of all kinds"
        )
    return [
        (name, dataclasses.replace(setting, seeds=count)) for name, setting in own for count in seeds or [setting.seeds]
    ]


def _of_all_kinds(seeds: list[int]) -> list[tuple[str, Setting]]:
    from analysis.calibration.experiments import Setting
    from analysis.calibration.worlds import WORLDS

    return [
        ("all worlds", Setting(world=world, seeds=count, examples=EXAMPLES))
        for world in WORLDS.values()
        for count in seeds
    ]
