"""A store with everything a store may hold: label sets beside labels, EL2N scores, two splits, a failure."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa

from runner.spec import Record, TrialSpec
from runner.store.schema import CommitRecord, Facts
from runner.store.writer import commit, freeze_plan, record_failure, save_task
from runner.training import Training
from tasks.base import TaskData
from tests.runner.store import samples

TASKS: dict[str, str] = {"toy": "single-label", "toy-topics": "multi-label"}
CELLS = (("dense", 0.0), ("imp-ft", 0.5), ("imp-ft", 0.9))


def task(name: str) -> TaskData:
    """One of the tasks; both have twenty test and ten training examples."""
    return samples.task(name, TASKS[name])


def specs(seeds: range) -> list[TrialSpec]:
    """The trials of these seeds: three cells of each task, in the order in which they may run."""
    return [
        TrialSpec(
            task=name,
            data=task(name).fingerprint,
            model="bilstm",
            architecture="bilstm",
            method=method,
            sparsity=sparsity,
            seed=seed,
            training=Training(epochs=2, batch_size=4, learning_rate=1e-3),
            record=Record(splits=("test", "train"), el2n=True),
        )
        for seed in seeds
        for name in TASKS
        for method, sparsity in CELLS
    ]


def rows(spec: TrialSpec) -> pa.Table:
    """Answers for both splits, drawn from the trial's coordinates; dense ones have EL2N scores of training examples."""
    data = task(spec.task)
    rng = np.random.default_rng([spec.seed, round(10 * spec.sparsity), list(TASKS).index(spec.task)])
    columns = {"split": data.examples["split"], "example_id": data.examples["example_id"]}
    count = data.examples.num_rows
    if data.kind == "single-label":
        columns["label"] = pa.array(rng.integers(0, 3, count), pa.int16())
    else:
        sets = [sorted(set(rng.integers(0, 3, rng.integers(0, 3)).tolist())) for _ in range(count)]
        columns["labels"] = pa.array(sets, pa.list_(pa.int16()))
    if spec.is_dense:
        scores = [float(score) if split == "train" else None for split, score in
                  zip(columns["split"].to_pylist(), rng.random(count), strict=True)]  # fmt: skip
        columns["el2n"] = pa.array(scores, pa.float32())
    return pa.table(columns).take(rng.permutation(count))


def committed(root: Path, spec: TrialSpec) -> CommitRecord | None:
    """Commit a trial with its rows; None if another attempt was first."""
    state = f"state-{spec.task}-{spec.seed}"
    facts = Facts(
        parameters=1000,
        prunable=900,
        achieved_sparsity=spec.sparsity,
        total_sparsity=0.9 * spec.sparsity,
        layer_sparsity={} if spec.is_dense else {"lstm.weight": spec.sparsity},
        threshold=0.5 if TASKS[spec.task] == "multi-label" else None,
        metrics={"test": {"accuracy": 0.5}, "train": {"accuracy": None}},
        epochs=2,
        steps=6,
        weights=state if spec.is_dense else None,
        parent_weights=state if spec.shares_parent else None,
        seconds=0.25,
        device_vendor="cpu",
        device_name="some processor",
        precision="fp32",
        versions={"python": "3.11", "torch": "2.13"},
    )
    return commit(root, spec, rows(spec), facts)


def store(root: Path, seeds: range = range(3), planned: range | None = None) -> list[TrialSpec]:
    """A store with the trials of these seeds committed, others planned, and one of seed 99 planned and failed."""
    trials = specs(seeds)
    lost = dataclasses.replace(trials[0], seed=99)
    for name in TASKS:
        save_task(root, task(name))
    freeze_plan(root, {"name": "mixed"}, [*specs(planned or seeds), lost])
    for trial in trials:
        committed(root, trial)
    record_failure(root, lost.trial_id, 3, "Traceback (most recent call last):\nValueError: the loss is not a number")
    return trials
