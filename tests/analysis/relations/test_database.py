"""The database: what it needs, what it refuses, and that it stays fast on a store of the papers' size."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from analysis.relations.database import VIEWS, connect
from runner.store.errors import StoreError
from runner.store.schema import Facts
from runner.store.writer import Subject, commit_rows
from tests.analysis.stores import hashed, write_task
from tests.runner.store import tampering


def test_a_store_without_trials_has_empty_views(tmp_path: Path) -> None:
    """Every view exists before the first commit, and has no rows but what the task itself says."""
    write_task(tmp_path, "t", ["a", "b"], [{"split": "test", "example_id": 0, "label": "a"}])
    connection = connect(tmp_path)
    counts = {view: connection.execute(f"SELECT count(*) FROM {view}").fetchone()[0] for view in VIEWS}
    assert {view for view, count in counts.items() if count} == {"classes", "examples", "slices"}


def test_a_folder_that_is_no_store_is_refused(tmp_path: Path) -> None:
    """The error says that it is no store, and nothing is made."""
    with pytest.raises(StoreError, match="not a piesweep store"):
        connect(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_points_outside_is_refused(tmp_path: Path) -> None:
    """A store from elsewhere cannot have DuckDB read files beside it."""
    write_task(tmp_path, "t", ["a", "b"], [{"split": "test", "example_id": 0, "label": "a"}])
    rows = pa.table({"split": ["test"], "example_id": pa.array([0], pa.int32()), "label": pa.array([0], pa.int16())})
    settings = {"task": "t", "data": "d", "model": "m", "method": "dense", "sparsity": 0.0, "seed": 0}
    trial = hashed("x")
    assert commit_rows(tmp_path, Subject(trial_id=trial, settings=settings), rows, Facts(achieved_sparsity=0.0))
    tampering.rewrite(
        tmp_path / "commits" / f"{trial}.json", lambda record: record["files"][0].update(path="../elsewhere.parquet")
    )
    with pytest.raises(StoreError, match=r"files\.0\.path"):
        connect(tmp_path)


def test_analysis_needs_no_torch_and_no_ray() -> None:
    """Queries and reports start without the libraries that only trials need."""
    code = (
        "import sys, analysis.relations.query, analysis.report, analysis.summary;"
        "sys.exit(bool({'torch', 'ray', 'transformers', 'datasets'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_large_store_answers_at_once(tmp_path: Path) -> None:
    """330 trials of 10,000 examples: pie_rate in about two seconds of the processors' time (five are allowed, since a
    busy machine's are slower)."""
    examples, seeds = 10_000, 30
    random = np.random.default_rng(0)
    gold = random.integers(0, 3, examples)
    write_task(
        tmp_path,
        "t",
        ["a", "b", "c"],
        [{"split": "test", "example_id": i, "label": "abc"[g]} for i, g in enumerate(gold)],
    )
    place = {"split": pa.array(["test"] * examples), "example_id": pa.array(np.arange(examples), pa.int32())}
    cells = [
        ("dense", 0.0),
        *(("imp-ft", round(0.1 * step, 1)) for step in range(1, 6)),
        *(("rp-ai", 0.1 * step) for step in range(1, 6)),
    ]
    for method, sparsity in cells:
        for seed in range(seeds):
            wrong = random.random(examples) < 0.1 + sparsity / 2
            label = np.where(wrong, random.integers(0, 3, examples), gold)
            settings = {"task": "t", "data": "d", "model": "m", "method": method, "sparsity": sparsity, "seed": seed}
            subject = Subject(trial_id=hashed(f"{method}-{sparsity}-{seed}"), settings=settings)
            rows = pa.table({**place, "label": pa.array(label, pa.int16())})
            commit_rows(tmp_path, subject, rows, Facts(achieved_sparsity=sparsity))
    start = time.process_time()
    found = connect(tmp_path).execute("SELECT sum(examples) FROM pie_rate").fetchone()
    assert found == (10 * examples,)
    assert time.process_time() - start < 5
