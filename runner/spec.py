"""Specify a trial: every choice that can change its result, and the short hash that names it.

A field's default is part of every stored id by being left out of it: a new field with a default keeps old
ids, so a default may never be changed afterwards; add a field instead.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from runner.method import Method
from runner.methods import DENSE, NAMED
from runner.pruning.compression import SparsityBase
from runner.pruning.schedules import Levels, Rounds, Schedule, schedule_of
from runner.training import Finetuning, Training, pairs_of
from runner.vendors import Vendor

Purpose = Literal["init", "order", "dropout", "score", "mask", "padding", "augment", "gate"]

METHOD_PIECES = ("method", "score", "schedule")
"""The pieces among `TrialSpec.versions` that only pruned models and references have."""


LATER: dict[str, Any] = {"stride": 0, "beams": 1}
"""Fields of a spec that came later -> their defaults."""


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
    """What a trial leaves: splits whose predictions are kept, class probabilities, EL2N of dense trials.

    extras: what it keeps beside its rows, sorted names of EXTRAS.
    """

    splits: tuple[str, ...] = ("test",)
    probabilities: bool = False
    el2n: bool = False
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TrialSpec:
    """One (task, model, method, sparsity, seed) with everything that can change its rows.

    `data` is the fingerprint of the task's examples, known once they have been loaded; a spec without it
    is a planned trial that has no id yet. `model` is the name the study gives, `architecture` the entry of
    MODELS behind it, `options` what the study sets of it (sorted pairs). `contents` holds a fingerprint for each
    option that is a path (sorted pairs): the id knows the file, not where it lies. `max_tokens` is set where the
    study changes the task's own. `stride`: tokens between two windows of a passage, 0 where it is cut.
    `beams`: of how many beginnings a text is written at once.
    `method` is the name the study gives, `base_method` the line of METHODS or
    REFERENCES behind it where that has another name, `method_options` what of it differs from the defaults (sorted
    pairs). `base` is what the sparsity of a pruned trial is a fraction of. `versions` names the pieces of code whose
    result has changed since their first version (sorted pairs). `canary` names a vendor for a copy of a trial that must
    run on that vendor's devices and is only ever compared with other copies: it has an id of its own, and so has the
    dense trial it continues from.
    """

    task: str
    data: str = ""
    model: str
    architecture: str
    options: tuple[tuple[str, Any], ...] = ()
    contents: tuple[tuple[str, str], ...] = ()
    max_tokens: int | None = None
    stride: int = 0
    beams: int = 1
    method: str
    base_method: str = ""
    method_options: tuple[tuple[str, Any], ...] = ()
    sparsity: float = 0.0
    base: SparsityBase = "prunable"
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
        """True if this trial continues from the trained state of another of its task, model and seed."""
        return not self.is_dense and self.method_line.starts_dense

    @property
    def parent(self) -> TrialSpec | None:
        """That other, the dense model or the level below; and the dense model where this trial only learns from it."""
        if self.is_dense or self.schedule is None or not self.method_line.needs_dense:
            return None
        before = self.schedule.before(self.sparsity)
        return dataclasses.replace(self, sparsity=before) if before else self.dense

    @property
    def has_children(self) -> bool:
        """True if others may continue from this trial's trained state."""
        return self.is_dense or isinstance(self.schedule, Levels)

    @cached_property
    def schedule(self) -> Schedule | None:
        """When what is removed; None for the dense model."""
        if self.is_dense:
            return None
        schedule = schedule_of(self.method_line.schedule, self.method_settings)
        if isinstance(schedule, Rounds) and self.protocol.rounds == "off-by-one":
            return dataclasses.replace(schedule, late=1)
        return schedule.towards(self.sparsity)

    @property
    def targets(self) -> str:
        """Which parameters pruning may touch, a key of TARGETS: the method's, or with gains as the code has it."""
        chosen = "weights" if self.is_dense else self.method_line.targets
        return "weights-and-gains" if chosen == "weights" and self.protocol.layernorm == "prune" else chosen

    @property
    def measures_el2n(self) -> bool:
        """True for a dense trial that records EL2N."""
        return self.is_dense and self.record.el2n

    @cached_property
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
            base="prunable",
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
        parent = self.parent
        return parent.trial_id if parent else None

    @property
    def coordinates(self) -> tuple[str, str, str, float, int]:
        return self.task, self.model, self.method, self.sparsity, self.seed

    @property
    def cell(self) -> tuple[str, str, str, float]:
        return self.task, self.model, self.method, self.sparsity

    def settings(self) -> dict[str, Any]:
        """The whole spec as plain values, defaults included: what commit records and frozen plans carry.

        LATER fields, and record's extras, only where they say something: records of before have no such keys, and are
        of the same trials.
        """
        values: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        if not self.record.extras:
            del values["record"]["extras"]
        return {name: value for name, value in values.items() if name not in LATER or value != LATER[name]}

    @staticmethod
    def from_settings(values: dict[str, Any]) -> TrialSpec:
        """The inverse of `settings`."""
        record = {**values["record"], "splits": tuple(values["record"]["splits"])}
        record["extras"] = tuple(record.get("extras", ()))
        return TrialSpec(
            **{
                **values,
                "options": pairs_of(values["options"]),
                "method_options": pairs_of(values.get("method_options", ())),
                "contents": pairs_of(values.get("contents", ())),
                "versions": pairs_of(values["versions"]),
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
