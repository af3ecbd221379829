"""Check the fields of a task of the user's own: which belong together, and what they stand for."""

from __future__ import annotations

from pathlib import Path

from tasks.base import SPLITS, Split, TaskChoice, TaskError
from tasks.text_files import AS_FOUND, Written, require_encoding

TABLES = (".csv", ".tsv", ".json", ".jsonl", ".conll", ".parquet", ".gz")
"""How the names of tables end; another name is that of a folder of images."""


def check_fields(choice: TaskChoice) -> None:
    """The fields of a choice that belong together, no file looked at. TaskError says what to do."""
    files = bool(paths(choice))
    needed = {"train": choice.train, "test": choice.test}
    missing = [name for name, value in needed.items() if value is None] if choice.dataset is None else []
    parts = fractions(choice)
    marks = written(choice)
    is_tagged = choice.words is not None or choice.tags is not None
    in_folders = is_in_folders(choice)
    asks = {choice.question, choice.context, choice.answer, choice.answer_start} != {None}
    has_own_columns = is_tagged or asks
    faults = {
        "give either files (train, test) or dataset, not both": files and choice.dataset is not None,
        f"missing {' and '.join(missing)}: a task of your own needs train and test": bool(missing),
        "data is for registered tasks; your own task has train and test, or dataset": choice.data is not None,
        "config and splits belong to dataset": files and bool(choice.config or choice.splits),
        "words and tags belong together, and stand for text and label: a tag for each of a list of words": is_tagged
        and (None in (choice.words, choice.tags) or {choice.text, choice.label, choice.labels, choice.kind} != {None}),
        "question, context and answer belong together, and stand for text and label; answer_start may be with them": (
            asks
            and (
                None in (choice.question, choice.context, choice.answer)
                or {choice.text, choice.label, choice.labels, choice.kind, choice.words, choice.tags} != {None}
            )
        ),
        "target is a text to be written after the one that text names; label, labels and kind are of other tasks": (
            choice.target is not None
            and (not isinstance(choice.text, str) or {choice.label, choice.labels, choice.kind, choice.image} != {None})
        ),
        "text is missing: name the text column, or the two columns of a pair; or image, a column of pictures": not (
            choice.text or has_own_columns or choice.image or in_folders
        ),
        "image stands for text: a network reads one of them": choice.image is not None
        and (choice.text is not None or has_own_columns),
        "give exactly one of label (one class per example) and labels (several)": not (
            has_own_columns or in_folders or choice.target
        )
        and (choice.label is None) == (choice.labels is None),
        "folders of images have no columns: remove id, quoting, delimiter, encoding and columns": in_folders
        and (choice.id is not None or marks != AS_FOUND),
        "max_tokens is for texts": choice.max_tokens is not None and reads_images(choice),
        "kind: regression predicts the numbers of label; labels are classes": choice.kind is not None
        and choice.label is None,
        "separator belongs to labels (or words and tags, or answer), where one cell holds several": choice.separator
        is not None
        and not (choice.labels or has_own_columns),
        "separator is empty": choice.separator == "",
        "splits names train and test of the data set at least": bool(choice.splits)
        and not {"train", "test"} <= set(choice.splits) | set(parts),
        "a fraction for test or validation is held out from train; it and their sum lie between 0 and 1": not (
            all(0 < part < 1 for part in parts.values()) and sum(parts.values()) < 1
        ),
        "splits and a fraction name the same split": bool(set(parts) & set(choice.splits)),
        "quoting, delimiter, encoding and columns say how files are written; a dataset has none": marks != AS_FOUND
        and choice.dataset is not None,
        "delimiter is one character, such as ';' or '\\t'": marks.delimiter is not None
        and (len(marks.delimiter) != 1 or not marks.delimiter.isascii() or marks.delimiter in '"\r\n'),
        "columns names every column of the files once": marks.columns is not None
        and (not marks.columns or len(set(marks.columns)) < len(marks.columns)),
    }
    for message, applies in faults.items():
        if applies:
            raise TaskError(f"task '{choice.name}': {message}")
    if marks.encoding is not None:
        require_encoding(marks.encoding)


def reads_images(choice: TaskChoice) -> bool:
    """True for a task of the user's own whose examples are images."""
    return choice.image is not None or is_in_folders(choice)


def is_in_folders(choice: TaskChoice) -> bool:
    """True for images in a folder for each class: no column is named, and what is named is no table by its ending."""
    columns = (choice.text, choice.image, choice.label, choice.labels, choice.words, choice.tags, choice.answer)
    places = paths(choice).values()
    return bool(places) and not any(columns) and not any(path.name.lower().endswith(TABLES) for path in places)


def own_kind(choice: TaskChoice) -> str:
    """The kind of answer that a task of the user's own declares."""
    if choice.tags is not None:
        return "tagging"
    if choice.answer is not None:
        return "span"
    if choice.target is not None:
        return "generation"
    return choice.kind or ("single-label" if choice.labels is None else "multi-label")


def paths(choice: TaskChoice) -> dict[Split, Path]:
    """The files of a task, by split."""
    return {split: Path(path) for split in SPLITS if isinstance(path := getattr(choice, split), str)}


def fractions(choice: TaskChoice) -> dict[Split, float]:
    """The splits that are held out from train, with the fraction of it that each takes."""
    return {split: float(part) for split in SPLITS if isinstance(part := getattr(choice, split), int | float)}


def written(choice: TaskChoice) -> Written:
    """How the files of a task are written, as far as the study says."""
    return Written(quoting=choice.quoting, delimiter=choice.delimiter, encoding=choice.encoding, columns=choice.columns)


def column_names(choice: TaskChoice) -> list[str]:
    """The columns of a task's texts and, last, of its answers."""
    if choice.tags is not None:
        names = [choice.words or "", choice.tags]
    elif choice.answer is not None:
        starts = [] if choice.answer_start is None else [choice.answer_start]
        names = [choice.question or "", choice.context or "", *starts, choice.answer]
    else:
        named = choice.image or choice.text
        texts = [named] if isinstance(named, str) else list(named or ())
        names = [*texts, choice.target or choice.label or choice.labels or ""]
    if len(set(names)) < len(names):
        raise TaskError(f"task '{choice.name}': text and label must be different columns, not {', '.join(names)}")
    if choice.id in names:
        raise TaskError(f"task '{choice.name}': id is a column beside text and label, not {choice.id}")
    return names
