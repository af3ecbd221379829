"""Read a copy of a published image data set in any of the forms that go round, and make its examples of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tasks.archives import read_files
from tasks.base import Split, Task, TaskData, TaskError
from tasks.cifar_files import is_binary, read_binary
from tasks.class_folders import pictures_by_class
from tasks.examples import examples_table, lacking
from tasks.hub import arrow_table, is_saved, load_splits
from tasks.idx_files import is_idx, read_idx
from tasks.image_columns import pictures_in
from tasks.images import Images
from tasks.pictures import Pixels, as_column, decoded
from tasks.splitting import stratified_split

PARTS: tuple[Split, Split] = ("train", "test")
HELD_OUT = 0.1
"""The share of the published training images that is the validation split."""
PICKLES = (".pkl", ".pickle", ".pt", "batches.meta", "data_batch_1", "test_batch")
"""How files end that only Python's pickle opens."""

Labelled = tuple[Pixels, NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published data set of images: its name for `datasets`, its columns there, and what a copy of it may be.

    installed: a folder where a package of the system puts it.
    """

    name: str
    images: Images
    classes: tuple[str, ...]
    sizes: Mapping[Split, int]
    hub: str
    picture: str
    label: str
    installed: Path | None = None

    def load(self, data: Path | None = None) -> TaskData:
        """The images by the SHA-256 of their bytes, a tenth of train held out as the validation split.

        Every copy gives the same examples with the same ids, whatever its form and order. Of each class the images
        whose hash is lowest after mixing are held out (`tasks.splitting`): no seed.
        """
        return self._data(data, held_out=True)

    def load_whole(self, data: Path | None = None) -> TaskData:
        """The same, with all published training images trained on and no validation split."""
        return self._data(data, held_out=False)

    def _data(self, data: Path | None, *, held_out: bool) -> TaskData:
        found = {split: self._checked(split, *one) for split, one in self._read(data).items()}
        notes = lacking({split: len(labels) for split, (_, labels) in found.items()}, self.sizes)
        if not held_out:
            notes.append("all published training images are trained on, nothing is held out (validation: 0)")
        splits: dict[Split, Labelled] = dict(found)
        if held_out:
            pixels, labels = found["train"]
            count = round(HELD_OUT * len(labels))
            rows = stratified_split(_ids(pixels), labels, {"train": len(labels) - count, "validation": count})
            splits |= {split: (pixels[chosen], labels[chosen]) for split, chosen in rows.items()}
        return TaskData(
            task=self.name,
            kind="single-label",
            inputs="image",
            classes=self.classes,
            max_tokens=self.images.bytes,
            examples=examples_table(
                {split: {"pixels": as_column(pixels), "label": labels} for split, (pixels, labels) in splits.items()}
            ),
            images=self.images,
            note="; ".join(notes),
        )

    def _checked(self, split: Split, pixels: Pixels, labels: NDArray[np.int64]) -> Labelled:
        """One split in the order of its images' hashes; TaskError for what the data set cannot hold."""
        wanted = (self.images.height, self.images.width, self.images.channels)
        if pixels.shape[1:] != wanted:
            raise TaskError(f"task '{self.name}': {split} has images of {pixels.shape[1:]}, not {wanted}")
        if len(labels) and not 0 <= labels.min() <= labels.max() < len(self.classes):
            raise TaskError(
                f"task '{self.name}': {split} has labels from {labels.min()} to {labels.max()}; allowed: 0 to "
                f"{len(self.classes) - 1}"
            )
        missing = [name for number, name in enumerate(self.classes) if number not in set(labels.tolist())]
        if missing:
            raise TaskError(f"task '{self.name}': {split} has no image of {', '.join(missing[:5])}; bring a whole copy")
        order = sorted(range(len(labels)), key=lambda row: (hashlib.sha256(pixels[row].data).digest(), labels[row]))
        return pixels[order], labels[order]

    def _read(self, data: Path | None) -> dict[Split, Labelled]:
        """Both splits, from the copy in whichever form it is."""
        data = self.installed if data is None and self.installed and self.installed.is_dir() else data
        if data is None or is_saved(data):
            return self._loaded(load_splits(self.hub if data is None else str(data)), str(data or self.hub))
        forms: Sequence[tuple[Callable[[str], bool], Callable[[dict[str, bytes]], dict[Split, Labelled]]]] = (
            (is_idx, lambda files: read_idx(files, str(data))),
            (lambda name: is_binary(self.name, name), lambda files: read_binary(self.name, files, str(data))),
        )
        for is_wanted, read in forms:
            if files := dict(read_files(data, is_wanted)):
                return read(files)
        if data.is_dir() and (tables := sorted(data.rglob("*.parquet"))):
            return self._tables(tables, data)
        if data.is_dir() and all((data / split).is_dir() for split in PARTS):
            return self._folders(data)
        raise TaskError(f"task '{self.name}': {self._nothing(data)}")

    def _nothing(self, data: Path) -> str:
        pickles = [name for name, _ in read_files(data, lambda name: name.endswith(PICKLES))]
        told = f" ({pickles[0]} is a pickle, which is never opened)" if pickles else ""
        binary = "the binary version (data_batch_1.bin ... or train.bin)" if self.name.startswith("cifar") else ""
        forms = [binary or "the four idx files", "Parquet as on the hub", "train and test with a folder for each class"]
        return f"{data} holds no copy of it{told}; allowed: {', '.join(forms)}"

    def _loaded(self, splits: Mapping[str, Any], place: str) -> dict[Split, Labelled]:
        if lacking := [split for split in PARTS if split not in splits]:
            raise TaskError(f"{place} has no split {', '.join(lacking)}; it has {', '.join(splits)}")
        tables = {split: arrow_table(splits[split]) for split in PARTS}
        return self._labelled(tables, place)

    def _tables(self, paths: Sequence[Path], place: Path) -> dict[Split, Labelled]:
        """Parquet files whose names begin with their split, as the hub has them."""
        chosen = {split: [path for path in paths if path.name.startswith(split)] for split in PARTS}
        if lacking := [split for split in PARTS if not chosen[split]]:
            raise TaskError(f"{place} has no Parquet file whose name begins with {' or '.join(lacking)}")
        import pyarrow as pa

        try:
            read = {
                split: pa.concat_tables([pq.ParquetFile(one).read([self.picture, self.label]) for one in files])
                for split, files in chosen.items()
            }
        except (pa.ArrowException, OSError) as error:
            raise TaskError(f"{place} cannot be read as Parquet: {' '.join(str(error).split())[:200]}") from error
        return self._labelled(read, str(place))

    def _labelled(self, tables: Mapping[Split, Any], place: str) -> dict[Split, Labelled]:
        for split, table in tables.items():
            if lacking := {self.picture, self.label} - {*table.column_names}:
                raise TaskError(f"{place}: {split} has no column {', '.join(sorted(lacking))}")
        pixels = decoded({s: pictures_in(one[self.picture], f"{place} {s}", None) for s, one in tables.items()})
        return {split: (pixels[split], one[self.label].to_numpy().astype(np.int64)) for split, one in tables.items()}

    def _folders(self, data: Path) -> dict[Split, Labelled]:
        known = {name: number for number, name in enumerate(self.classes)}
        known |= {str(number): number for number in range(len(self.classes))}
        files: dict[Split, list[Path]] = {}
        labels: dict[Split, list[int]] = {}
        for split in PARTS:
            found, _ = pictures_by_class(data / split)
            if odd := [name for name in found if name not in known]:
                raise TaskError(f"{data / split} has the folder '{odd[0]}'; its classes are {', '.join(self.classes)}")
            files[split] = [path for those in found.values() for path in those]
            labels[split] = [known[name] for name, those in found.items() for _ in those]
        pixels = decoded({split: [(str(path), path) for path in those] for split, those in files.items()})
        return {split: (pixels[split], np.array(labels[split], np.int64)) for split in PARTS}


def as_task(published: Published, *, title: str, source: str, licence: str, reference: str) -> Task:
    """The registered task of a published data set."""
    train = published.sizes["train"]
    held = round(HELD_OUT * train)
    return Task(
        name=published.name,
        title=title,
        kind="single-label",
        inputs="image",
        classes=published.classes,
        sizes={"train": train - held, "validation": held, "test": published.sizes["test"]},
        max_tokens=published.images.bytes,
        needs_data=False,
        source=source,
        licence=licence,
        reference=reference,
        load=published.load,
        load_whole=published.load_whole,
        hub=published.hub,
    )


def _ids(pixels: Pixels) -> NDArray[np.int64]:
    """A number of 63 bits for every image, from the SHA-256 of its bytes."""
    digests = (hashlib.sha256(one.data).digest() for one in pixels)
    return np.fromiter((int.from_bytes(digest[:8], "big") >> 1 for digest in digests), np.int64, len(pixels))
