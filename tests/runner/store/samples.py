"""A small task, its trials and their rows, as every store test uses them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from runner.extras import Gathered
from runner.spec import Record, TrialSpec
from runner.store.schema import CommitRecord, Facts
from runner.store.writer import commit, freeze_plan, save_task
from runner.training import Training
from tasks.base import TaskData

EXAMPLES = 20


@cache
def task(name: str = "toy", kind: str = "single-label") -> TaskData:
    """Twenty test and ten training examples with three classes."""
    rng = np.random.default_rng(7)
    ids = [*range(EXAMPLES), *range(EXAMPLES // 2)]
    columns = {
        "split": pa.array(["test"] * EXAMPLES + ["train"] * (EXAMPLES // 2)),
        "example_id": pa.array(ids, pa.int32()),
        "text": pa.array([f"text {number}" for number in range(len(ids))]),
    }
    if kind == "single-label":
        columns["label"] = pa.array(rng.integers(0, 3, len(ids)), pa.int16())
    else:
        sets = [sorted(set(rng.integers(0, 3, rng.integers(1, 3)).tolist())) for _ in ids]
        columns["labels"] = pa.array(sets, pa.list_(pa.int16()))
    return TaskData(
        task=name, kind=kind, inputs="text", classes=("a", "b", "c"), max_tokens=8, examples=pa.table(columns)
    )


def spec(method: str = "dense", sparsity: float = 0.0, seed: int = 0, extras: tuple[str, ...] = ()) -> TrialSpec:
    """A trial of the task above."""
    return TrialSpec(
        task="toy",
        data=task().fingerprint,
        model="bilstm",
        architecture="bilstm",
        method=method,
        sparsity=sparsity,
        seed=seed,
        training=Training(epochs=2, batch_size=4, learning_rate=1e-3),
        record=Record(extras=extras),
    )


def rows(seed: int = 0) -> pa.Table:
    """Predictions for the test split, in no particular order."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(EXAMPLES)
    labels = rng.integers(0, 3, EXAMPLES)
    return pa.table(
        {
            "split": pa.array(["test"] * EXAMPLES),
            "example_id": pa.array(order, pa.int32()),
            "label": pa.array(labels[order], pa.int16()),
        }
    )


def committed(root: Path, trial: TrialSpec) -> CommitRecord:
    """Commit a trial with rows of its own and consistent parent facts."""
    facts = Facts(
        achieved_sparsity=trial.sparsity,
        weights=f"state-{trial.seed}" if trial.is_dense else None,
        parent_weights=f"state-{trial.seed}" if trial.shares_parent else None,
    )
    seed = trial.seed + round(100 * trial.sparsity)
    record = commit(root, trial, rows(seed), facts, kept(trial))
    assert record is not None
    return record


def kept(trial: TrialSpec) -> dict[str, Gathered]:
    """What a trial keeps beside its rows: some bytes for each extra that it asks for."""
    text = {name: f"{name} of {trial.method} {trial.sparsity} {trial.seed}".encode() for name in trial.record.extras}
    return {name: Gathered(said, hashlib.sha256(said).hexdigest()) for name, said in text.items()}


def store(root: Path, seeds: int = 2, extras: tuple[str, ...] = ()) -> list[TrialSpec]:
    """A whole small store: dense and two pruned cells; returns its trials."""
    trials = [
        spec(method, sparsity, seed, extras)
        for seed in range(seeds)
        for method, sparsity in (("dense", 0.0), ("imp-ft", 0.5), ("mp-ai", 0.5))
    ]
    save_task(root, task())
    freeze_plan(root, {"name": "sample"}, trials)
    for trial in trials:
        committed(root, trial)
    return trials
