"""A network's masks through training: where a score, a scope and a recovery meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from runner.pruning.masks import Masks, Scope, all_kept, grown, prunable_weights
from runner.pruning.recovery import Recovery, values_of
from runner.pruning.scores.base import Score, Signals


@dataclass(frozen=True, kw_only=True)
class Method:
    """The three choices that a cut depends on."""

    score: Score
    scope: Scope
    recovery: Recovery


class Pruner:
    """Removes weights of one network and keeps them at zero through any optimizer.

    Made from the network at step 0, whose values it copies if the recovery needs them. While nothing has been
    removed it does nothing. `method` None is the dense model, which is never cut.
    """

    def __init__(self, network: nn.Module, method: Method | None, *, layernorm: bool) -> None:
        self.network = network
        self.method = method
        self.weights: Mapping[str, nn.Parameter] = prunable_weights(network, layernorm=layernorm)
        self.initial = values_of(network) if method is not None and method.recovery.remembers else {}
        self.masks: Masks = all_kept(self.weights)
        self._factors: list[Tensor] = []

    @property
    def is_cut(self) -> bool:
        """True once a weight may have been removed."""
        return bool(self._factors)

    def cut(self, signals: Signals, fraction: float) -> bool:
        """Removes the least important weights until `fraction` is gone; True if a new optimizer must follow."""
        if self.method is None:
            raise ValueError("a dense model has no pruning method: it cannot be cut")
        importance = self.method.score.importance(signals)
        masks = grown(self.masks, importance, fraction, self.method.scope)
        restart = self.method.recovery.recover(self.network, self.initial)
        self.wear(masks)
        return restart

    def wear(self, masks: Mapping[str, Tensor]) -> None:
        """Takes these masks as the network's and sets what they remove to exactly zero, NaN included."""
        self.masks = {name: masks[name].to(weight.device) for name, weight in self.weights.items()}
        # Bytes multiply floats three times faster than booleans do, and views of the masks cost no memory.
        self._factors = [mask.view(torch.uint8) for mask in self.masks.values()]
        self.clear()

    @torch.no_grad()
    def clear(self) -> None:
        """Sets removed weights to zero even where training has left NaN in them, which no product could."""
        if not self.is_cut:
            return
        for name, weight in self.weights.items():
            weight.masked_fill_(~self.masks[name], 0.0)

    @torch.no_grad()
    def hold_gradients(self) -> None:
        """Zeroes the gradients of removed weights; to be called before clipping, whose norm they must not enter."""
        if self.is_cut:
            pairs = [
                (weight.grad, factor)
                for weight, factor in zip(self.weights.values(), self._factors, strict=True)
                if weight.grad is not None
            ]
            if pairs:
                torch._foreach_mul_([gradient for gradient, _ in pairs], [factor for _, factor in pairs])

    @torch.no_grad()
    def hold_weights(self) -> None:
        """Zeroes removed weights; to be called after every optimizer step."""
        if self.is_cut:
            torch._foreach_mul_(list(self.weights.values()), self._factors)

    @torch.no_grad()
    def hold_moments(self, optimizer: Optimizer) -> None:
        """Zeroes what the optimizer remembers of removed weights; to be called after a cut that keeps it."""
        for weight, mask in zip(self.weights.values(), self.masks.values(), strict=True):
            for moment in optimizer.state.get(weight, {}).values():
                if isinstance(moment, Tensor) and moment.shape == weight.shape:
                    moment.masked_fill_(~mask, 0.0)
