"""The prunable weights of one network, which of them are removed, and how these are kept at zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from runner.pruning.masks import Masks, all_kept


@dataclass
class Masked:
    """Weights by layer name, their masks, and tensors by layer name that the removal remembers beside them."""

    weights: Mapping[str, nn.Parameter]
    masks: Masks = field(init=False)
    memory: dict[str, Tensor] = field(default_factory=dict)
    _factors: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.masks = all_kept(self.weights)

    @property
    def is_cut(self) -> bool:
        """True once a weight may have been removed."""
        return bool(self._factors)

    def take(self, masks: Mapping[str, Tensor]) -> None:
        """Take these masks as the network's; the weights stay as they are."""
        self.masks = {name: masks[name].to(weight.device) for name, weight in self.weights.items()}
        # Bytes multiply floats three times faster than booleans do, and views of the masks cost no memory.
        self._factors = [mask.view(torch.uint8) for mask in self.masks.values()]

    @torch.no_grad()
    def hide(self, values: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
        """Take these masks, remember these values of all weights, and show those that the masks keep."""
        self.memory = {name: value.clone() for name, value in values.items()}
        for name, weight in self.weights.items():
            weight.copy_(self.memory[name])
        self.take(masks)
        self.clear_weights()

    @torch.no_grad()
    def clear_weights(self) -> None:
        """Set removed weights to exactly zero, even where training has left NaN in them, which no product could."""
        if self.is_cut:
            for name, weight in self.weights.items():
                weight.masked_fill_(~self.masks[name], 0.0)

    @torch.no_grad()
    def multiply_weights(self) -> None:
        """Zero removed weights; cheap enough for every step."""
        if self.is_cut:
            torch._foreach_mul_(list(self.weights.values()), self._factors)

    @torch.no_grad()
    def multiply_gradients(self) -> None:
        """Zero the gradients of removed weights."""
        if self.is_cut:
            pairs = [
                (weight.grad, factor)
                for weight, factor in zip(self.weights.values(), self._factors, strict=True)
                if weight.grad is not None
            ]
            if pairs:
                torch._foreach_mul_([gradient for gradient, _ in pairs], [factor for _, factor in pairs])

    @torch.no_grad()
    def clear_moments(self, optimizer: Optimizer) -> None:
        """Zero what the optimizer remembers of removed weights."""
        for weight, mask in zip(self.weights.values(), self.masks.values(), strict=True):
            for moment in optimizer.state.get(weight, {}).values():
                if isinstance(moment, Tensor) and moment.shape == weight.shape:
                    moment.masked_fill_(~mask, 0.0)
