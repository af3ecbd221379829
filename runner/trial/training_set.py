"""A training split, and the choices of a trial by which a network learns from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from runner.heads.base import Head
from runner.models.base import Encoded
from runner.pruning.running_statistics import Statistics
from runner.spec import Protocol, derived_seed
from runner.training import Training
from runner.trial.batches import Batch, assemble, batch_rows, to_device
from runner.trial.devices import Compute

Rows = NDArray[np.int64]

CALIBRATION_BATCHES = 100
"""From so many batches, at most, running statistics are estimated anew."""


@dataclass(frozen=True)
class Sampling:
    """Over which training examples a decision takes its gradients: how many (0: all), in batches of how many.

    By default as Tropeano et al. 2025 have it. only_last: of these batches the last alone, which is what their code
    does. statistics: what becomes of running statistics.
    """

    samples: int = 100
    batch: int = 10
    only_last: bool = False
    statistics: Statistics = "frozen"


@dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """What a network learns from and how: the training split, and the choices of the trial.

    targets: what the head makes of the answers, [n, ...]. sampling: what gradients at decisions are taken over.
    """

    encoded: Encoded
    targets: Tensor
    head: Head
    seed: int
    training: Training
    protocol: Protocol
    compute: Compute
    sampling: Sampling = Sampling()

    @property
    def learns_threshold(self) -> bool:
        """True if the decision threshold comes from the last epoch's training predictions."""
        return self.head.learns_threshold and self.protocol.threshold == "train"

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The head's mean loss over the batch."""
        return self.head.loss(outputs, targets)

    @property
    def steps_per_epoch(self) -> int:
        """Batches of one pass."""
        return -(-len(self.targets) // self.training.batch_size)

    def batch(self, rows: Rows, draw: int | None = None) -> Batch:
        """These rows on the device, varied by a draw where training varies its examples."""
        return to_device(assemble(self.encoded, self.targets, rows, draw), self.compute.device.torch)

    def epoch_draw(self, epoch: int) -> int:
        """The draw of an epoch: the same for every trial of a seed, whatever its method."""
        return derived_seed(self.seed, "augment", epoch)

    def score_draw(self, round_: int) -> int:
        """The draw under which this round's decision sees its samples."""
        return derived_seed(self.seed, "score", round_, 2)

    def epoch_batches(self, epoch: int) -> list[Rows]:
        """The rows of each batch of an epoch: the same for every trial of a seed, whatever its method."""
        generator = torch.Generator().manual_seed(derived_seed(self.seed, "order", epoch))
        by_length = self.training.batching != "uniform"
        return batch_rows(self.encoded.lengths, self.training.batch_size, by_length, generator)

    def score_batches(self, round_: int) -> list[Rows]:
        """The rows of each batch over which the gradients of this round's decision are accumulated."""
        generator = torch.Generator().manual_seed(derived_seed(self.seed, "score", round_))
        count, size = self.sampling.samples or len(self.targets), self.sampling.batch
        rows = torch.randperm(len(self.targets), generator=generator)[:count].numpy()
        batches = [rows[start : start + size] for start in range(0, len(rows), size)]
        return batches[-1:] if self.sampling.only_last else batches

    def calibration_batches(self, round_: int) -> list[Batch]:
        """The batches from which running statistics are estimated anew after this round's decision."""
        generator = torch.Generator().manual_seed(derived_seed(self.seed, "score", round_, 3))
        rows, size = torch.randperm(len(self.targets), generator=generator).numpy(), self.training.batch_size
        whole = max(size, len(rows) // size * size)
        starts = range(0, whole, size)[:CALIBRATION_BATCHES]
        return [self.batch(rows[start : start + size], self.score_draw(round_)) for start in starts]

    def dropout_seed(self, epoch: int, step: int, index: int) -> int:
        """The seed of one micro-batch of a step."""
        return derived_seed(self.seed, "dropout", epoch, step, index)


def pieces(rows: Rows, count: int) -> list[Rows]:
    """A batch in so many consecutive micro-batches, whose sizes differ by one at most; some may be empty."""
    return np.array_split(rows, count)
