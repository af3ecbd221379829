"""Settings of a training: how a trial's network is trained, part of what names the trial.

A field's default is left out of ids (`runner.spec`), so a default may never be changed afterwards; add a field instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from runner.pruning.schedules import Schedule

RequestedPrecision = Literal["auto", "fp32", "bf16"]
Batching = Literal["auto", "by-length", "uniform"]
Continuation = Literal["old", "new"]
"""Which optimizer goes on after a cut."""
ChosenOn = Literal["validation", "test"]
"""The split on which the best network is chosen."""
Augmentation = Literal["task", "none", "flip", "crop", "flip-and-crop"]
"""How training varies images: as their task says, or otherwise."""
AUGMENTATIONS: dict[str, tuple[str, ...]] = {
    "none": (),
    "flip": ("flip",),
    "crop": ("crop",),
    "flip-and-crop": ("flip", "crop"),
}
"""Augmentation -> what is done to each image (`tasks.images.Variation`)."""


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
    optimizer: Continuation = "old"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which of the networks that a phase of training passes through ends it: the last, or the best so far.

    best: '' for the last; else `loss` or a metric of the task, by which networks are compared. split: on which;
    validation, or test as papers had it that chose on what they report. every: steps between two looks, 0 for the ends
    of epochs. Only networks from which nothing is going to be removed any more in their phase are looked at; of equally
    good ones the first stays.
    """

    best: str = ""
    split: ChosenOn = "validation"
    every: int = 0


@dataclass(frozen=True, kw_only=True)
class Rates:
    """The learning rates of one phase: the highest, the curve below it and the curve's milestones."""

    highest: float
    curve: str
    milestones: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Training:
    """How one network is trained; an epoch is one pass over the training split.

    `clip_norm` bounds the norm of all gradients together, 0 for no bound. `warmup_epochs` ramps the learning rate
    linearly from 0. `precision` auto means bf16 autocast where the device multiplies bf16 in hardware, else fp32.
    `batching` by-length groups texts of similar length (the attention mask makes it the same function of each text),
    uniform does not; auto is by-length for encoders and for the packed BiLSTM. `micro_batches` cuts every batch into so
    many parts that are computed one by one (less memory, the same mean gradient), each with its own draw of dropout.
    `optimizer` is a key of OPTIMIZERS, `learning_rates` one of LEARNING_RATES: the curve that the learning rate follows
    over each phase of training; `milestones` are pairs of an epoch of the phase and the share of `learning_rate` from
    then on. `momentum` and `nesterov` are SGD's. `finetuning` says how phases after the first differ, `selection` which
    network ends a phase, `augmentation` how images are varied, anew in every epoch.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: str = "adam"
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    warmup_epochs: float = 0.0
    precision: RequestedPrecision = "auto"
    batching: Batching = "auto"
    micro_batches: int = 1
    learning_rates: str = "constant"
    milestones: tuple[tuple[float, float], ...] = ()
    momentum: float = 0.9
    nesterov: bool = False
    finetuning: Finetuning = field(default_factory=Finetuning)
    selection: Selection = field(default_factory=Selection)
    augmentation: Augmentation = "task"

    def variations(self, of_task: tuple[str, ...]) -> tuple[str, ...]:
        """What is done to each image in training, where a task's own are these."""
        return of_task if self.augmentation == "task" else AUGMENTATIONS[self.augmentation]

    def phases(self, schedule: Schedule | None) -> tuple[int, ...]:
        """Epochs of each phase; the dense model, without a schedule, has one."""
        return schedule.phases(self.epochs, self.finetuning.epochs or self.epochs) if schedule else (self.epochs,)

    def rates(self, phase: int) -> Rates:
        """Those of a phase, counted from 0; a curve of `finetuning` brings its own milestones."""
        own = self.finetuning
        curve, milestones = self.learning_rates, self.milestones
        if phase and own.learning_rates:
            curve, milestones = own.learning_rates, own.milestones
        highest = (own.learning_rate if phase else 0.0) or self.learning_rate
        return Rates(highest=highest, curve=curve, milestones=milestones)

    @staticmethod
    def from_settings(values: Mapping[str, Any]) -> Training:
        """The inverse of what `dataclasses.asdict` and JSON make of it."""
        finetuning, selection = values.get("finetuning", {}), values.get("selection", {})
        return Training(
            **{
                **values,
                "milestones": pairs_of(values.get("milestones", ())),
                "finetuning": Finetuning(**{**finetuning, "milestones": pairs_of(finetuning.get("milestones", ()))}),
                "selection": Selection(**selection),
            }
        )


def pairs_of(values: Iterable[Sequence[Any]]) -> tuple[tuple[Any, Any], ...]:
    """Pairs as tuples, whatever JSON has made of them."""
    return tuple((first, second) for first, second in values)
