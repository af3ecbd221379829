"""Linear layers that compute with what is left of their weights, each in the form that is fastest on this machine."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Callable
from contextlib import suppress

import torch
from torch import Tensor, nn

TRIES = 5
"""How often a form is timed at load; the fastest of them counts."""

ROWS_AT_ONCE = 32
"""Of the inputs of a product with compressed rows: so many stay in a processor's cache while all weights pass by."""

Timing = Callable[[nn.Module, Tensor], float]
"""Seconds that a layer takes for an input."""


class ReducedLinear(nn.Module):
    """A linear layer without its empty rows and columns, dense or as compressed rows (CSR).

    Inputs of empty columns are not read; outputs of empty rows are the bias alone.
    """

    def __init__(self, linear: nn.Linear, *, is_sparse: bool) -> None:
        super().__init__()
        weight = linear.weight.detach()
        self.outputs = len(weight)
        rows, columns = weight.any(1).nonzero().flatten(), weight.any(0).nonzero().flatten()
        self.rows = rows if len(rows) < weight.shape[0] else None
        self.columns = columns if len(columns) < weight.shape[1] else None
        left = weight[rows][:, columns].contiguous()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta state")
            self.weight = left.to_sparse_csr() if is_sparse else left
        self.bias = None if linear.bias is None else linear.bias.detach()
        self.is_sparse = is_sparse

    def forward(self, given: Tensor) -> Tensor:
        """As nn.Linear."""
        flat = given.reshape(-1, given.shape[-1])
        if self.columns is not None:
            flat = flat.index_select(1, self.columns)
        made = self._sparse_product(flat) if self.is_sparse else flat @ self.weight.T
        if self.rows is not None:
            made = made.new_zeros(len(made), self.outputs).index_copy_(1, self.rows, made)
        if self.bias is not None:
            made = made + self.bias
        return made.reshape(*given.shape[:-1], self.outputs)

    def _sparse_product(self, flat: Tensor) -> Tensor:
        if len(flat) <= 2 * ROWS_AT_ONCE:
            return (self.weight @ flat.T).T
        made = flat.new_empty(len(flat), self.weight.shape[0])
        for first in range(0, len(flat), ROWS_AT_ONCE):
            own = slice(first, first + ROWS_AT_ONCE)
            made[own] = (self.weight @ flat[own].T).T
        return made


def seconds(layer: nn.Module, given: Tensor) -> float:
    """What one call takes: the fastest of a few, after one that does not count."""
    layer(given)
    found = []
    for _ in range(TRIES):
        begun = time.perf_counter()
        layer(given)
        found.append(time.perf_counter() - begun)
    return min(found)


def forms_of(linear: nn.Linear) -> dict[str, nn.Module]:
    """The ways in which a layer can compute: as it is, without what is empty, and as compressed rows."""
    found: dict[str, nn.Module] = {"dense": linear}
    weight = linear.weight.detach()
    if not weight.any():
        return found
    if not (weight.any(1).all() and weight.any(0).all()):
        found["dense, reduced"] = ReducedLinear(linear, is_sparse=False)
    with suppress(RuntimeError, NotImplementedError):  # a torch without a library for compressed rows
        sparse = ReducedLinear(linear, is_sparse=True)
        with torch.inference_mode():
            sparse(torch.zeros(1, weight.shape[1]))
        found["csr"] = sparse
    return found


@torch.inference_mode()
def sparse_network(network: nn.Module, rows: int, timing: Timing = seconds) -> tuple[nn.Module, dict[str, int]]:
    """A copy of a network whose linear layers have the fastest form each for so many rows; how many have which."""
    made = copy.deepcopy(network)
    chosen: dict[str, int] = {}
    for name, module in list(made.named_modules()):
        if type(module) is not nn.Linear:
            continue
        given = torch.randn(rows, module.in_features, generator=torch.Generator().manual_seed(0))
        forms = forms_of(module)
        best = min(forms, key=lambda form, forms=forms, given=given: timing(forms[form], given))  # type: ignore[misc]
        chosen[best] = chosen.get(best, 0) + 1
        above, _, own = name.rpartition(".")
        setattr(made.get_submodule(above), own, forms[best])
    return made, chosen
