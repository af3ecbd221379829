"""Learning from another network besides the labels, as a part of training."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from runner.pruning.moment import Moment
from runner.pruning.part import Made, Part
from runner.pruning.pruner import under
from runner.pruning.teachers.base import Teacher
from runner.trial.selection import Judge
from runner.trial.training_set import TrainingSet


class Distillation(Part):
    """A teacher and the network that answers for it, which is never trained; checkpoints hold its weights."""

    def __init__(self, teacher: Teacher, network: nn.Module, training_set: TrainingSet) -> None:
        self.teacher = teacher
        self.training_set = training_set
        self.network = copy.deepcopy(network).requires_grad_(False).eval()
        self.is_ready = False

    def take(self, network: nn.Module) -> None:
        """Let this network, as it is now, be the one that teaches."""
        self.network.load_state_dict(network.state_dict())
        self.is_ready = True

    def loss(self, loss: Tensor, made: Made, moment: Moment) -> Tensor:
        """The loss as the teacher mixes it. RuntimeError if there is nobody to learn from yet.

        A network whose outputs are fewer than what it knows says the rest by `whole`, as the one that learns does.
        """
        if not self.is_ready:
            raise RuntimeError(f"step {moment.step} wants a teacher, and none was given; train the dense parent first")
        given = self.training_set
        with torch.no_grad(), given.compute.autocast():
            taught = getattr(self.network, "whole", self.network)(**made.inputs).float()
        return self.teacher.mixed(loss, made, taught, given.head)

    def state(self) -> dict[str, Tensor]:
        """The teacher's weights."""
        return {f"teacher.{name}": value.detach() for name, value in self.network.state_dict().items()}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the teacher's weights from a checkpoint; without any, from the network that is taken over."""
        taught = under("teacher.", tensors)
        self.network.load_state_dict(taught or under("network.", tensors))
        self.is_ready = True


class BestSoFar(Distillation):
    """The best network so far of the training itself teaches, whatever was removed of it; the first one is untrained.

    judge: by what networks are compared on the validation split. value: the merit of the one that teaches.
    """

    def __init__(self, teacher: Teacher, network: nn.Module, training_set: TrainingSet, judge: Judge) -> None:
        super().__init__(teacher, network, training_set)
        self.student = network
        self.judge = judge
        self.value = -math.inf
        self.is_ready = True

    def before_step(self, moment: Moment) -> None:
        """Look for a better teacher, at every so many steps.

        It is judged anew where `BestNetwork` has looked at this step too: that looks at what the decision before the
        step left, this at what the decision of the step leaves, and where masks have moved these are two networks.
        """
        if moment.step % self.teacher.looks_every:
            return
        value = self.judge.measure()
        if value is not None and (merit := self.judge.merit(value)) > self.value:
            self.value = merit
            self.take(self.student)

    def state(self) -> dict[str, Tensor]:
        """The teacher's weights, and how good it was."""
        return {**super().state(), "taught.value": torch.tensor(self.value, dtype=torch.float64)}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take a state that `state` gave."""
        super().restore(tensors)
        self.value = float(tensors["taught.value"])
