"""Convert fractions of all parameters, and ratios, into the fraction that goes of the prunable weights. No torch."""

from __future__ import annotations

from collections.abc import Sequence
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
    """Parameters of a network: all, those that pruning may remove, and the biases beside these.

    filters: where whole filters go, of each convolution how many it has and the parameters that go with one.
    """

    parameters: int
    prunable: int
    biases: int
    filters: tuple[tuple[int, int], ...] = ()

    def counted(self, base: SparsityBase) -> int:
        """The parameters that a base takes for prunable."""
        return self.prunable + (self.biases if base == "with-biases" else 0)

    def fraction(self, sparsity: float, base: SparsityBase) -> float:
        """The fraction that goes of the prunable weights.

        Of all parameters P, S P are to go, S = 1 - 1/c for a compression c, out of the n that count as prunable:
        f = S P / n (Blalock et al. 2020, code of ShrinkBench, pruning/utils.py). CompressionError where f is 1 or more,
        or would take a convolution's last filter.
        """
        share = sparsity if base == "prunable" else self._of_counted(sparsity, base)
        try:
            lost_filters(self.filters, share)
        except CompressionError as error:
            most = sum((filters - 1) * each for filters, each in self.filters)
            ratio = self.parameters / (self.parameters - most)
            raise CompressionError(
                f"{error}, which is {most / self.parameters:.4g} of all, a compression of {ratio:.4g}"
            ) from None
        return share

    def _of_counted(self, sparsity: float, base: SparsityBase) -> float:
        """A fraction of all parameters as one of those that count as prunable."""
        asked, held = sparsity * self.parameters, self.counted(base)
        if asked >= held:
            raise CompressionError(
                f"{sparsity:g} of all parameters cannot go, which is a compression of {compression_of(sparsity):g}: of "
                f"{self.parameters:,} parameters {held:,} may go; allowed: compressions below "
                f"{self.parameters / max(self.parameters - held, 1):.4g}, which are sparsities below "
                f"{held / self.parameters:.4g} of all"
            )
        return asked / held


def lost_filters(convolutions: Sequence[tuple[int, int]], fraction: float) -> list[int]:
    """How many filters each convolution loses, of (filters, parameters that go with one), so that `fraction` of the
    parameters goes.

    The same share of each, to the nearest filter that is not its last; what rounding has left over or taken too much
    the next one makes up. CompressionError where that leaves over more than half a filter.
    """
    over, lost = 0.0, []
    for filters, each in convolutions:
        asked = fraction * filters * each + over
        gone = max(0, min(filters - 1, round(asked / each)))
        over = asked - gone * each
        lost.append(gone)
    if lost and over > convolutions[-1][1] / 2:
        held = sum(filters * each for filters, each in convolutions)
        most = sum((filters - 1) * each for filters, each in convolutions) / held
        raise CompressionError(
            f"{fraction:.6g} of what goes with filters cannot go: every convolution keeps one; allowed: at most "
            f"{most:.4g} of the {held:,} parameters that go with them"
        )
    return lost
