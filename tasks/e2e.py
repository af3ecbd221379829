"""E2E: what a restaurant is like, told from its attributes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tasks.archives import read_files, unzipped
from tasks.base import Split, Task, TaskData, TaskError
from tasks.data_to_text import BEAMS, METRICS, Described, data_of, linearised
from tasks.examples import lacking, split_sizes

FILES: dict[str, Split] = {"trainset.csv": "train", "devset.csv": "validation", "testset_w_refs.csv": "test"}
SIZES: dict[Split, int] = {"train": 42_061, "validation": 547, "test": 630}
MAX_TOKENS = 128
ATTRIBUTE = re.compile(r"\s*([^\[\],]+)\[([^\]]*)\]\s*(?:,|$)")
TOKENISED = "e2e_aligned.tar.gz"
"""The archive of Wiseman et al. 2018, which has all of train with blanks before punctuation."""
FIELD = re.compile(r"__start_(\w+)__ (.*?) __end_\1__")
SPELT = {"customerrating": "customer rating"}


def load(data: Path | None = None) -> TaskData:
    """Records of attributes in file order with the texts that people wrote of them, from the three CSV files.

    Where trainset.csv is missing and the archive of Wiseman et al. 2018 is there, train comes from it, and is noted.
    """
    if data is None:
        raise TaskError("task 'e2e' needs your copy: set data to the folder with trainset.csv, devset.csv and so on")
    records: dict[Split, list[Described]] = {}
    for name, content in read_files(data, lambda name: _plain(name) in FILES):
        split = FILES[_plain(name)]
        if split in records:
            raise TaskError(f"{data} holds several files of the name {_plain(name)}; give the folder of one copy")
        records[split] = list(_rows(f"{name} in {data}", content))
    notes = []
    if "train" not in records and data.is_dir() and (data / TOKENISED).is_file():
        records["train"] = _tokenised(data / TOKENISED)
        notes.append(f"train comes from {TOKENISED}: its texts are tokenised, with blanks before punctuation")
    if missing := [name for name, split in FILES.items() if split not in records]:
        raise TaskError(f"{data} holds no {', '.join(missing)}; bring trainset.csv, devset.csv and testset_w_refs.csv")
    found = data_of("e2e", MAX_TOKENS, records)
    return replace(found, note="; ".join([*notes, *lacking(split_sizes(found.examples), SIZES)]))


def _plain(name: str) -> str:
    return name.rsplit("/", 1)[-1].removesuffix(".gz")


def _text(place: str, content: bytes) -> str:
    try:
        return unzipped(content).decode("utf-8-sig")
    except (UnicodeDecodeError, OSError, EOFError) as error:
        raise TaskError(f"{place} cannot be read ({error}); get the original files again") from error


def _rows(place: str, content: bytes) -> Iterator[Described]:
    rows = csv.DictReader(io.StringIO(_text(place, content), newline=""))
    if missing := [name for name in ("mr", "ref") if name not in (rows.fieldnames or ())]:
        raise TaskError(f"{place} has no column {', '.join(missing)}; it has {', '.join(rows.fieldnames or ())}")
    for number, row in enumerate(rows, start=1):
        record, text = (row["mr"] or "").strip(), (row["ref"] or "").strip()
        facts = ATTRIBUTE.findall(record)
        if ATTRIBUTE.sub("", record).strip():
            raise TaskError(f"{place} row {number}: {record!r:.80} is no list of name[value], parted by commas")
        yield Described(text=linearised(facts), references=[text], place=f"{place} row {number}")


def _tokenised(archive: Path) -> list[Described]:
    files = {_plain(name): content for name, content in read_files(archive, lambda name: _plain(name) in PARTS)}
    if missing := [name for name in PARTS if name not in files]:
        raise TaskError(f"{archive} holds no {', '.join(missing)}; get it again")
    sources, texts = (_text(f"{name} in {archive}", files[name]).splitlines() for name in PARTS)
    if len(sources) != len(texts):
        raise TaskError(f"{archive}: {' and '.join(PARTS)} have {len(sources)} and {len(texts)} lines")
    return [
        Described(
            text=linearised((SPELT.get(name, name), value) for name, value in FIELD.findall(source)),
            references=[text.partition("<eos>")[0]],
            place=f"{PARTS[1]} in {archive} line {number}",
        )
        for number, (source, text) in enumerate(zip(sources, texts, strict=True), start=1)
    ]


PARTS = ("src_train.txt", "train.txt")

TASK = Task(
    name="e2e",
    title="Restaurants told from their attributes (E2E)",
    kind="generation",
    inputs="text",
    classes=(),
    sizes=SIZES,
    max_tokens=MAX_TOKENS,
    needs_data=True,
    source="the E2E NLG Challenge: trainset.csv, devset.csv and testset_w_refs.csv",
    licence="CC BY-SA 4.0",
    reference="Novikova et al. 2017, The E2E Dataset: New Challenges For End-to-End Generation, SIGDIAL",
    load=load,
    metrics=METRICS,
    published=("bleu", "rouge-l", "meteor"),
    beams=BEAMS,
)
