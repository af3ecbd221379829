"""Hypotheses of a study, declared before its data exist: which cells are compared, by which test and correction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from runner.methods import DENSE, UNPRUNED
from runner.studies.errors import KeyPath, Problem, repeated, suggestion
from runner.studies.grid import GridCell

if TYPE_CHECKING:
    from runner.studies.study import Study

Compared = Literal["effectiveness", "effectiveness-on-pies", "pie-rate"]
TestName = Literal["paired-t", "bootstrap", "swap", "mcnemar"]
CorrectionName = Literal["bonferroni", "holm", "bh"]
Sparsity = Annotated[float, Field(strict=True)]

SWAPS = 9_999
"""Random ways to exchange sides, and bootstrap resamples, of a test; p-values of these are multiples of 1 / 10,000."""

TESTS_OF: dict[Compared, tuple[TestName, ...]] = {
    "effectiveness": ("paired-t", "bootstrap", "swap", "mcnemar"),
    "effectiveness-on-pies": ("paired-t", "bootstrap"),
    "pie-rate": ("swap", "mcnemar"),
}
"""Which tests can answer which question: mcnemar pairs examples, the others pair seeds."""


class CellSelector(BaseModel):
    """Cells by task, model, method and sparsity, one value or a list each; what is left out selects all.

    Where no method is named, the pruned ones are meant.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    sparsity: tuple[Sparsity, ...] = ()

    @field_validator("*", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        return given if isinstance(given, Sequence) and not isinstance(given, str) else [given]

    def selects(self, cell: GridCell) -> bool:
        """True if every key that is given has the cell's value."""
        unpruned = not cell.sparsity
        if not self.method and unpruned:
            return False
        return (
            cell.task in (self.task or (cell.task,))
            and cell.model in (self.model or (cell.model,))
            and cell.method in (self.method or (cell.method,))
            and (unpruned or cell.sparsity in (self.sparsity or (cell.sparsity,)))
        )


class OpponentChoice(BaseModel):
    """What is different on the other side of a comparison; everything else is as in the cell that is compared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = None
    method: str | None = None
    sparsity: Sparsity | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_method(cls, given: Any) -> Any:
        return {"method": given} if isinstance(given, str) else given

    def of(self, cell: GridCell, unpruned: Collection[str]) -> GridCell:
        """The cell that this one is compared with; unpruned: the methods whose cells have sparsity 0."""
        return GridCell(
            task=cell.task,
            model=self.model or cell.model,
            method=self.method or cell.method,
            sparsity=0.0 if self.method in unpruned else cell.sparsity if self.sparsity is None else self.sparsity,
        )


class HypothesisChoice(BaseModel):
    """One entry of `hypotheses`: a family of comparisons, whose p-values are corrected together.

    compare: effectiveness (accuracy or macro-F1; with swap and mcnemar, whether the majority vote is right), the share
    of examples that are PIEs, or the effectiveness of pruned against dense models on the PIEs that other seeds find
    (which has no `against`).
    of: the cells that are compared; against: `dense`, a reference, another method, or what else differs on the other
    side.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    compare: Compared = "effectiveness"
    of: CellSelector = CellSelector()
    against: OpponentChoice | None = None
    test: TestName
    correction: CorrectionName = "holm"
    alpha: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.05

    def comparisons(self, cells: Iterable[GridCell]) -> list[tuple[GridCell, GridCell | None]]:
        """The pairs of cells that are compared, in the order of `cells`; no other side where it is the dense cell's."""
        cells = list(cells)
        unpruned = {*UNPRUNED, *(cell.method for cell in cells if not cell.sparsity)}
        chosen = [cell for cell in cells if self.of.selects(cell)]
        if self.against is None:
            return [(cell, None) for cell in chosen if cell.method != DENSE]
        return [(cell, other) for cell in chosen if (other := self.against.of(cell, unpruned)) != cell]


def problems(study: Study) -> Iterator[Problem]:
    """What is wrong with the hypotheses of a study whose grid is right."""
    twice = repeated(choice.name for choice in study.hypotheses)
    if twice:
        yield Problem(("hypotheses",), f"names given twice: {', '.join(map(str, twice))}; give each its own `name`")
    cells, seeds = study.cells, study.seeds_of
    for index, choice in enumerate(study.hypotheses):
        path: KeyPath = ("hypotheses", index)
        found = [*_name_problems(study, choice, path), *_shape_problems(choice, path)]
        yield from found or _comparison_problems(choice, cells, seeds, path)


def _name_problems(study: Study, choice: HypothesisChoice, path: KeyPath) -> Iterator[Problem]:
    """Tasks, models, methods and sparsities that the study does not have."""
    allowed: dict[str, list[Any]] = {
        "task": [task.name for task in study.tasks],
        "model": [model.name for model in study.models],
        "method": [DENSE, *(one.name for one in (*study.references, *study.methods))],
        "sparsity": list(study.sparsities),
    }
    for side, given in (("of", choice.of.model_dump()), ("against", choice.against and choice.against.model_dump())):
        for key, values in (given or {}).items():
            for value in values if isinstance(values, tuple | list) else [values]:
                if value is not None and value not in allowed[key]:
                    hint = suggestion(value, allowed[key]) if isinstance(value, str) else ""
                    listed = ", ".join(map(str, allowed[key])) or "none"
                    yield Problem((*path, side, key), f"the study has no {key} {value!r}{hint}; allowed: {listed}")


def _shape_problems(choice: HypothesisChoice, path: KeyPath) -> Iterator[Problem]:
    """A question, its other side and its test that do not fit each other."""
    tests = TESTS_OF[choice.compare]
    if choice.test not in tests:
        yield Problem((*path, "test"), f"{choice.compare} is not tested by {choice.test}; allowed: {', '.join(tests)}")
    if choice.compare == "effectiveness-on-pies":
        if choice.against is not None:
            yield Problem(
                (*path, "against"), "a cell is compared with its dense models, on the same PIEs; remove this key"
            )
    elif choice.against is None or not choice.against.model_dump(exclude_none=True):
        yield Problem(path, "the other side is missing; give against: dense, or against: {method: ...}")


def _comparison_problems(
    choice: HypothesisChoice, cells: list[GridCell], seeds: dict[tuple[str, str], tuple[int, ...]], path: KeyPath
) -> Iterator[Problem]:
    """A family without comparisons, or with one whose other side is no cell, or has other seeds."""
    pairs = choice.comparisons(cells)
    if not pairs:
        yield Problem(path, f"'{choice.name}' compares nothing: `of` selects no cell that differs from `against`")
    for cell, other in pairs:
        if other is not None and other not in cells:
            yield Problem(
                (*path, "against"),
                f"for {cell.method} at sparsity {cell.sparsity:g} the other side is {other.method} at sparsity "
                f"{other.sparsity:g}, which is no cell of the study; {DENSE} and references have "
                "sparsity 0, the others those of `sparsities`",
            )
            return
        if choice.compare == "pie-rate" and other is not None and DENSE in (cell.method, other.method):
            yield Problem(path, f"'{DENSE}' has no PIE rate of its own; compare two pruned cells")
            return
        if other is not None and set(seeds[cell.task, cell.model]) != set(seeds[other.task, other.model]):
            yield Problem(
                (*path, "against"),
                f"{cell.model} and {other.model} on {cell.task} do not have the same seeds, and tests pair seeds; give "
                "both blocks of the grid the same",
            )
            return
