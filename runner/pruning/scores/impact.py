"""Impact: weights whose removal would change the loss least matter least."""

from __future__ import annotations

from torch import Tensor

from runner.pruning.scores.base import Score, Signals


class Impact(Score):
    """score(w) = |w * g|, the first-order change of the loss if w were set to zero; g is its gradient.

    SNIP divides by the sum over all weights, which changes no ranking and is left out.
    """

    reference = "Lee et al. 2019 (SNIP), Eq. 4 and 5, arXiv:1810.02340"

    def importance(self, signals: Signals) -> dict[str, Tensor]:
        """The absolute product of every weight and its gradient."""
        gradients = signals.gradients()
        return {name: (weight * gradients[name]).abs() for name, weight in signals.weights.items()}
