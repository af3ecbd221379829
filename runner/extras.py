"""What a trial may keep beside its answers: EXTRAS, one line each; no torch.

A study asks for one by its name: `record: {model: true}`. The module of a line makes it in a trial
(`runner.trial.extras`). Its file is committed with the trial's rows, in one step, and whatever looks after a store's
files looks after it (`runner.store.extra_files`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

BYTES_OF_VALUE, BITS_OF_BYTE = 4, 8
MOST_POINTS = 1000
"""Of a learning curve, beside the ends of epochs."""
BINS, GRID = 64, 32
"""Of a layer's histogram, and of a side of the grid that its pattern is told by."""
BYTES_OF_POINT = 24
BYTES_OF_FOOTER = 3000
"""Of a Parquet file without its rows."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What is known of a trial's network before it is trained.

    prunable: weights that may go, in so many layers. removed: those that will have gone.
    """

    parameters: int
    prunable: int
    layers: int
    removed: float


@dataclass(frozen=True, kw_only=True)
class Extra:
    """One thing that a trial may keep.

    title: what it is. module: where a trial makes it, with a function `recorder`. bytes: what its file takes, about or
    at most. columns: those of its rows, which lie in Parquet; none where tensors lie in safetensors.
    """

    title: str
    module: str
    bytes: Callable[[Planned], float]
    columns: Mapping[str, pa.DataType] = field(default_factory=dict)

    @property
    def ending(self) -> str:
        """Of its files' names."""
        return "parquet" if self.columns else "safetensors"


@dataclass(frozen=True)
class Gathered:
    """What a trial keeps of one extra: the bytes of its file, and a hash of what they say, however it is encoded."""

    payload: bytes
    content: str


def _model_bytes(planned: Planned) -> float:
    """Four a weight that stays, a bit for each that might have gone."""
    bits = planned.prunable / BITS_OF_BYTE if planned.removed else 0
    return BYTES_OF_VALUE * (planned.parameters - planned.removed) + bits


EXTRAS: dict[str, Extra] = {
    "model": Extra(
        title="the network that answers: its weights, and which of them were removed",
        module="runner.trial.extras.model",
        bytes=_model_bytes,
    ),
    "curves": Extra(
        title="learning curves: loss, sparsity and validation value by step",
        module="runner.trial.extras.curves",
        bytes=lambda planned: BYTES_OF_FOOTER + BYTES_OF_POINT * MOST_POINTS,
        columns={
            "trial_id": pa.string(),
            "step": pa.int32(),  # so many were done
            "loss": pa.float32(),  # mean since the row before; null where it is no number
            "sparsity": pa.float32(),  # fraction of the prunable weights that was gone then
            "validation": pa.float32(),  # the task's first metric on held-out examples, at the end of epochs
        },
    ),
    "layers": Extra(
        title="of each prunable layer: what is left, rank, values, empty rows and columns, pattern",
        module="runner.trial.extras.layers",
        bytes=lambda planned: BYTES_OF_FOOTER + planned.layers * (GRID**2 + BYTES_OF_VALUE * BINS),
        columns={
            "trial_id": pa.string(),
            "layer_no": pa.int16(),  # from 0, in the order of the network
            "layer": pa.string(),
            "outputs": pa.int32(),  # rows of the matrix
            "inputs": pa.int32(),  # its columns
            "kept": pa.int64(),  # weights that stay
            "rank": pa.int32(),  # null of vectors
            "empty_rows": pa.float32(),  # share of the rows of which nothing stays
            "empty_columns": pa.float32(),
            "low": pa.float32(),
            "high": pa.float32(),
            "histogram": pa.list_(pa.int32()),  # values that stay, in equal bins from low to high
            "pattern": pa.list_(pa.uint8()),  # share that stays by block of a grid, in 255ths
        },
    ),
}
