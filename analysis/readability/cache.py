"""Scores that a store lacks are computed once and kept in it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.readability.dictionary import versions
from analysis.readability.scoring import score_texts
from analysis.relations.checked_files import CheckedFiles
from analysis.relations.recorded_files import examples_files, examples_path
from runner.store.layout import Layout
from runner.store.readability import is_readable, save, scores_path
from runner.store.reader import open_store, task_cards
from runner.store.rows import in_memory
from runner.store.schema import TaskCard
from tasks.lengths import token_counts

SPLITS = ("test",)
"""Splits whose texts a report needs."""

Progress = Callable[[str, int, int], None]
"""Told of the task and split at work, how many of its texts are done, and how many there are."""


def ensure_scores(store: Path, progress: Progress, *, splits: Collection[str] = SPLITS, jobs: int = 0) -> int:
    """Compute and keep the readability of every text of these splits that the store has no scores of; how many it were.

    Of a pair both texts are scored as one, parted by a space, as networks read them. `tokens` are those of
    `tasks.lengths.token_counts`. Tasks without texts are left out. jobs: how many processes; 0 for as many as pay.
    Raises ReadabilityError if scores cannot be computed, OSError if they cannot be kept.
    """
    layout = open_store(store)
    count = 0
    for card in task_cards(store).values():
        for split in splits:
            path = scores_path(layout, card, split)
            if card.inputs != "image" and card.splits.get(split) and not is_readable(path):
                scores = _scores(layout, card, split, progress, jobs)
                if scores is not None:
                    save(path, scores, versions())
                    count += scores.num_rows
    return count


def _scores(layout: Layout, card: TaskCard, split: str, progress: Progress, jobs: int) -> pa.Table | None:
    """The columns of runner.store.readability.FIELDS; None where the task has no texts."""
    examples = _texts(layout, card, split)
    if examples is None or not examples.num_rows:
        return None
    what, done = f"{card.task}, {split}", 0
    progress(what, 0, examples.num_rows)

    def advance(texts: int) -> None:
        nonlocal done
        done += texts
        progress(what, done, examples.num_rows)

    text = examples["text"]
    if "text_pair" in examples.column_names:
        text = pc.binary_join_element_wise(text, examples["text_pair"], " ")
    scored = score_texts(text, jobs, advance)
    scored = scored.append_column("split", examples["split"]).append_column("example_id", examples["example_id"])
    return scored.append_column("tokens", pa.array(token_counts(examples)))


def _texts(layout: Layout, card: TaskCard, split: str) -> pa.Table | None:
    """Ids and texts of a split, by example_id; examples without a text are left out."""
    with CheckedFiles(layout.root, examples_files(layout, {card.task: card})).open(
        examples_path(layout, card.task)
    ) as file:
        source = in_memory(file.read())
    names = set(pq.read_schema(source).names)
    if "text" not in names:
        return None
    wanted = [name for name in ("split", "example_id", "text", "text_pair") if name in names]
    rows = pq.read_table(source, columns=wanted, filters=[("split", "=", split)]).sort_by("example_id")
    for name in wanted[2:]:
        rows = rows.filter(pc.is_valid(rows[name]))
    return rows
