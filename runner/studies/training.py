"""Training settings of a study: values for everything, and exceptions for tasks, models and single cells."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from runner.optimizers import LEARNING_RATES, OPTIMIZERS
from runner.studies.errors import unknown

Whole = Annotated[int, Field(strict=True, ge=1)]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


def _known(what: str, registry: Mapping[str, object], name: str) -> str:
    """A name of the registry. ValueError, with what is allowed, for another."""
    if name not in registry:
        raise ValueError(unknown(what, name, registry))
    return name


class TrainingSettings(BaseModel):
    """Any of `runner.spec.Training`'s fields; what is left out comes from the next wider block."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: Whole | None = None
    batch_size: Whole | None = None
    learning_rate: Positive | None = None
    optimizer: Annotated[str, AfterValidator(partial(_known, "optimizer", OPTIMIZERS))] | None = None
    weight_decay: NotNegative | None = None
    clip_norm: Positive | None = None
    warmup_epochs: NotNegative | None = None
    precision: Literal["auto", "fp32", "bf16"] | None = None
    batching: Literal["auto", "by-length", "uniform"] | None = None
    micro_batches: Whole | None = None
    learning_rates: Annotated[str, AfterValidator(partial(_known, "curve", LEARNING_RATES))] | None = None


FIELDS: tuple[str, ...] = tuple(TrainingSettings.model_fields)


class StudyTraining(TrainingSettings):
    """The study's `training`: settings for every cell, then exceptions.

    A cell (a task and a model) takes each value from the first of these that has it: `cells` (under
    "task/model"), `models`, `tasks`, and the settings that stand directly in `training`.
    """

    tasks: dict[str, TrainingSettings] = Field(default_factory=dict)
    models: dict[str, TrainingSettings] = Field(default_factory=dict)
    cells: dict[str, TrainingSettings] = Field(default_factory=dict)

    def of_cell(self, task: str, model: str) -> dict[str, Any]:
        """Field of `runner.spec.Training` -> value, for what the study sets of one task and model."""
        nothing = TrainingSettings()
        blocks: list[TrainingSettings] = [
            self,
            self.tasks.get(task, nothing),
            self.models.get(model, nothing),
            self.cells.get(cell_name(task, model), nothing),
        ]
        return {name: value for block in blocks for name in FIELDS if (value := getattr(block, name)) is not None}


def cell_name(task: str, model: str) -> str:
    """A task and a model as `training.cells` names them."""
    return f"{task}/{model}"
