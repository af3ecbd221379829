"""The contract of a task: its card, its examples, and the choice of one in a study."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from tasks.bleurt import Checkpoint
from tasks.columns import Inputs, read_by_trials
from tasks.content import content_hash
from tasks.images import Images, square_of
from tasks.kinds import KINDS

Split = Literal["train", "validation", "test"]
Quoting = Literal["csv", "none"]

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class TaskError(ValueError):
    """Bad or missing data: says what was given, what is allowed and what to do."""

    exit_status = 2


def _is_none(value: object) -> bool:
    return value is None


class TaskChoice(BaseModel):
    """One entry of a study's `tasks`: a registered task, the user's own files, or a `datasets` name.

    A registered task needs `name` alone (and `data`, where the user must bring a copy). A user's own task
    gives `train` and `test` files, or `dataset`; then `text` names the text column or the pair of them, and
    `label` (or `labels`, for several per example) the column of the answer; `kind: regression` says that `label` holds
    numbers to predict, not classes. `words` and `tags` are lists of equal length: a tag is to be found for every word.
    `image` names a column of pictures in place of `text`; folders that have one for every class need neither.
    `question`, `context` and `answer` (with `answer_start`, where it begins): the answer is to be found in the context.
    `stride`: passages longer than max_tokens are read in windows that begin every so many tokens; 0: as far as that.
    `beams`: of how many beginnings a text is written at once; 1: the likeliest token again and again.
    `target` names the column of a text that is to be written after `text`.
    `metrics` are those by which any task's answers are scored, the headline first (`tasks.metric_choice`); they change
    no trial. `bleurt`: the folder of a checkpoint of BLEURT, by which texts that are written are scored too. A number
    for `test` or `validation` is the fraction of train that is held out (`tasks.held_out`). `id` names the column of
    the user's own ids. `quoting`, `delimiter`, `encoding` and `columns` say how files of text are written, where that
    cannot be told from them (`tasks.text_files.Written`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)?$")
    data: str | None = None
    limit: dict[Split, int] = Field(default_factory=dict)
    train: str | None = None
    validation: str | float | None = None
    test: str | float | None = None
    dataset: str | None = None
    config: str | None = None
    splits: dict[Split, str] = Field(default_factory=dict)
    text: str | tuple[str, str] | None = None
    image: str | None = Field(default=None, exclude_if=_is_none)
    label: str | None = None
    labels: str | None = None
    words: str | None = Field(default=None, exclude_if=_is_none)
    tags: str | None = Field(default=None, exclude_if=_is_none)
    question: str | None = Field(default=None, exclude_if=_is_none)
    context: str | None = Field(default=None, exclude_if=_is_none)
    target: str | None = Field(default=None, exclude_if=_is_none)
    answer: str | None = Field(default=None, exclude_if=_is_none)
    answer_start: str | None = Field(default=None, exclude_if=_is_none)
    kind: Literal["regression"] | None = Field(default=None, exclude_if=_is_none)
    separator: str | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    stride: int | None = Field(default=None, ge=0, exclude_if=_is_none)
    beams: int | None = Field(default=None, ge=1, exclude_if=_is_none)
    # Left out of frozen studies where they are not given: those of before have no such keys.
    id: str | None = Field(default=None, exclude_if=_is_none)
    quoting: Quoting | None = Field(default=None, exclude_if=_is_none)
    delimiter: str | None = Field(default=None, exclude_if=_is_none)
    encoding: str | None = Field(default=None, exclude_if=_is_none)
    columns: tuple[str, ...] | None = Field(default=None, exclude_if=_is_none)
    metrics: tuple[str, ...] | None = Field(default=None, exclude_if=_is_none)
    bleurt: str | None = Field(default=None, exclude_if=_is_none)


