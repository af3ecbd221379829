"""What a sweep costs beyond its trials: a thousand trials that do nothing, against bare Ray Tune in the same run.

    python -m tests.benchmarks.sweep_overhead [--trials 1000] [--rounds 3]

Both use reused actors, no loggers and two workers. The baseline's trials return at once; ours commit one hundred
predictions each, so that the ratio contains plan, searcher, lease, event log and atomic commits. Each measurement is a
fresh process with its own Ray; rounds alternate and the medians are compared.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from runner.spec import Training, TrialSpec
from runner.store.schema import Facts
from runner.store.session import hold
from runner.store.writer import commit
from runner.sweep.environment import prepare
from runner.sweep.jobs import Job, missing_jobs
from runner.sweep.stopping import StopRequest

ROWS = 100


def specs(count: int) -> list[TrialSpec]:
    """Trials that depend on nothing."""
    training = Training(epochs=1, batch_size=1, learning_rate=1e-3)
    cell = TrialSpec(
        task="t",
        data="0" * 16,
        model="m",
        architecture="convnet",
        method="mp-ai",
        sparsity=0.5,
        seed=0,
        training=training,
    )
    return [dataclasses.replace(cell, seed=seed) for seed in range(count)]


def commit_rows(job: Job, assignment: Any) -> str:
    """A trial that does nothing but leave its rows."""
    rows = pa.table(
        {
            "split": pa.repeat(pa.scalar("test"), ROWS),
            "example_id": pa.array(np.arange(ROWS), pa.int32()),
            "label": pa.array(np.zeros(ROWS), pa.int16()),
        }
    )
    commit(Path(assignment.root), job.spec, rows, Facts(achieved_sparsity=0.5))
    return "committed"


def measure_piesweep(count: int) -> float:
    """Seconds from connected cluster to the last commit."""
    prepare(None)
    from rich.console import Console

    from runner.store.reader import committed_ids
    from runner.sweep.driver import Execution, cluster, drive
    from runner.sweep.progress import Progress
    from runner.sweep.study import Ledger
    from runner.sweep.worker import Assignment

    with tempfile.TemporaryDirectory() as folder, hold(Path(folder)) as session, cluster(None, 2):
        began = time.perf_counter()
        planned = specs(count)
        jobs = missing_jobs(planned, Path(folder))
        assignment = Assignment(root=folder, cache=folder, threads=1, stop_file=str(session.stop_file))
        with Progress(planned, jobs, Console(file=io.StringIO())) as progress:
            execution = Execution(needs=lambda job: (1.0, 0.0), work=commit_rows)
            drive(jobs, assignment, execution, Ledger(session, progress), StopRequest(1.0))
        seconds = time.perf_counter() - began
        assert len(committed_ids(Path(folder))) == count
        return seconds


def measure_tune(count: int) -> float:
    """Seconds that Tune takes for as many trials of its own, as its fastest documented settings allow."""
    prepare(None)
    from ray import tune

    from runner.sweep.driver import cluster

    def nothing(config: dict[str, Any]) -> None:
        tune.report({"ok": 1})

    with tempfile.TemporaryDirectory() as folder, cluster(None, 2):
        began = time.perf_counter()
        results = tune.Tuner(
            tune.with_resources(nothing, {"cpu": 1}),
            param_space={"seed": tune.grid_search(list(range(count)))},
            tune_config=tune.TuneConfig(max_concurrent_trials=2, reuse_actors=True),
            run_config=tune.RunConfig(name="bare", storage_path=folder, verbose=0),
        ).fit()
        seconds = time.perf_counter() - began
        assert len(results) == count
        return seconds


def main() -> None:
    """Alternate both in fresh processes and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["piesweep", "tune"])
    options = parser.parse_args()
    if options.only:
        print((measure_piesweep if options.only == "piesweep" else measure_tune)(options.trials))
        return
    seconds: dict[str, list[float]] = {"tune": [], "piesweep": []}
    for _ in range(options.rounds):
        for name, taken in seconds.items():
            words = [
                sys.executable,
                "-m",
                "tests.benchmarks.sweep_overhead",
                "--only",
                name,
                "--trials",
                str(options.trials),
            ]
            done = subprocess.run(words, check=True, capture_output=True, text=True)
            taken.append(float(done.stdout.splitlines()[-1]))
            print(f"{name:<9} {taken[-1]:7.1f} s  {1000 * taken[-1] / options.trials:6.1f} ms a trial", flush=True)
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    print(f"median: bare Ray Tune {medians['tune']:.1f} s, piesweep with commits {medians['piesweep']:.1f} s")
    print(f"ratio: {medians['piesweep'] / medians['tune']:.2f} (at most 1.3 is wanted)")


if __name__ == "__main__":
    main()
