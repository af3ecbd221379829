"""Training settings of a study: values for everything, and exceptions for tasks, models and single cells."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from runner.optimizers import LEARNING_RATES, OPTIMIZERS
from runner.studies.errors import unknown
from runner.training import Augmentation, Batching, ChosenOn, Continuation, RequestedPrecision, Training

Whole = Annotated[int, Field(strict=True, ge=1)]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


def _known(what: str, registry: Mapping[str, object], name: str) -> str:
    """A name of the registry. ValueError, with what is allowed, for another."""
    if name not in registry:
        raise ValueError(unknown(what, name, registry))
    return name


def _is_none(value: object) -> bool:
    return value is None


def _by_epoch(pairs: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    if repeated := {epoch for epoch, _ in pairs if sum(other == epoch for other, _ in pairs) > 1}:
        raise ValueError(f"has two shares from epoch {min(repeated):g} on; give one")
    return tuple(sorted(pairs))


Curve = Annotated[str, AfterValidator(partial(_known, "curve", LEARNING_RATES))]
Milestones = Annotated[tuple[tuple[NotNegative, NotNegative], ...], Field(min_length=1), AfterValidator(_by_epoch)]
"""Pairs of an epoch of a phase and the share of the learning rate from then on."""


class FinetuningSettings(BaseModel):
    """`finetuning`: how phases after the first differ from it (`runner.training.Finetuning`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: Whole | None = None
    learning_rate: Positive | None = None
    learning_rates: Curve | None = None
    milestones: Milestones | None = None
    optimizer: Continuation | None = None


class SelectionSettings(BaseModel):
    """`selection`: which network of a phase ends it (`runner.training.Selection`); `last`, or the best by a metric."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    best: Annotated[str, Field(min_length=1)] | None = None
    split: ChosenOn = "validation"
    every: Whole | Literal["epoch"] = "epoch"

    @model_validator(mode="before")
    @classmethod
    def _last(cls, given: Any) -> Any:
        if given == "last":
            return {}
        if isinstance(given, str):
            raise ValueError(f"{given!r} is not allowed; allowed: last, or {{best: loss}} or another metric")
        return given

    @model_validator(mode="after")
    def _of_something(self) -> SelectionSettings:
        if self.best is None and self.model_fields_set - {"best"}:
            raise ValueError("names nothing to choose by; add best: loss or a metric of the task")
        return self


class TrainingSettings(BaseModel):
    """Any of `runner.training.Training`'s fields; what is left out comes from the next wider block."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: Whole | None = None
    batch_size: Whole | None = None
    learning_rate: Positive | None = None
    optimizer: Annotated[str, AfterValidator(partial(_known, "optimizer", OPTIMIZERS))] | None = None
    weight_decay: NotNegative | None = None
    clip_norm: NotNegative | None = None
    warmup_epochs: NotNegative | None = None
    precision: RequestedPrecision | None = None
    batching: Batching | None = None
    micro_batches: Whole | None = None
    # Left out of frozen studies where they are not given: those of before have no such keys.
    learning_rates: Curve | None = Field(default=None, exclude_if=_is_none)
    milestones: Milestones | None = Field(default=None, exclude_if=_is_none)
    momentum: Annotated[float, Field(strict=True, ge=0, lt=1)] | None = Field(default=None, exclude_if=_is_none)
    nesterov: Annotated[bool, Field(strict=True)] | None = Field(default=None, exclude_if=_is_none)
    finetuning: FinetuningSettings | None = Field(default=None, exclude_if=_is_none)
    selection: SelectionSettings | None = Field(default=None, exclude_if=_is_none)
    augmentation: Augmentation | None = Field(default=None, exclude_if=_is_none)


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
        """Field of `runner.training.Training` -> the study's value, for what it sets of one task and model."""
        nothing = TrainingSettings()
        blocks: list[TrainingSettings] = [
            self,
            self.tasks.get(task, nothing),
            self.models.get(model, nothing),
            self.cells.get(cell_name(task, model), nothing),
        ]
        return {name: value for block in blocks for name in FIELDS if (value := getattr(block, name)) is not None}

    def trained(self, task: str, model: str) -> Training:
        """How a task and model are trained. TypeError if the study sets too little, which it is checked for."""
        values = self.of_cell(task, model)
        finetuning, selection = (values.pop(name, None) for name in ("finetuning", "selection"))
        if finetuning:
            values["finetuning"] = finetuning.model_dump(exclude_none=True)
        if selection and selection.best:
            every = 0 if selection.every == "epoch" else selection.every
            values["selection"] = {"best": selection.best, "split": selection.split, "every": every}
        return Training.from_settings(values)


def cell_name(task: str, model: str) -> str:
    """A task and a model as `training.cells` names them."""
    return f"{task}/{model}"
