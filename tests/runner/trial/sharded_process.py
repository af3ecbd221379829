"""One of several processes that compute trials together: `python -m tests.runner.trial.sharded_process ORDERS RANK`.

ORDERS is a JSON file: count, stage, rendezvous (a path) and a list of trials, each with settings, root (its store),
name (of what is written for the test to look at) and stop_after (epochs, 0 for never).
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, distributed

from runner.spec import TrialSpec
from runner.trial.answering import answers_of
from runner.trial.assembly import Assembled, assembled
from runner.trial.history import History
from runner.trial.run import Hooks, Workplace
from runner.trial.states import States
from runner.trial.watch import Watch
from tests.runner.small_sentences import sentences
from tests.runner.small_trials import StopAfter


class Watched(Watch):
    """A watch that writes down the loss of every step, and removed weights that are not zero after every epoch."""

    def __init__(self, trial: Assembled, history: History, states: States, hooks: Hooks) -> None:
        super().__init__(trial, history, states, hooks)
        self.losses: list[float] = []
        self.leaks: list[float] = []
        self.accumulate = trial.trainer.engine.accumulate
        trial.trainer.engine.accumulate = self.watched_step

    def watched_step(self, rows, moment, loss):
        """A step, whose loss every process knows."""
        logits = self.processes.summed(self.accumulate(rows, moment, loss))
        given = self.trial.training_set
        self.losses.append(float(given.loss(logits, given.targets[torch.from_numpy(rows)])))
        return logits

    def after_step(self, moment) -> bool:
        if moment.begins_epoch:
            self.leaks.append(largest_removed(self.trial.trainer))
        return super().after_step(moment)

    def found(self, ended: bool) -> dict[str, Tensor]:
        """State, losses and leaks, and the logits of a trial that came to its end."""
        if ended and self.trial.spec.is_dense:
            with ThreadPoolExecutor(max_workers=1) as aside:
                self.states.keep(aside, rebuild=False, keep_state=True)
        answers = answers_of(self.trial, self.history) if ended else []
        result = {f"logits.{one.split}": one.logits for one in answers}
        state = self.trial.trainer.state()[0] | self.history.state()[0]
        if self.processes.is_first:
            result |= {name: tensor.detach().clone() for name, tensor in state.items()}
        return {**result, "losses": torch.tensor(self.losses), "leaks": torch.tensor(self.leaks)}


def largest_removed(trainer) -> float:
    """The largest size of a removed weight, in the fp32 master copy and as the network is called, read from shards."""
    shards = getattr(trainer.engine, "shards", None)
    if shards is None:
        pruner = trainer.pruner
        return max(float(weight.detach()[~pruner.masks[name]].abs().sum()) for name, weight in pruner.weights.items())
    import deepspeed
    from deepspeed.utils import safe_get_full_fp32_param

    parts, largest = dict(shards.network.network.named_parameters()), 0.0
    for name, mask in trainer.pruner.masks.items():
        removed = ~shards.processes.shared(mask.to(torch.uint8)).bool()
        master = safe_get_full_fp32_param(parts[name])
        with deepspeed.zero.GatheredParameters([parts[name]], enabled=shards.stage == 3):
            called = parts[name].detach().clone()
        if removed.any():
            largest = max(largest, float(master[removed].abs().max()), float(called[removed].abs().max()))
        torch.testing.assert_close(master, called, rtol=0, atol=0)
    return largest


def attempted(spec: TrialSpec, workplace: Workplace, *, stop_after: int = 0) -> dict[str, Tensor]:
    """Trains a trial as far as told, and what was seen of it."""
    hooks = StopAfter(stop_after).hooks() if stop_after else Hooks()
    trial, history = assembled(spec, workplace, sentences()), History()
    states = States(spec, workplace, trial.trainer, history, hooks)
    states.resume()
    watch = Watched(trial, history, states, hooks)
    return watch.found(trial.trainer.train(watch.after_step))


def main(orders, rank: int) -> None:
    """Joins the others and computes every trial in turn."""
    from runner.trial.sharding.accelerator import join

    distributed.init_process_group(
        "gloo", init_method=f"file://{orders['rendezvous']}", rank=rank, world_size=orders["count"]
    )
    processes = join(torch.device("cpu"))
    for trial in orders["trials"]:
        root = Path(trial["root"])
        workplace = Workplace(
            root=root, cache=root / "cache", device="cpu", processes=processes, zero_stage=orders["stage"]
        )
        spec = TrialSpec.from_settings(trial["settings"])
        found = attempted(spec, workplace, stop_after=trial["stop_after"])
        if processes.is_first:
            save_file(found, root / f"{trial['name']}.safetensors")
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()), int(sys.argv[2]))
