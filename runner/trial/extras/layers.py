"""Keep what each prunable layer looks like at the end: what is left, rank, values, empty rows and columns, pattern.

A filter of a convolution is a row of its inputs. The rank is the number of singular values above the largest times the
longer side times the precision of fp32 (2^-23), as numpy and torch have it. The histogram counts the values that stay
in equal bins between `low` and `high`, the least and largest of them. The pattern has the share that stays in each
block of a grid laid over the matrix, in 255ths, row by row.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from runner.extras import BINS, GRID, Gathered
from runner.trial.extras.base import Observed, Recorder
from runner.trial.extras.rows import as_parquet


class LayersRecorder(Recorder):
    """Looks at the network when it answers."""

    name = "layers"

    def __init__(self, observed: Observed) -> None:
        self.observed = observed

    @torch.no_grad()
    def gathered(self) -> Gathered:
        """A row for each prunable layer, in the network's order."""
        pruner = self.observed.pruner
        rows = [
            {"layer_no": number, "layer": name, **described(weight.detach().float().cpu(), pruner.masks[name].cpu())}
            for number, (name, weight) in enumerate(pruner.weights.items())
        ]
        columns = {column: [row[column] for row in rows] for column in rows[0]}
        return as_parquet(self.name, self.observed.spec.trial_id, columns)


def described(weight: Tensor, mask: Tensor) -> dict[str, Any]:
    """What is kept of one layer."""
    matrix, kept = (one.reshape(len(one), -1) if one.ndim > 1 else one.reshape(1, -1) for one in (weight, mask))
    values = matrix[kept]
    values = values[values.isfinite()]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    return {
        "outputs": matrix.shape[0],
        "inputs": matrix.shape[1],
        "kept": int(kept.sum()),
        "rank": rank(matrix) if weight.ndim > 1 else None,
        "empty_rows": float((~kept.any(1)).float().mean()),
        "empty_columns": float((~kept.any(0)).float().mean()),
        "low": low,
        "high": high,
        "histogram": histogram(values, low, high),
        "pattern": pattern(kept).tolist(),
    }


def histogram(values: Tensor, low: float, high: float) -> list[int]:
    """How many values lie in each bin; all in the first where they are one."""
    if high <= low:
        return [len(values), *[0] * (BINS - 1)]
    return [int(count) for count in torch.histc(values, BINS, low, high)]


def rank(matrix: Tensor) -> int | None:
    """How many singular values count; None where a weight is no number."""
    if not matrix.isfinite().all():
        return None
    values = torch.linalg.svdvals(matrix)
    tolerance = values[0] * max(matrix.shape) * torch.finfo(torch.float32).eps
    return int((values > tolerance).sum())


def pattern(kept: Tensor) -> Tensor:
    """The share that stays in each block of a grid of at most GRID x GRID blocks, in 255ths."""
    shape = (min(GRID, kept.shape[0]), min(GRID, kept.shape[1]))
    shares = torch.nn.functional.adaptive_avg_pool2d(kept[None].float(), shape)[0]
    return (255 * shares).round().to(torch.uint8).flatten()


def recorder(observed: Observed) -> LayersRecorder:
    """The recorder of a trial."""
    return LayersRecorder(observed)
