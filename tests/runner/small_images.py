"""Small images whose classes can be seen, as a task of bytes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.base import TaskData
from tasks.examples import examples_table
from tasks.images import Images
from tasks.pictures import as_column

SIDE = 10


def small_images(variations=("flip", "crop")) -> TaskData:
    """Three classes, told by the channel that is brightest: 48 to train on, 12 to validate, 18 to test."""
    generator = np.random.default_rng(0)
    splits = {}
    for split, size in (("train", 48), ("validation", 12), ("test", 18)):
        labels = np.arange(size) % 3
        pixels = generator.integers(0, 200, (size, SIDE, SIDE, 3))
        pixels[np.arange(size), :, :, labels] += 55
        splits[split] = {"pixels": as_column(pixels.astype(np.uint8)), "label": pa.array(labels, pa.int16())}
    return TaskData(
        task="patches",
        kind="single-label",
        inputs="image",
        classes=("red", "green", "blue"),
        max_tokens=3 * SIDE * SIDE,
        examples=examples_table(splits),
        images=Images(
            height=SIDE,
            width=SIDE,
            channels=3,
            mean=(0.4, 0.4, 0.4),
            deviation=(0.25, 0.25, 0.25),
            variations=variations,
        ),
    )
