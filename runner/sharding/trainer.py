"""The training of a network that is spread over several processes: the loop of `runner.training`, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from runner.pruning.pruner import Method, Pruner
from runner.sharding.shards import Precise, Shards, hollow
from runner.spec import derived_seed
from runner.training import Lesson, Trainer, pieces


class ShardedTrainer(Trainer):
    """Trains shards, and keeps a whole network in the first process's main memory for what needs one.

    What `Trainer` knows (network, optimizer, pruner) is whole here; it is brought up to date before a cut and before a
    checkpoint, which are thus decided, scored and written exactly as in one process, and cut into new shards after
    it. So a state saved here can be taken up by any number of processes, one included. Only the first process has
    a whole network; in the others it is hollow.
    """

    packages = (*Trainer.packages, "deepspeed")

    def __init__(self, network: nn.Module, method: Method | None, lesson: Lesson, stage: int) -> None:
        self.processes = lesson.compute.processes
        if not self.processes.is_first:
            hollow(network)
            method = None
        pruner = Pruner(network, method, layernorm=lesson.protocol.layernorm == "prune")
        super().__init__(network, pruner, lesson)
        self.stage = stage
        self.shards: Shards | None = None

    @property
    def active(self) -> Precise:
        """The sharded network; all processes must call it equally often."""
        return self._shards.network

    @property
    def _shards(self) -> Shards:
        if self.shards is None:
            raise RuntimeError("there are no shards before training begins")
        return self.shards

    def train(self, cuts: Mapping[int, float], total: int, after_epoch: Callable[[], bool]) -> bool:
        """Trains until `total` epochs are done; False if `after_epoch` said to stop."""
        self._scatter()
        return super().train(cuts, total, after_epoch)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything the next epoch depends on, whole, in the first process; the others have the names alone."""
        if self.shards is not None:
            self.shards.gather(self.network, self.optimizer)
        return super().state()

    def _scatter(self) -> None:
        """Cuts what the first process has into new shards."""
        if self.shards is not None:
            self.shards.destroy()
        counters = (self.epoch, self.steps, self.phase_steps, int(self.pruner.is_cut))
        self.epoch, self.steps, self.phase_steps, is_cut = self.processes.agreed(*counters)
        masks = self.pruner.masks if is_cut else {}
        self.shards = Shards(self.network, self.optimizer, masks, self.lesson, self.stage)

    def _cut_if_due(self, cuts: Mapping[int, float], order: Sequence[int]) -> None:
        if self.epoch not in cuts:
            return
        self._shards.gather(self.network, self.optimizer)
        if self.processes.is_first:
            super()._cut_if_due(cuts, order)
            self.processes.agreed(0)
        else:
            while self.processes.agreed(0) == (1,):  # the first process's score asks for gradients
                self._gradients(order.index(self.epoch) + 1)
        self._scatter()

    def _step(self, rows: NDArray[Any], learning_rate: float) -> Tensor:
        """One step on all processes; logits [n, classes] with zeros where other processes have computed."""
        parts = pieces(rows, self.lesson.training.micro_batches)
        each = len(parts) // self.processes.count
        first = self.processes.rank * each
        start = sum(len(part) for part in parts[:first])
        logits: list[Tensor] = []
        for index in range(first, first + each):
            torch.manual_seed(self._dropout_seed(index))
            # A piece without rows is computed on a row of no weight: the others wait for this process.
            part = parts[index] if len(parts[index]) else rows[:1]
            made = self._learn(part, len(parts[index]) / len(rows), last=index == first + each - 1)
            logits.append(made[: len(parts[index])])
        self._shards.step(learning_rate)
        mine = torch.cat(logits)
        together = mine.new_zeros(len(rows), mine.shape[1])
        together[start : start + len(mine)] = mine
        return together

    def _learn(self, rows: NDArray[Any], weight: float, *, last: bool) -> Tensor:
        """Adds the gradients of the mean loss over the rows times the weight; their logits."""
        batch = self.lesson.batch(rows)
        logits = self._shards.forward(batch.inputs)
        self._shards.backward(self.lesson.loss(logits, batch.targets) * weight, last=last)
        return logits.detach()

    def _gradients(self, round_: int) -> dict[str, Tensor]:
        """As in one process, each batch of samples by one of them; the first process has the result."""
        if self.processes.is_first:
            self.processes.agreed(1)
        batches = self._score_batches(round_)
        seen = sum(len(rows) for rows in batches)
        turns = self.processes.turns(list(enumerate(batches)))
        self.active.train().is_exact = True
        for turn, ((index, rows), counts) in enumerate(turns):
            torch.manual_seed(derived_seed(self.lesson.seed, "score", round_, 1, index))
            self._learn(rows, counts * len(rows) / seen, last=turn == len(turns) - 1)
        self.active.is_exact = False
        return self._shards.gradients(self.pruner.weights)
