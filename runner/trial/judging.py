"""Judge networks in training by a metric on a split that is held out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
from torch import nn

from runner.heads.base import Head
from runner.method import JUDGED_TEACHERS
from runner.models.base import Encoded
from runner.spec import TrialSpec
from runner.training import Selection
from runner.trial.bleurt import learned_metrics
from runner.trial.evaluation import Answers, answer, loss_of, metrics_of
from runner.trial.selection import Judge, Measure
from runner.trial.training_set import TrainingSet
from runner.trial.writing import written
from tasks.base import TaskData


@dataclass(frozen=True, kw_only=True)
class Judges:
    """By what networks are compared in training: those that may end a phase, those that may teach, each on its way."""

    answering: Judge | None = None
    teaching: Judge | None = None
    watching: Measure | None = None


NOBODY = Judges()


def judges_of(
    spec: TrialSpec,
    network: nn.Module,
    data: TaskData,
    training_set: TrainingSet,
    encode: Callable[[pa.Table], Encoded],
) -> Judges:
    """Those that the trial asks for; teachers, and what is kept of a network on its way, are judged by the task's
    headline, always on the validation split; teachers of texts by their loss there.

    ValueError where there is no validation split to choose a teacher on.
    """
    chosen = spec.training.selection
    is_taught = not spec.is_dense and spec.method_line.teacher in JUDGED_TEACHERS
    if is_taught and not data.split("validation").num_rows:
        raise ValueError(
            f"'{spec.method}' chooses its teacher on the validation split, and '{spec.task}' has none; hold one out "
            "(validation: 0.1 in the task)"
        )
    is_watched = bool(spec.record.extras) and data.split("validation").num_rows > 0
    by_loss = is_taught and writes(training_set.head)
    teaching = Selection(best=("loss" if by_loss else data.metric) if is_taught else "")
    watching = Selection(best=data.metric if is_watched else "")
    answers, teaches, watches = (
        Judge(measure=measure_of(one, spec, network, data, training_set, encode), is_loss=one.best == "loss")
        if one.best
        else None
        for one in (chosen, teaching, watching)
    )
    return Judges(answering=answers, teaching=teaches, watching=watches.measure if watches else None)


def measure_of(
    chosen: Selection,
    spec: TrialSpec,
    network: nn.Module,
    data: TaskData,
    training_set: TrainingSet,
    encode: Callable[[pa.Table], Encoded],
) -> Measure:
    """What a network comes to by a choice's metric on its split."""
    examples, head = data.split(chosen.split), training_set.head
    needs_texts = writes(head) and chosen.best != "loss"
    encoded, targets = encode(examples), head.targets(examples)
    networks = learned_metrics(data, training_set.compute.device)

    def measure() -> float | None:
        answers = Answers(
            split=chosen.split,
            example_ids=examples["example_id"].to_numpy(),
            logits=answer(network, encoded, spec.training.batch_size, training_set.compute),
            targets=targets,
            head=head,
            examples=examples,
            written=written(network, encoded, spec.training.batch_size, training_set.compute, spec.beams)
            if needs_texts
            else None,
        )
        return (
            loss_of(answers)
            if chosen.best == "loss"
            else metrics_of(answers, (chosen.best,), data.classes, networks)[chosen.best]
        )

    return measure


def writes(head: Head) -> bool:
    """Whether answers are texts, which take far longer to write than to judge by their likelihood."""
    return head.kind.reads == "continuation"
