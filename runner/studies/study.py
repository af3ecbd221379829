"""The model of a study: a named grid of trials, as a researcher writes it."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    create_model,
    field_validator,
    model_serializer,
    model_validator,
)

from runner.extras import EXTRAS
from runner.pruning.compression import SparsityBase
from runner.spec import Protocol, Record
from runner.studies.errors import StudyError
from runner.studies.grid import Block, GridCell, Seeds, Sparsities, cells_of, listed, refuse_repeats
from runner.studies.hypotheses import HypothesisChoice
from runner.studies.method_choice import MethodChoice, ReferenceChoice, members
from runner.studies.named_choice import Choices, Name, Options, gathered
from runner.studies.normal_form import as_written, normal
from runner.studies.strategy import SINGLE, StrategyChoice
from runner.studies.training import NotNegative, Positive, StudyTraining
from runner.studies.tuning import UNTUNED, StudyTuning
from tasks.base import SPLITS, Split, TaskChoice


class ModelChoice(Choices):
    """One entry of `models`: a registered architecture, under its own name or another, with its options.

    In a study the options stand beside the name: `{name: wide, model: bilstm, hidden: 200}`. An option that
    is a path starts with / ./ ../ or ~.
    """

    name: Name
    model: str
    options: Options = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather_options(cls, given: Any) -> Any:
        return gathered(given, cls.model_fields, "model")


class ProtocolBase(Choices):
    """Whose protocol is followed."""

    base: Literal["paper", "release"] = "paper"

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, given: Any) -> Any:
        return {"base": given} if isinstance(given, str) else given

    def resolve(self) -> Protocol:
        base = Protocol() if self.base == "paper" else Protocol.release()
        switches = self.model_dump(exclude={"base"}, exclude_none=True)
        return Protocol(**{**vars(base), **switches})


if TYPE_CHECKING:
    ProtocolChoice = ProtocolBase
else:
    ProtocolChoice = create_model(
        "ProtocolChoice",
        __base__=ProtocolBase,
        __module__=__name__,
        __doc__="Whose protocol is followed, and the single switches (`runner.spec.Protocol`) that leave it.",
        **{name: (allowed | None, None) for name, allowed in get_type_hints(Protocol).items()},
    )


class TrialResources(Choices):
    """What one trial occupies: CPUs, and GPUs in whole numbers or, up to one, in fractions. None: as the study says."""

    cpus: Positive | None = None
    gpus: NotNegative | None = None

    @field_validator("gpus")
    @classmethod
    def _whole_or_shared(cls, gpus: float | None) -> float | None:
        if gpus is not None and gpus > 1 and not gpus.is_integer():
            raise ValueError(
                f"{gpus:g} GPUs cannot be given to a trial; allowed: 0 to 1 in fractions, or a whole number"
            )
        return gpus


class Resources(TrialResources):
    """`resources` of a study: for every trial (one CPU, no GPU where nothing is said), and for single models."""

    models: dict[str, TrialResources] = Field(default_factory=dict)

    def of_model(self, model: str) -> tuple[float, float]:
        """CPUs and GPUs that a trial of this model occupies."""
        own = self.models.get(model, TrialResources())
        cpus = next((value for value in (own.cpus, self.cpus) if value is not None), 1.0)
        gpus = next((value for value in (own.gpus, self.gpus) if value is not None), 0.0)
        return cpus, gpus


class RecordBase(Choices):
    """Which rows the trials leave."""

    splits: tuple[Split, ...] = ("test",)
    probabilities: Annotated[bool, Field(strict=True)] = False
    el2n: Annotated[bool, Field(strict=True)] = False

    @field_validator("splits", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        return [given] if isinstance(given, str) else given

    @field_validator("splits")
    @classmethod
    def _in_order(cls, splits: tuple[Split, ...]) -> tuple[Split, ...]:
        if not splits:
            raise ValueError(f"records no split, so nothing could be analysed; allowed: {', '.join(SPLITS)}")
        return tuple(split for split in SPLITS if split in splits)

    def resolve(self) -> Record:
        extras = tuple(sorted(name for name in EXTRAS if getattr(self, name, False)))
        return Record(splits=self.splits, probabilities=self.probabilities, el2n=self.el2n, extras=extras)


if TYPE_CHECKING:
    RecordChoice = RecordBase
else:
    RecordChoice = create_model(
        "RecordChoice",
        __base__=RecordBase,
        __module__=__name__,
        __doc__="Which rows the trials leave (`runner.spec.Record`), and what they keep beside them (EXTRAS).",
        # Left out of frozen studies where they are not asked for: those of before have no such keys.
        **{name: (bool, Field(default=False, strict=True, exclude_if=operator.not_)) for name in EXTRAS},
    )


class Study(Choices):
    """A named grid of trials: every task, model, method, sparsity and seed with each other, and the dense models.

    `grid` names blocks, of which each is such a product; tasks, models, methods and sparsities are then those of all
    blocks, and no study gives both.
    `base` says what sparsities are fractions of: the weights that may go; all parameters, which `compressions: [2, 10]`
    says too, for 1 - 1/2 and 1 - 1/10 of them; or all, with the biases beside those weights counted as if they went.
    `seeds` is a count (5 is 0 to 4) or a list: the same for every cell, since cells of unequal size have no
    comparable vote. `retries` says how often a trial may fail and be tried again before it is left as failed.
    `canary` is a number of trials that are run once more on every vendor's devices: their disagreement is the noise
    that hardware alone makes. The copies never vote. `strategy` says whether a trial is one process or several;
    `resources` are those of each. `tuning` says where `piesweep tune` looks for training settings.
    `references` are further dense models, of each task, model and seed: what pruned ones are compared with besides.
    `hypotheses` are families of comparisons, declared before the data exist: they change no trial, and a study without
    any is frozen as if the key did not exist.
    """

    name: Name
    description: str = ""
    tasks: tuple[TaskChoice, ...] = Field(min_length=1)
    models: tuple[ModelChoice, ...] = Field(min_length=1)
    methods: tuple[MethodChoice, ...]
    sparsities: Sparsities
    base: SparsityBase = Field(default="prunable", exclude_if="prunable".__eq__)
    grid: tuple[Block, ...] = Field(default=(), exclude_if=operator.not_)
    seeds: Seeds
    references: tuple[ReferenceChoice, ...] = Field(default=(), exclude_if=operator.not_)
    protocol: ProtocolChoice = ProtocolChoice()
    training: StudyTraining = StudyTraining()
    tuning: StudyTuning = Field(default=UNTUNED, exclude_if=UNTUNED.__eq__)
    resources: Resources = Resources()
    record: RecordChoice = RecordChoice()
    retries: Annotated[int, Field(strict=True, ge=0)] = 2
    canary: Annotated[int, Field(strict=True, ge=0)] = 0
    strategy: StrategyChoice = SINGLE
    hypotheses: tuple[HypothesisChoice, ...] = Field(default=(), exclude_if=operator.not_)

    def occupied(self, model: str) -> tuple[float, float]:
        """CPUs and GPUs that a trial of this model occupies, all its processes together."""
        cpus, gpus = self.resources.of_model(model)
        return cpus * self.strategy.count, gpus * self.strategy.count

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The products whose union the grid is: those of `grid`, or the one of a study without it."""
        whole = Block(
            tasks=tuple(task.name for task in self.tasks),
            models=tuple(model.name for model in self.models),
            methods=tuple(method.name for method in self.methods),
            sparsities=self.sparsities,
        )
        return self.grid or (whole,)

    @property
    def pairs(self) -> list[tuple[TaskChoice, ModelChoice]]:
        """Every task and model that are trained together, in the order of the grid."""
        tasks = {task.name: task for task in self.tasks}
        models = {model.name: model for model in self.models}
        named = dict.fromkeys(pair for block in self.blocks for pair in block.pairs)
        return [(tasks[task], models[model]) for task, model in named]

    @property
    def cells(self) -> list[GridCell]:
        """Every cell of the grid, once, within task and model the dense one first, then references."""
        return cells_of(self.blocks, [reference.name for reference in self.references])

    @property
    def seeds_of(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """Task and model -> the seeds of all their cells."""
        return {pair: block.seeds or self.seeds for block in self.blocks for pair in block.pairs}

    @property
    def method_choices(self) -> dict[str, MethodChoice]:
        """Name -> method or reference of the study."""
        return {choice.name: choice for choice in (*self.methods, *self.references)}

    @model_validator(mode="before")
    @classmethod
    def _from_blocks(cls, given: Any) -> Any:
        """What the blocks of a grid say of tasks, models and methods, said once for all blocks."""
        try:
            return normal(given).values if isinstance(given, dict) else given
        except StudyError as error:
            raise ValueError(str(error)) from None

    @model_serializer(mode="wrap")
    def _in_blocks(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As study files say it: with a grid, nothing beside it that its blocks say."""
        values: dict[str, Any] = handler(self)
        return as_written(values) if self.grid else values

    @field_validator("tasks", mode="before")
    @classmethod
    def _named_tasks(cls, given: Any) -> Any:
        return [{"name": entry} if isinstance(entry, str) else entry for entry in listed(given)]

    @field_validator("models", "references", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        return listed(given)

    @field_validator("methods", mode="before")
    @classmethod
    def _sets_of_methods(cls, given: Any) -> Any:
        return members(listed(given))

    @field_validator("tasks", "models", "methods", "references")
    @classmethod
    def _distinct_names(cls, entries: tuple[Any, ...]) -> tuple[Any, ...]:
        refuse_repeats([entry.name for entry in entries], "names", "give each its own `name`")
        return entries
