"""The reference of recall distortion: counts of right answers, and what the formulas give for them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.analysis.counted_stores import Counts, Grid

FOLDER = Path(__file__).parents[1] / "fixtures" / "recall"
RATIOS = {"t2": ("mp", 0.5), "t10": ("mp", 0.9), "t50": ("mp", 0.98)}
MNIST = np.array([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
SIZES = {"balanced": np.full(10, 1000), "unbalanced_mnist_sizes": MNIST}


def expected(case: str) -> dict[str, Any]:
    """The numbers of one case, by ratio."""
    return dict(json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))[case])


def grid(case: str) -> Grid:
    """The trials of one case, as a task of its name."""
    with (FOLDER / "counts.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    sizes = SIZES[case]

    def counts(column: str) -> Counts:
        found = np.zeros((5, 10), np.int64)
        for row in rows:
            found[int(row["model"]), int(row["class"])] = int(row[column])
        return found * sizes // 1000

    cells = {("dense", 0.0): counts("correct_t1")}
    cells |= {cell: counts(f"correct_{name}") for name, cell in RATIOS.items()}
    return Grid(task=case, cells=cells, sizes=sizes)
