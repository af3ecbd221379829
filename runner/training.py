"""The training of one network: a loop over epochs, cut where the schedule says, resumable between any two of them.

Every draw comes from a seed derived of (trial seed, purpose, epoch or round), so that an epoch depends on nothing
but the state before it: no state of a random generator outlives an epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from runner.batches import Batch, assemble, batch_rows, to_device
from runner.devices import Compute
from runner.heads.base import Head
from runner.models.base import Encoded
from runner.pruning.pruner import Pruner
from runner.pruning.scores.base import Signals
from runner.spec import Protocol, Training, derived_seed

SCORE_SAMPLES = 100
SCORE_BATCH = 10
MOMENTUM = 0.9


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a network learns from and how: the training split, and the choices of the trial.

    targets: what the head makes of the answers.
    """

    encoded: Encoded
    targets: Tensor
    head: Head
    seed: int
    training: Training
    protocol: Protocol
    compute: Compute

    @property
    def learns_threshold(self) -> bool:
        """True if the decision threshold comes from the last epoch's training predictions."""
        return self.head.learns_threshold and self.protocol.threshold == "train"

    def loss(self, outputs: Tensor, targets: Tensor) -> Any:  # a tensor; torch leaves its `backward` untyped
        """The head's mean loss over the batch."""
        return self.head.loss(outputs, targets)

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """These rows on the device."""
        return to_device(assemble(self.encoded, self.targets, rows), self.compute.device.torch)


