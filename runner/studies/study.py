"""What a study is: a named grid of trials, as a researcher writes it."""

from __future__ import annotations

import operator
from collections.abc import Hashable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from runner.methods import DENSE, METHOD_SETS, METHODS, REFERENCES
from runner.spec import Protocol, Record
from runner.studies.errors import repeated, unknown
from runner.studies.hypotheses import HypothesisChoice
from runner.studies.strategy import SINGLE, StrategyChoice
from runner.studies.training import NotNegative, Positive, StudyTraining
from runner.studies.tuning import UNTUNED, StudyTuning
from tasks.base import SPLITS, Split, TaskChoice

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**31)]
MOST_SEEDS = 10_000


class Choices(BaseModel):
    """A bundle of a study's choices: nothing unknown in it, nothing changed after it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelChoice(Choices):
    """One entry of `models`: a registered architecture, under its own name or another, with its options.

    In a study the options stand beside the name: `{name: wide, model: bilstm, hidden: 200}`. An option that
    is a path starts with / ./ ../ or ~.
    """

    name: Name
    model: str
    options: dict[str, str | int | float | bool] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather_options(cls, given: Any) -> Any:
        if isinstance(given, str):
            return {"name": given, "model": given}
        if not isinstance(given, Mapping):
            return given
        beside = {key: value for key, value in given.items() if key not in cls.model_fields}
        inside = given.get("options", {})
        entry = {key: value for key, value in given.items() if key in cls.model_fields}
        if "name" in entry:
            entry.setdefault("model", entry["name"])
        return {**entry, "options": {**inside, **beside} if isinstance(inside, Mapping) else inside}


class ProtocolChoice(Choices):
    """Whose protocol is followed, and the single switches (`runner.spec.Protocol`) that leave it."""

    base: Literal["paper", "release"] = "paper"
    impact: Literal["accumulated", "last-batch"] | None = None
    layernorm: Literal["keep", "prune"] | None = None
    padding: Literal["random", "release", "packed"] | None = None
    rounds: Literal["equal", "off-by-one"] | None = None
    threshold: Literal["half", "train"] | None = None
    pairs: Literal["segments", "joined"] | None = None
    influence: Literal["beyond-30", "rounded-30"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, given: Any) -> Any:
        return {"base": given} if isinstance(given, str) else given

    def resolve(self) -> Protocol:
        base = Protocol() if self.base == "paper" else Protocol.release()
        switches = self.model_dump(exclude={"base"}, exclude_none=True)
        return Protocol(**{**vars(base), **switches})


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


class RecordChoice(Choices):
    """Which rows the trials leave (`runner.spec.Record`)."""

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
        return Record(splits=self.splits, probabilities=self.probabilities, el2n=self.el2n)


class Study(Choices):
    """A named grid of trials: every task, model, method, sparsity and seed with each other, and the dense models.

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
    methods: tuple[str, ...]
    sparsities: tuple[Annotated[float, Field(strict=True)], ...]
    seeds: tuple[Seed, ...] = Field(min_length=1)
    references: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
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

    @field_validator("tasks", mode="before")
    @classmethod
    def _named_tasks(cls, given: Any) -> Any:
        return [{"name": entry} if isinstance(entry, str) else entry for entry in _listed(given)]

    @field_validator("models", "sparsities", "references", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        return _listed(given)

    @field_validator("methods", mode="before")
    @classmethod
    def _sets_of_methods(cls, given: Any) -> Any:
        """Names of sets as the methods that they hold."""
        names = _listed(given)
        if not all(isinstance(name, str) for name in names):
            return names
        return [method for name in names for method in METHOD_SETS.get(name, (name,))]

    @field_validator("seeds", mode="before")
    @classmethod
    def _counted_seeds(cls, given: Any) -> Any:
        if isinstance(given, Mapping):
            raise ValueError(
                "every cell takes the same seeds, or its vote could not be compared with the dense one; "
                "give one count (seeds: 30) or one list (seeds: [0, 1, 2])"
            )
        if isinstance(given, int) and not isinstance(given, bool):
            if not 1 <= given <= MOST_SEEDS:
                raise ValueError(f"{given} seeds are asked for; allowed: 1 to {MOST_SEEDS}, or a list of seeds")
            return list(range(given))
        return given

    @field_validator("tasks", "models")
    @classmethod
    def _distinct_names(cls, entries: tuple[Any, ...]) -> tuple[Any, ...]:
        _refuse_repeats([entry.name for entry in entries], "names", "give each its own `name`")
        return entries

    @field_validator("methods")
    @classmethod
    def _known_methods(cls, methods: tuple[str, ...]) -> tuple[str, ...]:
        for name in methods:
            if name == DENSE:
                raise ValueError(f"the dense models are always part of a study; leave '{DENSE}' out of the methods")
            if name in REFERENCES:
                raise ValueError(f"'{name}' prunes nothing; list it under references: [{name}]")
            if name not in METHODS:
                raise ValueError(unknown("method", name, [*METHODS, *METHOD_SETS]))
        _refuse_repeats(methods, "methods", "name each once")
        return methods

    @field_validator("references")
    @classmethod
    def _known_references(cls, references: tuple[str, ...]) -> tuple[str, ...]:
        for name in references:
            if name not in REFERENCES:
                raise ValueError(unknown("reference", name, REFERENCES))
        _refuse_repeats(references, "references", "name each once")
        return references

    @field_validator("sparsities")
    @classmethod
    def _real_sparsities(cls, sparsities: tuple[float, ...]) -> tuple[float, ...]:
        for sparsity in sparsities:
            if not 0 < sparsity < 1:
                hint = f"; did you mean {sparsity / 100:g}?" if 1 < sparsity < 100 else ""
                raise ValueError(
                    f"{sparsity:g} is not a sparsity: allowed are fractions removed, above 0 and below 1 "
                    f"(the dense models are always planned){hint}"
                )
        _refuse_repeats(sparsities, "sparsities", "name each once")
        return sparsities

    @field_validator("seeds")
    @classmethod
    def _distinct_seeds(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        _refuse_repeats(seeds, "seeds", "two trials of one seed are the same trial")
        return seeds


def _listed(given: Any) -> Any:
    """A single value as a list of one; other shapes as they are, for validation to name."""
    if given is None or (isinstance(given, Sequence) and not isinstance(given, str)):
        return given if given is not None else []
    return [given]


def _refuse_repeats(values: Sequence[Hashable], what: str, advice: str) -> None:
    twice = repeated(values)
    if twice:
        raise ValueError(f"{what} given twice: {', '.join(map(str, twice))}; {advice}")
