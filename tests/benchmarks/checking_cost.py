"""What it costs that files are held against their records before anything is answered from them.

    python -m tests.benchmarks.checking_cost DIR [--megabytes 150]

DIR is a store; where there is none, one is made with about so many megabytes of made-up predictions with probabilities.
Each question is asked in new connections, in turns with and without the check; the least of five is printed, wall clock
and processor seconds. All files have been read before, so that neither waits for the disk.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow as pa

from analysis.relations.checked_files import CheckedFiles
from analysis.relations.database import connect
from runner.store.reader import commits
from runner.store.schema import Facts
from runner.store.writer import Subject, commit_rows, save_task
from tasks.base import TaskData

EXAMPLES, CLASSES, ROUNDS = 100_000, 3, 5
CELLS = (("dense", 0.0), ("imp-ft", 0.5), ("imp-ft", 0.9))
QUERIES = {
    "pie_rate": "SELECT sum(examples), sum(pies) FROM pie_rate",
    "every probability": "SELECT count(*), sum(list_sum(probabilities)) FROM predictions",
}


def fill(root: Path, megabytes: int) -> None:
    """A store of trials with probabilities, which hardly compress, until it has so many megabytes."""
    rng = np.random.default_rng(0)
    columns = {
        "split": pa.array(["test"] * EXAMPLES),
        "example_id": pa.array(np.arange(EXAMPLES), pa.int32()),
    }
    gold = rng.integers(0, CLASSES, EXAMPLES)
    examples = pa.table({**columns, "label": pa.array(gold, pa.int16())})
    classes = tuple("abc")
    save_task(
        root,
        TaskData(task="made-up", kind="single-label", inputs="text", classes=classes, max_tokens=8, examples=examples),
    )
    seed = 0
    while sum(path.stat().st_size for path in root.rglob("*.parquet")) < megabytes * 1e6:
        for method, sparsity in CELLS:
            outputs = rng.random((EXAMPLES, CLASSES), np.float32)
            outputs[np.arange(EXAMPLES), gold] += 1 - np.float32(sparsity)
            probabilities = pa.FixedSizeListArray.from_arrays(pa.array(outputs.ravel()), CLASSES)
            rows = pa.table(
                {
                    **columns,
                    "label": pa.array(outputs.argmax(1), pa.int16()),
                    "probabilities": probabilities.cast(pa.list_(pa.float32())),
                }
            )
            settings = {"task": "made-up", "data": "made-up", "model": "made-up", "method": method}
            settings |= {"sparsity": sparsity, "seed": seed, "record": {"probabilities": True}}
            name = hashlib.sha256(f"{method} {sparsity} {seed}".encode()).hexdigest()[:16]
            commit_rows(root, Subject(trial_id=name, settings=settings), rows, Facts(achieved_sparsity=sparsity))
        seed += 1


def asked(store: Path, query: str, *, checked: bool) -> tuple[float, float, str]:
    """Seconds, processor seconds and the answer of a query over a new connection."""
    began, used = time.perf_counter(), time.process_time()
    if checked:
        said = str(connect(store).execute(query).fetchall())
    else:
        with mock.patch.object(CheckedFiles, "_check", return_value=None):
            said = str(connect(store).execute(query).fetchall())
    return time.perf_counter() - began, time.process_time() - used, said


def main() -> None:
    """Print a line for each query, and how fast the check is by itself."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--megabytes", type=int, default=150)
    options = parser.parse_args()
    if not (options.store / "tasks").is_dir():
        fill(options.store, options.megabytes)
    files = {file.path: file for record in commits(options.store) for file in record.files}
    size = sum(file.bytes for file in files.values()) / 1e6
    began = time.perf_counter()
    for file in files.values():
        assert hashlib.sha256((options.store / file.path).read_bytes()).hexdigest() == file.sha256
    seconds = time.perf_counter() - began
    print(
        f"{len(files)} data files, {size:,.0f} MB: hashed alone in {seconds:.2f} s, {size / seconds:,.0f} MB a second"
    )
    for name, query in QUERIES.items():
        found = {
            checked: [asked(options.store, query, checked=checked) for _ in range(ROUNDS)] for checked in (True, False)
        }
        assert len({said for rounds in found.values() for _, _, said in rounds}) == 1
        wall = {checked: min(seconds for seconds, _, _ in rounds) for checked, rounds in found.items()}
        processor = {checked: min(used for _, used, _ in rounds) for checked, rounds in found.items()}
        print(
            f"{name:20} checked {wall[True]:6.2f} s, unchecked {wall[False]:6.2f} s; "
            f"processor {processor[True]:6.2f} s and {processor[False]:6.2f} s"
        )


if __name__ == "__main__":
    main()
