"""Hard concrete: weights are multiplied by draws between 0 and 1, whose expected number above 0 is penalized."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from runner.pruning.gates.base import Computed, Gate, Gates
from runner.pruning.masks import Masks
from runner.pruning.moment import Moment

LOW, HIGH, TEMPERATURE = -0.1, 1.1, 2 / 3
EXTREME = 1e-4
"""How near to 0 and 1 the uniform draws come."""
CLOSED = math.log(-LOW / HIGH)
"""The location at and below which a weight is multiplied by 0 when the network answers."""


@dataclass(frozen=True)
class HardConcrete(Gate):
    """w s with s = min(1, max(0, 1.2 sigmoid((log u - log(1 - u) + a) / (2/3)) - 0.1)), u uniform for each step.

    a, the locations, are learned; networks answer with s = min(1, max(0, 1.2 sigmoid(a) - 0.1)). How many s are 0 is an
    outcome of the penalty (`expected-l0`). Where the ramp `ends`, all locations are moved by the same amount so that s
    is 0 for exactly as many as asked; these are removed, the others' s are multiplied into their weights, and training
    goes on without gates. What was 0 by itself then is stored beside it.
    """

    ends: float = 0.7
    gate_rate: float = 0.1
    reference: str = "Louizos et al. 2018, section 2.2, arXiv:1712.01312; as Sanh et al. 2020, arXiv:2005.07683, use it"

    def start(self, weights: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """Locations whose sigmoid is 0.9."""
        del generator
        return {name: torch.full_like(weight, math.log(9)) for name, weight in weights.items()}

    def importance(self, gates: Gates, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The locations."""
        del weights
        return {name: gate.detach() for name, gate in gates.items()}

    def masks(self, gates: Gates, share: float) -> Masks | None:
        """Everything, until the whole target is to be gone."""
        return {name: torch.ones_like(gate, dtype=torch.bool) for name, gate in gates.items()} if share < 1 else None

    def outcome(self, gates: Gates) -> float:
        """What is multiplied by 0 when the network answers."""
        closed = sum(int((factor == 0).count_nonzero()) for factor in self.opening(gates, drawn=False).values())
        return closed / sum(gate.numel() for gate in gates.values())

    def settled(self, gates: Gates, masks: Masks) -> dict[str, Tensor]:
        """The openings of locations moved so that the highest that is removed is closed."""
        gone = [gate.detach()[~masks[name]].max() for name, gate in gates.items() if not masks[name].all()]
        moved = CLOSED - torch.stack(gone).max() if gone else 0.0
        return {name: stretched(torch.sigmoid(gate.detach() + moved)) for name, gate in gates.items()}

    def is_open(self, moment: Moment) -> bool:
        """Before the end of the ramp."""
        return moment.step < round(self.ends * moment.steps)

    @torch.no_grad()
    def opening(self, gates: Gates, *, drawn: bool) -> dict[str, Tensor]:
        """s of every weight, from draws of torch's default generator or without."""
        if not drawn:
            return {name: stretched(torch.sigmoid(gate)) for name, gate in gates.items()}
        found = {}
        for name, gate in gates.items():
            uniform = torch.rand_like(gate).clamp_(EXTREME, 1 - EXTREME)
            found[name] = stretched(torch.sigmoid((torch.logit(uniform) + gate) / TEMPERATURE))
        return found

    def gradients(self, gates: Gates, computed: Computed) -> dict[str, Tensor]:
        """dL/d(w s) w ds/da, which is 0 where s is cut off at 0 or 1."""
        del gates
        found = {}
        for name, opening in computed.opening.items():
            inner = (opening - LOW) / (HIGH - LOW)
            slope = (HIGH - LOW) * inner * (1 - inner) / TEMPERATURE * ((opening > 0) & (opening < 1))
            found[name] = computed.gradients[name] * computed.weights[name] * slope
        return found


def stretched(values: Tensor) -> Tensor:
    """Values from (0, 1) over (-0.1, 1.1), cut off at 0 and 1."""
    return (LOW + (HIGH - LOW) * values).clamp(0, 1)
