"""A network's masks through training: where a score or gate, a scope, a removal and a recovery meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from runner.pruning.filters import filters_of, filterwise
from runner.pruning.gates.base import Gate
from runner.pruning.masked import Masked
from runner.pruning.masks import Masks, Scope, all_kept, shrunk
from runner.pruning.moment import Moment
from runner.pruning.part import Part
from runner.pruning.recovery import Recovery, values_of
from runner.pruning.removals import REMOVALS
from runner.pruning.removals.base import Removal
from runner.pruning.scores.base import Memory, Score, Signals
from runner.pruning.targets import Targets


@dataclass(frozen=True, kw_only=True)
class Method:
    """The choices that a decision depends on. gate: learned importance in place of the score's."""

    score: Score
    scope: Scope
    recovery: Recovery
    removal: Removal = REMOVALS["permanent"]
    gate: Gate | None = None


class Pruner(Part):
    """Decides which weights of one network are removed, and keeps them so through any optimizer.

    Made from the network at step 0, whose values it copies if the recovery needs them. While nothing has been
    removed it does nothing. `method` None is the dense model, which is never cut. gates: what is trained beside the
    weights, by layer name.
    """

    def __init__(self, network: nn.Module, method: Method | None, targets: Targets) -> None:
        self.network = network
        self.method = method
        self.masked = Masked(targets(network))
        self.removal = method.removal if method else REMOVALS["permanent"]
        self.initial = values_of(network) if method is not None and method.recovery.remembers else {}
        self.gates: dict[str, nn.Parameter] = {}
        self.memory: Memory = {}
        if method and method.gate:
            self.gates = {name: nn.Parameter(gate) for name, gate in method.gate.start(self._detached()).items()}
        if method:
            self.memory = method.score.start(self._detached())

    @property
    def weights(self) -> Mapping[str, nn.Parameter]:
        """The weights that can be removed, by layer name."""
        return self.masked.weights

    @property
    def masks(self) -> Masks:
        """True where a weight stays."""
        return self.masked.masks

    @property
    def is_cut(self) -> bool:
        """True once a weight may have been removed."""
        return self.masked.is_cut

    def decide(self, signals: Signals, fraction: float) -> bool:
        """Remove the least important weights until `fraction` is gone; True if a new optimizer must follow.

        signals.weights are those of `ranked`.
        """
        if self.method is None:
            raise ValueError("a dense model has no pruning method: it cannot be cut")
        before = self.masks if self.removal.shrinks else all_kept(self.weights)
        importance = self._importance(self.method, signals)
        if not self.method.gate:
            importance, fraction = self.method.score.removing(importance, fraction)
        if self.method.scope == "filterwise":
            masks = filterwise(before, importance, fraction, self.network)
        else:
            masks = shrunk(before, importance, fraction, self.method.scope)
        restart = self.method.recovery.recover(self.network, self.initial)
        self.apply(masks)
        return restart

    def ranked(self) -> Mapping[str, Tensor]:
        """The weights as they would be without masks; filter by filter, those of convolutions, whose parts follow."""
        values = self.removal.values(self.masked)
        if self.method is None or self.method.scope != "filterwise":
            return values
        return {own.weight: values[own.weight] for own in filters_of(self.network)}

    def apply(self, masks: Mapping[str, Tensor]) -> None:
        """Take these masks as the network's."""
        self.removal.apply(self.masked, masks)

    def settle(self, optimizer: Optimizer) -> None:
        """Make the optimizer fit the last decision."""
        self.removal.after_decision(self.masked, optimizer)

    def finish(self) -> None:
        """Leave exact zeros where weights are removed."""
        self.removal.finish(self.masked)

    def gradients(self) -> dict[str, Tensor]:
        """The gradients that the last backward passes left, zeros where there are none."""
        return {
            name: torch.zeros_like(weight) if weight.grad is None else weight.grad
            for name, weight in self.weights.items()
        }

    def observe(self, signals: Signals) -> None:
        """Show a step to a score that watches; before `after_backward`."""
        if self.method is not None:
            self.method.score.observe(signals)

    def after_backward(self, moment: Moment) -> None:
        """Give the gates their gradients, and take those of removed weights away."""
        del moment
        if self.method is not None and self.method.gate is not None:
            values = self.ranked()
            for name, gate in self.gates.items():
                gradient = self.weights[name].grad
                gate.grad = None if gradient is None else self.method.gate.gradient(values[name], gradient)
        self.removal.after_backward(self.masked)

    def after_step(self, moment: Moment) -> None:
        """Keep removed weights what they are."""
        del moment
        self.removal.after_step(self.masked)

    def state(self) -> dict[str, Tensor]:
        """Masks, and what removal, gate and score remember."""
        parts: dict[str, Mapping[str, Tensor]] = {
            "mask": self.masks if self.is_cut else {},
            "hidden": self.masked.memory,
            "gate": {name: gate.detach() for name, gate in self.gates.items()},
            "score": self.memory,
        }
        return {f"{kind}.{name}": tensor for kind, tensors in parts.items() for name, tensor in tensors.items()}

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take a state that `state` gave."""
        masks, hidden, gates, memory = (under(f"{kind}.", tensors) for kind in ("mask", "hidden", "gate", "score"))
        device = next(iter(self.weights.values())).device
        for name, gate in gates.items():
            self.gates[name].copy_(gate)
        for name, tensor in memory.items():
            self.memory[name] = tensor.to(device, copy=True)
        self.masked.memory = {name: tensor.to(device, copy=True) for name, tensor in hidden.items()}
        if masks:
            self.masked.take(masks)
            self.masked.clear_weights()

    def _importance(self, method: Method, signals: Signals) -> dict[str, Tensor]:
        return method.gate.importance(self.gates) if method.gate else method.score.importance(signals)

    def _detached(self) -> dict[str, Tensor]:
        return {name: weight.detach() for name, weight in self.weights.items()}


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with the prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
