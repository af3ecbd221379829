"""DART: what tables and records say, as triples, and told in a sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tasks.archives import read_files, unzipped
from tasks.base import Split, Task, TaskData, TaskError
from tasks.data_to_text import BEAMS, METRICS, SPLIT_OF, Described, data_of, linearised

FILE = re.compile(r"(?:^|/)dart-v[\d.]+-full-(train|dev|test)\.json(?:\.gz)?$")
MAX_TOKENS = 256


def load(data: Path | None = None) -> TaskData:
    """Sets of triples in file order with the sentences that tell them, from dart-v1.1.1-full-train.json and so on."""
    if data is None:
        raise TaskError(
            "task 'dart' needs your copy: set data to the folder with dart-v1.1.1-full-train.json and so on"
        )
    records: dict[Split, list[Described]] = {}
    for name, content in read_files(data, lambda name: FILE.search(name) is not None):
        part = FILE.search(name)
        assert part is not None  # only such names are read
        if SPLIT_OF[part[1]] in records:
            raise TaskError(f"{data} holds several files of {part[1]}; give the folder of one version")
        records[SPLIT_OF[part[1]]] = _entries(f"{name} in {data}", content)
    if missing := [f"dart-v1.1.1-full-{part}.json" for part, split in SPLIT_OF.items() if split not in records]:
        raise TaskError(f"{data} holds no {', '.join(missing)}; bring the three files of DART")
    return data_of("dart", MAX_TOKENS, records)


def _entries(place: str, content: bytes) -> list[Described]:
    try:
        parsed: Any = json.loads(unzipped(content))
        return [_described(f"{place} entry {number}", one) for number, one in enumerate(parsed, start=1)]
    except (ValueError, KeyError, TypeError, AttributeError, OSError, EOFError, RecursionError) as error:
        if isinstance(error, TaskError):
            raise
        raise TaskError(f"{place} cannot be read as a list of tripleset and annotations: {error!r:.100}") from error


def _described(place: str, entry: dict[str, Any]) -> Described:
    triples = entry["tripleset"]
    if odd := [one for one in triples if len(one) != 3 or not all(isinstance(part, str) for part in one)]:
        raise TaskError(f"{place}: {odd[0]!r:.80} is no triple of texts")
    return Described(
        text=linearised(triples), references=[one["text"] or "" for one in entry["annotations"]], place=place
    )


TASK = Task(
    name="dart",
    title="Triples of tables and records told in a sentence (DART)",
    kind="generation",
    inputs="text",
    classes=(),
    sizes=None,
    max_tokens=MAX_TOKENS,
    needs_data=True,
    source="DART v1.1.1: dart-v1.1.1-full-train.json, dart-v1.1.1-full-dev.json and dart-v1.1.1-full-test.json",
    licence="MIT",
    reference="Nan et al. 2021, DART: Open-Domain Structured Data Record to Text Generation, NAACL",
    load=load,
    metrics=METRICS,
    published=("bleu", "bleurt"),
    beams=BEAMS,
)
