"""SQuAD v1.1: questions about passages of Wikipedia, answered by a span of the passage."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.archives import read_files, unzipped
from tasks.base import Split, Task, TaskChoice, TaskData, TaskError
from tasks.examples import examples_table, lacking, take
from tasks.further import OWN_ID
from tasks.held_out import text_ids
from tasks.hub import arrow_table, is_saved, load_splits
from tasks.questions import asked
from tasks.raw_splits import RawSplit
from tasks.splitting import stratified_split
from tasks.squad_files import is_squad, questions

HUB = "rajpurkar/squad"
PUBLISHED = {"train": 87_599, "dev": 10_570}
HELD_OUT = 0.1
HELD = round(HELD_OUT * PUBLISHED["train"])
MAX_TOKENS, STRIDE = 384, 128
"""As Devlin et al. 2019 have them in their script for SQuAD."""
PART = re.compile(r"(?:^|/)(train|dev)[^/]*\.json(?:\.gz)?$")
COLUMNS = TaskChoice(name="squad", question="question", context="context", answer="answer", answer_start="answer_start")


def load(data: Path | None = None, *, whole: bool = False) -> TaskData:
    """The published dev set as test, in its order; a tenth of train as validation, whole passages as far as that goes.

    A hash of the passage says which. whole: without any. The copy is the folder or archive with train-v1.1.json and
    dev-v1.1.json, or one saved by `datasets`.
    """
    read = _hub(data) if data is None or is_saved(data) else _files(data)
    columns = {part: _columns(f"{part} of {data or HUB}", records) for part, records in read.items()}
    counts = {part: len(one["text"]) for part, one in columns.items()}
    parts: dict[Split, Any] = {"train": columns["train"]}
    notes = lacking(counts, PUBLISHED)
    if whole:
        notes.append("all of train is trained on, nothing is held out (validation: 0)")
    else:
        held = round(HELD_OUT * counts["train"])
        ids = text_ids({"text": columns["train"]["text_pair"]})
        wanted: dict[Split, int] = {"train": counts["train"] - held, "validation": held}
        rows = stratified_split(ids, np.zeros(len(ids), np.int64), wanted)
        parts = {split: take(columns["train"], chosen) for split, chosen in rows.items()}
    return TaskData(
        task="squad",
        kind="span",
        inputs="pair",
        classes=(),
        max_tokens=MAX_TOKENS,
        examples=examples_table({**parts, "test": columns["dev"]}),
        note="; ".join(notes),
    )


def _columns(place: str, records: Iterable[Mapping[str, Any]]) -> dict[str, pa.Array]:
    rows = list(records)
    if not rows:
        raise TaskError(f"{place} has no questions")
    table = pa.Table.from_pylist(rows)
    if odd := next((row for row, one in enumerate(rows, start=1) if not one["answer"]), 0):
        raise TaskError(
            f"{place}: question {odd} ({rows[odd - 1]['id']}) has no answer; version 2.0 has such: bring version 1.1"
        )
    texts = table["question"], table["context"], table["answer_start"]
    texts_of, spans = asked(
        COLUMNS, RawSplit(place=place, texts=texts, answers=table["answer"], further=table.select([]))
    )
    own = {OWN_ID: table["id"].combine_chunks(), "title": table["title"].combine_chunks().cast(pa.string())}
    return {**texts_of, "gold_spans": spans, **own}


def _files(data: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for name, content in read_files(data, lambda name: PART.search(name) is not None):
        place = PART.search(name)
        assert place is not None  # only such names are read
        if place[1] in found:
            raise TaskError(f"{data} holds several files of the name {place[1]}*.json; give the folder of one version")
        try:
            parsed = json.loads(unzipped(content))
            if not is_squad(parsed):
                raise ValueError("it has not the form of SQuAD")
            found[place[1]] = list(questions(parsed))
        except (ValueError, OSError, EOFError, RecursionError) as error:
            raise TaskError(f"{name} in {data} cannot be read: {error}") from error
    if missing := [part for part in PUBLISHED if part not in found]:
        names = ", ".join(f"{part}-v1.1.json" for part in missing)
        raise TaskError(f"{data} holds no {names}; bring the folder or archive with train-v1.1.json and dev-v1.1.json")
    return found


def _hub(data: Path | None) -> dict[str, list[dict[str, Any]]]:
    place = HUB if data is None else str(data)
    loaded, found = load_splits(place), {}
    for part, split in (("train", "train"), ("dev", "validation")):
        if split not in loaded:
            raise TaskError(f"{place} has no split '{split}'; it has {', '.join(loaded)}")
        found[part] = [_record(row, place) for row in arrow_table(loaded[split]).to_pylist()]
    return found


def _record(row: Mapping[str, Any], place: str) -> dict[str, Any]:
    try:
        pairs = dict.fromkeys(zip(row["answers"]["text"], row["answers"]["answer_start"], strict=True))
        kept = {name: row[name] for name in ("id", "title", "question", "context")}
    except (KeyError, TypeError, ValueError) as error:
        raise TaskError(f"{place} has not the columns of SQuAD: {error}") from error
    return {**kept, "answer": [text for text, _ in pairs], "answer_start": [start for _, start in pairs]}


TASK = Task(
    name="squad",
    title="Questions about passages of Wikipedia (SQuAD v1.1)",
    kind="span",
    inputs="pair",
    classes=(),
    sizes={"train": PUBLISHED["train"] - HELD, "validation": HELD, "test": PUBLISHED["dev"]},
    max_tokens=MAX_TOKENS,
    stride=STRIDE,
    needs_data=False,
    source=f"`datasets` name {HUB}, or your copy of train-v1.1.json and dev-v1.1.json; the official dev set is test, "
    "and a tenth of train, by passages, is validation",
    licence="CC BY-SA 4.0",
    reference="Rajpurkar et al. 2016, SQuAD: 100,000+ Questions for Machine Comprehension of Text, EMNLP",
    load=load,
    load_whole=partial(load, whole=True),
    hub=HUB,
)
