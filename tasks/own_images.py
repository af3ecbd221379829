"""Images of a user's own task: pictures in folders, one a class, or in a column of a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tasks.base import Split, TaskChoice, TaskError
from tasks.class_folders import pictures_by_class
from tasks.image_columns import pictures_in
from tasks.images import Images
from tasks.own_fields import is_in_folders, paths
from tasks.pictures import as_column, decoded
from tasks.raw_splits import RawSplit, key, naming


def folder_counts(choice: TaskChoice) -> dict[Split, int]:
    """Images of every folder that a task names. TaskError unless all have the same classes, each with an image."""
    classes: dict[str, list[str]] = {}
    counts: dict[Split, int] = {}
    for split, path in paths(choice).items():
        with naming(choice, split):
            found, _ = pictures_by_class(path)
            counts[split], classes[str(path)] = sum(map(len, found.values())), [*found]
    for place, names in classes.items():
        for other, others in classes.items():
            if lacking := [name for name in others if name not in names]:
                raise TaskError(
                    f"task '{choice.name}': {place} has no folder '{lacking[0]}', and {other} has one; every split "
                    "needs images of every class"
                )
    return counts


def from_folders(choice: TaskChoice) -> dict[Split, RawSplit]:
    """The splits that folders of images hold, by class and name."""
    result: dict[Split, RawSplit] = {}
    for split, path in paths(choice).items():
        with naming(choice, split):
            found, doubts = pictures_by_class(path)
        files = [str(one) for those in found.values() for one in those]
        names = [name for name, those in found.items() for _ in those]
        result[split] = RawSplit(
            place=f"{key(choice, split)}: {path}",
            texts=(pa.chunked_array([pa.array(files, pa.string())]),),
            answers=pa.chunked_array([pa.array(names, pa.string())]),
            further=pa.table({}),
            doubts=tuple(doubts),
        )
    return result


def pixel_columns(choice: TaskChoice, raw: Mapping[Split, RawSplit]) -> tuple[dict[Split, pa.Array], tuple[int, ...]]:
    """The images of every split as the column pixels has them, and their height, width and channels."""
    folders: dict[Split, Path | None] = {split: path.parent for split, path in paths(choice).items()}
    if is_in_folders(choice):
        pictures = {split: ((path, Path(path)) for path in one.texts[0].to_pylist()) for split, one in raw.items()}
        pixels = decoded(pictures)
    else:
        pixels = decoded({s: pictures_in(one.texts[0], one.place, folders.get(s)) for s, one in raw.items()})
    return {split: as_column(one) for split, one in pixels.items()}, next(iter(pixels.values())).shape[1:]


def images_of(shape: tuple[int, ...], train: pa.Array) -> Images:
    """What the images of a task have in common; mean and deviation are those of its training images, to 4 digits."""
    height, width, channels = shape
    whole: NDArray[Any] = np.frombuffer(train.buffers()[1], np.uint8).reshape(-1, channels)
    rows = whole[train.offset * height * width :][: len(train) * height * width]
    counts = [np.bincount(rows[:, channel], minlength=256) for channel in range(channels)]
    scale = np.arange(256) / 255
    means = [float(count @ scale / count.sum()) for count in counts]
    deviations = [
        float(np.sqrt(count @ (scale - mean) ** 2 / count.sum())) for count, mean in zip(counts, means, strict=True)
    ]
    return Images(
        height=height,
        width=width,
        channels=3 if channels == 3 else 1,
        mean=tuple(round(mean, 4) for mean in means),
        deviation=tuple(round(deviation, 4) or 1.0 for deviation in deviations),
    )


def require_every_class(choice: TaskChoice, classes: tuple[str, ...], indices: Mapping[Split, pa.Array]) -> None:
    """TaskError for a class of which a split has no image: neither learned, nor measured."""
    for split, column in indices.items():
        values = column.flatten() if pa.types.is_list(column.type) else column
        found = {*pc.unique(values).to_pylist()}
        if missing := [name for number, name in enumerate(classes) if number not in found]:
            raise TaskError(
                f"task '{choice.name}': {split} has no image of the class '{missing[0]}' ({len(missing)} such classes);"
                " every split needs images of every class"
            )
