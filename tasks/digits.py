"""Handwritten digits of 8x8 pixels: an image task without any download, for smoke runs that take seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tasks.base import Split, Task, TaskData, TaskError
from tasks.examples import examples_table, take
from tasks.splitting import stratified_split

CLASSES = tuple("0123456789")
SIZES: dict[Split, int] = {"train": 1078, "validation": 180, "test": 539}
PIXELS = 64


def load(data: Path | None = None) -> TaskData:
    """scikit-learn's 1,797 digits: 64 pixels each, row by row, scaled from 0..16 to 0..1.

    Split 60/10/30 % by digit and the hash of the image's number in scikit-learn's order.
    """
    if data is not None:
        raise TaskError(f"task 'digits' comes with scikit-learn; remove data: {data}")
    from sklearn.datasets import load_digits

    images = load_digits()
    labels = np.asarray(images.target, dtype=np.int64)
    columns = {"pixels": list(np.asarray(images.data / 16.0, dtype=np.float32)), "label": labels.astype(np.int16)}
    rows = stratified_split(np.arange(len(labels)), labels, SIZES)
    return TaskData(
        task="digits",
        kind="single-label",
        inputs="image",
        classes=CLASSES,
        max_tokens=PIXELS,
        examples=examples_table({split: take(columns, chosen) for split, chosen in rows.items()}),
    )


TASK = Task(
    name="digits",
    title="Handwritten digits, 8x8 pixels",
    kind="single-label",
    inputs="image",
    classes=CLASSES,
    sizes=SIZES,
    max_tokens=PIXELS,
    needs_data=False,
    source="scikit-learn's load_digits: the test part of the UCI Optical Recognition of Handwritten Digits data",
    licence="CC BY 4.0 (UCI Machine Learning Repository)",
    reference="Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository",
    load=load,
)
