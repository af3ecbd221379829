"""Compute the steps of a training, in one process or in several that share a network (`runner.trial.sharding`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from runner.optimizers import OPTIMIZERS
from runner.pruning.filters import listening
from runner.pruning.moment import Moment
from runner.pruning.pruner import Pruner
from runner.pruning.running_statistics import frozen, recalibrate
from runner.spec import derived_seed
from runner.training import Training
from runner.trial.batches import Batch, joined
from runner.trial.devices import seed_draws
from runner.trial.training_set import Rows, TrainingSet, pieces

Loss = Callable[[Tensor, Batch], Tensor]
"""The mean loss of a batch from its logits."""


SHARE = "share"
"""Key of a group of parameters that learns at another rate: as a multiple of the network's."""


@dataclass(frozen=True)
class Beside:
    """Parameters that are trained with a network's; rate: their own highest learning rate, 0 for the network's."""

    parameters: Sequence[nn.Parameter] = ()
    rate: float = 0.0


NOTHING = Beside()


class Engine(Protocol):
    """A network in training, and its optimizer.

    network: the whole one, as decisions and checkpoints need it. active: the one that computes. is_whole: whether they
    are the same, so that parts of the training may act on it at every step. begin: takes the first process's counters
    and network in all processes. accumulate: a batch's logits, and its gradients. clip: bounds their norm, where
    that is no part of the update. update: a step of the optimizer.
    decide: a decision about the whole network, which may ask for `sample_gradients` of that round. gather: brings the
    whole network and optimizer up to date. packages: those that compute.
    """

    packages: tuple[str, ...]
    network: nn.Module
    optimizer: Optimizer
    is_whole: bool

    @property
    def active(self) -> nn.Module: ...

    def begin(self, counters: Sequence[int], pruner: Pruner) -> tuple[int, ...]: ...

    def accumulate(self, rows: Rows, moment: Moment, loss: Loss) -> Tensor: ...

    def clip(self) -> None: ...

    def update(self, learning_rate: float) -> None: ...

    def renew_optimizer(self) -> None: ...

    def decide(self, decision: Callable[[], None], pruner: Pruner, round_: int) -> None: ...

    def sample_gradients(self, pruner: Pruner, round_: int) -> dict[str, Tensor]: ...

    def gather(self) -> None: ...


