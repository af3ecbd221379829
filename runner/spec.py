"""What a trial is: every choice that can change its result, and the short hash that names it.

A field's default is part of every stored id by being left out of it: a new field with a default keeps old
ids, so a default may never be changed afterwards; add a field instead.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from runner.methods import DENSE, NAMED, Method
from runner.pruning.schedules import Rounds, Schedule, schedule_of
from runner.vendors import Vendor

Purpose = Literal["init", "order", "dropout", "score", "mask", "padding"]

METHOD_PIECES = ("method", "score", "schedule")
"""The pieces among `TrialSpec.versions` that only pruned models and references have."""


@dataclass(frozen=True, kw_only=True)
class Finetuning:
    """How training goes on after a cut between two phases, where that differs from the training before it.

    epochs: of each phase but the first, 0 for as many as that has. learning_rate: the highest, 0 for the same.
    learning_rates: their curve, '' for the same. milestones: those of the curve. optimizer: the old one goes on, or a
    new one begins each phase.
    """

    epochs: int = 0
    learning_rate: float = 0.0
    learning_rates: str = ""
    milestones: tuple[tuple[float, float], ...] = ()
    optimizer: Literal["old", "new"] = "old"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which of the networks that a phase of training passes through ends it: the last, or the best so far.

    best: '' for the last; else `loss` or a metric of the task, by which networks are compared. split: on which;
    validation, or test as papers had it that chose on what they report. every: steps between two looks, 0 for the ends
    of epochs. Only networks from which nothing is going to be removed any more in their phase are looked at; of equally
    good ones the first stays.
    """

    best: str = ""
    split: Literal["validation", "test"] = "validation"
    every: int = 0


