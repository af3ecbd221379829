"""The heads of networks, by kind of answer."""

from __future__ import annotations

from collections.abc import Callable

from runner.heads import generation, multi_label, regression, single_label, span, tagging
from runner.heads.base import Head
from tasks.base import TaskData

HEADS: dict[str, Callable[[TaskData], Head]] = {
    "single-label": single_label.build,
    "multi-label": multi_label.build,
    "regression": regression.build,
    "tagging": tagging.build,
    "span": span.build,
    "generation": generation.build,
}
"""Name of a kind -> what makes its head for a task's data."""


def head_for(data: TaskData) -> Head:
    """The head that answers a task."""
    return HEADS[data.kind](data)
