"""A small multi-label study from SGML files to label sets in SQL, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REUTERS = Path(__file__).parents[3] / "shared" / "data" / "reuters21578" / "reuters21578.tar.xz"

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not REUTERS.exists(), reason=f"no copy of Reuters-21578 at {REUTERS}"),
]

STUDY = f"""
name: reuters-smoke
tasks: [{{name: reuters, data: {REUTERS}, limit: {{train: 120, test: 60, validation: 20}}, max_tokens: 32}}]
models: [bilstm]
methods: [imp-ft, mp-ai]
sparsities: [0.9]
seeds: 2
protocol: {{padding: packed, threshold: train}}
training: {{epochs: 2, batch_size: 16, learning_rate: 0.002}}
record: {{splits: [test, train], el2n: true}}
"""


def piesweep(*words: str) -> str:
    """Standard output of a verb."""
    line = [sys.executable, "-m", "runner.command_line", *words]
    return subprocess.run(line, check=True, capture_output=True, text=True, env={**os.environ}).stdout


def rows(store: Path, query: str) -> list[dict[str, Any]]:
    """The rows of a query."""
    found: list[dict[str, Any]] = json.loads(piesweep("sql", str(store), query, "--format", "json"))
    return found


def test_label_sets_from_files_to_sql(tmp_path: Path) -> None:
    """Trials learn a threshold, votes and PIEs are lists of topics, effectiveness is macro-F1, and all is sound."""
    study, store = tmp_path / "study.yaml", tmp_path / "store"
    study.write_text(STUDY)
    piesweep("run", str(study), "--store", str(store))
    piesweep("verify", str(store))
    classes = {row["class"] for row in rows(store, "SELECT class FROM classes")}
    assert len(classes) == 23
    thresholds = rows(store, "SELECT threshold FROM trials")
    assert len(thresholds) == 6
    assert all(0 <= row["threshold"] < 1 for row in thresholds)
    pies = rows(store, "SELECT dense_vote, pruned_vote, is_pie FROM pies WHERE split = 'test'")
    assert len(pies) == 2 * 60
    assert all(set(row["dense_vote"]) <= classes and set(row["pruned_vote"]) <= classes for row in pies)
    assert all(row["is_pie"] == (row["dense_vote"] != row["pruned_vote"]) for row in pies)
    effectiveness = rows(store, "SELECT DISTINCT metric FROM effectiveness")
    assert effectiveness == [{"metric": "macro-f1"}]
    influence = rows(store, "SELECT count(*) AS n, min(el2n) AS low FROM el2n")
    assert influence[0]["n"] == 120
    assert influence[0]["low"] > 0
