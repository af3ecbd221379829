"""The steps of a network that is spread over several processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from runner.pruning.moment import Moment
from runner.pruning.pruner import Pruner
from runner.spec import derived_seed
from runner.trial.batches import Batch, joined
from runner.trial.devices import seed_draws
from runner.trial.engine import Loss, OneProcess, optimizer_over
from runner.trial.sharding.shards import InTrialPrecision, Shards, drop_weights
from runner.trial.training_set import Rows, TrainingSet, pieces


class ManyProcesses:
    """Trains shards, and keeps a whole network in the first process's main memory for what needs one.

    network and optimizer are whole here; they are brought up to date before a decision and before a checkpoint, which
    are thus decided, scored and written exactly as in one process, and cut into new shards after it. So a state saved
    here can be taken up by any number of processes, one included. Only the first process has a whole network; in the
    others it has no weights.
    """

    packages = (*OneProcess.packages, "deepspeed")
    is_whole = False

    def __init__(self, network: nn.Module, training_set: TrainingSet, stage: int) -> None:
        self.network = network
        self.training_set = training_set
        self.processes = training_set.compute.processes
        if not self.processes.is_first:
            drop_weights(network)
        self.stage = stage
        self.optimizer = optimizer_over(network.parameters(), training_set.training)
        self.shards: Shards | None = None

    @property
    def active(self) -> InTrialPrecision:
        """The sharded network; all processes must call it equally often."""
        return self._shards.network

    @property
    def _shards(self) -> Shards:
        if self.shards is None:
            raise RuntimeError("there are no shards before training begins")
        return self.shards

    def begin(self, counters: Sequence[int], pruner: Pruner) -> tuple[int, ...]:
        """Cut what the first process has into shards; its counters."""
        agreed = self.processes.agreed(*counters)
        self._scatter(pruner)
        return agreed

    def accumulate(self, rows: Rows, moment: Moment, loss: Loss) -> Tensor:
        """The logits of these rows, with zeros where other processes have computed."""
        parts = pieces(rows, self.training_set.training.micro_batches)
        each = len(parts) // self.processes.count
        first = self.processes.rank * each
        start = sum(len(part) for part in parts[:first])
        logits: list[Tensor] = []
        for index in range(first, first + each):
            seed_draws(self.training_set.dropout_seed(moment.epoch, moment.step, index))
            # A piece without rows is computed on a row of no weight: the others wait for this process.
            part = parts[index] if len(parts[index]) else rows[:1]
            batch = self.training_set.batch(part, self.training_set.epoch_draw(moment.epoch))
            made = self._learn(batch, len(parts[index]) / len(rows), loss, last=index == first + each - 1)
            logits.append(made[: len(parts[index])])
        mine = joined(logits)
        together = mine.new_zeros(len(rows), *mine.shape[1:])
        together[start : start + len(mine)] = mine
        return together

    def clip(self) -> None:
        """Nothing: the update does it."""

    def update(self, learning_rate: float) -> None:
        """One step of the optimizer on all processes."""
        self._shards.step(learning_rate)

    def renew_optimizer(self) -> None:
        """Go on with an optimizer that knows nothing."""
        self.optimizer = optimizer_over(self.network.parameters(), self.training_set.training)

    def decide(self, decision: Callable[[], None], pruner: Pruner, round_: int) -> None:
        """The first process decides about the whole network; the others compute the gradients that it asks for."""
        self._shards.gather(self.network, self.optimizer)
        if self.processes.is_first:
            decision()
            self.processes.agreed(0)
        else:
            while self.processes.agreed(0) == (1,):
                self._sample(round_, pruner)
        self._scatter(pruner)

    def sample_gradients(self, pruner: Pruner, round_: int) -> dict[str, Tensor]:
        """As in one process, each batch of samples by one of them; the first process has the result."""
        self.processes.agreed(1)
        return self._sample(round_, pruner)

    def gather(self) -> None:
        """Bring the whole network and optimizer up to date; the others have the names alone."""
        if self.shards is not None:
            self.shards.gather(self.network, self.optimizer)

    def _scatter(self, pruner: Pruner) -> None:
        """Cut what the first process has into new shards; the others know the masks by name."""
        if self.shards is not None:
            self.shards.destroy()
        (is_cut,) = self.processes.agreed(int(pruner.is_cut))
        masks = pruner.masks if is_cut else {}
        self.shards = Shards(self.network, self.optimizer, masks, self.training_set, self.stage)

    def _sample(self, round_: int, pruner: Pruner) -> dict[str, Tensor]:
        """The gradients of this round's samples, in the first process."""
        given, batches = self.training_set, self.training_set.score_batches(round_)
        seen = sum(len(rows) for rows in batches)
        turns = self.processes.turns(list(enumerate(batches)))
        self.active.train().is_exact = True
        for turn, ((index, rows), counts) in enumerate(turns):
            seed_draws(derived_seed(given.seed, "score", round_, 1, index))
            weight = counts * len(rows) / seen
            batch = given.batch(rows, given.score_draw(round_))
            self._learn(batch, weight, lambda made, batch: given.loss(made, batch.targets), last=turn == len(turns) - 1)
        self.active.is_exact = False
        return self._shards.gradients(pruner.weights)

    def _learn(self, batch: Batch, weight: float, loss: Loss, *, last: bool) -> Tensor:
        """Add the gradients of the mean loss over a batch times the weight; its logits."""
        logits = self._shards.forward(batch.inputs)
        self._shards.backward(loss(logits, batch) * weight, last=last)
        return logits.detach()
