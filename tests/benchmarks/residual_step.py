"""A training step of ResNet-20 as a trial takes it and as a plain script does, and what of it convolutions take.

    pip install torchvision    # the build that fits torch
    python -m tests.benchmarks.residual_step --cifar FOLDER

Each side has a process of its own with one thread, in turns. Told are processor seconds of a batch of 128 images, the
least of all steps, since whatever else the machine does only adds to them: from fetching the images to the optimizer's
step. The share of convolutions is that of a profile of the trial's steps. The script trains in fp32, the trial in what
`--precision` says.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from runner.trial.assembly import assembled
from runner.trial.run import Workplace
from tasks.base import TaskChoice, TaskData
from tasks.catalogue import open_task
from tasks.registry_packages import cache_folder
from tests.benchmarks.images import BATCH, Job, cut, loaders, operations, peak, plain_network, trials

STEPS = 8


def by_trial(job: Job) -> tuple[float, float, str]:
    """Least seconds of a step, the share of convolutions, and the precision."""
    with tempfile.TemporaryDirectory() as folder:
        place = Workplace(root=Path(folder), cache=cache_folder(), device="cpu")
        trainer = assembled(trials(job, 0)[0], place, job.data).trainer
        began, stamps = profile(activities=[ProfilerActivity.CPU]), list[float]()

        def watch(_: object) -> bool:
            stamps.append(time.process_time())
            if len(stamps) == STEPS:
                began.start()
            return len(stamps) < STEPS + 2

        trainer.train(watch)
        began.stop()
    times = {one.key: one.self_cpu_time_total for one in began.key_averages()}
    convolutions = sum(taken for name, taken in times.items() if "convolution" in name)
    return least(stamps[:STEPS]), convolutions / sum(times.values()), trainer.training_set.compute.precision


def by_script(job: Job) -> float:
    """Least seconds of a step."""
    torch.set_num_threads(1)
    batches, _ = loaders(job.data, 0)
    network = plain_network(job.model).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=job.momentum, nesterov=True)
    stamps = [time.process_time()]
    for inputs, labels in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(inputs), labels).backward()
        optimizer.step()
        stamps.append(time.process_time())
    return least(stamps[1:])


def least(stamps: list[float]) -> float:
    """The shortest time from one to the next."""
    return min(after - before for before, after in itertools.pairwise(stamps))


def main() -> None:
    """Print both sides, in turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifar", required=True, help="a copy of CIFAR-10")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto", help="of the trial")
    given = parser.parse_args()
    data: TaskData = cut(open_task(TaskChoice(name="cifar10", data=given.cifar)), (STEPS + 4) * BATCH, BATCH)
    job = Job("resnet-20", data, 1, 0, momentum=0.9, pruned=False, precision=given.precision)
    ours, theirs, shares, precision = list[float](), list[float](), list[float](), "fp32"
    best = {"fp32": 0.0, "bf16": 0.0}
    for _ in range(given.rounds):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
            taken, share, precision = pool.submit(by_trial, job).result()
            theirs.append(pool.submit(by_script, job).result())
            best = {one: max(before, pool.submit(peak, one).result()) for one, before in best.items()}
        ours.append(taken)
        shares.append(share)
        print(f"trial {taken:.3f} s, {share:.0%} of it convolutions; plain script {theirs[-1]:.3f} s", flush=True)
    own, other, share, work = min(ours), min(theirs), sum(shares) / len(shares), operations(job) * BATCH
    fast, plain = best[precision], best["fp32"]
    print(
        f"least: {own:.3f} s in {precision} against {other:.3f} s in fp32, {other / own:.2f} times as fast; of matrix "
        f"products ({fast / 1e9:.0f} and {plain / 1e9:.0f} GFLOP/s) {work / own / fast:.0%} against "
        f"{work / other / plain:.0%}, convolutions alone {work / (share * own) / fast:.0%}; were all else free, "
        f"{other / (share * own):.2f} times"
    )


if __name__ == "__main__":
    main()
