"""The splits of a user's own task as they are written: texts, answers and what else stands beside them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import SPLITS, Split, TaskChoice, TaskError
from tasks.hub import arrow_table, declared_classes, load_splits
from tasks.own_fields import column_names, fractions, paths, written
from tasks.tabular import columns_of, doubt_of, form_of, nearest, read_columns


@dataclass(frozen=True, kw_only=True)
class RawSplit:
    """One split as the user wrote it: `place` names it in errors, `declared` are the classes its source lists.

    further: the columns beside texts and answers. doubts: sentences on how the file is written. dropped: rows without
    a label that were left out.
    """

    place: str
    texts: tuple[pa.ChunkedArray, ...]
    answers: pa.ChunkedArray
    further: pa.Table
    declared: tuple[str, ...] | None = None
    doubts: tuple[str, ...] = ()
    dropped: int = 0


@contextmanager
def naming(choice: TaskChoice, split: Split) -> Iterator[None]:
    """What is wrong with a split is said with the key of the study that names it."""
    try:
        yield
    except TaskError as error:
        raise TaskError(f"{key(choice, split)}: {error}") from error


def key(choice: TaskChoice, split: Split) -> str:
    """The key of a study that names a split, as overrides write it."""
    return f"tasks.{choice.name}.{split}"


def refuse_no_rows(count: int, place: str | Path) -> None:
    """TaskError for a split without examples."""
    if not count:
        raise TaskError(f"{place} has no rows; a split needs examples")


def _further(path: Path, table: pa.Table, choice: TaskChoice) -> tuple[pa.Table, list[str]]:
    """The columns that no network reads, beside those of `table`; where one is of several kinds all are left out."""
    present = columns_of(path, written(choice), table.column_names)
    further = [name for name in present if name not in table.column_names and present.count(name) == 1]
    if not further:
        return table.select([]), []
    if form_of(path) == ".conll":
        return table.select([]), [f"columns of {path} beside words and tags are left out: {', '.join(further)}"]
    try:
        return read_columns(path, further, written(choice)), []
    except TaskError as error:
        kept = read_columns(path, [choice.id], written(choice)) if choice.id else table.select([])
        return kept, [f"further columns are left out: {error}"]


def from_files(choice: TaskChoice) -> dict[Split, RawSplit]:
    """The splits that the user's files hold."""
    result: dict[Split, RawSplit] = {}
    for split, path in paths(choice).items():
        with naming(choice, split):
            names = column_names(choice)
            table = read_columns(path, names, written(choice))
            *texts, answers = table.columns
            further, doubts = _further(path, table, choice)
            result[split] = RawSplit(
                place=f"{key(choice, split)}: {path}",
                texts=tuple(texts),
                answers=answers,
                further=further,
                doubts=(*filter(None, [doubt_of(path, names, written(choice))]), *doubts),
            )
            refuse_no_rows(len(answers), path)
    return result


def from_dataset(choice: TaskChoice) -> dict[Split, RawSplit]:
    """The splits of a data set. Rows with the class -1, by which `datasets` marks a missing label, are left out."""
    assert choice.dataset is not None
    loaded = load_splits(choice.dataset, choice.config)
    held_out = fractions(choice)
    found = {split: split for split in SPLITS if split in loaded or split != "validation"}
    sources = choice.splits or {split: name for split, name in found.items() if split not in held_out}
    result: dict[Split, RawSplit] = {}
    for split in SPLITS:
        if split not in sources:
            continue
        source = sources[split]
        if source not in loaded:
            raise TaskError(
                f"task '{choice.name}': {choice.dataset} has no split '{source}'; it has {', '.join(loaded)}"
                f"{nearest(source, list(loaded))}. Name its splits: splits: {{train: ..., test: ...}}"
            )
        place = f"{choice.dataset}[{source}]"
        with naming(choice, split):
            result[split] = _dataset_split(choice, loaded[source], place)
            refuse_no_rows(len(result[split].answers), place)
    return result


def _dataset_split(choice: TaskChoice, loaded: Any, place: str) -> RawSplit:
    names = column_names(choice)
    for name in [*names, choice.id] if choice.id else names:
        if name not in loaded.column_names:
            raise TaskError(
                f"{place} has no column '{name}'; its columns are {', '.join(loaded.column_names)}"
                f"{nearest(name, loaded.column_names)}"
            )
    table = arrow_table(loaded)
    declared, rows = declared_classes(loaded, names[-1]), table.num_rows
    if declared is not None:
        if choice.label is not None:
            table = table.filter(pc.greater_equal(table[names[-1]], 0))
        at = table.column_names.index(names[-1])
        table = table.set_column(at, names[-1], _named(table[names[-1]], declared))
    *texts, answers = table.select(names).columns
    return RawSplit(
        place=place,
        texts=tuple(texts),
        answers=answers,
        further=table.drop_columns(names),
        declared=declared,
        dropped=rows - table.num_rows,
    )


def _named(answers: pa.ChunkedArray, declared: tuple[str, ...]) -> pa.Array:
    """Class numbers, or lists of them, as names."""
    column, names = answers.combine_chunks(), pa.array(declared)
    if pa.types.is_list(column.type):
        return pa.ListArray.from_arrays(column.offsets, names.take(column.values))
    return names.take(column)
