"""Texts that say what records hold: how a record is one line, and how a task is made of records and their texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from tasks.base import SPLITS, Split, TaskData, TaskError
from tasks.continuations import grouped
from tasks.examples import examples_table

METRICS = ("bleu", "rouge-l", "chrf")
BEAMS = 5
SPLIT_OF: dict[str, Split] = {"train": "train", "dev": "validation", "test": "test"}
"""What files are called by -> the split that they are."""


@dataclass(frozen=True, kw_only=True)
class Described:
    """A record as one line, the texts that say what it holds, and what else is known of it.

    place: where it stands, for messages.
    """

    text: str
    references: Sequence[str]
    place: str
    further: Mapping[str, str] = field(default_factory=dict)


def linearised(facts: Iterable[Sequence[str]]) -> str:
    """Facts, of a few parts each, as one line: "a : b | c : d" (as Li and Liang 2021 have it)."""
    return " | ".join(" : ".join(part.strip() for part in fact) for fact in facts)


def data_of(task: str, max_tokens: int, records: Mapping[Split, Sequence[Described]]) -> TaskData:
    """Each text of train is an example; in other splits a record stands once, with all its texts in their order.

    TaskError for a split without records, a record without facts, and a text that is missing or empty.
    """
    splits = {}
    for split in SPLITS:
        if not records.get(split):
            raise TaskError(f"task '{task}': the copy has no records for {split}; bring train, dev and test")
        for one in records[split]:
            if not one.text.strip():
                raise TaskError(f"{one.place} holds no facts; remove it")
            if not one.references or not all(text.strip() for text in one.references):
                raise TaskError(f"{one.place} has no text, or an empty one; fill or remove it")
        rows = [(one, text.strip()) for one in records[split] for text in one.references]
        columns = {"text": pa.array([one.text for one, _ in rows], pa.string())}
        for name in records[split][0].further:
            columns[name] = pa.array([one.further[name] for one, _ in rows], pa.string())
        references = pa.array([[text] for _, text in rows], pa.list_(pa.string()))
        if split != "train":
            columns, references = grouped(columns, references)
        splits[split] = {**columns, "gold_texts": references}
    return TaskData(
        task=task,
        kind="generation",
        inputs="text",
        classes=(),
        max_tokens=max_tokens,
        examples=examples_table(splits),
    )
