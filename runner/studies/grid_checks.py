"""Whether the blocks of a grid fit the study and each other."""

from __future__ import annotations

from collections.abc import Iterator

from runner.pruning.schedules import schedule_of
from runner.studies.errors import KeyPath, Problem
from runner.studies.grid import Block
from runner.studies.method_choice import MethodChoice
from runner.studies.study import Study


def problems(study: Study) -> Iterator[Problem]:
    """Methods without sparsities or the reverse, and blocks that give one task and model other seeds."""
    for index, block in enumerate(study.blocks):
        place = ("grid", index) if study.grid else ()
        if block.methods and not block.sparsities:
            advice = "the methods have no sparsity to prune to; name at least one, such as 0.9"
            yield Problem((*place, "sparsities"), advice)
        if block.sparsities and not block.methods:
            advice = "no method prunes to these sparsities; name at least one, or leave `sparsities` empty too"
            yield Problem((*place, "methods"), advice)
    yield from _level_problems(study)
    first: dict[tuple[str, str], int] = {}
    for index, block in enumerate(study.grid):
        for pair in block.pairs:
            other = first.setdefault(pair, index)
            mine, theirs = (block.seeds or study.seeds), (study.grid[other].seeds or study.seeds)
            if set(mine) != set(theirs):
                yield Problem(
                    ("grid", index, "seeds"),
                    f"{pair[1]} on {pair[0]} has other seeds here ({len(mine)}) than in grid[{other}] ({len(theirs)}); "
                    "both are compared with the same dense models, and votes of unequal seeds cannot be; give both "
                    "blocks the same seeds",
                )
                break


def _level_problems(study: Study) -> Iterator[Problem]:
    """Sparsities of methods that cut level by level which are no levels, or lack the level below."""
    chosen = {name: choice for name, choice in study.method_choices.items() if choice.line.schedule == "levels"}
    cells = {(cell.task, cell.model, cell.method, cell.sparsity) for cell in study.cells}
    for index, block in enumerate(study.blocks):
        place = ("grid", index, "sparsities") if study.grid else ("sparsities",)
        for name in block.methods:
            if name in chosen:
                yield from _levels_of(study, chosen[name], block, place, cells)


def _levels_of(
    study: Study, choice: MethodChoice, block: Block, place: KeyPath, cells: set[tuple[str, str, str, float]]
) -> Iterator[Problem]:
    if choice.tasks:
        yield Problem(place, f"'{choice.name}' goes level by level, the same on all tasks; give it no `tasks`")
        return
    if study.base != "prunable":
        yield Problem(place, f"'{choice.name}' removes shares of prunable weights, level by level; say `levels` here")
        return
    try:
        schedule = schedule_of(choice.line.schedule, choice.settings)
        below = {sparsity: schedule.before(sparsity) for sparsity in block.sparsities}
    except ValueError as error:
        yield Problem(place, f"for '{choice.name}' {error}")
        return
    for sparsity, before in below.items():
        missing = [pair for pair in block.pairs if before and (*pair, choice.name, before) not in cells]
        if missing:
            yield Problem(
                place,
                f"'{choice.name}' goes on from level to level, and {before:g}, the one below {sparsity:g}, is missing "
                f"for {missing[0][1]} on {missing[0][0]}; add it, or say `levels`",
            )
            return
