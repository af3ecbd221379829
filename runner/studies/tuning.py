"""The ranges in which hyperparameters are searched: for everything, and exceptions for tasks, models and cells."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from runner.studies.training import Positive, Whole, cell_name

MOST_DRAWS = 10_000


class Ranges(BaseModel):
    """Lowest and highest value of what is searched, both included; what is left out comes from the next wider block.

    Epochs are drawn uniformly from the whole numbers, learning rates uniformly or (scale: log) their logarithms.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: tuple[Whole, Whole] | None = None
    learning_rate: tuple[Positive, Positive] | None = None
    scale: Literal["uniform", "log"] | None = None

    @field_validator("epochs", "learning_rate", mode="before")
    @classmethod
    def _two_in_order(cls, given: Any) -> Any:
        if given is None:
            return given
        numbers = isinstance(given, list | tuple) and all(isinstance(value, int | float) for value in given)
        if not numbers or len(given) != 2 or given[0] > given[1]:
            raise ValueError(f"{given!r} is not a range; give the lowest and the highest value, such as [2, 6]")
        return given

    @property
    def is_searched(self) -> bool:
        return self.epochs is not None or self.learning_rate is not None


class StudyTuning(Ranges):
    """The study's `tuning`: ranges for every cell, then exceptions in the same order as those of `training`.

    budget: how many settings of each task and model are tried. Table 8 and appendix A.4 of Tropeano et al. 2025: 100.
    Their code hands minimum and maximum to the random search of Weights & Biases, which draws uniformly (the default).
    """

    budget: Annotated[int, Field(strict=True, ge=1, le=MOST_DRAWS)] = 100
    tasks: dict[str, Ranges] = Field(default_factory=dict)
    models: dict[str, Ranges] = Field(default_factory=dict)
    cells: dict[str, Ranges] = Field(default_factory=dict)

    def of_cell(self, task: str, model: str) -> Ranges:
        """What is searched for one task and model; empty where the study gives no range for them."""
        nothing = Ranges()
        blocks: list[Ranges] = [
            self,
            self.tasks.get(task, nothing),
            self.models.get(model, nothing),
            self.cells.get(cell_name(task, model), nothing),
        ]
        found = {name: value for block in blocks for name in FIELDS if (value := getattr(block, name)) is not None}
        return Ranges(**found)


FIELDS: tuple[str, ...] = tuple(Ranges.model_fields)

UNTUNED = StudyTuning()
"""What a study searches that says nothing of it."""
