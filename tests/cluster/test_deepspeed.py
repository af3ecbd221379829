"""A study whose trials Ray Train spreads over two processes each, by the command line."""

from __future__ import annotations

import csv
import json
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from runner.store.verify import broken_invariants
from tests.cluster.foreign_names import PIESWEEP, beside
from tests.runner.small_sentences import sentences, small_decoder

STUDY = """
name: sharded
tasks: [{name: sentences, train: train.csv, test: test.csv, text: sentence, label: label, max_tokens: 14}]
models: [{name: small-llama, model: decoder, checkpoint: ./checkpoint}]
methods: [imp-ft]
sparsities: [0.7]
seeds: 1
training: {epochs: 1, batch_size: 16, learning_rate: 1.0e-3, precision: fp32, micro_batches: 2}
record: {splits: [test, train], el2n: true}
strategy: {name: deepspeed, stage: 2, processes: 2}
"""

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(900),
    pytest.mark.skipif(find_spec("deepspeed") is None, reason="DeepSpeed is not installed: pip install '.[deepspeed]'"),
]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A dense trial of a decoder and one that continues from it, beside files with the names of our folders."""
    path = beside(tmp_path / "project")
    path.write_text(STUDY)
    small_decoder(path.parent / "checkpoint")
    data = sentences()
    for split in ("train", "test"):
        examples = data.split(split).to_pylist()
        with (path.parent / f"{split}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["sentence", "label"])
            writer.writerows([row["text"], data.classes[row["label"]]] for row in examples)
    return path


def piesweep(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command line, in a folder."""
    words = [PIESWEEP, *map(str, arguments)]
    return subprocess.run(words, check=False, capture_output=True, text=True, timeout=800, cwd=folder)


def test_a_sharded_study_fills_a_store(study: Path, tmp_path: Path) -> None:
    """A trial and its child, two processes each, are committed whole; for a single process nothing is left to do."""
    store = tmp_path / "store"
    run = piesweep("run", study, "--store", store, folder=study.parent)
    assert run.returncode == 0, run.stdout + run.stderr
    assert broken_invariants(store) == []
    records = [json.loads(path.read_text()) for path in (store / "commits").iterdir()]
    assert {record["settings"]["method"] for record in records} == {"dense", "imp-ft"}
    assert all("deepspeed" in record["facts"]["versions"] for record in records)
    assert all(record["rows"] == {"test": 31, "train": 49} for record in records)
    before = sorted((path, path.stat().st_mtime_ns) for path in (store / "commits").iterdir())
    assert piesweep("run", study, "--store", store, "strategy=single", folder=study.parent).returncode == 0
    assert sorted((path, path.stat().st_mtime_ns) for path in (store / "commits").iterdir()) == before
