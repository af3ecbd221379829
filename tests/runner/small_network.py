"""A model small enough to train in milliseconds, with every kind of layer that training treats in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn

from runner.models import Architecture
from runner.models.base import ModelContext
from tasks.base import TaskData

PIXELS = 6


class SmallNetwork(nn.Module):
    """A linear layer, normalisation, dropout, a linear layer, the classifier."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.first = nn.Linear(PIXELS, 16)
        self.norm = nn.LayerNorm(16)
        self.dropout = nn.Dropout(0.2)
        self.second = nn.Linear(16, 11)
        self.classifier = nn.Linear(11, classes)

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits [n, classes] of pixels [n, 6]."""
        return self.classifier(self.second(self.dropout(self.norm(self.first(pixels))).relu()).relu())


@dataclass(frozen=True)
class SmallEncoded:
    """Pixels [n, 6] of pretended lengths 1 to 5."""

    pixels: Tensor

    @property
    def lengths(self) -> np.ndarray:
        return np.arange(len(self.pixels), dtype=np.int64) % 5 + 1

    def inputs(self, rows: np.ndarray, draw: int | None = None) -> dict[str, Tensor]:
        del draw
        return {"pixels": self.pixels[torch.from_numpy(rows)]}


def build(context: ModelContext) -> nn.Module:
    """The network with fresh weights."""
    return SmallNetwork(context.classes)


def encode(_context: ModelContext, examples: pa.Table) -> SmallEncoded:
    """The column `pixels`."""
    return SmallEncoded(torch.tensor(examples["pixels"].to_pylist(), dtype=torch.float32))


ARCHITECTURE = Architecture(title="small", module=__name__, inputs=("image",), reference="this test", parameters=500)


def small_task(*, multi_label: bool = False, sizes: Mapping[str, int] | None = None) -> TaskData:
    """Random points whose classes depend on them: 120 to train on, 30 validate, 50 test, three classes."""
    generator = np.random.default_rng(0)
    columns: dict[str, list[Any]] = {"split": [], "example_id": [], "pixels": []}
    answers: list[Any] = []
    for split, size in (sizes or {"train": 120, "validation": 30, "test": 50}).items():
        pixels = generator.normal(size=(size, PIXELS)).astype(np.float32)
        columns["split"] += [split] * size
        columns["example_id"] += list(range(size))
        columns["pixels"] += pixels.tolist()
        answers += (
            [np.flatnonzero(row[:3] > 0.2).tolist() for row in pixels]
            if multi_label
            else pixels[:, :3].argmax(1).tolist()
        )
    table = pa.table(
        {
            "split": pa.array(columns["split"]),
            "example_id": pa.array(columns["example_id"], pa.int32()),
            "pixels": pa.array(columns["pixels"], pa.list_(pa.float32())),
            **(
                {"labels": pa.array(answers, pa.list_(pa.int16()))}
                if multi_label
                else {"label": pa.array(answers, pa.int16())}
            ),
        }
    )
    return TaskData(
        task="points",
        kind="multi-label" if multi_label else "single-label",
        inputs="image",
        classes=("a", "b", "c"),
        max_tokens=1,
        examples=table,
    )
