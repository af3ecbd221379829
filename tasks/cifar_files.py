"""Read CIFAR's binary version: of each image its labels, a byte each, then 3,072 bytes of red, green and blue."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tasks.base import Split, TaskError
from tasks.pictures import Pixels

SIDE = 32
LABELS = {"cifar10": 1, "cifar100": 2}
"""Task -> labels of an image, of which the last is the class; cifar100 has the coarse one before it."""
FILES: dict[str, dict[Split, tuple[str, ...]]] = {
    "cifar10": {"train": tuple(f"data_batch_{number}.bin" for number in range(1, 6)), "test": ("test_batch.bin",)},
    "cifar100": {"train": ("train.bin",), "test": ("test.bin",)},
}


def is_binary(task: str, name: str) -> bool:
    """True for the name of one of the files of the binary version."""
    return any(name.rsplit("/", 1)[-1] in names for names in FILES.get(task, {}).values())


def read_binary(task: str, files: Mapping[str, bytes], place: str) -> dict[Split, tuple[Pixels, NDArray[np.int64]]]:
    """Images and labels of both splits, as many batches as there are. TaskError for a missing split or a cut file."""
    contents = {name.rsplit("/", 1)[-1]: content for name, content in files.items()}
    result: dict[Split, tuple[Pixels, NDArray[np.int64]]] = {}
    for split, names in FILES[task].items():
        parts = [_rows(f"{place}/{name}", contents[name], LABELS[task]) for name in names if name in contents]
        if not parts:
            raise TaskError(f"{place} has none of {', '.join(names)}; bring the whole binary version")
        rows = np.concatenate(parts)
        pixels = rows[:, LABELS[task] :].reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
        result[split] = np.ascontiguousarray(pixels), rows[:, LABELS[task] - 1].astype(np.int64)
    return result


def _rows(name: str, content: bytes, labels: int) -> NDArray[np.uint8]:
    size = labels + 3 * SIDE * SIDE
    if not content or len(content) % size:
        raise TaskError(f"{name} holds {len(content)} bytes, no whole number of images of {size}; get it again")
    return np.frombuffer(content, np.uint8).reshape(-1, size)
