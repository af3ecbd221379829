"""By what rows of one cell on one split are known to be of it."""

from __future__ import annotations

from typing import Any

CellKey = tuple[str, str, str, str, float]
"""Task, split, model, method and sparsity."""


def place(row: dict[str, Any]) -> CellKey:
    """Task, split, model, method and sparsity of a row."""
    return row["task"], row["split"], row["model"], row["method"], row["sparsity"]
