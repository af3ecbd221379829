"""What checkpoints cost a trial: MiniLM, a dense trial and an iterative one that continues from it.

    python -m tests.benchmarks.checkpoint_cost [--examples 1000] [--epochs 1] [--threads 2]

The share of the trial's time for which it stands still because of `checkpoints.save`: all of a checkpoint between two
epochs, and of the state that a dense trial leaves for its children, which is written while the network answers, what is
left to write when it has answered. By the clock, which includes waiting for the disk; and all processor seconds of
saving, which a busy machine does not blur, and which are taken from the network's answers where both run. The share is
printed rather than the difference of two runs, with checkpoints and without, since on most machines two equal runs
differ by more than the two percent in question.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from torch import Tensor

from runner.spec import TrialSpec
from runner.store.layout import Layout
from runner.training import Training
from runner.trial import checkpoints
from runner.trial import run as trial_module
from runner.trial.assembly import Assembled
from runner.trial.checkpoints import TRAINED
from runner.trial.evaluation import Answers
from runner.trial.history import History
from runner.trial.run import Workplace, run_trial
from tasks.base import TaskChoice, TaskData
from tasks.catalogue import limited, open_task
from tasks.registry_packages import cache_folder

TARGET = 0.02


@dataclass
class Spent:
    """Seconds by the clock and of the processor, over all threads; `times` how often."""

    clock: float = 0.0
    processor: float = 0.0
    times: int = 0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Adds what happens inside."""
        clock, processor = time.perf_counter(), time.process_time()
        yield
        self.clock += time.perf_counter() - clock
        self.processor += time.process_time() - processor
        self.times += 1

    def share_of(self, whole: Spent) -> str:
        """Both shares in words."""
        return f"{self.clock / whole.clock:.2%} by the clock, {self.processor / whole.processor:.2%} of the processor"


def measure(spec: TrialSpec, data: TaskData, root: Path, threads: int) -> tuple[Spent, Spent]:
    """What the trial took, and its checkpoints of that."""
    trial, taken = Spent(), Spent()
    save, evaluate = checkpoints.save, vars(trial_module)["answers_of"]
    saved: list[float] = []
    answered: list[float] = []

    def timed(path: Path, trial_id: str, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> str:
        began, used = time.perf_counter(), time.thread_time()
        content = save(path, trial_id, tensors, facts)
        taken.times += 1
        taken.processor += time.thread_time() - used
        if threading.current_thread() is threading.main_thread():
            taken.clock += time.perf_counter() - began
        else:
            saved.append(time.perf_counter())
        return content

    def watched(trial: Assembled, history: History) -> list[Answers]:
        answers = evaluate(trial, history)
        answered.append(time.perf_counter())
        return answers

    workplace = Workplace(root=root, cache=cache_folder(), threads=threads, device="auto")
    with (
        mock.patch.object(checkpoints, "save", timed),
        mock.patch.object(trial_module, "answers_of", watched),
        trial.measured(),
    ):
        outcome = run_trial(spec, workplace=workplace, data=data, keep_state=spec.is_dense)
    assert outcome.status == "committed"
    taken.clock += sum(max(0.0, end - answered[0]) for end in saved)
    return trial, taken


def main() -> None:
    """Run both trials and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--test", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=1, help="of each phase")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    data = limited(open_task(TaskChoice(name="movie-snippets")), {"train": options.examples, "test": options.test})
    dense = TrialSpec(
        task=data.task,
        data=data.fingerprint,
        model="minilm",
        architecture="minilm",
        method="dense",
        seed=0,
        training=Training(epochs=options.epochs, batch_size=32, learning_rate=5e-5),
    )
    whole, spent = Spent(), Spent()
    with tempfile.TemporaryDirectory() as folder:
        for spec in (dense, dataclasses.replace(dense, method="imp-ft", sparsity=0.5)):
            trial, taken = measure(spec, data, Path(folder), options.threads)
            for total, part in ((whole, trial), (spent, taken)):
                total.clock += part.clock
                total.processor += part.processor
            print(
                f"{spec.method:<8}{trial.clock:7.1f} s, {taken.times} checkpoints, stood still {taken.clock:5.2f} s: "
                f"{taken.share_of(trial)}",
                flush=True,
            )
        size = (Layout(Path(folder)).checkpoint(dense.trial_id) / TRAINED).stat().st_size
    print(f"a checkpoint of {size / 1e6:.0f} MB; together {spent.share_of(whole)} (at most {TARGET:.0%} is wanted)")


if __name__ == "__main__":
    main()
