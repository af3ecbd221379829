"""Percentile bins, and what is known of examples beside their answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.page.measures import BINS, Measure, Place, measures_of_model, measures_of_split
from analysis.results import Results
from tests.analysis.stores import write_task, write_trials


def test_bins_hold_equal_shares() -> None:
    """Of a thousand different numbers every bin holds fifty, in order."""
    values = np.random.default_rng(3).permutation(1000).astype(np.float32)
    bins = Measure(name="x", values=values).bins
    assert np.bincount(bins).tolist() == [0] + [50] * BINS
    assert (np.diff(bins[np.argsort(values)].astype(int)) >= 0).all()


@pytest.mark.parametrize(
    ("values", "expected"), [([5, 5, 5, 5], [1, 1, 1, 1]), ([np.nan, 1, np.nan], [0, 1, 0]), ([], [])]
)
def test_equal_numbers_share_the_lower_bin(values: list[float], expected: list[int]) -> None:
    """Ties are never torn apart, and what is not known has no bin."""
    assert Measure(name="x", values=np.array(values, np.float32)).bins.tolist() == expected


def test_bins_are_those_of_the_view(tmp_path: Path) -> None:
    """EL2N bins agree with the view el2n_bins, ties included."""
    scores = np.random.default_rng(5).integers(0, 40, 200) / 37
    examples: list[dict[str, Any]] = [
        {"split": "train", "example_id": at, "label": "ab"[at % 2], "text": "x" * at} for at in range(len(scores))
    ]
    write_task(tmp_path, "t", ["a", "b"], examples)
    rows = [row | {"task": "t", "model": "m", "seed": 0, "el2n": str(scores[row["example_id"]])} for row in examples]
    dense = [row | {"method": "dense", "sparsity": 0} for row in rows]
    pruned = [row | {"method": "imp-ft", "sparsity": 0.5, "label": "a"} for row in rows]
    write_trials(tmp_path, {"t": ["a", "b"]}, [*dense, *pruned])
    results = Results.of(tmp_path)
    place = Place(task="t", split="train", model="m")
    ids = np.arange(200, dtype=np.int32)
    known = [*measures_of_model(results, place, ids), *measures_of_split(results, place, ids)]
    found = {one.name: one for one in known}
    assert {"el2n", "characters", "dense_agreement"} == set(found)
    counts = np.bincount(found["el2n"].bins, minlength=BINS + 1)
    view = {row["bin"]: row["examples"] for row in results.rows("FROM el2n_bins")}
    assert view == {number: count for number, count in enumerate(counts) if count}
    assert found["characters"].values.tolist() == list(range(200))
