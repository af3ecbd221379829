"""The training of one network: a loop over steps, with decisions where the schedule says, resumable between any two.

Every draw comes from a seed derived of (trial seed, purpose, epoch or round); within an epoch the state of the random
generators is part of the training's, so that a step depends on nothing but the state before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from runner.optimizers import learning_rate
from runner.pruning.moment import Moment, Timeline
from runner.pruning.part import Made, Part
from runner.pruning.pruner import Pruner, under
from runner.pruning.schedules import Schedule
from runner.pruning.scores.base import Signals, Watching
from runner.spec import derived_seed
from runner.trial.batches import Batch, joined
from runner.trial.devices import seed_draws
from runner.trial.engine import Engine, feature_maps
from runner.trial.selection import BestNetwork
from runner.trial.training_set import Rows, TrainingSet


class Trainer:
    """One network on its way through the steps of a trial.

    target: the fraction of the prunable weights that is removed in the end. parts: what acts at every step, the pruner
    among them. best: the part that chooses the network which ends a phase; None where the last one does. steps: done.
    since_restart: those since the last new optimizer. last_logits: what the last epoch made of the training split on
    its way, where a threshold is to be learned from it.
    """

    def __init__(
        self,
        engine: Engine,
        training_set: TrainingSet,
        pruner: Pruner,
        schedule: Schedule | None = None,
        target: float = 0.0,
        others: Sequence[Part] = (),
    ) -> None:
        self.engine = engine
        self.training_set = training_set
        self.pruner = pruner
        self.schedule = schedule
        self.target = target
        self.parts: tuple[Part, ...] = (pruner, *others)
        self.best = next((part for part in others if isinstance(part, BestNetwork)), None)
        self.timeline = Timeline(training_set.training.phases(schedule), training_set.steps_per_epoch)
        self.steps = 0
        self.since_restart = 0
        self.rounds = 0
        self.last_logits: Tensor | None = None
        self._batches: list[Rows] = []
        self._logits: list[Tensor] = []
        self._generators: Mapping[str, Tensor] = {}

    @property
    def network(self) -> nn.Module:
        """The whole network."""
        return self.engine.network

    @property
    def active(self) -> nn.Module:
        """The network as it is called."""
        return self.engine.active

    @property
    def moment(self) -> Moment:
        """Where the training is."""
        return self.timeline.at(self.steps)

    @property
    def epoch(self) -> int:
        """Whole epochs done."""
        return self.moment.epoch

    def train(self, watch: Callable[[Moment], bool]) -> bool:
        """Train to the end; False if `watch`, asked after every step, said to stop."""
        self.steps, self.since_restart = self.engine.begin((self.steps, self.since_restart), self.pruner)
        self.rounds = sum(self._due(self.timeline.at(step)) is not None for step in range(self.steps))
        self._share_logits()
        settled = self._settled() if self.best else frozenset()
        moment = self.moment
        while not moment.is_end:
            self._begin_phase(moment)
            self._decide(moment)
            self._step(moment)
            moment = self.moment
            if self.best and moment.step in settled:
                self.best.consider(moment)
            if not watch(moment):
                return False
        self._decide(moment)
        if self.best:
            self.best.take()
        self.pruner.finish()
        return True

    def _begin_phase(self, moment: Moment) -> None:
        """Begin a phase after the first from the network that the one before it ended with."""
        if not moment.phase or moment.phase_step:
            return
        if self.best:
            self.best.take()
        if self.training_set.training.finetuning.optimizer == "new":
            self.engine.renew_optimizer()
            self.since_restart = 0

    def _settled(self) -> frozenset[int]:
        """The steps done after which nothing is going to be removed any more in their phase."""
        moments = [self.timeline.at(step) for step in range(self.timeline.steps + 1)]
        removed: list[float | None] = []
        for moment in moments:
            due = self._due(moment)
            removed.append(due if due is not None or not removed else removed[-1])
        last = {moment.phase: removed[moment.step] for moment in moments}
        return frozenset(one.step + 1 for one in moments[:-1] if removed[one.step] == last[one.phase])

    def _step(self, moment: Moment) -> None:
        """One step of the optimizer."""
        self._take_up_epoch(moment)
        rows = self._batches[moment.step % moment.steps_per_epoch]
        parts = self.parts if self.engine.is_whole else ()
        for part in reversed(parts):  # the pruner last, since it may change what the network computes with
            part.before_step(moment)
        if not self.active.training:
            self.active.train()
        logits = self.engine.accumulate(rows, moment, lambda made, batch: self._loss(made, batch, moment))
        self._observe("backward", moment)
        for part in parts:
            part.after_backward(moment)
        self.engine.clip()
        self._observe("clipped", moment)
        self.engine.update(self._learning_rate(moment))
        self._observe("stepped", moment)
        for part in parts:
            part.after_step(moment)
        self.steps += 1
        self.since_restart += 1
        self._keep(logits, moment)

    def _take_up_epoch(self, moment: Moment) -> None:
        """Be at the right place of the epoch's order and of its draws: it begins here, or was interrupted here."""
        if moment.begins_epoch:
            seed_draws(derived_seed(self.training_set.seed, "dropout", moment.epoch))
            self._batches, self._logits = [], []
        elif self._generators:
            set_generators(self._generators, self.training_set.compute.device.torch)
        self._generators = {}
        if not self._batches:
            self._batches = self.training_set.epoch_batches(moment.epoch)

    def _loss(self, logits: Tensor, batch: Batch, moment: Moment) -> Tensor:
        """The loss of a batch, as the parts want it."""
        loss: Tensor = self.training_set.loss(logits, batch.targets)
        made = Made(logits=logits, inputs=batch.inputs, targets=batch.targets)
        for part in self.parts:
            loss = part.loss(loss, made, moment)
        return loss

    def _observe(self, now: Watching, moment: Moment) -> None:
        """Show the step to a score that watches it at this point."""
        if self.engine.is_whole and self.pruner.watches == now:
            self.pruner.observe(self._signals(self.pruner.gradients, moment))

    def _learning_rate(self, moment: Moment) -> float:
        """That of the step from this moment on."""
        return learning_rate(self.training_set.training, moment, self.since_restart)

    def _keep(self, logits: Tensor, moment: Moment) -> None:
        """Keep the logits of the last epoch where a threshold is learned from them."""
        if not self.training_set.learns_threshold or moment.epoch != self.timeline.epochs - 1:
            return
        self._logits.append(logits)
        if self.steps == self.timeline.steps:
            made = in_canonical_order(self._logits, self._batches)
            self.last_logits = self.training_set.compute.processes.summed(made)

    def _share_logits(self) -> None:
        """Let all processes know of as many logits of an interrupted epoch as the first has restored."""
        (count,) = self.training_set.compute.processes.agreed(sum(map(len, self._logits)))
        if count and not self._logits:
            self._logits = [torch.zeros(count, self.training_set.head.width)]

    def _due(self, moment: Moment) -> float | None:
        return self.schedule.removed(moment, self.target) if self.schedule else None

    def _decide(self, moment: Moment) -> None:
        """Remove what the schedule wants gone from this moment on."""
        fraction = self._due(moment)
        if fraction is None:
            return
        self.rounds += 1
        round_ = self.rounds

        def decision() -> None:
            signals = self._signals(lambda: self.engine.sample_gradients(self.pruner, round_), moment)
            if self.pruner.decide(signals, fraction):
                self.engine.renew_optimizer()
                self.since_restart = 0
            self.pruner.settle(self.engine.optimizer)

        self.engine.decide(decision, self.pruner, round_)
        (self.since_restart,) = self.training_set.compute.processes.agreed(self.since_restart)

    def _signals(self, gradients: Callable[[], Mapping[str, Tensor]], moment: Moment) -> Signals:
        given = self.training_set
        return Signals(
            weights=self.pruner.ranked(),
            gradients=gradients,
            learning_rate=0.0 if moment.is_end else self._learning_rate(moment),
            weight_decay=given.training.weight_decay,
            generator=torch.Generator().manual_seed(derived_seed(given.seed, "mask", self.rounds)),
            memory=self.pruner.memory,
            feature_maps=lambda: feature_maps(self.network, given, self.rounds),
        )

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything the next step depends on: tensors by name, and counters."""
        self.engine.gather()
        tensors = {f"network.{name}": value.detach() for name, value in self.network.state_dict().items()}
        for part in self.parts:
            tensors |= part.state()
        for index, moments in self.engine.optimizer.state_dict()["state"].items():
            for key, value in moments.items():
                if isinstance(value, Tensor):
                    tensors[f"optimizer.{index}.{key}"] = value
        if not self.moment.begins_epoch:
            tensors |= generators(self.training_set.compute.device.torch)
            if self._logits:
                tensors["logits"] = self.training_set.compute.processes.summed(torch.cat(self._logits))
        return tensors, {"epoch": self.epoch, "steps": self.steps, "phase_steps": self.since_restart}

    def restore(self, tensors: Mapping[str, Tensor], counters: Mapping[str, Any]) -> None:
        """Take a state that `state` gave, of this trial or of one that began like it."""
        self.network.load_state_dict(under("network.", tensors))
        for part in self.parts:
            part.restore(tensors)
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in under("optimizer.", tensors).items():
            index, _, key = name.partition(".")
            moments.setdefault(int(index), {})[key] = value
        self.engine.renew_optimizer()
        groups = self.engine.optimizer.state_dict()["param_groups"]
        self.engine.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.steps, self.since_restart = int(counters["steps"]), int(counters["phase_steps"])
        self._generators = under("generator.", tensors)
        self._batches = []
        self._logits = [tensors["logits"]] if "logits" in tensors else []


def generators(device: torch.device) -> dict[str, Tensor]:
    """The states of the random generators that dropout draws from."""
    found = {"generator.cpu": torch.get_rng_state()}
    if device.type == "cuda":
        found["generator.device"] = torch.cuda.get_rng_state(device)
    return found


def set_generators(states: Mapping[str, Tensor], device: torch.device) -> None:
    """Let the generators go on from these states; the one of a device only where there is such a device."""
    torch.set_rng_state(states["cpu"])
    if "device" in states and device.type == "cuda":
        torch.cuda.set_rng_state(states["device"], device)


def in_canonical_order(parts: Sequence[Tensor], batches: Sequence[Rows]) -> Tensor:
    """Batches' outputs as one tensor on the CPU whose row i belongs to row i of the split."""
    together = joined([part.cpu() for part in parts])
    result = torch.empty_like(together)
    result[torch.from_numpy(np.concatenate(batches))] = together
    return result