class Trainer:
    """One network on its way through the epochs of a trial, on the lesson's device.

    epoch: epochs done. steps: optimizer steps done. phase_steps: those since the last new optimizer. last_logits:
    what the last epoch made of the training split on its way, where a threshold is to be learned from it.
    packages: those that compute.
    """

    packages: tuple[str, ...] = ("torch", "numpy", "transformers")

    def __init__(self, network: nn.Module, pruner: Pruner, lesson: Lesson) -> None:
        self.network = network
        self.pruner = pruner
        self.lesson = lesson
        self.epoch = 0
        self.steps = 0
        self.phase_steps = 0
        self.optimizer = optimizer_for(network, lesson.training)
        self.last_logits: Tensor | None = None
        self.tables = gather_sparsely(network) if lesson.compute.device.torch.type == "cpu" else []

    @property
    def active(self) -> nn.Module:
        """The network as it is called: the one that is trained."""
        return self.network

    def train(self, cuts: Mapping[int, float], total: int, after_epoch: Callable[[], bool]) -> bool:
        """Trains until `total` epochs are done; False if `after_epoch`, asked after each, said to stop.

        cuts: epoch index -> cumulative fraction removed, each made before that epoch (one of index `total` after the
        last epoch).
        """
        order = sorted(cuts)
        while self.epoch < total:
            self._cut_if_due(cuts, order)
            self._train_epoch(keep_logits=self.lesson.learns_threshold and self.epoch == total - 1)
            if not after_epoch():
                return False
        self._cut_if_due(cuts, order)
        self.pruner.clear()
        return True

    def _train_epoch(self, *, keep_logits: bool) -> None:
        """One pass over the training split; keeps the logits it made on the way if told to."""
        lesson = self.lesson
        torch.manual_seed(derived_seed(lesson.seed, "dropout", self.epoch))
        batches = epoch_batches(lesson, self.epoch)
        kept: list[Tensor] = []
        self.active.train()
        for rows in batches:
            logits = self._step(rows, self._learning_rate(len(batches)))
            self.steps += 1
            self.phase_steps += 1
            if keep_logits:
                kept.append(logits)
        self.epoch += 1
        made = in_canonical_order(kept, batches) if keep_logits else None
        self.last_logits = None if made is None else lesson.compute.processes.summed(made)

    def _step(self, rows: NDArray[np.int64], learning_rate: float) -> Tensor:
        """One step of the optimizer on these rows; their logits.

        With several micro-batches their gradients are added, and dropout is drawn for each by itself, so that it does
        not matter who computes which.
        """
        lesson, logits = self.lesson, []
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self._clear_gradients()
        for index, part in enumerate(pieces(rows, lesson.training.micro_batches)):
            if lesson.training.micro_batches > 1:
                torch.manual_seed(self._dropout_seed(index))
            if len(part):
                batch = lesson.batch(part)
                with lesson.compute.autocast():
                    made = self.network(**batch.inputs).float()
                (lesson.loss(made, batch.targets) * (len(part) / len(rows))).backward()
                logits.append(made.detach())
        self.pruner.hold_gradients()
        nn.utils.clip_grad_norm_(self.network.parameters(), lesson.training.clip_norm, foreach=True)
        self.optimizer.step()
        self.pruner.hold_weights()
        return torch.cat(logits)

    def _dropout_seed(self, index: int) -> int:
        """The seed of one micro-batch of the step to come."""
        return derived_seed(self.lesson.seed, "dropout", self.epoch, self.steps, index)

    def _clear_gradients(self) -> None:
        """Forgets gradients; those of embedding tables keep their memory and are filled with zeros."""
        kept = {id(table) for table in self.tables}
        for parameter in self.network.parameters():
            if id(parameter) not in kept:
                parameter.grad = None
            elif parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            else:
                parameter.grad.zero_()

    def _learning_rate(self, steps_per_epoch: int) -> float:
        """Linear from 0 over the warm-up epochs of this phase, constant afterwards."""
        warmup = self.lesson.training.warmup_epochs * steps_per_epoch
        share = min(1.0, (self.phase_steps + 1) / warmup) if warmup > 0 else 1.0
        return self.lesson.training.learning_rate * share

    def _cut_if_due(self, cuts: Mapping[int, float], order: Sequence[int]) -> None:
        if self.epoch not in cuts:
            return
        round_ = order.index(self.epoch) + 1
        if self.pruner.cut(self._signals(round_), cuts[self.epoch]):
            self.optimizer = optimizer_for(self.network, self.lesson.training)
            self.phase_steps = 0
        self.pruner.hold_moments(self.optimizer)

    def _signals(self, round_: int) -> Signals:
        training = self.lesson.training
        return Signals(
            weights={name: weight.detach() for name, weight in self.pruner.weights.items()},
            gradients=lambda: self._gradients(round_),
            learning_rate=training.learning_rate,
            weight_decay=training.weight_decay,
            generator=torch.Generator().manual_seed(derived_seed(self.lesson.seed, "mask", round_)),
        )

    def _gradients(self, round_: int) -> dict[str, Tensor]:
        """Gradients of the training loss by layer, over 100 training samples drawn for this round, dropout on, in fp32.

        accumulated: of the mean over the 100. last-batch: of the mean over the last 10 of them, which is what
        zeroing the gradients before each of ten batches leaves (the code of Tropeano et al. 2025, training.py:30-37).
        """
        lesson, batches = self.lesson, self._score_batches(round_)
        seen = sum(len(rows) for rows in batches)
        torch.manual_seed(derived_seed(lesson.seed, "score", round_, 1))
        self.network.train()
        self.network.zero_grad(set_to_none=True)
        for index, rows in enumerate(batches):
            if lesson.training.micro_batches > 1:
                torch.manual_seed(derived_seed(lesson.seed, "score", round_, 1, index))
            batch = lesson.batch(rows)
            loss = lesson.loss(self.network(**batch.inputs), batch.targets)
            (loss * (len(batch.rows) / seen)).backward()
        gradients = {
            name: torch.zeros_like(weight) if weight.grad is None else weight.grad
            for name, weight in self.pruner.weights.items()
        }
        self.network.zero_grad(set_to_none=True)
        return gradients

    def _score_batches(self, round_: int) -> list[NDArray[np.int64]]:
        """The rows of each batch over which this round's gradients are accumulated."""
        generator = torch.Generator().manual_seed(derived_seed(self.lesson.seed, "score", round_))
        rows = torch.randperm(len(self.lesson.targets), generator=generator)[:SCORE_SAMPLES].numpy()
        batches = [rows[start : start + SCORE_BATCH] for start in range(0, len(rows), SCORE_BATCH)]
        return batches[-1:] if self.lesson.protocol.impact == "last-batch" else batches

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything the next epoch depends on: tensors by name, and counters."""
        tensors = {f"network.{name}": value.detach() for name, value in self.network.state_dict().items()}
        if self.pruner.is_cut:
            tensors |= {f"mask.{name}": mask for name, mask in self.pruner.masks.items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            for key, moment in moments.items():
                if isinstance(moment, Tensor):
                    tensors[f"optimizer.{index}.{key}"] = moment
        return tensors, {"epoch": self.epoch, "steps": self.steps, "phase_steps": self.phase_steps}

    def restore(self, tensors: Mapping[str, Tensor], counters: Mapping[str, Any]) -> None:
        """Takes a state that `state` gave, of this trial or of one that began like it."""
        self.network.load_state_dict(under("network.", tensors))
        masks = under("mask.", tensors)
        if masks:
            self.pruner.wear(masks)
        moments: dict[int, dict[str, Tensor]] = {}
        for name, moment in under("optimizer.", tensors).items():
            index, _, key = name.partition(".")
            moments.setdefault(int(index), {})[key] = moment
        self.optimizer = optimizer_for(self.network, self.lesson.training)
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.epoch, self.steps = int(counters["epoch"]), int(counters["steps"])
        self.phase_steps = int(counters["phase_steps"])


def gather_sparsely(network: nn.Module) -> list[Tensor]:
    """Let embeddings hand over the gradients of the rows they read alone; returns their tables.

    A new gradient of a whole vocabulary at every step is mostly zeros in pages that the system must first provide:
    a seventh of a small encoder's step on a CPU. Sparse gradients are added to a dense one that stays, so that the
    optimizer sees what it would have seen.
    """
    embeddings = [module for module in network.modules() if isinstance(module, nn.Embedding)]
    for module in embeddings:
        module.sparse = True
    return [module.weight for module in embeddings]


def optimizer_for(network: nn.Module, training: Training) -> Optimizer:
    """A new optimizer over all parameters with torch's defaults; SGD has momentum 0.9.

    The fused kernels are two to four times as fast as the others on the CPU as well.
    """
    rate, decay = training.learning_rate, training.weight_decay
    parameters = list(network.parameters())
    if training.optimizer == "sgd":
        return SGD(parameters, lr=rate, momentum=MOMENTUM, weight_decay=decay, fused=True)
    kind = Adam if training.optimizer == "adam" else AdamW
    return kind(parameters, lr=rate, weight_decay=decay, fused=True)


def epoch_batches(lesson: Lesson, epoch: int) -> list[NDArray[np.int64]]:
    """The rows of each batch of an epoch: the same for every trial of a seed, whatever its method."""
    generator = torch.Generator().manual_seed(derived_seed(lesson.seed, "order", epoch))
    by_length = lesson.training.batching != "uniform"
    return batch_rows(lesson.encoded.lengths, lesson.training.batch_size, by_length, generator)


def pieces(rows: NDArray[np.int64], count: int) -> list[NDArray[np.int64]]:
    """A batch in so many consecutive micro-batches, whose sizes differ by one at most; some may be empty."""
    return np.array_split(rows, count)


def in_canonical_order(parts: Sequence[Tensor], batches: Sequence[NDArray[np.int64]]) -> Tensor:
    """Batches' outputs as one tensor on the CPU whose row i belongs to row i of the split."""
    together = torch.cat(list(parts)).cpu()
    result = torch.empty_like(together)
    result[torch.from_numpy(np.concatenate(batches))] = together
    return result


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with the prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
