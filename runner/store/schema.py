"""The columns of a store: what is in a trial's Parquet file and in its commit record."""

from __future__ import annotations

from datetime import datetime
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import pyarrow as pa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from runner.store.extra_record import ExtraFile
from runner.store.names import Attempt, Sha256, SplitName, StoredFile, TaskName, TrialId
from tasks.bleurt import Checkpoint
from tasks.columns import JUDGED, Inputs
from tasks.images import Images
from tasks.kinds import KINDS
from tasks.metric_choice import check_metrics

PREDICTION_FIELDS: dict[str, pa.DataType] = {
    "trial_id": pa.string(),  # constant in a file that one trial wrote
    "split": pa.string(),
    "example_id": pa.int32(),
    **{kind.answer: kind.answer_type for kind in KINDS.values()},  # indices are into the task's classes
    "probabilities": pa.list_(pa.float32()),  # one per class, when the study records them
    "el2n": pa.float32(),  # dense trials only, null outside the training split
    **JUDGED,  # of kinds whose answers SQL cannot judge
}
"""Column -> type of a trial's rows: trial_id, split, example_id, the one column that the task's kind of answer has, how
good it is, and what else the study records. Rows are sorted by (split, example_id)."""

VOTE_FIELDS: dict[str, pa.DataType] = {
    "cell": pa.int32(),  # position in KeptVotes.cells
    "split": pa.string(),
    "example_id": pa.int32(),
    "vote": pa.int16(),  # single-label: the class most seeds predict, ties to the lowest; null for multi-label tasks
    "votes": pa.int32(),  # seeds that predict it
    "vote_set": pa.list_(
        pa.int16()
    ),  # multi-label: every class with more than N/2 votes, ascending; places: their codes
    "vote_set_votes": pa.list_(pa.int32()),  # seeds that predict each of them
    "el2n": pa.float64(),  # mean over the dense seeds that have a score
    "el2n_seeds": pa.int16(),  # how many have one; null for none
}
"""Column -> type of kept votes: one row per cell, split and example, sorted by them."""


