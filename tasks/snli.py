"""SNLI: does one sentence follow from another, contradict it, or neither?"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.archives import read_files
from tasks.base import SPLITS, Split, Task, TaskData, TaskError
from tasks.examples import examples_table
from tasks.hub import arrow_table, is_saved, load_splits

CLASSES = ("entailment", "neutral", "contradiction")
SIZES: dict[Split, int] = {"train": 549367, "validation": 9842, "test": 9824}
MAX_TOKENS = 128  # above the longest pair; the paper makes an exception of its power-of-two rule
HUB = "stanfordnlp/snli"
OFFICIAL: dict[Split, str] = {"train": "train", "validation": "dev", "test": "test"}
LINES_NOTE = (
    "texts are tokenised (spaces before punctuation) and train is a part of SNLI's; the official distribution differs"
)
PART_NOTE = "the copy is not the whole of SNLI: "

Pairs = dict[str, list[Any]]


def load(data: Path | None = None) -> TaskData:
    """Pairs of sentences in file order, those without a gold label left out before ids are given.

    The copy may be a folder saved by `datasets`, the official distribution (snli_1.0_train.jsonl or .txt and so on,
    as folder or archive), or line files (s1.dev.gz, s2.dev.gz, labels.dev.gz, the same for test, with
    subset_train.csv.gz for a part of train). `note` tells if the copy differs from the whole.
    """
    note = ""
    if data is None or is_saved(data):
        splits = _hub(HUB if data is None else str(data))
    elif data.is_dir() and any(data.glob("s1.*")):
        splits, note = _line_files(data), LINES_NOTE
    else:
        splits = _official(data)
    missing = [split for split in SPLITS if not splits.get(split, {}).get("label")]
    if missing:
        raise TaskError(f"{data or HUB} has no examples for {', '.join(missing)}; bring train, dev and test of SNLI")
    sizes = {split: len(splits[split]["label"]) for split in SPLITS}
    if not note and sizes != SIZES:
        note = PART_NOTE + ", ".join(f"{split} {sizes[split]} of {SIZES[split]}" for split in SPLITS)
    return TaskData(
        task="snli",
        kind="single-label",
        inputs="pair",
        classes=CLASSES,
        max_tokens=MAX_TOKENS,
        examples=examples_table({split: splits[split] for split in SPLITS}),
        note=note,
    )


def _hub(name: str) -> dict[Split, Any]:
    loaded = load_splits(name)
    splits: dict[Split, Any] = {}
    for split in SPLITS:
        if split in loaded:
            table = arrow_table(loaded[split])
            table = table.filter(pc.greater_equal(table["label"], 0))
            splits[split] = {"text": table["premise"], "text_pair": table["hypothesis"], "label": table["label"]}
    return splits


def _official(data: Path) -> dict[Split, Pairs]:
    endings = {f"snli_1.0_{name}{form}": split for split, name in OFFICIAL.items() for form in (".jsonl", ".txt")}

    def split_of(name: str) -> Split | None:
        return endings.get(name.rsplit("/", 1)[-1])

    splits: dict[Split, Pairs] = {}
    for name, content in read_files(data, lambda name: split_of(name) is not None):
        split = split_of(name)
        if split is not None and split not in splits:  # .jsonl sorts before .txt: the same pairs twice
            text = io.StringIO(content.decode("utf-8"), newline="")
            records = map(json.loads, text) if name.endswith(".jsonl") else _tab_separated(text)
            splits[split] = _pairs((one["sentence1"], one["sentence2"], one["gold_label"]) for one in records)
    return splits


def _tab_separated(text: io.StringIO) -> Iterator[dict[str, str]]:
    return csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE)


def _line_files(folder: Path) -> dict[Split, Pairs]:
    splits: dict[Split, Pairs] = {}
    for split, name in OFFICIAL.items():
        if (folder / f"s1.{name}.gz").is_file():
            columns = [_lines(folder / f"{part}.{name}.gz") for part in ("s1", "s2", "labels")]
            if len({len(column) for column in columns}) > 1:
                raise TaskError(f"{folder}: s1, s2 and labels of '{name}' have {[len(one) for one in columns]} lines")
            splits[split] = _pairs(zip(*columns, strict=True))
    part = folder / "subset_train.csv.gz"
    if "train" not in splits and part.is_file():
        numbers = {"1": "neutral", "2": "contradiction", "3": "entailment"}
        with gzip.open(part, "rt", encoding="utf-8", newline="") as file:
            rows = csv.reader(file, delimiter="\t")
            splits["train"] = _pairs((first, second, numbers[label]) for label, _, first, second in rows)
    return splits


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise TaskError(f"{path} does not exist; s1, s2 and labels of a split belong together")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [line.strip() for line in file]


def _pairs(records: Any) -> Pairs:
    columns: Pairs = {"text": [], "text_pair": [], "label": []}
    for first, second, label in records:
        if label in CLASSES:  # "-" where the annotators found no majority
            for column, value in zip(columns.values(), (first, second, CLASSES.index(label)), strict=True):
                column.append(value)
        elif label != "-":
            raise TaskError(f"SNLI has no label '{label}'; allowed: {', '.join(CLASSES)}, or - for none")
    return {**columns, "label": pa.array(columns["label"], pa.int16())} if columns["label"] else columns


TASK = Task(
    name="snli",
    title="Natural language inference (SNLI)",
    kind="single-label",
    inputs="pair",
    classes=CLASSES,
    sizes=SIZES,
    max_tokens=MAX_TOKENS,
    needs_data=False,
    source="SNLI 1.0: `datasets` name stanfordnlp/snli, or your copy of the official distribution",
    licence="CC BY-SA 4.0",
    reference="Bowman et al. 2015, A large annotated corpus for learning natural language inference, EMNLP",
    load=load,
    hub=HUB,
)
