"""LeNet with five ratios, and an epoch of ResNet-20, against plain torch scripts with torchvision's transforms.

    pip install torchvision    # the build that fits torch
    python -m tests.benchmarks.images --fashion FOLDER --cifar FOLDER

A seed of LeNet is its dense training and, from that, five fine-tuned networks pruned by magnitude to ratios 2 to 50,
each evaluated after every epoch, the best one kept. The plain script has the machine to itself, in three forms of which
the best counts: one thread, all threads, and all threads with as many workers of the DataLoader as there are
processors. Trials run side by side, one a processor and one thread each, as a sweep runs them, and leave their whole
store: seconds are those a seed.

Both sides take turns, and the median of their ratios is told. Beside seconds stand those of processors, which others on
the machine do not lengthen: a side that keeps every processor busy takes these over their number. The share of what
matrix products reach here in the same run is of processor seconds too, and of products in the precision of that side:
trials have theirs from `--precision`, the script trains in fp32. Accuracies stand beside: a faster trial that learns
less would be no gain.
"""

from __future__ import annotations

import argparse
import copy
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import prune
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode

from runner.models import resnet
from runner.models.base import ModelContext
from runner.spec import Protocol, TrialSpec
from runner.training import Finetuning, RequestedPrecision, Selection, Training
from runner.trial.run import Workplace, run_trial
from tasks.base import TaskChoice, TaskData
from tasks.catalogue import open_task
from tasks.registry_packages import cache_folder

RATIOS = (2, 4, 10, 20, 50)
BATCH = 128
CORES = os.cpu_count() or 1


@dataclass(frozen=True)
class Job:
    """What both sides do. epochs: of the dense training, and after each cut; pruned: whether there are cuts."""

    model: str
    data: TaskData
    dense_epochs: int
    epochs: int
    momentum: float
    pruned: bool
    precision: RequestedPrecision = "auto"

    @property
    def examples(self) -> int:
        """Training examples that a seed passes through the network."""
        cuts = len(RATIOS) * self.epochs if self.pruned else 0
        return (self.dense_epochs + cuts) * self.data.split("train").num_rows


def trials(job: Job, seed: int) -> list[TrialSpec]:
    """The dense trial of a seed and its children."""
    dense = TrialSpec(
        task=job.data.task,
        data=job.data.fingerprint,
        model=job.model,
        architecture=job.model,
        method="dense",
        seed=seed,
        training=Training(
            epochs=job.dense_epochs,
            batch_size=BATCH,
            learning_rate=0.01,
            optimizer="sgd",
            momentum=job.momentum,
            nesterov=bool(job.momentum),
            clip_norm=0.0,
            precision=job.precision,
            selection=Selection(best="loss", split="test"),
            finetuning=Finetuning(epochs=job.epochs),
        ),
    )
    pruned = [replace(dense, method="mp", base="all", sparsity=1 - 1 / ratio) for ratio in RATIOS]
    return [dense.dense, *(pruned if job.pruned else [])]


@dataclass(frozen=True)
class Taken:
    """Of one seed: seconds, seconds of processors, the last network's accuracy, and in which precision it computed."""

    seconds: float
    processors: float
    accuracy: float
    precision: str


def one_seed(job: Job, seed: int, ready: Any) -> Taken:
    """A seed's trials, one after another in this process with one thread."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        place = Workplace(root=Path(folder) / "store", cache=cache_folder(), device="cpu")
        # A worker imports once for all its trials.
        warm = replace(place, root=Path(folder) / "warm")
        few = cut(job.data, BATCH, BATCH)
        run_trial(replace(trials(job, seed)[0], data=few.fingerprint), workplace=warm, data=few)
        ready.wait()
        began, busy = time.perf_counter(), time.process_time()
        for spec in trials(job, seed):
            outcome = run_trial(spec, workplace=place, data=job.data, keep_state=spec.is_dense)
            assert outcome.record is not None
        taken = time.perf_counter() - began, time.process_time() - busy
    facts = outcome.record.facts
    accuracy = facts.metrics["test"]["accuracy"]
    assert accuracy is not None
    return Taken(*taken, accuracy, facts.precision)


def side_by_side(job: Job) -> Taken:
    """What a seed takes where as many run at once as there are processors."""
    count, context = CORES, multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(count) as pool:
        ready = manager.Barrier(count)
        found = pool.starmap(one_seed, [(job, seed, ready) for seed in range(count)], chunksize=1)
    mean = statistics.mean
    return Taken(
        max(one.seconds for one in found) / count,
        mean(one.processors for one in found),
        mean(one.accuracy for one in found),
        found[0].precision,
    )


class Pictures(torch.utils.data.Dataset[tuple[Tensor, int]]):
    """A split as torchvision's data sets hold it: a PIL image at a time, then the transforms."""

    def __init__(self, data: TaskData, split: Any, transform: Callable[[Any], Tensor]) -> None:
        rows, images = data.split(split), data.images
        assert images is not None
        size = (images.height, images.width, images.channels)
        whole = np.stack([np.frombuffer(one, np.uint8) for one in rows["pixels"].to_pylist()]).reshape(-1, *size)
        self.images = whole[..., 0] if images.channels == 1 else whole
        self.labels = rows["label"].to_numpy().astype(int).tolist()
        self.transform = transform

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        from PIL import Image

        return self.transform(Image.fromarray(self.images[index])), self.labels[index]


