"""Convert fractions of all parameters, and ratios, into the fraction that goes of the prunable weights. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SparsityBase = Literal["prunable", "all", "with-biases"]
"""What a sparsity is a fraction of: the prunable weights, or all parameters of the network; with-biases as ShrinkBench
counts, which takes the biases beside prunable weights for prunable and never prunes them."""


class CompressionError(ValueError):
    """A fraction of all parameters that a network's prunable weights cannot give: says which they can."""

    exit_status = 2


def compression_of(sparsity: float) -> float:
    """The ratio of all parameters to those that are left where this fraction of all is gone."""
    return 1 / (1 - sparsity)


@dataclass(frozen=True)
class Sizes:
    """Parameters of a network: all, those that pruning may remove, and the biases beside these."""

    parameters: int
    prunable: int
    biases: int

    def counted(self, base: SparsityBase) -> int:
        """The parameters that a base takes for prunable."""
        return self.prunable + (self.biases if base == "with-biases" else 0)

    def fraction(self, sparsity: float, base: SparsityBase) -> float:
        """The fraction that goes of the prunable weights.

        Of all parameters P, S P are to go, S = 1 - 1/c for a compression c, out of the n that count as prunable:
        f = S P / n (Blalock et al. 2020, code of ShrinkBench, pruning/utils.py). CompressionError where f is 1 or more.
        """
        if base == "prunable":
            return sparsity
        asked, held = sparsity * self.parameters, self.counted(base)
        if asked >= held:
            raise CompressionError(
                f"{sparsity:g} of all parameters cannot go, which is a compression of {compression_of(sparsity):g}: of "
                f"{self.parameters:,} parameters {held:,} may go; allowed: compressions below "
                f"{self.parameters / max(self.parameters - held, 1):.4g}, which are sparsities below "
                f"{held / self.parameters:.4g} of all"
            )
        return asked / held
