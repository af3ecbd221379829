"""Compute the statistics of the PIE paper's Table 7: sizes, lengths, classes and where texts are cut."""

from __future__ import annotations

from typing import Any

from tasks.base import SPLITS, Task, TaskData
from tasks.examples import split_sizes
from tasks.lengths import power_of_two, statistics, token_counts

LENGTHS = ("mean", "median", "min", "max", "std", "p85")
"""Of the texts of all splits, in tokens; p85 is the length that 85 % of the texts do not exceed."""


def declared_statistics(task: Task) -> dict[str, Any]:
    """The columns of Table 7 that are known without the data; the others are None."""
    sizes: dict[str, int | None] = {split: (task.sizes or {}).get(split) for split in SPLITS}
    return {**sizes, **dict.fromkeys(LENGTHS), **_cut(None, task.max_tokens), **_answers(task.class_count, task.kind)}


def counted_statistics(data: TaskData) -> dict[str, Any]:
    """The columns of Table 7, counted; no lengths where examples are no texts.

    power_of_two: the paper's rule, the first power of two that leaves 85 % of the texts whole; max_tokens: what the
    task uses, which differs where the paper makes an exception (SNLI).
    """
    sizes = split_sizes(data.examples)
    counts = None if data.inputs == "image" else token_counts(data.examples)
    lengths = dict.fromkeys(LENGTHS) if counts is None else statistics(counts)
    cut = _cut(None if counts is None else power_of_two(counts), data.max_tokens)
    rest = _answers(len(data.classes), data.kind)
    return {**{split: sizes.get(split, 0) for split in SPLITS}, **lengths, **cut, **rest}


def _cut(power: int | None, max_tokens: int) -> dict[str, int | None]:
    return {"power_of_two": power, "max_tokens": max_tokens}


def _answers(classes: int | None, kind: str) -> dict[str, Any]:
    return {"classes": classes, "kind": kind}
