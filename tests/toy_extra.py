"""Adds an extra, one module and one line of EXTRAS, and takes a study to a store that has it: in a process of its own.

Keys of studies and views are derived from the registry when they are first read.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa

from runner.extras import EXTRAS, Extra
from runner.trial.extras.base import Recorder
from runner.trial.extras.rows import as_parquet


class CountRecorder(Recorder):
    """Counts the steps that it saw; not kept in a checkpoint, since this trial is never interrupted."""

    name = "toy"

    def __init__(self, observed):
        self.observed, self.steps = observed, 0

    def after_step(self, moment):
        self.steps += 1

    def gathered(self):
        return as_parquet("toy", self.observed.spec.trial_id, {"steps": [self.steps]})


recorder = CountRecorder


def main(folder: Path) -> None:
    """Print what the store says of the toy."""
    columns = {"trial_id": pa.string(), "steps": pa.int32()}
    EXTRAS["toy"] = Extra(title="steps", module="tests.toy_extra", bytes=lambda planned: 500, columns=columns)
    from analysis.relations.database import connect
    from runner.estimate import estimate
    from runner.models import MODELS
    from runner.plan import plan
    from runner.spec import Record
    from runner.store.verify import broken_invariants
    from runner.store.writer import freeze_plan, save_task
    from runner.studies import load
    from runner.trial.run import Workplace, run_trial
    from tests.runner.small_network import ARCHITECTURE
    from tests.runner.small_trials import DATA, spec_of

    planned = plan(load("quickstart", ["record.toy=true"]))
    found = estimate(planned)
    assert found.extra_bytes == {"toy": 500 * found.trials}
    assert all(spec.record.extras == ("toy",) for spec in planned.trials)
    MODELS["small"] = ARCHITECTURE
    spec, store = spec_of("mp-ai", record=Record(extras=("toy",))), folder / "store"
    save_task(store, DATA)
    freeze_plan(store, {"name": "toy"}, [spec])
    run_trial(spec, workplace=Workplace(root=store, cache=folder / "cache", device="cpu"), data=DATA)
    assert broken_invariants(store) == []
    print(connect(store).execute("SELECT steps FROM internal.toy_rows").fetchall())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
