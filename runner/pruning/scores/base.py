"""The contract of a score, and all that it may look at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch import Tensor

Memory = dict[str, Tensor]
"""What a score remembers from step to step, by names of its own choice: checkpoints hold it."""

Watching = Literal["backward", "clipped", "stepped"]
"""When a score looks at a step: after its backward pass; once gradients are clipped, as the optimizer takes them; once
the optimizer has moved the weights, beside the gradients that it took."""


@dataclass(frozen=True, kw_only=True)
class Signals:
    """Everything known of the network at a decision, or after the backward pass of a step.

    weights: layer name -> values, as they would be without masks. gradients: a call that returns layer name -> gradient
    of the training loss without weight decay, of the weights' shapes; at a decision it costs passes over training
    samples, so only scores that need it make it; in a step it is that step's. feature_maps: a call that returns, batch
    by batch of training samples, layer name -> feature maps [n, filters, ...] of each convolution whose filters may go,
    as the network answers; it costs passes too, and at a step there are none. learning_rate: of the step, or of the one
    to come. weight_decay: of the optimizer. generator: a CPU generator of this trial and round. memory: what
    `Score.start` gave.
    """

    weights: Mapping[str, Tensor]
    gradients: Callable[[], Mapping[str, Tensor]]
    learning_rate: float
    weight_decay: float
    generator: torch.Generator
    memory: Memory = field(default_factory=dict)
    feature_maps: Callable[[], Iterable[Mapping[str, Tensor]]] = tuple


class Score(ABC):
    """How much each weight matters.

    Which weights are already gone, how many go, and who goes among equals is the caller's business
    (`runner.pruning.masks`). A score that looks at every step gives a memory in `start`; it has no other state.
    watches: when it looks.
    """

    reference: str
    watches: ClassVar[Watching] = "backward"

    def start(self, weights: Mapping[str, Tensor]) -> Memory:
        """The memory before the first step; empty for a score that looks at decisions alone."""
        del weights
        return {}

    def observe(self, signals: Signals) -> None:  # noqa: B027  (most scores look at no step)
        """Look at a step, when `watches` says, and change `signals.memory` in place; asked if there is a memory."""

    @abstractmethod
    def importance(self, signals: Signals) -> dict[str, Tensor]:
        """A tensor of the weight's shape for every layer, higher meaning to be kept; weights stay as they are."""

    def standing(self, memory: Memory) -> int | None:
        """A number that stays as long as `importance` does, weights or not; None where each decision may find another.

        With it a decision that would only repeat the one before costs nothing.
        """
        del memory
        return None

    def removing(self, importance: Mapping[str, Tensor], fraction: float) -> tuple[dict[str, Tensor], float]:
        """By what weights are ranked where `fraction` of all is to be gone, and the fraction that then is.

        Both as given, but for scores whose published code removes another number than was asked for.
        """
        return dict(importance), fraction
