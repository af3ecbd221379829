"""Averaged sensitivity: what a score sees at single steps, smoothed by two averages over windows of steps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from runner.pruning.scores.base import Memory, Score, Signals

STEPS = "steps"
SEEN, IMPORTANCE, UNCERTAINTY = "seen", "importance", "uncertainty"


@dataclass(frozen=True)
class Averaged(Score):
    """score(w) = I U, of averages over windows of `window` steps.

    At the end of a window whose sensitivities c have the mean m, I <- b1 I + (1 - b1) m and U <- b2 U +
    (1 - b2) |m - I|, both from 0; a decision ranks by the windows that have ended. beta1: b1. beta2: b2; 1 leaves U
    out, so that the score is I. A subclass says what c is, and when it looks.
    """

    beta1: float = 0.85
    beta2: float = 0.95
    window: int = 10

    @abstractmethod
    def sensitivities(self, weights: list[Tensor], gradients: list[Tensor], learning_rate: float) -> list[Tensor]:
        """What is averaged of one step, a new tensor for every layer."""

    def start(self, weights: Mapping[str, Tensor]) -> Memory:
        """Nothing seen: zeros for each layer and average."""
        kinds = (SEEN, IMPORTANCE, *((UNCERTAINTY,) if self.beta2 < 1 else ()))
        zeros = {f"{kind}.{name}": torch.zeros_like(weight) for kind in kinds for name, weight in weights.items()}
        return {STEPS: torch.zeros((), dtype=torch.int64), **zeros}

    @torch.no_grad()
    def observe(self, signals: Signals) -> None:
        """Add a step to its window, and a window that ends to the averages."""
        memory, names, gradients = signals.memory, list(signals.weights), signals.gradients()
        seen = [memory[f"{SEEN}.{name}"] for name in names]
        weights, given = [signals.weights[name] for name in names], [gradients[name] for name in names]
        torch._foreach_add_(seen, self.sensitivities(weights, given, signals.learning_rate))
        memory[STEPS] += 1
        if int(memory[STEPS]) % self.window == 0:
            for name, together in zip(names, seen, strict=True):
                self._end_window(memory, name, together / self.window)
                together.zero_()

    def _end_window(self, memory: Memory, name: str, mean: Tensor) -> None:
        importance = memory[f"{IMPORTANCE}.{name}"].mul_(self.beta1).add_(mean, alpha=1 - self.beta1)
        if self.beta2 < 1:
            away = (mean - importance).abs()
            memory[f"{UNCERTAINTY}.{name}"].mul_(self.beta2).add_(away, alpha=1 - self.beta2)

    def standing(self, memory: Memory) -> int:
        """The windows that have ended."""
        return int(memory[STEPS]) // self.window

    def importance(self, signals: Signals) -> dict[str, Tensor]:
        """By the windows that have ended. ValueError before the first has."""
        memory, steps = signals.memory, int(signals.memory[STEPS])
        if steps < self.window:
            raise ValueError(
                f"weights are to go after {steps} steps, and this method ranks them by windows of {self.window} steps, "
                "of which none has ended; choose a later `begins`, a smaller `window`, or train longer"
            )
        if self.beta2 == 1:
            return {name: memory[f"{IMPORTANCE}.{name}"].clone() for name in signals.weights}
        return {name: memory[f"{IMPORTANCE}.{name}"] * memory[f"{UNCERTAINTY}.{name}"] for name in signals.weights}
