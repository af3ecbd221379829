"""A copy of a task of GLUE: its original files, or what `datasets` loads; both give the same rows in the same order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.archives import read_files, unzipped
from tasks.base import TaskError
from tasks.hub import arrow_table, declared_classes, is_saved, load_splits

HUB = "nyu-mll/glue"
SOME = 3
"""Files that a message names."""


@dataclass(frozen=True, kw_only=True)
class Original:
    """How a task of GLUE is written: in its own files, and on the hub.

    folder: of the original files. texts, label: their columns. columns: of files that have no heading. classes: what
    the files write -> the class, in index order; empty where the label is a number. parts: the name of a file without
    ending -> the name of the split on the hub. config, hub_texts: the name of the data set and its columns there.
    """

    folder: str
    texts: tuple[str, ...]
    label: str
    config: str
    hub_texts: tuple[str, ...]
    classes: Mapping[str, str]
    columns: tuple[str, ...] | None = None
    parts: Mapping[str, str] = field(default_factory=lambda: {"train": "train", "dev": "validation"})


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of a file: texts, one column or two; labels, class indices or numbers. cut: lines that lack cells."""

    texts: tuple[pa.Array, ...]
    labels: pa.Array
    cut: int = 0


def read_copy(original: Original, data: Path | None) -> dict[str, Rows]:
    """The rows of every file, by its name without ending. TaskError for a copy that lacks one, or is another's."""
    if data is None or is_saved(data):
        return _hub(original, HUB if data is None else str(data), original.config if data is None else None)
    found = _chosen(original, dict(read_files(data, lambda name: _part(original, name) is not None)), data)
    if not found and data.is_dir() and any(data.rglob("*.parquet")):
        return _hub(original, str(data), original.config)
    if missing := [part for part in original.parts if part not in found]:
        raise TaskError(
            f"{data} holds no {', '.join(f'{part}.tsv' for part in missing)} of {original.folder}; give the folder or "
            f"archive with GLUE's original files of it, one that holds it as {original.folder}/, or one saved by "
            "`datasets`"
        )
    return {part: _rows(original, f"{name} in {data}", content) for part, (name, content) in found.items()}


def _part(original: Original, name: str) -> str | None:
    """The part that a file holds, by its name."""
    last = name.rsplit("/", 1)[-1].removesuffix(".gz")
    part = last.removesuffix(".tsv")
    return part if part != last and part in original.parts else None


def _chosen(original: Original, files: dict[str, bytes], data: Path) -> dict[str, tuple[str, bytes]]:
    """Of each part its file; of several those in the folder that has the task's name."""
    found: dict[str, tuple[str, bytes]] = {}
    for part in original.parts:
        names = [name for name in files if _part(original, name) == part]
        own = [name for name in names if original.folder.lower() in name.lower().split("/")[:-1]]
        if len(chosen := names if len(names) == 1 else own) > 1 or (names and not chosen):
            raise TaskError(
                f"{data} holds several files of the name {part}.tsv ({', '.join(names[:SOME])}); give the folder "
                f"{original.folder} itself"
            )
        if chosen:
            found[part] = (chosen[0], files[chosen[0]])
    return found


def _rows(original: Original, place: str, content: bytes) -> Rows:
    """The rows of a file of tabs without quotes; lines that lack cells are counted and left out, as `datasets` does."""
    try:
        text = unzipped(content).decode("utf-8-sig")
    except (UnicodeDecodeError, OSError, EOFError) as error:
        raise TaskError(f"{place} cannot be read ({error}); get GLUE's original files again") from error
    lines = [line.removesuffix("\r").split("\t") for line in text.removesuffix("\n").split("\n")]
    heading = list(original.columns or lines[0])
    wanted = [*original.texts, original.label]
    if missing := [name for name in wanted if name not in heading]:
        raise TaskError(f"{place} has no column {', '.join(missing)}; its columns are {', '.join(heading)}")
    first = 1 if original.columns is None else 0
    cut = 0
    chosen: list[list[str]] = [[] for _ in wanted]
    places = [heading.index(name) for name in wanted]
    for number, cells in enumerate(lines[first:], start=1):
        if len(cells) > len(heading):
            raise TaskError(f"{place} row {number} has {len(cells)} cells, and its columns are {len(heading)}")
        if len(cells) < len(heading):
            cut += 1
            continue
        for column, at in zip(chosen, places, strict=True):
            column.append(cells[at].strip())
    *texts, labels = chosen
    return Rows(
        texts=tuple(pa.array(one, pa.string()) for one in texts),
        labels=_labels(original, place, labels),
        cut=cut,
    )


def _labels(original: Original, place: str, written: Sequence[str]) -> pa.Array:
    """Class indices, or numbers."""
    if not original.classes:
        try:
            return pa.array([float(one) for one in written], pa.float32())
        except ValueError as error:
            raise TaskError(f"{place}: column '{original.label}' holds what is no number ({error})") from None
    known = {mark: index for index, mark in enumerate(original.classes)}
    odd = next((row for row, one in enumerate(written, start=1) if one not in known), None)
    if odd is not None:
        raise TaskError(
            f"{place} row {odd}: column '{original.label}' holds {written[odd - 1]!r:.40}; allowed: {', '.join(known)}"
        )
    return pa.array([known[one] for one in written], pa.int16())


def _hub(original: Original, name: str, config: str | None) -> dict[str, Rows]:
    loaded = load_splits(name, config)
    found = {}
    for part, split in original.parts.items():
        if split not in loaded:
            raise TaskError(f"{name} has no split '{split}'; it has {', '.join(loaded)}")
        place, table = f"{name}[{split}]", arrow_table(loaded[split])
        if missing := [one for one in (*original.hub_texts, "label") if one not in table.column_names]:
            raise TaskError(
                f"{place} has no column {', '.join(missing)}; its columns are {', '.join(table.column_names)}"
            )
        texts = [pc.utf8_trim_whitespace(table[one].cast(pa.string())).combine_chunks() for one in original.hub_texts]
        labels = table["label"].combine_chunks()
        if original.classes:
            names = declared_classes(loaded[split], "label") or tuple(original.classes.values())
            labels = _indices(original, place, labels, names)
        found[part] = Rows(texts=tuple(texts), labels=labels.cast(pa.int16() if original.classes else pa.float32()))
    return found


def _indices(original: Original, place: str, labels: pa.Array, names: Sequence[str]) -> Any:
    """Numbers of classes as a copy declares them, as indices of our own classes: matched by name."""
    own = list(original.classes.values())
    low, high = pc.min_max(labels).as_py().values()
    if set(names) - set(own) or not 0 <= low <= high < len(names):
        raise TaskError(
            f"{place} has the classes {', '.join(names)} with labels {low} to {high}; ours: {', '.join(own)}"
        )
    return pa.array([own.index(one) for one in names], pa.int16()).take(labels)