@dataclass(frozen=True, kw_only=True)
class TaskData:
    """The examples of a task, in canonical order, with the classes in index order.

    `examples` has the columns that tasks.columns names: split, example_id (the row number in the canonical split), the
    inputs, the gold columns of its kind (label is an index into `classes`; labels are ascending; gold_tags are one for
    each of words, of which text is the words joined by blanks; gold_spans are characters of text_pair, where an answer
    begins and where it has ended), and any further columns worth keeping (what people said of the example).
    `note` says in a sentence how the examples depart from the task's declared ones; empty if they do not.
    `warnings` are sentences on what is doubtful: labels, copies of examples within and across splits. `metrics` are
    those by which answers are scored, the headline first; empty for those of the kind. `images` is what images of bytes
    have in common. `stride`: how many tokens apart windows of long passages begin; 0 where these are cut. `bleurt`: the
    checkpoint that this metric is measured with, where it is.
    """

    task: str
    kind: str
    inputs: Inputs
    classes: tuple[str, ...]
    max_tokens: int
    examples: pa.Table
    fingerprint: str = field(default="")
    note: str = field(default="")
    warnings: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    images: Images | None = None
    stride: int = 0
    bleurt: Checkpoint | None = None

    def __post_init__(self) -> None:
        _require_gold(self.task, self.examples, KINDS[self.kind].gold)
        if not self.fingerprint:
            found = fingerprint_of(self.classes, self.examples, self.inputs, self.kind, self.images)
            object.__setattr__(self, "fingerprint", found)

    @property
    def scored_by(self) -> tuple[str, ...]:
        """The metrics of answers, the headline first."""
        return self.metrics or KINDS[self.kind].of(self.classes).metrics

    @property
    def metric(self) -> str:
        """How predictions are scored: the headline."""
        return self.scored_by[0]

    @property
    def pictures(self) -> Images | None:
        """What images have in common, be they bytes or square lists of numbers; None for texts."""
        if self.images is not None or self.inputs != "image" or not self.examples.num_rows:
            return self.images
        return square_of(len(self.examples["pixels"][0].as_py()))

    def split(self, name: Split) -> pa.Table:
        """The rows of one split, by ascending example_id; of bytes of images without a copy where they lie so."""
        import pyarrow.compute as pc

        if self.images is not None:
            places = pc.indices_nonzero(pc.equal(self.examples["split"], name)).to_numpy()
            rows = self.examples.slice(int(places[0]), len(places)) if len(places) else self.examples.slice(0, 0)
            ids = rows["example_id"].to_numpy()
            if np.all(np.diff(places) == 1) and np.all(np.diff(ids) > 0):
                return rows
        rows = self.examples.filter(pc.equal(self.examples["split"], name))
        return rows.sort_by("example_id")


@dataclass(frozen=True, kw_only=True)
class Task:
    """A registered task: what is known of it without touching its data, and how to load it.

    `load` receives the user's own copy (a folder or archive), or None where the task fetches its data itself. `metrics`
    as of TaskData. `load_whole` loads it with the validation split a part of train, where a study says `validation: 0`.
    `sizes`, `classes` and `class_count` are what `load` must return; `classes` is None where only the user's data has
    the names. `hub` is the data set's name for `datasets`, used where the user brings no copy. `stride` is of its
    passages, and `beams` of its texts, where a study does not say otherwise. `disagreement` names the column of the
    examples that says how much people disagreed on each, where there is one. `may_be_passed_on`: False where the
    licence forbids it: then an export leaves the task out unless it is asked for by name. `published`: the metrics that
    papers report of it, where it is scored by others.
    """

    name: str
    title: str
    kind: str
    inputs: Inputs
    classes: tuple[str, ...] | None
    sizes: Mapping[Split, int] | None
    max_tokens: int
    needs_data: bool
    source: str
    licence: str
    reference: str
    load: Callable[[Path | None], TaskData]
    version: int = 1
    class_count: int | None = None
    hub: str | None = None
    disagreement: str | None = None
    metrics: tuple[str, ...] = ()
    load_whole: Callable[[Path | None], TaskData] | None = None
    stride: int = 0
    may_be_passed_on: bool = True
    beams: int = 1
    published: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.classes is not None:
            object.__setattr__(self, "class_count", len(self.classes))

    @property
    def scored_by(self) -> tuple[str, ...]:
        """The metrics of answers, the headline first."""
        return self.metrics or KINDS[self.kind].of(self.classes or ()).metrics

    @property
    def metric(self) -> str:
        """How predictions are scored: the headline."""
        return self.scored_by[0]

    def sizes_of(self, choice: TaskChoice) -> dict[Split, int]:
        """The declared sizes under a study's choice, limits left aside; empty where only loading can tell."""
        sizes = dict(self.sizes or {})
        if sizes and choice.validation == 0:
            sizes["train"] += sizes.pop("validation", 0)
        return sizes


def fingerprint_of(
    classes: tuple[str, ...], examples: pa.Table, inputs: Inputs, kind: str, images: Images | None = None
) -> str:
    """A short hash of everything a trial can see of the data: classes, ids, inputs and gold answers.

    Columns that no trial reads (ratings of people, say) are left out, so that keeping more of them later
    renames no trial.
    """
    seen = [name for name in read_by_trials(inputs, kind) if name in examples.column_names]
    facts = (images.model_dump_json(exclude_defaults=True),) if images else ()
    text = "\x1f".join((*classes, content_hash(examples.select(seen)), *facts))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _require_gold(task: str, examples: pa.Table, wanted: Mapping[str, pa.DataType]) -> None:
    """TaskError for examples that lack gold answers, or have them in another type."""
    for name, kind in wanted.items():
        found = examples.schema.field(name).type if name in examples.column_names else None
        if found != kind:
            raise TaskError(
                f"task '{task}': its examples {f'have {name} as {found}' if found else f'lack {name}'}; "
                f"its kind of answer needs {name} as {kind}"
            )
