"""A user's own task: its texts and labels in files or in a `datasets` data set, with no code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import SPLITS, Split, TaskChoice, TaskData, TaskError
from tasks.examples import examples_table
from tasks.hub import arrow_table, class_names, load_splits
from tasks.lengths import power_of_two, token_counts
from tasks.tabular import count_rows, nearest, read_columns, require_columns

NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
MOST_CLASSES = 32767


@dataclass(frozen=True, kw_only=True)
class RawSplit:
    """One split as the user wrote it: `place` names it in errors, `declared` are the classes its source lists."""

    place: str
    texts: tuple[pa.ChunkedArray, ...]
    answers: pa.ChunkedArray
    declared: tuple[str, ...] | None = None
    dropped: int = 0


def check(choice: TaskChoice) -> None:
    """The cheap checks: fields that fit together, files that exist and have the columns. No row is read."""
    check_fields(choice)
    for path in _paths(choice).values():
        require_columns(path, _column_names(choice))


def row_counts(choice: TaskChoice) -> dict[Split, int]:
    """Examples per split, counted without keeping them; empty for a `dataset`, which only loading can tell."""
    check(choice)
    return {split: count_rows(path) for split, path in _paths(choice).items()}


def load(choice: TaskChoice) -> TaskData:
    """All examples, in the order of the files; classes are the labels of all splits, sorted (numbers as numbers).

    `max_tokens` follows the paper's power-of-two rule over these texts. Raises TaskError that names file, row and
    column for an empty cell or a label of a wrong type, and for all that `check` finds.
    """
    check(choice)
    raw = _from_files(choice) if choice.dataset is None else _from_dataset(choice)
    names = {split: _label_names(choice, one) for split, one in raw.items()}
    classes = _classes(choice, raw, names)
    examples = examples_table(
        {split: {**_text_columns(choice, one), **_answers(names[split], classes)} for split, one in raw.items()}
    )
    dropped = [f"{one.dropped} rows of {one.place}" for one in raw.values() if one.dropped]
    return TaskData(
        task=choice.name,
        kind="single-label" if choice.labels is None else "multi-label",
        inputs="text" if isinstance(choice.text, str) else "pair",
        classes=classes,
        max_tokens=power_of_two(token_counts(examples)),
        examples=examples,
        note=f"left out for having no gold label (-1): {', '.join(dropped)}" if dropped else "",
    )


def check_fields(choice: TaskChoice) -> None:
    """The fields of a choice that belong together, no file looked at. TaskError says what to do."""
    files = choice.train is not None or choice.test is not None or choice.validation is not None
    needed = {"train": choice.train, "test": choice.test}
    missing = [name for name, value in needed.items() if value is None] if choice.dataset is None else []
    faults = {
        "give either files (train, test) or dataset, not both": files and choice.dataset is not None,
        f"missing {' and '.join(missing)}: a task of your own needs train and test": bool(missing),
        "data is for registered tasks; your own task has train and test, or dataset": choice.data is not None,
        "config and splits belong to dataset": files and bool(choice.config or choice.splits),
        "text is missing: name the text column, or the two columns of a pair": choice.text is None,
        "give exactly one of label (one class per example) and labels (several)": (choice.label is None)
        == (choice.labels is None),
        "separator belongs to labels, where one cell holds several": choice.separator is not None and not choice.labels,
        "separator is empty": choice.separator == "",
        "splits names train and test of the data set at least": bool(choice.splits)
        and not {"train", "test"} <= set(choice.splits),
    }
    for message, applies in faults.items():
        if applies:
            raise TaskError(f"task '{choice.name}': {message}")


def _paths(choice: TaskChoice) -> dict[Split, Path]:
    given: dict[Split, str | None] = {"train": choice.train, "validation": choice.validation, "test": choice.test}
    return {split: Path(path) for split, path in given.items() if path is not None}


def _column_names(choice: TaskChoice) -> list[str]:
    texts = [choice.text] if isinstance(choice.text, str) else list(choice.text or ())
    names = [*texts, choice.label or choice.labels or ""]
    if len(set(names)) < len(names):
        raise TaskError(f"task '{choice.name}': text and label must be different columns, not {', '.join(names)}")
    return names


def _from_files(choice: TaskChoice) -> dict[Split, RawSplit]:
    result: dict[Split, RawSplit] = {}
    for split, path in _paths(choice).items():
        *texts, answers = read_columns(path, _column_names(choice)).columns
        result[split] = RawSplit(place=str(path), texts=tuple(texts), answers=answers)
    return result


def _from_dataset(choice: TaskChoice) -> dict[Split, RawSplit]:
    """The splits of a data set. Rows with the class -1, by which `datasets` marks a missing label, are left out."""
    assert choice.dataset is not None
    loaded = load_splits(choice.dataset, choice.config)
    sources = choice.splits or {split: split for split in SPLITS if split in loaded or split != "validation"}
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
        result[split] = _dataset_split(choice, loaded[source], f"{choice.dataset}[{source}]")
    return result


def _dataset_split(choice: TaskChoice, loaded: Any, place: str) -> RawSplit:
    names = _column_names(choice)
    for name in names:
        if name not in loaded.column_names:
            raise TaskError(
                f"{place} has no column '{name}'; its columns are {', '.join(loaded.column_names)}"
                f"{nearest(name, loaded.column_names)}"
            )
    table = arrow_table(loaded).select(names)
    declared, rows = class_names(loaded, names[-1]), table.num_rows
    if declared is not None:
        if choice.label is not None:
            table = table.filter(pc.greater_equal(table[names[-1]], 0))
        table = table.set_column(len(names) - 1, names[-1], _named(table[names[-1]], declared))
    *texts, answers = table.columns
    return RawSplit(place=place, texts=tuple(texts), answers=answers, declared=declared, dropped=rows - table.num_rows)


def _named(answers: pa.ChunkedArray, declared: tuple[str, ...]) -> pa.Array:
    """Class numbers, or lists of them, as names."""
    column, names = answers.combine_chunks(), pa.array(declared)
    if pa.types.is_list(column.type):
        return pa.ListArray.from_arrays(column.offsets, names.take(column.values))
    return names.take(column)


def _text_columns(choice: TaskChoice, raw: RawSplit) -> dict[str, pa.ChunkedArray]:
    columns = {}
    for name, written, texts in zip(("text", "text_pair"), _column_names(choice), raw.texts, strict=False):
        if pa.types.is_dictionary(texts.type):
            texts = texts.cast(texts.type.value_type)  # noqa: PLW2901
        if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
            raise TaskError(f"{raw.place}: column '{written}' holds {texts.type}, not text")
        _refuse_empty(texts, raw.place, written)
        columns[name] = texts.cast(pa.string())
    return columns


def _label_names(choice: TaskChoice, raw: RawSplit) -> pa.Array:
    """The class names of every example: strings, or lists of strings where the task is multi-label."""
    column = (choice.label or choice.labels) or ""
    answers = raw.answers.combine_chunks()
    if choice.label is not None:
        return _names(answers, raw.place, column)
    lists = answers if _is_list(answers) else _cut(choice, answers, raw.place, column)
    _refuse_empty(lists, raw.place, column)
    flat = _names(lists.flatten(), raw.place, column, pc.list_parent_indices(lists))
    lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32()), flat)


def _cut(choice: TaskChoice, answers: pa.Array, place: str, column: str) -> pa.Array:
    """Cells of several labels as lists. An empty cell is refused: only a list can say that there is no class."""
    if choice.separator is None:
        raise TaskError(
            f"{place}: column '{column}' holds {answers.type}; labels is a column of lists, or of strings with "
            "separator, the mark between two labels (separator: ';')"
        )
    try:
        texts = _names(answers, place, column)
    except TaskError as error:
        raise TaskError(f"{error} (an example without classes is an empty list in JSONL or Parquet)") from error
    return pc.split_pattern(texts, choice.separator)


def _is_list(values: pa.Array) -> bool:
    return bool(pa.types.is_list(values.type) or pa.types.is_large_list(values.type))


def _names(values: pa.Array, place: str, column: str, rows: pa.Array | None = None) -> pa.Array:
    """Labels as trimmed strings. TaskError for a type that is no label, and for an empty one.

    rows: the row of each value where one row holds several.
    """
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    allowed = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_boolean)
    if not any(is_type(kind) for is_type in allowed):
        hint = "; for several classes per example use labels" if pa.types.is_list(kind) else ""
        raise TaskError(
            f"{place}: label column '{column}' holds {kind}; a label is a string, an integer or a boolean{hint}"
        )
    texts = pc.utf8_trim_whitespace(values.cast(kind).cast(pa.string()))
    _refuse_empty(texts, place, column, rows)
    return texts


def _refuse_empty(values: pa.Array | pa.ChunkedArray, place: str, column: str, rows: pa.Array | None = None) -> None:
    empty = pc.is_null(values)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        empty = pc.or_kleene(empty, pc.equal(pc.utf8_trim_whitespace(values), ""))
    count = pc.sum(empty).as_py() or 0
    if count:
        first = pc.index(empty, True).as_py()
        row = (first if rows is None else rows[first].as_py()) + 1
        raise TaskError(f"{place} row {row}: column '{column}' is empty ({count} such cells); fill or remove them")


def _classes(choice: TaskChoice, raw: dict[Split, RawSplit], names: dict[Split, pa.Array]) -> tuple[str, ...]:
    declared = {one.declared for one in raw.values()}
    if len(declared) == 1 and (listed := declared.pop()) is not None:
        return listed
    flat = [one.flatten() if pa.types.is_list(one.type) else one for one in names.values()]
    found = pc.unique(pa.chunked_array(flat, pa.string())).to_pylist()
    if not 2 <= len(found) <= MOST_CLASSES:
        shown = ", ".join(found[:3])
        raise TaskError(f"task '{choice.name}' has {len(found)} classes ({shown}); it needs 2 to {MOST_CLASSES}")
    return tuple(_sorted(found))


def _sorted(labels: Sequence[str]) -> list[str]:
    if all(NUMBER.fullmatch(label) for label in labels):
        return sorted(labels, key=lambda label: (float(label), label))
    return sorted(labels)


def _answers(names: pa.Array, classes: tuple[str, ...]) -> dict[str, Any]:
    known = pa.array(classes)
    if not pa.types.is_list(names.type):
        return {"label": pc.index_in(names, known).cast(pa.int16())}
    numbers = pa.ListArray.from_arrays(names.offsets, pc.index_in(names.values, known))
    return {"labels": [sorted(set(row)) for row in numbers.to_pylist()]}
