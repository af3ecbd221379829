"""Tell what a task's examples are before anything trains: splits, classes, lengths, what is doubtful."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks import TASKS
from tasks.base import SPLITS, Split, TaskData
from tasks.copies import copies
from tasks.examples import split_sizes
from tasks.kinds import KINDS
from tasks.lengths import statistics, token_counts
from tasks.passages import passage_words

HOW_MEASURED = {
    "meteor": "name it in metrics, which needs Java and pip install 'piesweep[meteor]'",
    "bleurt": "set bleurt to the folder of a checkpoint",
}
"""Metric -> what it takes."""
MOST_NAMED = 12
"""Classes that a line names; of more it names the smallest and the largest."""


def overview(data: TaskData) -> dict[str, Any]:
    """Everything that `piesweep check` says of a task, under names for scripts.

    classes: name -> split -> examples. tokens: lengths by torchtext's rules, as the paper counts them; cut: of each
    split the share of examples longer than max_tokens. stride: how many tokens apart windows of these begin.
    images: what they have in common, if they are bytes. warnings:
    sentences.
    """
    found: dict[str, Any] = {
        "task": data.task,
        "kind": data.kind,
        "inputs": data.inputs,
        "metric": data.metric,
        "splits": split_sizes(data.examples),
        "classes": class_counts(data),
        "max_tokens": data.max_tokens,
        "fingerprint": data.fingerprint,
        "note": data.note,
        "warnings": list(warnings_of(data)),
    }
    if data.images is not None:
        found["images"] = data.images.model_dump(mode="json")
    if data.inputs != "image":
        counts = token_counts(data.examples)
        splits = np.array(data.examples["split"].to_pylist())
        found["tokens"] = statistics(counts)
        found["cut"] = {
            split: round(float(np.mean(counts[splits == split] > data.max_tokens)), 4) for split in found["splits"]
        }
    if data.stride:
        found["stride"] = data.stride
    return found


def warnings_of(data: TaskData) -> tuple[str, ...]:
    """The warnings that a task came with; of the project's own tasks, which come without, its copies are counted."""
    found = data.warnings or (tuple(copies(data.examples, data.kind)) if data.task in TASKS else ())
    return (*found, *unread(data), *unmeasured(data))


def unmeasured(data: TaskData) -> list[str]:
    """A sentence on the metrics that papers report of a task and that its answers are not scored by."""
    published = TASKS[data.task].published if data.task in TASKS else ()
    left = [f"{name} ({HOW_MEASURED[name]})" for name in published if name not in data.scored_by]
    return [f"not measured, though papers report it: {'; '.join(left)}"] if left else []


def unread(data: TaskData) -> list[str]:
    """Sentences on words, or answers, that no network reads, since texts are cut."""
    if data.kind == "span":
        return [] if data.stride else _unread_answers(data)
    if data.kind != "tagging":
        return []
    found = []
    for split in split_sizes(data.examples):
        counts = pc.list_value_length(data.split(split)["words"]).to_numpy()
        if beyond := int(np.maximum(counts - data.max_tokens, 0).sum()):
            found.append(
                f"{split}: {beyond} of {counts.sum()} words are beyond max_tokens ({data.max_tokens}), and more where "
                f"words are read in pieces: their answer is the first tag, {data.classes[0]!r}; raise max_tokens"
            )
    return found


def _unread_answers(data: TaskData) -> list[str]:
    found = []
    for split in split_sizes(data.examples):
        rows = data.split(split)
        words, before = passage_words(rows["text_pair"]), passage_words(rows["text"]).counts
        ends = np.array([spans[0][1] for spans in rows["gold_spans"].to_pylist()])
        is_within = words.begins < np.repeat(ends, words.counts)
        needed = before + np.add.reduceat(is_within, words.firsts)
        if beyond := int((needed > data.max_tokens).sum()):
            found.append(
                f"{split}: {beyond} of {len(ends)} answers end beyond max_tokens ({data.max_tokens}), and more where "
                "words are read in pieces: no network finds them; raise max_tokens, or part the passages"
            )
    return found


def class_counts(data: TaskData) -> dict[str, dict[str, int]]:
    """Class -> split -> examples that have it, or words, in index order; an example counts for each of its classes."""
    counts: dict[str, Counter[int]] = {}
    if not data.classes:
        return {}
    for split in split_sizes(data.examples):
        rows = data.examples.filter(pc.equal(data.examples["split"], split))
        (gold,) = KINDS[data.kind].gold
        labels = pc.list_flatten(rows[gold]) if pa.types.is_list(rows[gold].type) else rows[gold]
        counts[split] = Counter({row["values"]: row["counts"] for row in pc.value_counts(labels).to_pylist()})
    return {
        name: {split: counts[split][index] for split in SPLITS if split in counts}
        for index, name in enumerate(data.classes)
    }


def lines_of(data: TaskData) -> list[str]:
    """A few lines for people who start a study: splits with their classes, and what is doubtful."""
    counts = class_counts(data)
    parts = []
    for split, size in split_sizes(data.examples).items():
        if not data.classes:
            parts.append(f"{split} {size}{_told(data, split)}")
            continue
        order = sorted(counts, key=lambda name: counts[name][split])
        named = [*counts] if len(counts) <= MOST_NAMED else [*order[:3], "...", *order[-3:]]
        told = ", ".join(f"{name!r} {counts[name][split]}" if name in counts else name for name in named)
        parts.append(f"{split} {size} ({told})")
    return [
        f"task {data.task}: {'; '.join(parts)}",
        *(f"warning: {data.task}: {one}" for one in (*data.warnings, *unread(data), *unmeasured(data))),
    ]


def _told(data: TaskData, split: Split) -> str:
    """What answers without classes a split has, in brackets."""
    (gold,) = KINDS[data.kind].gold
    rows = data.split(split)
    if data.kind == "span":
        return f" (about {pc.count_distinct(rows['text_pair'])} passages)"
    if data.kind == "generation":
        return f" (with {pc.sum(pc.list_value_length(rows[gold]))} texts to be written)"
    if not (pa.types.is_floating(rows[gold].type) or pa.types.is_integer(rows[gold].type)):
        return ""
    found = pc.min_max(rows[gold]).as_py()
    return f" (values {found['min']:.4g} to {found['max']:.4g})"
