"""Order the classes of a fine-tuned checkpoint by their names, as a task has them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runner.models import ModelError

UNNAMED = re.compile(r"label[ _-]?\d+", re.IGNORECASE)
"""What a checkpoint calls a class whose name nobody has given: LABEL_0."""


def class_order(given: Sequence[str], wanted: Sequence[str], checkpoint: str) -> list[int] | None:
    """The index in a checkpoint of each class of a task, by name; None where its classes have no names.

    Case, blanks, hyphens and underscores do not count. ModelError where the names are others.
    """
    if len(given) == len(wanted) and all(UNNAMED.fullmatch(name) for name in given):
        return None
    places = {_plain(name): index for index, name in enumerate(given)}
    if len(places) != len(given) or places.keys() != {_plain(name) for name in wanted}:
        raise ModelError(
            f"checkpoint '{checkpoint}' tells {', '.join(given)} apart, and the task {', '.join(wanted)}: its output "
            "layer cannot be kept; set classifier: new, or write the task's names into id2label of its config.json"
        )
    return [places[_plain(name)] for name in wanted]


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()