class OneProcess:
    """The engine of a network that one process trains, on the device of its training set.

    beside: parameters that are trained with the network's. rate: their learning rate where that of the network is its
    highest, 0 for the same.
    """

    packages: tuple[str, ...] = ("torch", "numpy", "transformers")
    is_whole = True

    def __init__(
        self, network: nn.Module, training_set: TrainingSet, beside: Sequence[nn.Parameter] = (), rate: float = 0.0
    ) -> None:
        self.network = network
        self.training_set = training_set
        self.beside = Beside(beside, rate)
        self.trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self.parameters = [*self.trained, *beside]
        self.optimizer = optimizer_over(self.trained, training_set.training, self.beside)
        tables = gather_sparsely(network) if training_set.compute.device.torch.type == "cpu" else []
        self.tables = [table for table in tables if table.requires_grad]

    @property
    def active(self) -> nn.Module:
        """The network."""
        return self.network

    def begin(self, counters: Sequence[int], pruner: Pruner) -> tuple[int, ...]:
        """The counters as they are."""
        del pruner
        return tuple(counters)

    def accumulate(self, rows: Rows, moment: Moment, loss: Loss) -> Tensor:
        """The logits of these rows, whose gradients are left in the network.

        With several micro-batches their gradients are added, and dropout is drawn for each by itself, so that it does
        not matter who computes which.
        """
        given, logits = self.training_set, []
        self._clear_gradients()
        for index, part in enumerate(pieces(rows, given.training.micro_batches)):
            if given.training.micro_batches > 1:
                seed_draws(given.dropout_seed(moment.epoch, moment.step, index))
            if len(part):
                batch = given.batch(part, given.epoch_draw(moment.epoch))
                with given.compute.autocast():
                    made = self.network(**batch.inputs).float()
                weighted: Tensor = loss(made, batch) * (len(part) / len(rows))
                weighted.backward()  # type: ignore[no-untyped-call]
                logits.append(made.detach())
        return joined(logits)

    def clip(self) -> None:
        """Bound the norm of all gradients together."""
        if self.training_set.training.clip_norm:
            nn.utils.clip_grad_norm_(self.parameters, self.training_set.training.clip_norm, foreach=True)

    def update(self, learning_rate: float) -> None:
        """One step of the optimizer on the clipped gradients."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate * group.get(SHARE, 1.0)
        self.optimizer.step()

    def renew_optimizer(self) -> None:
        """Go on with an optimizer that knows nothing."""
        self.optimizer = optimizer_over(self.trained, self.training_set.training, self.beside)

    def decide(self, decision: Callable[[], None], pruner: Pruner, round_: int) -> None:
        """Decide."""
        del pruner
        decision()
        given = self.training_set
        if given.sampling.statistics == "recalibrated":
            with self._own_draws(derived_seed(given.seed, "score", round_, 4)):
                recalibrate(self.network, (batch.inputs for batch in given.calibration_batches(round_)))

    def sample_gradients(self, pruner: Pruner, round_: int) -> dict[str, Tensor]:
        """Gradients of the training loss by layer, over training samples drawn for this round, dropout on, in fp32.

        accumulated: of the mean over all (100, where the method says nothing). last-batch: of the mean over the last 10
        of them, which is what zeroing the gradients before each of ten batches leaves (the code of Tropeano et al.
        2025, training.py:30-37). The draws of the training around it go on as if nothing had been drawn here; what
        becomes of running statistics is the method's choice.
        """
        given, batches = self.training_set, self.training_set.score_batches(round_)
        seen = sum(len(rows) for rows in batches)
        held = nullcontext() if given.sampling.statistics == "moving" else frozen(self.network)
        with self._own_draws(derived_seed(given.seed, "score", round_, 1)), held:
            self.network.train()
            self.network.zero_grad(set_to_none=True)
            for index, rows in enumerate(batches):
                if given.training.micro_batches > 1:
                    seed_draws(derived_seed(given.seed, "score", round_, 1, index))
                batch = given.batch(rows, given.score_draw(round_))
                loss = given.loss(self.network(**batch.inputs), batch.targets) * (len(batch.rows) / seen)
                loss.backward()  # type: ignore[no-untyped-call]
        gradients = pruner.gradients()
        self.network.zero_grad(set_to_none=True)
        return gradients

    def gather(self) -> None:
        """Nothing: the network is whole."""

    @contextmanager
    def _own_draws(self, seed: int) -> Iterator[None]:
        """Draws from a seed, after which those around go on as if nothing had been drawn."""
        device = self.training_set.compute.device.torch
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            seed_draws(seed)
            yield

    def _clear_gradients(self) -> None:
        """Forget gradients; those of embedding tables keep their memory and are filled with zeros."""
        kept = {id(table) for table in self.tables}
        for parameter in self.parameters:
            if id(parameter) not in kept:
                parameter.grad = None
            elif parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            else:
                parameter.grad.zero_()


@torch.no_grad()
def feature_maps(network: nn.Module, training_set: TrainingSet, round_: int) -> Iterator[Mapping[str, Tensor]]:
    """Batch by batch of the training samples drawn for this round, varied as in training: the feature maps of each
    convolution whose filters may go, as the network answers. Nothing is drawn, and no running statistics move."""
    network.eval()
    with listening(network) as seen:
        for rows in training_set.score_batches(round_):
            network(**training_set.batch(rows, training_set.score_draw(round_)).inputs)
            yield seen


def optimizer_over(parameters: Iterable[nn.Parameter], training: Training, beside: Beside = NOTHING) -> Optimizer:
    """A new optimizer with torch's defaults, but for the settings of its line.

    Parameters beside the network's that have a rate of their own follow its curve, and do not decay. The fused kernels
    are two to four times as fast as the others on the CPU as well.
    """
    kind = OPTIMIZERS[training.optimizer]
    build = getattr(torch.optim, kind.name)
    own = {name: getattr(training, name) for name in kind.settings}
    groups: list[Any] = [*parameters, *(beside.parameters if not beside.rate else ())]
    if beside.rate:
        share = beside.rate / training.learning_rate
        groups = [{"params": groups}, {"params": [*beside.parameters], "weight_decay": 0.0, SHARE: share}]
    made: Optimizer = build(groups, lr=training.learning_rate, weight_decay=training.weight_decay, fused=True, **own)
    return made


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
