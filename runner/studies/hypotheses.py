"""Hypotheses of a study, declared before its data exist: which cells are compared, by which test and correction."""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterable, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from runner.methods import DENSE, UNPRUNED
from runner.studies.grid import GridCell
from tasks.kinds.base import Ballot

Compared = Literal[
    "effectiveness", "effectiveness-on-pies", "pie-rate", "alpha", "alpha-star", "recall-variance", "worst-recall"
]
TestName = Literal["paired-t", "bootstrap", "swap", "mcnemar", "welch-t"]
Alternative = Literal["two-sided", "less", "greater"]
CorrectionName = Literal["bonferroni", "holm", "bh"]
Sparsity = Annotated[float, Field(strict=True)]

SWAPS = 9_999
"""Random ways to exchange sides, and bootstrap resamples, of a test; p-values of these are multiples of 1 / 10,000."""

TESTS_OF: dict[Compared, tuple[TestName, ...]] = {
    "effectiveness": ("paired-t", "bootstrap", "swap", "mcnemar"),
    "effectiveness-on-pies": ("paired-t", "bootstrap"),
    "pie-rate": ("swap", "mcnemar"),
    **dict.fromkeys(("alpha", "alpha-star", "recall-variance", "worst-recall"), ("paired-t", "bootstrap", "welch-t")),
}
"""Which tests can answer which question: mcnemar pairs examples, welch-t nothing, the others pair seeds."""
OF_CLASSES: tuple[Compared, ...] = ("alpha", "alpha-star", "recall-variance", "worst-recall")
"""Questions about the recalls of classes, which tasks with one class an example answer."""


def ballots_of(compare: Compared, test: TestName) -> tuple[Ballot | None, ...]:
    """How answers are voted on that a question can be asked of; None is of those that nobody votes on."""
    if compare in OF_CLASSES:
        return ("class",)
    if compare == "effectiveness" and test == "swap":
        return ("class", "set")
    by_vote: tuple[Ballot | None, ...] = ("class", "set", "places")
    needs_votes = compare in ("pie-rate", "effectiveness-on-pies") or test == "mcnemar"
    return by_vote if needs_votes else (*by_vote, None)


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

    task: str | None = Field(default=None, exclude_if=lambda task: task is None)
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
            task=self.task or cell.task,
            model=self.model or cell.model,
            method=self.method or cell.method,
            sparsity=0.0 if self.method in unpruned else cell.sparsity if self.sparsity is None else self.sparsity,
        )


class PairChoice(BaseModel):
    """One entry of `pairs`: cells, and what is different on the other side of each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: CellSelector = CellSelector()
    against: OpponentChoice


class HypothesisChoice(BaseModel):
    """One entry of `hypotheses`: a family of comparisons, whose p-values are corrected together.

    compare: effectiveness (the headline metric of the task, of any kind of answer; with swap and mcnemar, whether
    the majority vote is right: of a span, whether both ends are those of a gold answer), the share of examples that
    are PIEs, or the effectiveness of pruned against dense models on the PIEs that other seeds find (which has no
    `against`); alpha (recall distortion), alpha-star (the same with other seeds as instrument), recall-variance,
    worst-recall (of the class that has the lowest).
    of: the cells that are compared; against: `dense`, a reference, another method, or what else differs on the other
    side. pairs: instead of `against`, several of these with cells of their own among those of `of`, in one family.
    alternative: of the first side against the other.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    compare: Compared = "effectiveness"
    of: CellSelector = CellSelector()
    against: OpponentChoice | None = None
    pairs: tuple[PairChoice, ...] = Field(default=(), exclude_if=operator.not_)
    test: TestName
    alternative: Alternative = Field(default="two-sided", exclude_if=lambda said: said == "two-sided")
    correction: CorrectionName = "holm"
    alpha: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.05

    def comparisons(self, cells: Iterable[GridCell]) -> list[tuple[GridCell, GridCell | None]]:
        """The pairs of cells that are compared, in the order of `cells`; no other side where it is the dense cell's."""
        cells = list(cells)
        unpruned = {*UNPRUNED, *(cell.method for cell in cells if not cell.sparsity)}
        chosen = [cell for cell in cells if self.of.selects(cell)]
        if self.against is None and not self.pairs:
            return [(cell, None) for cell in chosen if cell.method != DENSE]
        found = [
            (cell, other)
            for pair in (self.pairs or [PairChoice(of=self.of, against=self.against or OpponentChoice())])
            for cell in chosen
            if pair.of.selects(cell) and (other := pair.against.of(cell, unpruned)) != cell
        ]
        return list(dict.fromkeys(found))
