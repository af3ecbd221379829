"""Check the training settings of one task and model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner.optimizers import OPTIMIZERS
from runner.spec import Protocol
from runner.studies.errors import KeyPath, Problem, suggestion
from runner.training import Training
from tasks.kinds import KINDS

PLACE: KeyPath = ("training",)


def training_problems(cell: str, training: Training, protocol: Protocol, rounds: bool) -> Iterator[Problem]:
    """Phases too short for what they shall hold, curves without their milestones, settings of another optimizer.

    rounds: whether the cell has methods that cut several times.
    """
    yield from _length_problems(cell, training, protocol, rounds)
    yield from _curve_problems(cell, training)
    if "momentum" in OPTIMIZERS[training.optimizer].settings:
        if training.nesterov and not training.momentum:
            yield Problem(PLACE, f"{cell} has nesterov without momentum; set momentum above 0, or nesterov to false")
    elif (training.momentum, training.nesterov) != (Training.momentum, Training.nesterov):
        able = ", ".join(name for name, kind in OPTIMIZERS.items() if "momentum" in kind.settings)
        yield Problem(PLACE, f"momentum and nesterov are settings of {able}, and {cell} has {training.optimizer}")


def _length_problems(cell: str, training: Training, protocol: Protocol, rounds: bool) -> Iterator[Problem]:
    epochs, warmup = training.epochs, training.warmup_epochs
    last = training.finetuning.epochs or epochs
    off_by_one = rounds and protocol.rounds == "off-by-one"
    if off_by_one and last < 2:
        yield Problem(
            ("protocol",),
            f"rounds: off-by-one leaves the last phase one epoch short, and {cell} trains {last}; "
            "give it at least 2 epochs, or set protocol.rounds to equal",
        )
        return
    shortest = min(epochs, last - 1 if off_by_one else last)
    if warmup >= shortest:
        phase = "training" if shortest == epochs else "shortest phase of pruning"
        yield Problem(
            PLACE,
            f"a warm-up of {warmup:g} epochs does not fit into {cell}, whose {phase} has {shortest}; "
            f"allowed: warmup_epochs below {shortest}",
        )


def _curve_problems(cell: str, training: Training) -> Iterator[Problem]:
    """Milestones belong to the curve of that name, and it to them; each lies within its phase."""
    own = training.finetuning
    phases = [("", training.rates(0), training.epochs), ("finetuning.", training.rates(1), own.epochs)]
    if own.milestones and not own.learning_rates:
        yield Problem(PLACE, f"{cell} has finetuning.milestones; add finetuning.learning_rates: milestones")
    for where, rates, epochs in phases:
        name, milestones = rates.curve, rates.milestones
        if (name == "milestones") != bool(milestones):
            yield Problem(
                PLACE,
                f"{cell} has {where}learning_rates {name} and {'' if milestones else 'no '}{where}milestones; "
                "allowed: both, such as {learning_rates: milestones, milestones: [[10, 0.1]]}, or neither",
            )
        elif milestones and epochs and milestones[-1][0] >= epochs:
            yield Problem(
                PLACE,
                f"{cell} has {where}milestones up to epoch {milestones[-1][0]:g}, and its phase has {epochs} epochs; "
                f"allowed: 0 to below {epochs}",
            )


def selection_problems(
    cell: str, training: Training, kind: str, metrics: Sequence[str], splits: Sequence[str], protocol: Protocol
) -> Iterator[Problem]:
    """A network chosen by what the task does not have. kind: of its answers. metrics: those that a study chooses."""
    chosen = training.selection
    if not chosen.best:
        return
    allowed = [*dict.fromkeys(("loss", *KINDS[kind].metrics, *metrics))]
    if chosen.best not in allowed:
        yield Problem(
            PLACE,
            f"selection.best is '{chosen.best}' in {cell}{suggestion(chosen.best, allowed)}; allowed: "
            f"{', '.join(allowed)}",
        )
    if chosen.split not in splits:
        yield Problem(
            PLACE,
            f"selection chooses on the {chosen.split} split, and the task of {cell} has {', '.join(splits)}; hold one "
            "out (validation: 0.1 in the task), or set selection to last",
        )
    if protocol.threshold == "train" and kind == "multi-label":
        yield Problem(
            PLACE,
            f"protocol.threshold: train learns the threshold of the last epoch's network, and {cell} may answer with "
            "another; set protocol.threshold to half, or selection to last",
        )
