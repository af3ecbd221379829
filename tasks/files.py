"""A user's own task: its texts or images and labels in files or in a `datasets` data set, with no code."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import Split, TaskChoice, TaskData, TaskError
from tasks.cells import Cells, class_lists, class_names, is_text
from tasks.classes import MOST_FRACTIONS, SHOWN, Classes, classes_of
from tasks.columns import TEXTS, WORDS
from tasks.continuations import grouped, longest_whole, targets_of
from tasks.copies import copies
from tasks.examples import examples_table
from tasks.further import further_columns
from tasks.held_out import LABELS, hold_out, sizes
from tasks.kinds import KINDS
from tasks.lengths import power_of_two, token_counts
from tasks.own_fields import (
    check_fields,
    column_names,
    fractions,
    is_in_folders,
    own_kind,
    paths,
    reads_images,
    written,
)
from tasks.own_images import folder_counts, from_folders, images_of, pixel_columns, require_every_class
from tasks.questions import asked, doubts_of, longest_pair
from tasks.raw_splits import RawSplit, from_dataset, from_files, naming, refuse_no_rows
from tasks.tabular import count_rows, form_of, read_columns, require_columns
from tasks.tagged import as_iob2, longest_text, tagged_words, tags_of
from tasks.values import numbers, require_spread

WRITTEN_LIST = r"""^\[\s*(['"].*['"]\s*)?\]$"""
DECIMAL = r"^[+-]?(\d+\.\d*|\.\d+)$"
EMPTY_LIST = " (an example without classes is an empty list in JSONL or Parquet, [] in text)"


def check(choice: TaskChoice) -> None:
    """The cheap checks: fields that fit together, files that exist and have the columns.

    No row is read, unless quotes open cells of a file: then whether they pair up.
    """
    check_fields(choice)
    if is_in_folders(choice):
        folder_counts(choice)
        return
    _refuse_idle_keys(choice)
    names = column_names(choice)
    for split, path in paths(choice).items():
        with naming(choice, split):
            require_columns(path, [*names, choice.id] if choice.id else names, written(choice))


def row_counts(choice: TaskChoice) -> dict[Split, int]:
    """Examples per split, counted without keeping them.

    Empty where only loading can tell: of a `dataset`, and of texts to be written of which a part is held out.
    """
    check(choice)
    if choice.target is not None and fractions(choice):
        return {}
    counts = folder_counts(choice) if is_in_folders(choice) else {}
    for split, path in paths(choice).items() if not counts else ():
        with naming(choice, split):
            counts[split] = (
                count_rows(path, written(choice), column_names(choice))
                if choice.target is None or split == "train"
                else len(pc.unique(read_columns(path, column_names(choice)[:1], written(choice)).column(0)))
            )
            refuse_no_rows(counts[split], path)
    return counts | sizes(choice.name, counts["train"], fractions(choice)) if counts and fractions(choice) else counts


def load(choice: TaskChoice) -> TaskData:
    """All examples, in the order of the files; classes are the labels of all splits, sorted (numbers as numbers).

    Columns beside texts and answers are kept in the examples, where no network reads them (`tasks.further`).
    `max_tokens` follows the paper's power-of-two rule over these texts; `warnings` say what is doubtful. Raises
    TaskError that names file, row and column for an empty cell or a label of a wrong type, and for all that `check`
    finds.
    """
    check(choice)
    raw = _raw(choice)
    kind = own_kind(choice)
    if choice.label is not None and KINDS[kind].has_classes:
        _refuse_measures(choice, raw)
    read = {split: _read(choice, one) for split, one in raw.items()}
    texts = {split: one[0] for split, one in read.items()}
    shape: tuple[int, ...] = ()
    if reads_images(choice):
        pixels, shape = pixel_columns(choice, raw)
        texts = {split: {"pixels": column} for split, column in pixels.items()}
    answers: Mapping[Split, Any] = {split: one[1] for split, one in read.items()}
    odd: tuple[str, ...] = ()
    if choice.tags is not None:
        answers, odd = as_iob2(answers, {split: one.place for split, one in raw.items()})
    if choice.answer is not None:
        odd = tuple(doubts_of(texts, answers, located=_says_starts(choice, raw)))
    kept, doubts = further_columns({split: one.further for split, one in raw.items()}, choice.id, _taken(choice))
    columns = {split: {**texts[split], LABELS: answers[split], **kept[split]} for split in raw}
    if fractions(choice):
        are_classes = KINDS[kind].has_classes
        columns = hold_out(choice.name, columns, fractions(choice), are_classes=are_classes)
    answers = {split: one.pop(LABELS) for split, one in columns.items()}
    if choice.target is not None:
        for split in answers.keys() - {"train"}:
            columns[split], answers[split] = grouped(columns[split], answers[split])
    classes = _classes(choice, answers, {one.declared for one in raw.values()})
    if shape and classes.names:
        require_every_class(choice, classes.names, classes.indices)
    (gold,) = KINDS[kind].gold
    examples = examples_table({split: {**one, gold: classes.indices[split]} for split, one in columns.items()})
    dropped = [f"{one.dropped} rows of {one.place}" for one in raw.values() if one.dropped]
    doubts += [doubt for one in raw.values() for doubt in one.doubts]
    return TaskData(
        task=choice.name,
        kind=kind,
        inputs="image" if shape else "pair" if "text_pair" in examples.column_names else "text",
        classes=classes.names,
        max_tokens=_longest(choice, examples, shape),
        examples=examples,
        note=f"left out for having no gold label (-1): {', '.join(dropped)}" if dropped else "",
        warnings=(*doubts, *odd, *classes.warnings, *copies(examples, kind)),
        images=images_of(shape, columns["train"]["pixels"]) if shape else None,
    )


def _raw(choice: TaskChoice) -> dict[Split, RawSplit]:
    """The splits as they are written."""
    if is_in_folders(choice):
        return from_folders(choice)
    return from_files(choice) if choice.dataset is None else from_dataset(choice)


def _longest(choice: TaskChoice, examples: pa.Table, shape: tuple[int, ...]) -> int:
    """Where texts are cut: where words are read one by one nowhere, as far as networks go; of images all bytes."""
    if shape:
        return math.prod(shape)
    if choice.tags is not None:
        return longest_text(examples["words"])
    if choice.target is not None:
        return longest_whole(examples)
    return power_of_two(token_counts(examples)) if choice.answer is None else longest_pair(examples)


def _says_starts(choice: TaskChoice, raw: Mapping[Split, RawSplit]) -> bool:
    """Whether the data say where answers begin."""
    return choice.answer_start is not None or any(pa.types.is_struct(one.answers.type) for one in raw.values())


def _refuse_idle_keys(choice: TaskChoice) -> None:
    """TaskError for keys on how files are written that none of the files has."""
    forms = {form_of(path) for path in paths(choice).values()}
    marks = {"quoting": choice.quoting, "delimiter": choice.delimiter, "columns": choice.columns}
    idle = [] if forms & {".csv", ".tsv", ".conll"} else [name for name, value in marks.items() if value is not None]
    if forms <= {".conll"} and choice.quoting is not None:
        idle.append("quoting")
    if forms <= {".parquet"} and choice.encoding is not None:
        idle.append("encoding")
    if idle:
        found = ", ".join(sorted(forms))
        raise TaskError(f"task '{choice.name}': {', '.join(idle)} say nothing of {found} files; remove them")


def _text_columns(choice: TaskChoice, raw: RawSplit) -> dict[str, pa.ChunkedArray]:
    columns = {}
    for name, column, texts in zip(TEXTS, column_names(choice), raw.texts, strict=False):
        if pa.types.is_dictionary(texts.type):
            texts = texts.cast(texts.type.value_type)  # noqa: PLW2901
        if not is_text(texts.type):
            raise TaskError(f"{raw.place}: column '{column}' holds {texts.type}, not text")
        _refuse_empty(texts, raw.place, column)
        columns[name] = texts.cast(pa.string())
    return columns


def _classes(choice: TaskChoice, answers: Mapping[Split, pa.Array], declared: set[tuple[str, ...] | None]) -> Classes:
    """The classes of a task, if its kind has any, and its gold answers as they are stored."""
    if choice.tags is not None:
        return tags_of(choice.name, answers)
    if KINDS[own_kind(choice)].has_classes:
        return classes_of(choice.name, answers, declared.pop() if len(declared) == 1 else None)
    if KINDS[own_kind(choice)].ballot is None and choice.target is None:
        require_spread(choice.name, answers["train"], "training")
    return Classes(names=(), indices=answers, warnings=())


def _taken(choice: TaskChoice) -> frozenset[str]:
    """Names of gold columns that a further column must leave alone: those of other kinds are free, as they were."""
    return frozenset({*KINDS[own_kind(choice)].gold, *(WORDS if choice.tags else ())})


def _read(choice: TaskChoice, raw: RawSplit) -> tuple[dict[str, Any], pa.Array]:
    """The columns that a network reads, and the gold answers of every example."""
    if choice.tags is not None:
        return tagged_words(choice, raw)
    if reads_images(choice):
        return {}, _answers(choice, raw)
    if choice.answer is not None:
        return asked(choice, raw)
    return _text_columns(choice, raw), _answers(choice, raw)


def _answers(choice: TaskChoice, raw: RawSplit) -> pa.Array:
    """The gold answers of every example: class names, lists of them, or numbers."""
    if KINDS[own_kind(choice)].has_classes:
        return _label_names(choice, raw)
    if choice.target is not None:
        return targets_of(raw, choice.target)
    column = choice.label or ""
    values = numbers(Cells.of(raw.answers, raw.place, column))
    _refuse_empty(values, raw.place, column)
    return values


def _refuse_measures(choice: TaskChoice, raw: Mapping[Split, RawSplit]) -> None:
    """TaskError for a column of floating-point numbers with more values than a scale of classes has.

    Whole numbers among them would each be a class: a count or a price that a table of floats holds.
    """
    values: set[str] = set()
    for one in raw.values():
        column = Cells.of(one.answers, one.place, choice.label or "").values
        if pa.types.is_floating(column.type):
            values |= {str(value) for value in pc.unique(column).to_pylist() if value is not None}
        elif is_text(column.type):
            written = pc.unique(pc.utf8_trim_whitespace(column.cast(pa.string()))).drop_null()
            values |= set(written.filter(pc.match_substring_regex(written, DECIMAL)).to_pylist())
    if len(values) > MOST_FRACTIONS:
        shown = ", ".join(sorted(values)[:SHOWN])
        raise TaskError(
            f"task '{choice.name}': column '{choice.label}' holds {len(values)} different floating-point numbers, such "
            f"as {shown}: this is a measure, not a class; say kind: regression to predict it, or cut it into "
            "classes, such as below and above its median; if each number is a class, write it without a decimal point"
        )


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
