"""Low rank: weights change by a product of small factors, and their importance by another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from runner.pruning.gates.base import Computed, Gate, Gates

PARTS = ("U", "V", "A", "B", "R", "C")


@dataclass(frozen=True)
class LowRank(Gate):
    """W = W0 + U V; S = |W| + A B + R + C, R of rows and C of columns; the highest S of each matrix stay.

    U and A are drawn from a normal distribution, all others are 0 at first. Gradients pass straight through the mask to
    S, and through |W| to U and V. rank: of U V and of A B. W0, biases, normalisation and embeddings are frozen; the
    pooler and the output layer are trained as they are, where the authors' code factors them too (S4/PST/pst/sparse.py
    of github.com/alibaba/AliceMind at a6d5afe).
    """

    rank: int = 8
    freezes: bool = True
    reference: str = "Li et al. 2022 (PST), Eq. 3 to 8, arXiv:2205.11005"

    def start(self, weights: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """U and A drawn, the others 0."""
        found = {}
        for name, weight in weights.items():
            rows, columns = as_matrix(weight).shape
            shapes = zip(PARTS, ((rows, self.rank), (self.rank, columns)) * 2 + ((rows, 1), (1, columns)), strict=True)
            for part, shape in shapes:
                drawn = torch.randn(shape, generator=generator) if part in ("U", "A") else torch.zeros(shape)
                found[f"{name}.{part}"] = drawn.to(weight.device)
        return found

    def weights(self, gates: Gates, first: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """W0 + U V."""
        return {
            name: weight + (gates[f"{name}.U"] @ gates[f"{name}.V"]).view_as(weight) for name, weight in first.items()
        }

    def importance(self, gates: Gates, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """S."""
        found = {}
        for name, weight in weights.items():
            _, _, a, b, rows, columns = (gates[f"{name}.{part}"].detach() for part in PARTS)
            found[name] = weight.abs() + (a @ b + (rows + columns)).view_as(weight)
        return found

    def gradients(self, gates: Gates, computed: Computed) -> dict[str, Tensor]:
        """Of all six factors of each matrix."""
        found: dict[str, Tensor] = {}
        for name in computed.gradients:
            parts = (computed.weights, computed.gradients, computed.masks)
            weight, gradient, mask = (as_matrix(part[name]) for part in parts)
            u, v, a, b, _, _ = (gates[f"{name}.{part}"].detach() for part in PARTS)
            scores = gradient * weight
            own = gradient * mask + scores * weight.sign()
            made = (own @ v.T, u.T @ own, scores @ b.T, a.T @ scores, scores.sum(1, True), scores.sum(0, True))
            found |= {f"{name}.{part}": value for part, value in zip(PARTS, made, strict=True)}
        return found


def as_matrix(weight: Tensor) -> Tensor:
    """A weight as a matrix whose rows are its first dimension; a vector is one column."""
    return weight.reshape(len(weight), -1)
