"""Magnitude: small weights matter least."""

from __future__ import annotations

from torch import Tensor

from runner.pruning.scores.base import Score, Signals


class Magnitude(Score):
    """score(w) = |w|."""

    reference = "Han et al. 2015, arXiv:1506.02626"

    def importance(self, signals: Signals) -> dict[str, Tensor]:
        """The absolute value of every weight."""
        return {name: weight.abs() for name, weight in signals.weights.items()}