def _moment(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Moment = Annotated[str, AfterValidator(_moment)]
"""A time in ISO 8601."""


class DataFile(BaseModel):
    """One Parquet file: path relative to the store, rows, size in bytes, SHA-256 of its bytes.

    columns: in a file that trials share since a compaction, those that are this trial's; None where all are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: StoredFile
    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)
    sha256: Sha256
    columns: tuple[str, ...] | None = None

    @property
    def is_shared(self) -> bool:
        """True if the file holds the rows of other trials too."""
        return self.columns is not None


class Facts(BaseModel):
    """What a finished trial says of itself, beside its rows.

    achieved_sparsity: fraction removed of the prunable weights. total_sparsity: fraction removed of all
    parameters. layer_sparsity: the same per prunable layer. threshold: the multi-label decision threshold.
    metrics: split -> metric -> value. weights: content hash of the trained state that children start from (dense
    trials); parent_weights: the parent's, as this trial found it. seconds: wall time over all attempts.
    restored_checkpoints: how often the trial went on from a checkpoint; failed_restores: how often one was damaged.
    device_driver, device_runtime, device_kernels: versions of the kernel driver, of CUDA or HIP, of cuDNN or MIOpen.
    peak_memory: bytes held on the GPU at most, by the attempt that committed. selected_step: after how many steps the
    network that answers was as it is, where the study has the best one answer. outcome_sparsity: the fraction that
    learned gates would have removed by themselves, where that is an outcome and was then brought to what was asked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    parameters: int | None = None
    prunable: int | None = None
    achieved_sparsity: float
    total_sparsity: float | None = None
    layer_sparsity: dict[str, float] = Field(default_factory=dict)
    threshold: float | None = None
    metrics: dict[str, dict[str, float | None]] = Field(default_factory=dict)
    epochs: int | None = None
    steps: int | None = None
    weights: str | None = None
    parent_weights: str | None = None
    restored_checkpoints: int = 0
    failed_restores: int = 0
    seconds: float | None = None
    device_vendor: str | None = None
    device_name: str | None = None
    device_driver: str | None = None
    device_runtime: str | None = None
    device_kernels: str | None = None
    peak_memory: int | None = None
    precision: str | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    selected_step: int | None = Field(default=None, exclude_if=lambda step: step is None)
    outcome_sparsity: float | None = Field(default=None, exclude_if=lambda share: share is None)


def _single(annotation: Any) -> type | None:
    """The type of a fact that is one value, be it that it may be missing; None for one of several values."""
    if get_origin(annotation) is dict:
        return None
    (kind,) = {*(get_args(annotation) or (annotation,))} - {NoneType}
    return kind  # type: ignore[no-any-return]


SINGLE_FACTS: dict[str, type] = {
    name: kind for name, field in Facts.model_fields.items() if (kind := _single(field.annotation)) is not None
}
"""The facts that are one value, with its type: analysis has a column of each (analysis.relations.base_relations)."""


class Compacted(BaseModel):
    """The compacted records at one moment: number of the generation, how many records, SHA-256 of its file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    generation: int = Field(ge=1)
    trials: int = Field(ge=0)
    sha256: Sha256


class StoreCard(BaseModel):
    """The number of a store's layout, and what must be there: else trials would seem never to have been.

    compacted: the last generation of compacted records. plans, tasks: names of their files, without the ending.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    layout: int = Field(ge=1)
    compacted: Compacted | None = None
    plans: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()


class Coordinates(BaseModel):
    """The settings that every commit record has, whatever else it says: the trial's place in the grid."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    task: TaskName
    data: str
    model: str
    method: str
    sparsity: Annotated[float, Field(ge=0, lt=1)] | Annotated[int, Field(ge=0, le=0)]
    seed: int


def _placed(settings: dict[str, Any]) -> dict[str, Any]:
    Coordinates.model_validate(settings)
    return settings


class CommitRecord(BaseModel):
    """The one record that makes an attempt visible.

    settings: `TrialSpec.settings()` for a trial that ran here; task, data, model, method, sparsity and seed
    alone for one that was ingested. rows: split -> rows. rows_sha256: hash of the rows' content, independent of files.
    before: the compacted records that there were when it committed; None where there were none, or for older versions.
    extras: what the trial keeps beside its rows, by name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    trial_id: TrialId
    parent_id: TrialId | None = None
    attempt: Attempt
    origin: Literal["trial", "ingested"] = "trial"
    settings: Annotated[dict[str, Any], AfterValidator(_placed)]
    files: tuple[DataFile, ...] = Field(min_length=1, max_length=1)
    rows: dict[SplitName, int]
    rows_sha256: Sha256
    facts: Facts
    host: str
    committed_at: Moment
    before: Compacted | None = None
    extras: tuple[ExtraFile, ...] = ()


class KeptVotes(BaseModel):
    """The file in which a compaction has kept the votes of cells.

    cells: of each cell in the file, by its number there, the name of the trials and rows that were counted
    (`runner.store.compaction.votes.tally_id`). uncounted: the names of cells of which no votes could be kept.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: DataFile
    cells: tuple[str, ...]
    uncounted: tuple[str, ...] = ()


def _known_kind(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"unknown kind of answer '{name}'; known: {', '.join(KINDS)}")
    return name


class TaskCard(BaseModel):
    """What a store knows of a task, beside its examples.

    metrics: those by which its answers are scored, the headline first; empty for those of its kind. images: what images
    of bytes have in common. bleurt: the checkpoint that this metric is measured with; it stays when other metrics are
    chosen, so that another one is never taken for it. examples: the file of its examples; None where an earlier version
    wrote the card, and the fingerprint alone says whether they are those that were trained on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: TaskName
    kind: Annotated[str, AfterValidator(_known_kind)]
    inputs: Inputs
    classes: tuple[str, ...]
    max_tokens: int
    fingerprint: str = Field(pattern=r"^[0-9a-f]{16}$")
    splits: dict[SplitName, int]
    metrics: tuple[str, ...] = ()
    images: Images | None = None
    bleurt: Checkpoint | None = None
    examples: DataFile | None = None

    @property
    def scored_by(self) -> tuple[str, ...]:
        """The metrics of answers, the headline first."""
        return self.metrics or KINDS[self.kind].of(self.classes).metrics

    @model_validator(mode="after")
    def _known_metrics(self) -> TaskCard:
        if self.metrics:
            check_metrics(self.task, self.kind, self.metrics, self.classes)
        return self


class PlannedTrial(BaseModel):
    """One line of a frozen plan. canary: the vendor on whose devices a copy for comparison runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trial_id: TrialId
    parent_id: TrialId | None
    task: TaskName
    model: str
    method: str
    sparsity: float
    seed: int
    canary: str = ""


class FrozenPlan(BaseModel):
    """A resolved study as it was run, with the trials it planned.

    frozen_at: when it was first run into the store, which tells hypotheses declared before the data from others; None
    in plans that older versions wrote. before: the names of the plans that lay there then. Neither is part of the
    plan's name, which is a hash of all the rest.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: dict[str, Any]
    trials: tuple[PlannedTrial, ...]
    frozen_at: Moment | None = None
    before: tuple[str, ...] = ()


class Failure(BaseModel):
    """The last failure of a trial that has not committed: how many there were, and what Python said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trial_id: TrialId
    attempts: int = Field(ge=1)
    traceback: str = Field(min_length=1)
    host: str
    failed_at: Moment