def loaders(data: TaskData, workers: int) -> tuple[DataLoader[Any], DataLoader[Any]]:
    """Of the training and the test split, with the transforms that the released code has."""
    from torchvision import transforms

    images = data.images
    assert images is not None
    last = [transforms.ToTensor(), transforms.Normalize(images.mean, images.deviation)]
    varied = [transforms.RandomCrop(images.height, padding=4), transforms.RandomHorizontalFlip()]
    first = varied if images.variations else []
    train = Pictures(data, "train", transforms.Compose([*first, *last]))
    test = Pictures(data, "test", transforms.Compose(last))
    shared: dict[str, Any] = {"batch_size": BATCH, "num_workers": workers}
    return DataLoader(train, shuffle=True, **shared), DataLoader(test, **shared)


def plain_network(model: str) -> nn.Module:
    """The network as scripts write it."""
    if model == "lenet":
        halved = [nn.ReLU(), nn.MaxPool2d(2)]
        convolutions = [nn.Conv2d(1, 6, 3), *halved, nn.Conv2d(6, 16, 3), *copy.deepcopy(halved), nn.Flatten()]
        linear = [nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)]
        return nn.Sequential(*convolutions, *linear)
    settings: dict[str, Any] = {"kind": "single-label", "inputs": "image", "max_tokens": 1, "cache": Path()}
    options = {"depth": int(model.partition("-")[2]), "width": 16}
    return resnet.build(ModelContext(options=options, classes=10, switches=Protocol(), seed=0, **settings))


def trained(network: nn.Module, sets: tuple[DataLoader[Any], DataLoader[Any]], epochs: int, momentum: float) -> float:
    """Train and end with the best network by its loss on the test split; its accuracy there."""
    train, test = sets
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=momentum, nesterov=bool(momentum))
    best: tuple[float, float, dict[str, Tensor]] | None = None
    for _ in range(epochs):
        network.train()
        for inputs, labels in train:
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(inputs), labels).backward()
            optimizer.step()
        network.eval()
        loss, right, count = 0.0, 0, 0
        with torch.no_grad():
            for inputs, labels in test:
                made = network(inputs)
                loss += float(nn.functional.cross_entropy(made, labels, reduction="sum"))
                right, count = right + int((made.argmax(1) == labels).sum()), count + len(labels)
        if best is None or loss < best[0]:
            best = loss, right / count, copy.deepcopy(network.state_dict())
    assert best is not None
    network.load_state_dict(best[2])
    return best[1]


def processor_seconds() -> float:
    """Of this process and of those that it has waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def plain(job: Job, threads: int, workers: int) -> Taken:
    """What a seed takes by the plain script."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    trained(plain_network(job.model), loaders(cut(job.data, BATCH, BATCH), workers), 1, job.momentum)
    sets = loaders(job.data, workers)
    network = plain_network(job.model)
    began, busy = time.perf_counter(), processor_seconds()
    accuracy = trained(network, sets, job.dense_epochs, job.momentum)
    for ratio in RATIOS if job.pruned else ():
        pruned = copy.deepcopy(network)
        layers = [one for one in pruned.modules() if isinstance(one, nn.Conv2d | nn.Linear)][:-1]
        parameters = sum(weight.numel() for weight in pruned.parameters())
        prunable = sum(layer.weight.numel() for layer in layers)
        amount = (1 - 1 / ratio) * parameters / prunable
        prune.global_unstructured([(layer, "weight") for layer in layers], prune.L1Unstructured, amount=amount)
        accuracy = trained(pruned, sets, job.epochs, job.momentum)
    return Taken(time.perf_counter() - began, processor_seconds() - busy, accuracy, "fp32")


