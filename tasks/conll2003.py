"""CoNLL-2003: names of people, places, organisations and others in news of Reuters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tasks.archives import read_files, unzipped
from tasks.base import SPLITS, Split, Task, TaskData, TaskError
from tasks.column_files import words_in
from tasks.examples import examples_table, lacking
from tasks.hub import arrow_table, declared_classes, is_saved, load_splits
from tasks.tagged import as_iob2
from tasks.tags import OUTSIDE

CLASSES = (OUTSIDE, *(f"{mark}-{name}" for name in ("PER", "ORG", "LOC", "MISC") for mark in "BI"))
SIZES: dict[Split, int] = {"train": 14_041, "validation": 3250, "test": 3453}
MAX_TOKENS = 256
"""Room for the longest sentence, of 124 words, at two tokens a word."""
COLUMNS = 4
"""A word, its part of speech, its phrase and its entity."""
NAMES: dict[str, Split] = {
    "eng.train": "train",
    "train.txt": "train",
    "eng.testa": "validation",
    "valid.txt": "validation",
    "dev.txt": "validation",
    "eng.testb": "test",
    "test.txt": "test",
}
Lists = tuple[list[list[str]], list[list[str]]]


def load(data: Path | None = None) -> TaskData:
    """The sentences in file order with the entity of every word; lines that part documents are left out.

    The official files mark entities as IOB1 does, and are turned into IOB2. The copy is their folder or archive
    (eng.train, eng.testa and eng.testb, or train.txt, valid.txt and test.txt), or one saved by `datasets` with the
    columns tokens and ner_tags.
    """
    if data is None:
        raise TaskError("task 'conll2003' needs your copy: set data to the folder with eng.train, eng.testa, eng.testb")
    read = _saved(data) if is_saved(data) else _files(data)
    if missing := [split for split in SPLITS if split not in read]:
        raise TaskError(
            f"{data} holds no file of {', '.join(missing)}; bring eng.train, eng.testa and eng.testb, or train.txt, "
            "valid.txt and test.txt"
        )
    words = {split: pa.array(read[split][0], pa.list_(pa.string())) for split in SPLITS}
    places = {split: f"{split} of {data}" for split in SPLITS}
    tags, _ = as_iob2({split: pa.array(read[split][1], pa.list_(pa.string())) for split in SPLITS}, places)
    columns = {
        split: {
            "text": pc.binary_join(words[split], " "),
            "words": words[split],
            "gold_tags": _indices(tags[split], places[split]),
        }
        for split in SPLITS
    }
    return TaskData(
        task="conll2003",
        kind="tagging",
        inputs="text",
        classes=CLASSES,
        max_tokens=MAX_TOKENS,
        examples=examples_table(columns),
        note="".join(lacking({split: len(words[split]) for split in SPLITS}, SIZES)),
    )


def _indices(tags: pa.Array, place: str) -> pa.Array:
    values = pc.index_in(tags.flatten(), pa.array(CLASSES)).cast(pa.int16())
    if values.null_count:
        odd = tags.flatten().filter(pc.is_null(values))[0].as_py()
        raise TaskError(f"{place} has the tag '{odd}'; CoNLL-2003 has {', '.join(CLASSES)}")
    return pa.ListArray.from_arrays(tags.offsets, values)


def _files(data: Path) -> dict[Split, Lists]:
    found: dict[Split, Lists] = {}
    for name, content in read_files(data, lambda name: _plain(name) in NAMES):
        split, place = NAMES[_plain(name)], f"{name} in {data}"
        if split in found:
            raise TaskError(f"{data} holds several files of {split}; give the folder of one copy")
        try:
            text = unzipped(content).decode()
        except (UnicodeDecodeError, OSError, EOFError) as error:
            raise TaskError(f"{place} cannot be read ({error}); get the original files again") from error
        found[split] = _sentences(text.splitlines(), place)
    return found


def _plain(name: str) -> str:
    return name.rsplit("/", 1)[-1].removesuffix(".gz")


def _sentences(lines: Sequence[str], place: str) -> Lists:
    words: list[list[str]] = []
    tags: list[list[str]] = []
    for text, cells in words_in(lines, place, columns=COLUMNS):
        if text == len(words):
            words.append([])
            tags.append([])
        words[-1].append(cells[0])
        tags[-1].append(cells[-1])
    if not words:
        raise TaskError(f"{place} has no sentences")
    return words, tags


def _saved(data: Path) -> dict[Split, Lists]:
    found: dict[Split, Lists] = {}
    for split, rows in load_splits(str(data)).items():
        if split not in SPLITS:
            continue
        table = arrow_table(rows)
        if missing := [name for name in ("tokens", "ner_tags") if name not in table.column_names]:
            raise TaskError(f"{data}[{split}] has no column {', '.join(missing)}; it has {table.column_names}")
        names = declared_classes(rows, "ner_tags")
        tags = table["ner_tags"].to_pylist()
        if names is not None:
            tags = [[names[tag] for tag in row] for row in tags]
        elif any(not isinstance(tag, str) for row in tags for tag in row):
            raise TaskError(f"{data}[{split}]: ner_tags holds numbers without names; save its features too")
        found[split] = table["tokens"].to_pylist(), tags
    return found


TASK = Task(
    name="conll2003",
    title="Names in news (CoNLL-2003, English)",
    kind="tagging",
    inputs="text",
    classes=CLASSES,
    sizes=SIZES,
    max_tokens=MAX_TOKENS,
    needs_data=True,
    source="the English files of the shared task of CoNLL-2003: eng.train, eng.testa (validation) and eng.testb (test)",
    licence="texts: Reuters Corpus by agreement with NIST, for research, not to be passed on; tags: none stated",
    reference="Tjong Kim Sang and De Meulder 2003, Introduction to the CoNLL-2003 shared task, CoNLL",
    load=load,
    may_be_passed_on=False,
)
