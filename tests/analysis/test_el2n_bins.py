"""The bins of EL2N against NumPy's percentiles on random scores with many ties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.relations.database import connect
from tests.analysis.stores import write_task, write_trials

EDGES = np.arange(5, 100, 5)


@pytest.mark.parametrize(("seed", "examples", "levels"), [(0, 7, 1000), (1, 101, 12), (2, 400, 60), (3, 250, 1)])
def test_bins_are_numpy_percentiles_with_ties_in_the_lower_bin(
    tmp_path: Path, seed: int, examples: int, levels: int
) -> None:
    """Every example is in the bin of the number of edges below its score."""
    chance = np.random.default_rng(seed)
    scores = chance.integers(0, levels, examples) / 64  # exact in single precision
    broken = chance.random(examples) < 0.3
    write_task(
        tmp_path, "t", ["no", "yes"], [{"split": "train", "example_id": i, "label": "yes"} for i in range(examples)]
    )
    cell = {"task": "t", "model": "net", "seed": 0, "split": "train"}
    rows = [
        cell | {"method": method, "sparsity": sparsity, "example_id": i, "label": label, "el2n": str(scores[i])}
        for method, sparsity in (("dense", 0.0), ("imp-ft", 0.9))
        for i, label in enumerate(np.where(broken & (sparsity > 0), "no", "yes"))
    ]
    write_trials(tmp_path, {"t": ["no", "yes"]}, rows)
    bins = 1 + np.searchsorted(np.percentile(scores, EDGES), scores, side="left")
    expected = {
        int(number): (int((bins == number).sum()), int(broken[bins == number].sum())) for number in np.unique(bins)
    }
    found = connect(tmp_path).sql("SELECT bin, examples, pies FROM el2n_bins").fetchall()
    assert {number: (total, pies) for number, total, pies in found} == expected
