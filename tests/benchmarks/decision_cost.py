"""What gradual pruning costs a step: `python -m tests.benchmarks.decision_cost`.

Two trials of MiniLM on movie-snippets in one process, step by step in turns: dense, and gradual magnitude pruning that
decides over all 10.7 million weights at every 10th step. Then the selection alone, among as many weights as MiniLM and
BERT have, against `torch.kthvalue` and against one pass over the memory.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from runner.pruning.masks import kth_lowest
from runner.spec import TrialSpec
from runner.training import Training
from runner.trial.assembly import assembled
from runner.trial.trainer import Trainer
from runner.trial.workplace import Workplace
from tasks.base import TaskChoice
from tasks.catalogue import limited, open_task
from tasks.registry_packages import cache_folder

EVERY = 10


def seconds_of(action: Callable[[], object]) -> float:
    """What it takes, by the clock."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def trainer_of(method: str, folder: Path, threads: int) -> Trainer:
    """MiniLM at step 0."""
    data = limited(open_task(TaskChoice(name="movie-snippets")), {"train": 640, "test": 10})
    spec = TrialSpec(
        task=data.task,
        data=data.fingerprint,
        model="minilm",
        architecture="minilm",
        method=method,
        sparsity=0.9 if method != "dense" else 0.0,
        method_options=() if method == "dense" else (("ends", 1.0), ("every", EVERY)),
        seed=0,
        training=Training(epochs=100, batch_size=32, learning_rate=1e-4),
    )
    return assembled(spec, Workplace(root=folder, cache=cache_folder(), threads=threads), data).trainer


def blocks(trainers: dict[str, Trainer], rounds: int) -> dict[str, list[float]]:
    """Seconds of EVERY steps of each trainer, in turns; the first round warms up."""
    found: dict[str, list[float]] = {name: [] for name in trainers}
    for round_ in range(rounds + 1):
        for name, trainer in trainers.items():
            until = trainer.steps + EVERY
            spent = seconds_of(lambda: trainer.train(lambda moment: moment.step < until))  # noqa: B023  (called at once)
            if round_:
                found[name].append(spent)
    return found


def main() -> None:
    """Measure and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with TemporaryDirectory() as folder:
        trainers = {name: trainer_of(name, Path(folder), options.threads) for name in ("dense", "gmp")}
        spent = blocks(trainers, options.rounds)
    weights = sum(weight.numel() for weight in trainers["gmp"].pruner.weights.values())
    dense, pruned = (statistics.median(spent[name]) for name in ("dense", "gmp"))
    ratio = statistics.median(mine / theirs for mine, theirs in zip(spent["gmp"], spent["dense"], strict=True))
    print(f"{EVERY} steps of MiniLM, {weights:,} prunable weights: dense {dense:.2f} s, gradual {pruned:.2f} s")
    print(f"ratio: {ratio:.3f} (at most 1.08 is wanted)")
    for size in (weights, 85_017_600):
        values = torch.randn(size).abs()
        count = round(0.9 * size)
        found = [
            [seconds_of(action) for _ in range(5)]
            for action in (
                lambda: kth_lowest(values, count),  # noqa: B023
                lambda: values.kthvalue(count),  # noqa: B023
                lambda: torch.lt(values, 1).count_nonzero(),  # noqa: B023
            )
        ]
        ours, theirs, once = (min(times) for times in found)
        print(f"selection among {size:,}: {ours:.3f} s, {ours / once:.1f} passes over the memory of {once:.3f} s each;")
        print(f"  torch.kthvalue {theirs:.3f} s, {theirs / ours:.1f} times as long")


if __name__ == "__main__":
    main()