@dataclass(frozen=True, kw_only=True)
class Training:
    """How one network is trained; an epoch is one pass over the training split.

    `warmup_epochs` ramps the learning rate linearly from 0. `precision` auto means bf16 autocast where the
    device multiplies bf16 in hardware, else fp32. `batching` by-length groups texts of similar length
    (the attention mask makes it the same function of each text), uniform does not; auto is by-length for
    encoders and for the packed BiLSTM. `micro_batches` cuts every batch into so many parts that are computed one by one
    (less memory, the same mean gradient), each with its own draw of dropout. `optimizer` is a key of OPTIMIZERS,
    `learning_rates` one of LEARNING_RATES: the curve that the learning rate follows over each phase of training;
    `milestones` are pairs of an epoch of the phase and the share of `learning_rate` from then on. `momentum` and
    `nesterov` are SGD's. `finetuning` says how phases after the first differ, `selection` which network ends a phase.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: str = "adam"
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    warmup_epochs: float = 0.0
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    batching: Literal["auto", "by-length", "uniform"] = "auto"
    micro_batches: int = 1
    learning_rates: str = "constant"
    milestones: tuple[tuple[float, float], ...] = ()
    momentum: float = 0.9
    nesterov: bool = False
    finetuning: Finetuning = field(default_factory=Finetuning)
    selection: Selection = field(default_factory=Selection)

    def phases(self, schedule: Schedule | None) -> tuple[int, ...]:
        """Epochs of each phase; the dense model, without a schedule, has one."""
        return schedule.phases(self.epochs, self.finetuning.epochs or self.epochs) if schedule else (self.epochs,)

    @staticmethod
    def from_settings(values: Mapping[str, Any]) -> Training:
        """The inverse of what `dataclasses.asdict` and JSON make of it."""
        finetuning, selection = values.get("finetuning", {}), values.get("selection", {})
        return Training(
            **{
                **values,
                "milestones": _pairs(values.get("milestones", ())),
                "finetuning": Finetuning(**{**finetuning, "milestones": _pairs(finetuning.get("milestones", ()))}),
                "selection": Selection(**selection),
            }
        )


def _pairs(values: Iterable[Sequence[Any]]) -> tuple[tuple[Any, Any], ...]:
    return tuple((first, second) for first, second in values)


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """The places where the first paper's text and its authors' code differ, one switch each.

    The defaults follow the text; `Protocol.release()` follows the released code (Tropeano et al. 2025,
    github.com/pietrotrope/AsEasyAsPIE at 3212ec2).

    impact: gradient of the impact score, accumulated over 100 training samples or left from the last 10.
    layernorm: whether LayerNorm gains are pruned like other weights. padding: what a BiLSTM reads beyond
    the text: one random vector drawn with the word vectors' mean and deviation; what the code fed it (zeros, or
    the average vector for multi-label tasks); or nothing, the sequence being packed. rounds: phases of
    E, E, E, E epochs, or E+1, E, E, E-1. threshold: above which a multi-label probability is a yes: one half, or the
    value that maximises macro-F1 on the last epoch's training predictions. pairs: two segments, or one string joined
    by "[SEP]". influence: EL2N after the first epoch beyond 30 % of training, or after round(0.3 E) + 1.
    """

    impact: Literal["accumulated", "last-batch"] = "accumulated"
    layernorm: Literal["keep", "prune"] = "keep"
    padding: Literal["random", "release", "packed"] = "random"
    rounds: Literal["equal", "off-by-one"] = "equal"
    threshold: Literal["half", "train"] = "half"
    pairs: Literal["segments", "joined"] = "segments"
    influence: Literal["beyond-30", "rounded-30"] = "beyond-30"

    @staticmethod
    def release() -> Protocol:
        return Protocol(
            impact="last-batch",
            layernorm="prune",
            padding="release",
            rounds="off-by-one",
            threshold="train",
            pairs="joined",
            influence="rounded-30",
        )


@dataclass(frozen=True, kw_only=True)
class Record:
    """Which rows a trial leaves: splits whose predictions are kept, class probabilities, EL2N of dense trials."""

    splits: tuple[str, ...] = ("test",)
    probabilities: bool = False
    el2n: bool = False


@dataclass(frozen=True, kw_only=True)
class TrialSpec:
    """One (task, model, method, sparsity, seed) with everything that can change its rows.

    `data` is the fingerprint of the task's examples, known once they have been loaded; a spec without it
    is a planned trial that has no id yet. `model` is the name the study gives, `architecture` the entry of
    MODELS behind it, `options` what the study sets of it (sorted pairs). `contents` holds a fingerprint for each
    option that is a path (sorted pairs): the id knows the file, not where it lies. `max_tokens` is set where the
    study changes the task's own. `method` is the name the study gives, `base_method` the line of METHODS or
    REFERENCES behind it where that has another name, `method_options` what of it differs from the defaults (sorted
    pairs). `versions` names the pieces of code whose result has changed since their first version (sorted pairs).
    `canary` names a vendor for a copy of a trial that must run on that vendor's devices and is only ever compared with
    other copies: it has an id of its own, and so has the dense trial it continues from.
    """

    task: str
    data: str = ""
    model: str
    architecture: str
    options: tuple[tuple[str, Any], ...] = ()
    contents: tuple[tuple[str, str], ...] = ()
    max_tokens: int | None = None
    method: str
    base_method: str = ""
    method_options: tuple[tuple[str, Any], ...] = ()
    sparsity: float = 0.0
    seed: int
    training: Training
    protocol: Protocol = field(default_factory=Protocol)
    record: Record = field(default_factory=Record)
    versions: tuple[tuple[str, int], ...] = ()
    canary: Literal[Vendor, ""] = ""

    @property
    def is_dense(self) -> bool:
        return self.method == DENSE

    @property
    def method_line(self) -> Method:
        """The line of METHODS or REFERENCES behind the study's name; KeyError for the dense model, which has none."""
        return NAMED[self.base_method or self.method]

    @property
    def method_settings(self) -> dict[str, Any]:
        """Every option of the method, defaults included."""
        return {**self.method_line.options, **dict(self.method_options)}

    @property
    def shares_parent(self) -> bool:
        """True if this trial continues from the trained dense model of its task, model and seed."""
        return not self.is_dense and self.method_line.starts_dense

    @cached_property
    def schedule(self) -> Schedule | None:
        """When what is removed; None for the dense model."""
        if self.is_dense:
            return None
        schedule = schedule_of(self.method_line.schedule, self.method_settings)
        if isinstance(schedule, Rounds) and self.protocol.rounds == "off-by-one":
            return dataclasses.replace(schedule, late=1)
        return schedule

    @property
    def targets(self) -> str:
        """Which parameters pruning may touch, a key of TARGETS: the method's, or with gains as the code has it."""
        chosen = "weights" if self.is_dense else self.method_line.targets
        return "weights-and-gains" if chosen == "weights" and self.protocol.layernorm == "prune" else chosen

    @property
    def measures_el2n(self) -> bool:
        """True for a dense trial that records EL2N."""
        return self.is_dense and self.record.el2n

    @property
    def epochs(self) -> int:
        """Of all phases together."""
        return sum(self.training.phases(self.schedule))

    @property
    def dense(self) -> TrialSpec:
        """The unpruned trial of the same task, model, seed and settings, which has no phase after the first."""
        versions = tuple(pair for pair in self.versions if pair[0] not in METHOD_PIECES)
        training = dataclasses.replace(self.training, finetuning=Finetuning())
        return dataclasses.replace(
            self,
            method=DENSE,
            base_method="",
            method_options=(),
            sparsity=0.0,
            versions=versions,
            training=training,
        )

    @cached_property
    def trial_id(self) -> str:
        """16 hex digits over the fields that differ from their defaults. ValueError before the data is known."""
        if not self.data:
            raise ValueError(f"trial {self.coordinates} has no id before the data of task '{self.task}' is loaded")
        values = chosen(self)
        if self.contents:
            named = dict(self.contents)
            values["options"] = [pair for pair in self.options if pair[0] not in named]
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def parent_id(self) -> str | None:
        return self.dense.trial_id if self.shares_parent else None

    @property
    def coordinates(self) -> tuple[str, str, str, float, int]:
        return self.task, self.model, self.method, self.sparsity, self.seed

    @property
    def cell(self) -> tuple[str, str, str, float]:
        return self.task, self.model, self.method, self.sparsity

    def settings(self) -> dict[str, Any]:
        """The whole spec as plain values, defaults included: what commit records and frozen plans carry."""
        return json.loads(json.dumps(dataclasses.asdict(self)))  # type: ignore[no-any-return]

    @staticmethod
    def from_settings(values: dict[str, Any]) -> TrialSpec:
        """The inverse of `settings`."""
        record = {**values["record"], "splits": tuple(values["record"]["splits"])}
        return TrialSpec(
            **{
                **values,
                "options": _pairs(values["options"]),
                "method_options": _pairs(values.get("method_options", ())),
                "contents": _pairs(values.get("contents", ())),
                "versions": _pairs(values["versions"]),
                "training": Training.from_settings(values["training"]),
                "protocol": Protocol(**values["protocol"]),
                "record": Record(**record),
            }
        )


def chosen(bundle: Any) -> dict[str, Any]:
    """The fields of a dataclass that differ from their defaults, nested bundles alike."""
    result: dict[str, Any] = {}
    for item in dataclasses.fields(bundle):
        value = getattr(bundle, item.name)
        if dataclasses.is_dataclass(value):
            value = chosen(value)
            if not value:
                continue
        elif item.default is not dataclasses.MISSING and value == item.default:
            continue
        result[item.name] = value
    return result


def derived_seed(seed: int, purpose: Purpose, *parts: int) -> int:
    """A 63-bit seed for one purpose of one trial: SHA-256 of (seed, purpose, parts).

    Neither method nor sparsity enters: dense and pruned trials of one seed share initial weights and data
    order by construction.
    """
    text = ":".join(map(str, (seed, purpose, *parts)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
