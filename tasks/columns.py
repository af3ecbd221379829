"""The columns of a task's examples, from which fingerprints, tables, views and exports derive which there are."""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

from tasks.kinds import KINDS

Inputs = Literal["text", "pair", "image"]

KEYS: dict[str, pa.DataType] = {"split": pa.string(), "example_id": pa.int32()}
TEXTS: dict[str, pa.DataType] = {"text": pa.string(), "text_pair": pa.string()}
WORDS: dict[str, pa.DataType] = {"words": pa.list_(pa.string())}
"""What a network reads of a text besides where it reads word by word: of kinds that say so."""
IMAGES: dict[str, pa.DataType] = {"pixels": pa.list_(pa.float32())}
"""Numbers from 0 to 1; or bytes, of as many as one image has, where a task says what its images are (tasks.images)."""
INPUTS: dict[Inputs, dict[str, pa.DataType]] = {"text": {"text": pa.string()}, "pair": TEXTS, "image": IMAGES}
"""What models read of an example -> the columns that have it."""

VIEWED_GOLD: dict[str, pa.DataType] = {
    name: kind for one in KINDS.values() for name, kind in one.gold.items() if name == one.answer
}
"""Gold columns named as the answers are: every view of examples has them, whatever a task's kind."""
OWN_GOLD: dict[str, pa.DataType] = {
    name: kind for one in KINDS.values() for name, kind in one.gold.items() if name not in VIEWED_GOLD
}
"""The other gold columns: tasks of their kinds alone have them, and other tasks may use their names."""
VIEWED: dict[str, pa.DataType] = {**KEYS, **VIEWED_GOLD, **TEXTS}
"""What every view of examples has, null where a task has none."""
JUDGED: dict[str, pa.DataType] = {name: kind for one in KINDS.values() for name, kind in one.judged.items()}
"""Columns of a trial's rows that say how good an answer is; see tasks.kinds.base."""
RESERVED = frozenset({*VIEWED, *IMAGES})
"""Names that a column of the user's own cannot have."""


def read_by_trials(inputs: Inputs, kind: str) -> dict[str, pa.DataType]:
    """Column -> type of all that a trial can see of a task: keys, inputs, gold answers; as fingerprints order them."""
    words = WORDS if KINDS[kind].reads == "words" else {}
    return {**KEYS, **INPUTS[inputs], **words, **KINDS[kind].gold}
