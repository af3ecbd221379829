"""The grid of a study: the cells that its blocks name, each once, and the seeds under which they are trained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from runner.methods import DENSE
from runner.studies.errors import repeated
from runner.studies.named_choice import Choices

MOST_SEEDS = 10_000


def listed(given: Any) -> Any:
    """A single value as a list of one; other shapes as they are, for validation to name."""
    if given is None or (isinstance(given, Sequence) and not isinstance(given, str)):
        return given if given is not None else []
    return [given]


def refuse_repeats(values: Iterable[Any], what: str, advice: str) -> None:
    """ValueError where one value stands more than once."""
    twice = repeated(values)
    if twice:
        raise ValueError(f"{what} given twice: {', '.join(map(str, twice))}; {advice}")


def _real(sparsities: tuple[float, ...]) -> tuple[float, ...]:
    for sparsity in sparsities:
        if not 0 < sparsity < 1:
            hint = f"; did you mean {sparsity / 100:g}?" if 1 < sparsity < 100 else ""
            raise ValueError(
                f"{sparsity:g} is not a sparsity: allowed are fractions removed, above 0 and below 1 "
                f"(the dense models are always planned){hint}"
            )
    refuse_repeats(sparsities, "sparsities", "name each once")
    return sparsities


def counted(given: Any) -> Any:
    """A count of seeds as the list from 0; ValueError for one that is none, or for seeds that differ by cell."""
    if isinstance(given, dict):
        raise ValueError(
            "every cell takes the same seeds, or its vote could not be compared with the dense one; "
            "give one count (seeds: 30) or one list (seeds: [0, 1, 2])"
        )
    if isinstance(given, int) and not isinstance(given, bool):
        if not 1 <= given <= MOST_SEEDS:
            raise ValueError(f"{given} seeds are asked for; allowed: 1 to {MOST_SEEDS}, or a list of seeds")
        return list(range(given))
    return given


def _distinct(seeds: tuple[int, ...]) -> tuple[int, ...]:
    refuse_repeats(seeds, "seeds", "two trials of one seed are the same trial")
    return seeds


def _named_once(names: tuple[str, ...]) -> tuple[str, ...]:
    refuse_repeats(names, "names", "name each once")
    return names


Sparsities = Annotated[tuple[Annotated[float, Field(strict=True)], ...], BeforeValidator(listed), AfterValidator(_real)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**31)]
Seeds = Annotated[tuple[Seed, ...], Field(min_length=1), BeforeValidator(counted), AfterValidator(_distinct)]
Names = Annotated[tuple[str, ...], BeforeValidator(listed), AfterValidator(_named_once)]


class Block(Choices):
    """One product of a grid: each of its tasks, models, methods and sparsities with each other, and the dense models.

    What a name stands for, the study says once for all blocks. seeds: those of the study where nothing is said.
    """

    tasks: Names
    models: Names
    methods: Names
    sparsities: Sparsities
    seeds: Seeds | None = None

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every task with every model."""
        return [(task, model) for task in self.tasks for model in self.models]


@dataclass(frozen=True, order=True)
class GridCell:
    """A cell of a study's grid: `dense` and the references are at sparsity 0."""

    task: str
    model: str
    method: str
    sparsity: float


def cells_of(blocks: Sequence[Block], references: Sequence[str]) -> list[GridCell]:
    """Every cell that the blocks name, once: within task and model the dense one, then references, then pruned ones."""
    pruned: dict[tuple[str, str], dict[tuple[str, float], None]] = {}
    for block in blocks:
        added = dict.fromkeys((method, sparsity) for method in block.methods for sparsity in block.sparsities)
        for pair in block.pairs:
            pruned.setdefault(pair, {}).update(added)
    unpruned = [(DENSE, 0.0), *((reference, 0.0) for reference in references)]
    return [GridCell(*pair, *one) for pair, own in pruned.items() for one in (*unpruned, *own)]
