"""What questions to a store of the paper's full size take, against bare scans and against what people do now.

    python -m tests.benchmarks.paper_scale_store DIR
    python -m tests.benchmarks.paper_scale DIR [--only pie_rate] [--report]

Every question is asked in a process of its own, whose processor seconds (all threads together) and largest memory are
printed beside the seconds that passed. `from rows` is the same question where no votes are kept: every vote is counted,
with 12 GiB of memory, since 4 are too few for SNLI's training split. A bare scan reads the columns that a count would
read (trial, split, example, answer) and adds them up. The baselines work on a slice, and are extrapolated by rows:

- text logits: the way of the first paper's released code, one file a trial by `numpy.savetxt`, read by
  `numpy.loadtxt`, votes by numpy in memory.
- pandas: one frame of (trial, example, label) a cell, grouped by example and label.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.relations.database import connect
from analysis.report import write_report
from runner.store.compaction import compacted
from runner.store.reader import commits

SLICE = 20_000
PIE_RATE = "SELECT count(*), avg(rate) FROM pie_rate WHERE split = '{split}' AND task LIKE '{task}'"
BINS = "SELECT count(*), avg(rate) FROM el2n_bins"
EFFECTIVENESS = "SELECT count(*), avg(value) FROM effectiveness WHERE split = 'test'"


def answer(store: Path, query: str, *, kept: bool = True) -> str:
    """Ask a store; connecting is part of the time. kept: with the votes that a compaction kept."""
    with (
        mock.patch.object(compacted, "kept_votes", compacted.kept_votes if kept else lambda layout: None),
        mock.patch.dict(os.environ, {} if kept else {"PIESWEEP_MEMORY": "12GiB"}),
    ):
        return str(connect(store).execute(query).fetchall()[0])


def bare_scan(store: Path, task: str, split: str) -> str:
    """Read and add up every row of a task's split; DuckDB over plain files, none of our views."""
    records = [record for record in commits(store) if record.settings["task"] == task]
    files = sorted({str(store / file.path) for record in records for file in record.files})
    connection = duckdb.connect(config={"memory_limit": "4GiB"})
    query = f"""
        SELECT count(*), count(trial_id), sum(example_id), sum(label) FROM read_parquet({files!r})
        WHERE split = '{split}'"""
    return str(connection.execute(query).fetchall()[0])


def snli_rows(store: Path) -> int:
    """Training predictions of SNLI."""
    return sum(one.rows.get("train", 0) for one in commits(store) if one.settings["task"] == "snli")


def status(store: Path) -> str:
    """The command, its start included."""
    command = [str(Path(sys.executable).with_name("piesweep")), "status", str(store)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def report(store: Path) -> str:
    """The whole report, written to a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        page = write_report(store, Path(folder) / "report")
        return f"{page.stat().st_size:,} bytes of page"


def text_logits(store: Path) -> str:
    """One cell of SNLI's size as the released code keeps it: seconds for all cells' votes, extrapolated."""
    seeds, classes = 30, 3
    rng = np.random.default_rng(0)
    files = []
    for _ in range(seeds):
        text = io.StringIO()
        np.savetxt(text, rng.normal(size=(SLICE, classes)))
        files.append(text.getvalue())
    started = time.perf_counter()
    answers = np.stack([np.loadtxt(io.StringIO(text)).argmax(1) for text in files])
    numpy_votes(answers, classes)
    return extrapolated(store, time.perf_counter() - started, seeds * SLICE)


def numpy_votes(answers: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.int64]:
    """The most frequent class of every example, ties to the lowest."""
    return np.stack([(answers == number).sum(0) for number in range(classes)]).argmax(0)


def pandas_groups(store: Path) -> str:
    """One cell's answers grouped by pandas: seconds for all cells' votes, extrapolated."""
    seeds = 30
    labels = np.random.default_rng(0).integers(0, 3, (seeds, SLICE))
    frame = pd.DataFrame({"example": np.tile(np.arange(SLICE), seeds), "label": labels.ravel()})
    started = time.perf_counter()
    counts = frame.groupby(["example", "label"]).size().reset_index(name="votes")
    counts.sort_values(["example", "votes", "label"], ascending=[True, False, True]).groupby("example").first()
    return extrapolated(store, time.perf_counter() - started, seeds * SLICE)


def extrapolated(store: Path, seconds: float, rows: int) -> str:
    """Seconds for SNLI's training rows at this rate."""
    return (
        f"{seconds / rows * snli_rows(store):,.0f} s for all SNLI training rows at {rows / seconds:,.0f} rows a second"
    )


MEASURES: dict[str, Callable[[Path], str]] = {
    "status": status,
    "connect": lambda store: answer(store, "SELECT count(*) FROM trials"),
    "scan": lambda store: bare_scan(store, "snli", "train"),
    "pie_rate, test": lambda store: answer(store, PIE_RATE.format(split="test", task="%")),
    "pie_rate, SNLI train": lambda store: answer(store, PIE_RATE.format(split="train", task="snli")),
    "pie_rate, all": lambda store: answer(store, "SELECT count(*), avg(rate) FROM pie_rate"),
    "el2n_bins": lambda store: answer(store, BINS),
    "effectiveness, test": lambda store: answer(store, EFFECTIVENESS),
    "pie_rate, test, from rows": lambda store: answer(store, PIE_RATE.format(split="test", task="%"), kept=False),
    "pie_rate, SNLI train, from rows": lambda store: answer(
        store, PIE_RATE.format(split="train", task="snli"), kept=False
    ),
    "text logits": text_logits,
    "pandas": pandas_groups,
}


def measured(measure: Callable[[Path], str], store: Path, results: Connection) -> None:
    """Run one measure in this process: seconds, processor seconds, the most memory held in GiB, and the answer."""
    started = time.perf_counter()
    said = measure(store)
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    results.send((seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20, said))


def main() -> None:
    """Print a line for every measure, and the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--only", default="", help="measures whose names contain this")
    parser.add_argument("--report", action="store_true", help="also write the whole report")
    options = parser.parse_args()
    chosen = {name: run for name, run in MEASURES.items() if options.only in name}
    if options.report:
        chosen["report"] = report
    seconds: dict[str, float] = {}
    for name, run in chosen.items():
        receiving, sending = multiprocessing.Pipe(duplex=False)
        worker = multiprocessing.get_context("fork").Process(target=measured, args=(run, options.store, sending))
        worker.start()
        sending.close()
        seconds[name], processor, memory, said = receiving.recv()
        worker.join()
        print(f"{name:34}{seconds[name]:9.2f} s {processor:9.2f} s cpu {memory:6.2f} GiB   {said}", flush=True)
    for name in ("pie_rate, SNLI train", "el2n_bins", "pie_rate, SNLI train, from rows"):
        if {name, "scan"} <= seconds.keys():
            print(f"{name}: {seconds[name] / seconds['scan']:.2f} times the bare scan")


if __name__ == "__main__":
    main()
