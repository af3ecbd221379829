"""Stores of pictures for tests: bytes in colour, and grey numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from runner.store.writer import save_task
from tasks.base import TaskData
from tasks.images import Images
from tasks.pictures import as_column
from tests.analysis.stores import write_trials

CLASSES = ['"><script>alert(1)</script>', "dark"]
EXAMPLES = 4


def colours(height: int, width: int) -> npt.NDArray[np.uint8]:
    """Pictures in colour, one an example: no two values of one are the same as long as they are few."""
    count = EXAMPLES * height * width * 3
    return (np.arange(count) % 251).astype(np.uint8).reshape(EXAMPLES, height, width, 3)


def write_task(root: Path, task: str, pixels: pa.Array, images: Images | None) -> None:
    """An image task whose examples are all of the test split, the first class their label."""
    columns = {
        "split": ["test"] * len(pixels),
        "example_id": pa.array(range(len(pixels)), pa.int32()),
        "pixels": pixels,
        "label": pa.array([0] * len(pixels), pa.int16()),
    }
    data = TaskData(
        task=task,
        kind="single-label",
        inputs="image",
        classes=tuple(CLASSES),
        max_tokens=4,
        examples=pa.table(columns),
        images=images,
    )
    save_task(root, data)


def write_pictures(root: Path, broken: int = EXAMPLES) -> Path:
    """Two models on `patches`: "mp" breaks the first so many examples, "gp" the last alone.

    `strokes` has grey numbers from 0 to 1 in place of bytes, and one model.
    """
    images = Images(height=2, width=2, channels=3, mean=(0.0,) * 3, deviation=(1.0,) * 3)
    write_task(root, "patches", as_column(colours(2, 2)), images)
    numbers = pa.array([[0.0, 0.25, 0.5, 1.0]] * EXAMPLES, pa.list_(pa.float32()))
    write_task(root, "strokes", numbers, None)
    cells = [("dense", 0, set()), ("mp", 0.5, set(range(broken))), ("gp", 0.5, {EXAMPLES - 1})]
    rows = [
        {
            "task": task,
            "model": model,
            "method": method,
            "sparsity": sparsity,
            "seed": 0,
            "split": "test",
            "example_id": number,
            "label": CLASSES[number in wrong],
        }
        for task, model in (("patches", "lenet"), ("patches", "resnet"), ("strokes", "lenet"))
        for method, sparsity, wrong in cells
        for number in range(EXAMPLES)
    ]
    write_trials(root, {"patches": CLASSES, "strokes": CLASSES}, rows)
    return root
