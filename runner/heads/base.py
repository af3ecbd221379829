"""The contract of a head: what a network's outputs mean for a kind of answer, and what it learns from them."""

from __future__ import annotations

from typing import Any, Protocol

import pyarrow as pa
from numpy.typing import NDArray
from torch import Tensor

from tasks.kinds.base import Codes, Kind

HALF = 0.5


class Head(Protocol):
    """What stands between a network's output layer and the answers, made for one task's data.

    Outputs are [n, units], or [n, words, units] where the kind reads words: as many as the text with the most has,
    those of a word that is not there all -inf (runner.models.places). width: units of the output layer.
    learns_threshold: True if a switch of the protocol can have the threshold of its decisions learned from the training
    split.
    """

    @property
    def kind(self) -> Kind: ...
    @property
    def width(self) -> int: ...
    @property
    def learns_threshold(self) -> bool: ...

    def targets(self, examples: pa.Table) -> Tensor:
        """What is to be learned of every example, [n, ...]."""
        ...

    def gold(self, targets: Tensor) -> Codes:
        """The true answers that targets stand for."""
        ...

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean loss of a batch."""
        ...

    def loss_rows(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss of every example, [n], whose mean is `loss`."""
        ...

    def soft(self, outputs: Tensor) -> Tensor:
        """Targets that another network's outputs make, in the place of gold answers: what `loss` is against."""
        ...

    def scores(self, outputs: Tensor) -> NDArray[Any]:
        """What the kind decides by, [n, ...]."""
        ...

    def probabilities(self, outputs: Tensor) -> NDArray[Any] | None:
        """One for every class, fp32 [n, classes]; None where there are none."""
        ...

    def influence(self, outputs: Tensor, targets: Tensor) -> Tensor | None:
        """EL2N of every example, fp32 [n]: ||p - y||_2 (Paul et al. 2021, arXiv:2107.07075, definition 2.4).

        None for a kind without probabilities, which has none.
        """
        ...

    def best_threshold(self, outputs: Tensor, targets: Tensor) -> float:
        """The threshold under which the first metric of the kind is best, whatever a study chooses to report."""
        ...


class WithoutProbabilities:
    """A head of answers that are chosen among no classes: no probabilities, no EL2N, no threshold to learn."""

    def probabilities(self, outputs: Tensor) -> None:
        return None

    def influence(self, outputs: Tensor, targets: Tensor) -> None:
        return None

    def best_threshold(self, outputs: Tensor, targets: Tensor) -> float:
        return HALF
