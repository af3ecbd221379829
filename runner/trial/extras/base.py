"""The contract of an extra: a part of the training that changes nothing, and ends with what is kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import nn

from runner.extras import Gathered
from runner.pruning.part import Part
from runner.pruning.pruner import Pruner
from runner.spec import TrialSpec
from runner.trial.selection import Measure
from runner.trial.training_set import TrainingSet


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What a recorder may look at: a network in training, its masks and what it learns from.

    validation: how good the network is on examples that are held out; None where there are none.
    """

    spec: TrialSpec
    network: nn.Module
    pruner: Pruner
    training_set: TrainingSet
    validation: Measure | None = None


class Recorder(Part, ABC):
    """Gathers one extra. What it remembers between steps is its `state`, so that a trial may be interrupted anywhere.

    name: the line of EXTRAS. gathered: what is kept, once the network answers.
    """

    name: str

    @abstractmethod
    def gathered(self) -> Gathered: ...
