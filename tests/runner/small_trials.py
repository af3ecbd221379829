"""Trials of the small network on the small task, and what they leave in a store."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from runner.spec import TrialSpec
from runner.store.layout import Layout
from runner.training import Training
from runner.trial.run import Hooks, Workplace

from .small_network import small_task

TRAINING = Training(epochs=3, batch_size=16, learning_rate=0.02)
DATA = small_task()
MULTI = small_task(multi_label=True)


def spec_of(method="dense", *, data=DATA, sparsity=0.9, **choices) -> TrialSpec:
    """A trial of the small network."""
    values = {"training": TRAINING, "seed": 1, **choices}
    dense = method == "dense"
    return TrialSpec(
        task="points",
        data=data.fingerprint,
        model="small",
        architecture="small",
        method=method,
        sparsity=0.0 if dense else sparsity,
        **values,
    )


def committed(workplace: Workplace, spec: TrialSpec) -> tuple[dict[str, Any], pa.Table]:
    """The commit record and the rows of a trial."""
    record = json.loads(Layout(workplace.root).commit(spec.trial_id).read_text())
    return record, pq.read_table(workplace.root / record["files"][0]["path"])


class StopAfter:
    """Hooks that stop a trial after so many epochs."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.seen: list[tuple[int, int]] = []

    def hooks(self) -> Hooks:
        return Hooks(
            should_stop=lambda: len(self.seen) >= self.epochs,
            on_epoch=lambda done, total: self.seen.append((done, total)),
        )
