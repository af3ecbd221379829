"""AAPD: the arXiv subjects of computer-science abstracts, several per abstract."""

from __future__ import annotations

import re
from pathlib import Path

from tasks.archives import read_files
from tasks.base import SPLITS, Split, Task, TaskData, TaskError
from tasks.examples import examples_table

SIZES: dict[Split, int] = {"train": 53840, "validation": 1000, "test": 1000}
CLASS_COUNT = 54
BIT_CLASSES = [f"topic-{number:02}" for number in range(CLASS_COUNT)]
MAX_TOKENS = 256
BITS: dict[Split, re.Pattern[str]] = {
    "train": re.compile(r"(?:^|/)(?:aapd_)?train\.tsv$"),
    "validation": re.compile(r"(?:^|/)(?:aapd_)?(?:dev|valid|validation)\.tsv$"),
    "test": re.compile(r"(?:^|/)(?:aapd_)?test\.tsv$"),
}
NAMED: dict[Split, str] = {"train": "train", "validation": "val", "test": "test"}
CLASS_FILE = re.compile(r"(?:^|/)classes\.txt$")

Rows = list[tuple[str, list[str]]]


def load(data: Path | None = None) -> TaskData:
    """The original split (Yang et al. 2018), every row of it.

    The copy may have tables of bits (train.tsv, dev.tsv and test.tsv without header: 54 characters 0 or 1, a tab, the
    abstract), whose classes are named topic-00 to topic-53 unless a classes.txt with 54 lines lies beside
    them; or pairs of files (text_train with label_train, and so on for val and test) whose lines name the subjects.
    """
    if data is None:
        raise TaskError("task 'aapd' needs your copy of AAPD: set data to its folder or archive")
    files = {name: content.decode("utf-8") for name, content in read_files(data, _is_ours)}
    bits = _bit_tables(files, data)
    splits = bits or _named_lines(files, data)
    found = {split: len(splits.get(split, [])) for split in SPLITS}
    if found != SIZES:
        raise TaskError(f"{data} holds {found} abstracts; the original split has {SIZES}")
    names = BIT_CLASSES if bits else sorted({name for rows in splits.values() for _, labels in rows for name in labels})
    if len(names) != CLASS_COUNT:
        raise TaskError(f"{data} has {len(names)} subjects, expected {CLASS_COUNT}: {', '.join(names[:8])}...")
    classes = (_listed_classes(files, data) if bits else None) or tuple(names)
    index = {name: number for number, name in enumerate(names)}
    return TaskData(
        task="aapd",
        kind="multi-label",
        inputs="text",
        classes=classes,
        max_tokens=MAX_TOKENS,
        examples=examples_table(
            {
                split: {
                    "text": [text for text, _ in rows],
                    "labels": [sorted(index[name] for name in labels) for _, labels in rows],
                }
                for split, rows in splits.items()
            }
        ),
    )


def _is_ours(name: str) -> bool:
    last = name.rsplit("/", 1)[-1]
    named = {f"{part}_{split}" for part in ("text", "label") for split in NAMED.values()}
    return last in named or CLASS_FILE.search(name) is not None or any(one.search(name) for one in BITS.values())


def _bit_tables(files: dict[str, str], data: Path) -> dict[Split, Rows]:
    """Rows of header-less bit tables; the first line is an example like any other."""
    splits: dict[Split, Rows] = {}
    for split, pattern in BITS.items():
        for name in filter(pattern.search, files):
            rows: Rows = []
            for number, line in enumerate(_lines(files[name]), start=1):
                bits, tab, text = line.partition("\t")
                if not tab or len(bits) != CLASS_COUNT or set(bits) - {"0", "1"}:
                    raise TaskError(f"{name} in {data}, line {number}: expected {CLASS_COUNT} bits, a tab and the text")
                rows.append((text, [BIT_CLASSES[at] for at, bit in enumerate(bits) if bit == "1"]))
            splits[split] = rows
    return splits


def _named_lines(files: dict[str, str], data: Path) -> dict[Split, Rows]:
    by_name = {name.rsplit("/", 1)[-1]: text for name, text in files.items()}
    splits: dict[Split, Rows] = {}
    for split, ending in NAMED.items():
        if f"text_{ending}" in by_name and f"label_{ending}" in by_name:
            texts, labels = _lines(by_name[f"text_{ending}"]), _lines(by_name[f"label_{ending}"])
            if len(texts) != len(labels):
                raise TaskError(
                    f"{data}: text_{ending} has {len(texts)} lines and label_{ending} {len(labels)}; they must agree"
                )
            splits[split] = [(text, label.split()) for text, label in zip(texts, labels, strict=True)]
    return splits


def _lines(text: str) -> list[str]:
    return [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]


def _listed_classes(files: dict[str, str], data: Path) -> tuple[str, ...] | None:
    for name in filter(CLASS_FILE.search, files):
        classes = tuple(line.strip() for line in _lines(files[name]))
        if len(set(classes)) != CLASS_COUNT:
            raise TaskError(f"{name} in {data} names {len(set(classes))} classes, expected {CLASS_COUNT}, one a line")
        return classes
    return None


TASK = Task(
    name="aapd",
    title="Subjects of computer-science abstracts (AAPD)",
    kind="multi-label",
    inputs="text",
    classes=None,
    sizes=SIZES,
    max_tokens=MAX_TOKENS,
    needs_data=True,
    source="the original split of AAPD as shipped with SGM (text and label files) or hedwig (tables of 54 bits)",
    licence="CC BY (as stated by Tropeano et al. 2025)",
    reference="Yang et al. 2018, SGM: Sequence Generation Model for Multi-Label Classification, COLING",
    load=load,
    class_count=CLASS_COUNT,
)
