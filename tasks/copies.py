"""Copies of examples: within a split, and across splits, where a network is asked what it was told."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import SPLITS, Split
from tasks.columns import TEXTS
from tasks.kinds import KINDS

SHOWN = 60


def copies(examples: pa.Table, kind: str) -> list[str]:
    """Sentences that count copies of texts (or pairs), letter by letter: how many rows, and an example of them.

    Within a split also those whose labels contradict each other. Images are not compared.
    """
    keys = [name for name in TEXTS if name in examples.column_names]
    if not keys:
        return []
    answers = _as_one([_comparable(examples[name]) for name in KINDS[kind].gold])
    rows = pa.table({**{name: examples[name] for name in keys}, "split": examples["split"], "answer": answers})
    parts = {split: rows.filter(pc.equal(rows["split"], split)) for split in SPLITS}
    parts = {split: part for split, part in parts.items() if part.num_rows}
    is_written = KINDS[kind].reads == "continuation"  # several texts of one input are what is wanted
    said = [one for split, part in parts.items() if not is_written for one in _within(split, part, keys)]
    for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
        if first in parts and second in parts:
            said += _across(first, parts[first], second, parts[second], keys)
    return said


def _comparable(gold: pa.ChunkedArray) -> pa.ChunkedArray:
    """Gold answers as values that are counted apart."""
    if not pa.types.is_list(gold.type):
        return gold
    if pa.types.is_list(gold.type.value_type):
        return pa.chunked_array([pa.array(map(str, gold.to_pylist()), pa.string())])
    return pc.binary_join(gold.cast(pa.list_(pa.string())), ",")


def _as_one(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    """One value an example, of all its gold columns."""
    if len(columns) == 1:
        return columns[0]
    return pc.binary_join_element_wise(*(column.cast(pa.string()) for column in columns), "\x1f")


def _within(split: Split, part: pa.Table, keys: list[str]) -> list[str]:
    groups = part.group_by(keys, use_threads=False).aggregate([("split", "count"), ("answer", "count_distinct")])
    groups = groups.filter(pc.greater(groups["split_count"], 1))
    if not groups.num_rows:
        return []
    extra = pc.sum(groups["split_count"]).as_py() - groups.num_rows
    said = [f"{split}: {extra} of {part.num_rows} rows repeat the text of another, such as {_shown(groups, keys)}"]
    odd = groups.filter(pc.greater(groups["answer_count_distinct"], 1))
    if odd.num_rows:
        said.append(f"{split}: {odd.num_rows} texts stand there with different labels, such as {_shown(odd, keys)}")
    return said


def _across(first: Split, one: pa.Table, second: Split, other: pa.Table, keys: list[str]) -> list[str]:
    shared = other.join(one.select(keys).group_by(keys).aggregate([]), keys, join_type="left semi")
    if not shared.num_rows:
        return []
    count = f"{shared.num_rows} of {other.num_rows} rows of {second}"
    return [f"{count} stand in {first} too, such as {_shown(shared, keys)}: {second} measures memory there"]


def _shown(rows: pa.Table, keys: list[str]) -> str:
    """The first text in the order of texts, so that the sentence is the same every time."""
    text = str(rows.sort_by([(name, "ascending") for name in keys])[keys[0]][0].as_py())
    return repr(text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}...")
