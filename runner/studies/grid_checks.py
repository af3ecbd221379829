"""Whether the blocks of a grid fit the study and each other."""

from __future__ import annotations

from collections.abc import Iterator

from runner.studies.errors import Problem
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
