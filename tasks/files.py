"""A user's own task: its texts and labels in files or in a `datasets` data set, with no code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import SPLITS, Split, TaskChoice, TaskData, TaskError
from tasks.cells import Cells, class_lists, class_names, is_text
from tasks.classes import classes_of
from tasks.copies import copies
from tasks.examples import examples_table
from tasks.hub import arrow_table, declared_classes, load_splits
from tasks.lengths import power_of_two, token_counts
from tasks.tabular import count_rows, nearest, read_columns, require_columns

WRITTEN_LIST = r"""^\[\s*(['"].*['"]\s*)?\]$"""
EMPTY_LIST = " (an example without classes is an empty list in JSONL or Parquet, [] in text)"


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
    counts = {split: count_rows(path) for split, path in _paths(choice).items()}
    for split, count in counts.items():
        _refuse_no_rows(choice, split, count, str(_paths(choice)[split]))
    return counts


def load(choice: TaskChoice) -> TaskData:
    """All examples, in the order of the files; classes are the labels of all splits, sorted (numbers as numbers).

    `max_tokens` follows the paper's power-of-two rule over these texts; `warnings` say what is doubtful. Raises
    TaskError that names file, row and column for an empty cell or a label of a wrong type, and for all that `check`
    finds.
    """
    check(choice)
    raw = _from_files(choice) if choice.dataset is None else _from_dataset(choice)
    declared = {one.declared for one in raw.values()}
    classes = classes_of(
        choice.name,
        {split: _label_names(choice, one) for split, one in raw.items()},
        declared.pop() if len(declared) == 1 else None,
    )
    answer = "label" if choice.labels is None else "labels"
    examples = examples_table(
        {split: {**_text_columns(choice, one), answer: classes.indices[split]} for split, one in raw.items()}
    )
    dropped = [f"{one.dropped} rows of {one.place}" for one in raw.values() if one.dropped]
    return TaskData(
        task=choice.name,
        kind="single-label" if choice.labels is None else "multi-label",
        inputs="text" if isinstance(choice.text, str) else "pair",
        classes=classes.names,
        max_tokens=power_of_two(token_counts(examples)),
        examples=examples,
        note=f"left out for having no gold label (-1): {', '.join(dropped)}" if dropped else "",
        warnings=(*classes.warnings, *copies(examples)),
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


def _refuse_no_rows(choice: TaskChoice, split: Split, count: int, place: str) -> None:
    if not count:
        raise TaskError(f"task '{choice.name}': {place} has no rows, so that {split} is empty; give it examples")


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
        _refuse_no_rows(choice, split, len(answers), str(path))
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
        place = f"{choice.dataset}[{source}]"
        result[split] = _dataset_split(choice, loaded[source], place)
        _refuse_no_rows(choice, split, len(result[split].answers), place)
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
    declared, rows = declared_classes(loaded, names[-1]), table.num_rows
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
        if not is_text(texts.type):
            raise TaskError(f"{raw.place}: column '{written}' holds {texts.type}, not text")
        _refuse_empty(texts, raw.place, written)
        columns[name] = texts.cast(pa.string())
    return columns


def _label_names(choice: TaskChoice, raw: RawSplit) -> pa.Array:
    """The class names of every example: strings, or lists of strings where the task is multi-label."""
    column = (choice.label or choice.labels) or ""
    cells = Cells.of(raw.answers, raw.place, column)
    if choice.labels is not None:
        if is_text(cells.values.type):
            _refuse_empty(cells.values, raw.place, column, EMPTY_LIST)
        lists = class_lists(cells, choice.separator, is_marked=choice.separator is not None)
        _refuse_empty(lists, raw.place, column)
        return lists
    names = class_names(cells)
    _refuse_empty(names, raw.place, column)
    cells.refuse(pc.match_substring_regex(names, WRITTEN_LIST), "holds {value}, a list; for several classes use labels")
    return names


def _refuse_empty(values: pa.Array | pa.ChunkedArray, place: str, column: str, hint: str = "") -> None:
    empty = pc.is_null(values)
    if is_text(values.type):
        empty = pc.or_kleene(empty, pc.equal(pc.utf8_trim_whitespace(values), ""))
    count = pc.sum(empty).as_py() or 0
    if count:
        row = pc.index(empty, True).as_py() + 1
        raise TaskError(
            f"{place} row {row}: column '{column}' is empty ({count} such cells); fill or remove them{hint}"
        )
