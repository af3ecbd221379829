"""A task's data beside the data set of that name in the PIE paper (Tropeano et al. 2025, Table 7)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PUBLISHED = Path(__file__).parent / "published" / "pie_table7_datasets.csv"

COLUMNS = {
    "train": "train",
    "validation": "validation",
    "test": "test",
    "mean": "mean_len",
    "median": "median_len",
    "min": "min_len",
    "max": "max_len",
    "std": "std_len",
    "p85": "tokens_85pct",
    "power_of_two": "max_tokens",
    "max_tokens": "max_tokens",
    "classes": "classes",
    "kind": "kind",
}
"""Our name of a statistic -> the published column."""
LONGEST = "the paper's max is the length of a histogram that begins at 0: one more than the longest text has tokens"


def published(task: str) -> dict[str, int | str] | None:
    """The figures of Table 7 by our names, None for a task that the paper does not have."""
    with PUBLISHED.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["dataset"].lower() == task:
                return {name: _number(row[column]) for name, column in COLUMNS.items()}
    return None


def beside_published(task: str, statistics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a statistic: its name, ours, the paper's, and the difference ours - paper's where both are numbers."""
    theirs = published(task) or {}
    return [
        {"statistic": name, "here": ours, "paper": theirs.get(name), "difference": _difference(ours, theirs.get(name))}
        for name, ours in statistics.items()
        if ours is not None or name in theirs
    ]


def _difference(ours: Any, theirs: Any) -> float | None:
    numbers = isinstance(ours, int | float) and isinstance(theirs, int | float)
    return round(ours - theirs, 2) if numbers else None


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() else text