def operations(job: Job) -> float:
    """Floating-point operations of one example in training, of the network as scripts write it."""
    images, network = job.data.images, plain_network(job.model)
    assert images is not None
    with FlopCounterMode(display=False) as counter:
        network(torch.rand(8, images.channels, images.height, images.width)).sum().backward()
    return counter.get_total_flops() / 8


def peak(precision: str) -> float:
    """Operations that a processor does in a second of a matrix product, the best of several."""
    torch.set_num_threads(1)
    square = torch.rand(1024, 1024, dtype=torch.bfloat16 if precision == "bf16" else torch.float32)
    seconds = []
    for _ in range(10):
        began = time.process_time()
        square @ square
        seconds.append(time.process_time() - began)
    return 2 * 1024**3 / min(seconds)


def compare(job: Job, rounds: int, forms: list[tuple[int, int]]) -> None:
    """Print what both sides take, in turns. forms: threads and workers of the plain script."""
    name, work = f"{job.data.task}, {job.model}", operations(job) * job.examples
    ratios: list[float] = []
    busy: list[float] = []
    for turn in range(rounds):
        ours = side_by_side(job)
        theirs = [plain(job, *form) for form in forms]
        best, least = min(one.seconds for one in theirs), min(one.processors for one in theirs)
        ratios.append(best / ours.seconds)
        busy.append(least / ours.processors)
        top = {precision: peak(precision) for precision in {"fp32", ours.precision}}
        print(f"{name}, turn {turn + 1}, a seed:", flush=True)
        for side, taken in [
            ("trials", ours),
            *((f"plain, {a} threads, {b} workers", one) for (a, b), one in zip(forms, theirs, strict=True)),
        ]:
            reached = top[taken.precision]
            share = work / taken.processors / reached
            print(
                f"  {side}: {taken.seconds:.1f} s, {taken.processors:.1f} s of processors ({share:.1%} of "
                f"{reached / 1e9:.0f} GFLOP/s in {taken.precision}), accuracy {taken.accuracy:.3f}",
                flush=True,
            )
    print(f"{name}: {told(ratios)} as fast, {told(busy)} by seconds of processors")


def told(ratios: list[float]) -> str:
    """The median with its range."""
    return f"{statistics.median(ratios):.2f} times ({min(ratios):.2f} to {max(ratios):.2f})"


def cut(data: TaskData, train: int, test: int) -> TaskData:
    """So many examples, without a validation split."""
    from tasks.catalogue import limited

    return limited(data, {"train": train, "validation": 10, "test": test})


def main() -> None:
    """Compare on the data that is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fashion", help="folder of Fashion-MNIST's idx files; else Debian's")
    parser.add_argument("--cifar", help="a copy of CIFAR-10")
    parser.add_argument("--examples", type=int, default=12_800)
    parser.add_argument("--cifar-examples", type=int, default=1_280)
    parser.add_argument("--epochs", type=int, nargs=2, default=(3, 2), help="dense, and after each cut")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto", help="of trials")
    parser.add_argument("--only", choices=("lenet", "resnet-20"))
    parser.add_argument("--forms", nargs="+", default=["1/0", f"{CORES}/0", f"{CORES}/{CORES}"], help="THREADS/WORKERS")
    given = parser.parse_args()
    forms = [(int(one.partition("/")[0]), int(one.partition("/")[2])) for one in given.forms]
    if given.only != "resnet-20":
        fashion = cut(open_task(TaskChoice(name="fashion-mnist", data=given.fashion)), given.examples, 2_000)
        job = Job("lenet", fashion, *given.epochs, momentum=0.0, pruned=True, precision=given.precision)
        compare(job, given.rounds, forms)
    if given.cifar and given.only != "lenet":
        count = given.cifar_examples
        cifar = cut(open_task(TaskChoice(name="cifar10", data=given.cifar)), count, count // 5)
        job = Job("resnet-20", cifar, 1, 0, momentum=0.9, pruned=False, precision=given.precision)
        compare(job, given.rounds, forms)


if __name__ == "__main__":
    main()
