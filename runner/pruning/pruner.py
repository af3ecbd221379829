"""A network's masks through training: where a score or gate, a scope, a removal and a recovery meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from runner.pruning.filters import filters_of, filterwise
from runner.pruning.gates.base import Computed, Gate
from runner.pruning.masked import Masked
from runner.pruning.masks import Masks, all_kept, has_nan, shrunk
from runner.pruning.moment import Moment
from runner.pruning.part import Part
from runner.pruning.recovery import Recovery, values_of
from runner.pruning.removals import REMOVALS
from runner.pruning.removals.base import Removal
from runner.pruning.scope import Scope
from runner.pruning.scores.base import Memory, Score, Signals, Watching
from runner.pruning.targets import Targets


@dataclass(frozen=True, kw_only=True)
class Method:
    """The choices that a decision depends on.

    gate: learned importance in place of the score's. target: the fraction that is gone in the end. seed: of what a gate
    draws at first.
    """

    score: Score
    scope: Scope
    recovery: Recovery
    removal: Removal = REMOVALS["permanent"]
    gate: Gate | None = None
    target: float = 1.0
    seed: int = 0


class Pruner(Part):
    """Decides which weights of one network are removed, and keeps them so through any optimizer.

    Made from the network at step 0, whose values it copies if the recovery needs them. While nothing has been
    removed it does nothing. `method` None is the dense model, which is never cut. gates: what is trained beside the
    weights. opening: what the step that goes on multiplies weights by. outcome: the fraction that a gate would have
    removed by itself when the whole target had to be gone, once that is known. decided: what the last decision's masks
    depend on, and these, where its score says so.
    """

    def __init__(self, network: nn.Module, method: Method | None, targets: Targets) -> None:
        self.network = network
        self.method = method
        self.masked = Masked(targets(network))
        self.removal = method.removal if method else REMOVALS["permanent"]
        self.initial = values_of(network) if method is not None and method.recovery.remembers else {}
        self.gates: dict[str, nn.Parameter] = {}
        self.memory: Memory = {}
        self.opening: dict[str, Tensor] = {}
        self.first: dict[str, Tensor] = {}
        self.outcome: float | None = None
        self.decided: tuple[tuple[int, float], Masks] | None = None
        if method and method.gate:
            drawn = torch.Generator().manual_seed(method.seed)
            started = method.gate.start(self._detached(), drawn)
            self.gates = {name: nn.Parameter(gate) for name, gate in started.items()}
        if self.gate and self.gate.freezes:
            self.first = {name: weight.clone() for name, weight in self._detached().items()}
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

    @property
    def gate(self) -> Gate | None:
        """The method's, if it has one."""
        return self.method.gate if self.method else None

    @property
    def watches(self) -> Watching | None:
        """When its score looks at a step; None for one that looks at decisions alone."""
        return self.method.score.watches if self.method is not None and self.memory else None

    def decide(self, signals: Signals, fraction: float) -> bool:
        """Remove the least important weights until `fraction` is gone; True if a new optimizer must follow.

        signals.weights are those of `ranked`.
        """
        if self.method is None:
            raise ValueError("a dense model has no pruning method: it cannot be cut")
        before = self.masks if self.removal.shrinks else all_kept(self.weights)
        masks = self._chosen(self.method, before, signals, fraction) if fraction else before
        if self.gate and self.outcome is None and fraction >= self.method.target:
            self._settle_gates(self.gate, masks)
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

    @contextmanager
    def as_decided(self) -> Iterator[None]:
        """The network without what the last decision removed, where that has begun to grow back."""
        if not (self.removal.grows_back and self.is_cut):
            yield
            return
        grown = {name: weight.detach().clone() for name, weight in self.weights.items()}
        self.masked.clear_weights()
        try:
            yield
        finally:
            with torch.no_grad():
                for name, weight in self.weights.items():
                    weight.copy_(grown[name])

    def gradients(self) -> dict[str, Tensor]:
        """The gradients that the last backward passes left, zeros where there are none."""
        return {
            name: torch.zeros_like(weight) if weight.grad is None else weight.grad
            for name, weight in self.weights.items()
        }

    def observe(self, signals: Signals) -> None:
        """Show a step to a score that watches."""
        if self.method is not None:
            self.method.score.observe(signals)

    @torch.no_grad()
    def before_step(self, moment: Moment) -> None:
        """Let the network compute with what the gates open in this step."""
        if self.gate is None or not self.gate.is_open(moment):
            return
        self.opening = self.gate.opening(self.gates, drawn=True)
        for name, value in self.ranked().items():
            self.weights[name].copy_(value * self.opening[name])

    def after_backward(self, moment: Moment) -> None:
        """Give the gates their gradients, and take those of removed weights away."""
        del moment
        if self.gate is not None:
            self._learn_gates(self.gate)
        self.removal.after_backward(self.masked)
        for weight in self.weights.values() if self.first else ():
            weight.grad = None

    @torch.no_grad()
    def after_step(self, moment: Moment) -> None:
        """Keep removed weights what they are, and let the network be what would answer now."""
        del moment
        if self.gate is not None:
            for name, value in self.gate.weights(self.gates, self.first).items():
                self.weights[name].copy_(value)
        self.removal.after_step(self.masked)
        if self.gate is not None and self.opening:
            for name, factor in self.gate.opening(self.gates, drawn=False).items():
                self.weights[name].mul_(factor)
            self.opening = {}

    @torch.no_grad()
    def _learn_gates(self, gate: Gate) -> None:
        """Add the gate's gradients to those of a penalty, and multiply those of weights by what was opened."""
        given = {name: weight.grad for name, weight in self.weights.items() if weight.grad is not None}
        computed = Computed(weights=self.ranked(), gradients=given, masks=self.masks, opening=self.opening)
        for name, gradient in gate.gradients(self.gates, computed).items():
            before = self.gates[name].grad
            self.gates[name].grad = gradient if before is None else before + gradient
        for name, factor in self.opening.items():
            given[name].mul_(factor)

    @torch.no_grad()
    def _settle_gates(self, gate: Gate, masks: Masks) -> None:
        """Note what the gates would have removed by themselves, and multiply into weights what has settled."""
        self.outcome = gate.outcome(self.gates)
        for name, factor in gate.settled(self.gates, masks).items():
            self.masked.memory[name].mul_(factor)

    def state(self) -> dict[str, Tensor]:
        """Masks, and what removal, gate and score remember."""
        outcome = {} if self.outcome is None else {"sparsity": torch.tensor(self.outcome, dtype=torch.float64)}
        parts: dict[str, Mapping[str, Tensor]] = {
            "mask": self.masks if self.is_cut else {},
            "hidden": self.masked.memory,
            "gate": {name: gate.detach() for name, gate in self.gates.items()},
            "score": self.memory,
            "outcome": outcome,
        }
        return {f"{kind}.{name}": tensor for kind, tensors in parts.items() for name, tensor in tensors.items()}

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take a state that `state` gave."""
        masks, hidden, gates, memory = (under(f"{kind}.", tensors) for kind in ("mask", "hidden", "gate", "score"))
        device = next(iter(self.weights.values())).device
        outcome = tensors.get("outcome.sparsity")
        self.outcome = None if outcome is None else float(outcome)
        self.decided = None
        for name, gate in gates.items():
            self.gates[name].copy_(gate)
        for name, tensor in memory.items():
            self.memory[name] = tensor.to(device, copy=True)
        self.masked.memory = {name: tensor.to(device, copy=True) for name, tensor in hidden.items()}
        if masks:
            self.masked.take(masks)
        if masks and not self.removal.grows_back:
            self.masked.clear_weights()

    def _chosen(self, method: Method, before: Masks, signals: Signals, fraction: float) -> Masks:
        """The masks of a decision; those of the last one where nothing that they depend on has changed since."""
        standing = None if self.removal.shrinks or method.gate else method.score.standing(signals.memory)
        if standing is None:
            return self._lessened(method, before, signals, fraction)
        if self.decided is None or self.decided[0] != (standing, fraction):
            self.decided = (standing, fraction), self._lessened(method, before, signals, fraction)
        return self.decided[1]

    def _lessened(self, method: Method, before: Masks, signals: Signals, fraction: float) -> Masks:
        """The masks without the least important weights, or as a gate has them by a rule of its own."""
        if method.gate:
            refuse_nan(self.gates)
            if (own := method.gate.masks(self.gates, fraction / method.target)) is not None:
                return own
            importance = method.gate.importance(self.gates, signals.weights)
        else:
            importance = method.score.importance(signals)
        if self.memory or self.gates:
            refuse_nan(importance)
        if method.gate:
            refuse_infinite(importance, fraction)
        else:
            importance, fraction = method.score.removing(importance, fraction)
        if method.scope == "filterwise":
            return filterwise(before, importance, fraction, self.network)
        return shrunk(before, importance, fraction, method.scope)

    def _detached(self) -> dict[str, Tensor]:
        return {name: weight.detach() for name, weight in self.weights.items()}


def refuse_nan(importance: Mapping[str, Tensor]) -> None:
    """ValueError for scores that are no numbers: what has watched every step would go on ranking by them for good."""
    spoilt = [name for name, values in importance.items() if has_nan(values)]
    if spoilt:
        raise ValueError(
            f"scores of {len(spoilt)} of {len(importance)} layers are no numbers (NaN), first those of {spoilt[0]}: "
            "the loss or its gradients were none; train with a lower learning_rate, with clip_norm, or in fp32"
        )


def refuse_infinite(importance: Mapping[str, Tensor], fraction: float) -> None:
    """ValueError where so much is to go that what always stays would have to."""
    total = sum(values.numel() for values in importance.values())
    kept = sum(int((values == torch.inf).count_nonzero()) for values in importance.values())
    if round(total * fraction) > total - kept:
        raise ValueError(
            f"{fraction:g} of {total:,} weights are to go, and {kept:,} of them, some in every layer, always stay; "
            f"allowed: sparsities up to {(total - kept) / total:.4g}"
        )


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with the prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
