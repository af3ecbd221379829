"""Readability scores that a store keeps beside its tasks, so that each text is scored once.

They follow from the texts and are no result: no part of the digest, and a file that is removed is computed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from runner.store.files import create, written
from runner.store.layout import Layout
from runner.store.reader import task_cards
from runner.store.rows import in_memory
from runner.store.schema import TaskCard
from tasks.base import SPLITS

FIELDS: dict[str, pa.DataType] = {
    "split": pa.string(),
    "example_id": pa.int32(),
    "automated_readability_index": pa.float64(),
    "coleman_liau_index": pa.float64(),
    "flesch_kincaid_grade": pa.float64(),
    "linsear_write_formula": pa.float64(),
    "gunning_fog": pa.float64(),
    "dale_chall_readability_score": pa.float64(),
    "difficult_words": pa.int32(),
    "tokens": pa.int32(),
}
"""Column -> type of a file of scores: one row for every example of the split that has a text."""
VERSIONS = b"piesweep.versions"

Kept = dict[tuple[str, str], Path]


def kept(root: Path) -> Kept:
    """(task, split) -> the file of its scores, of every task of the store whose texts were scored."""
    layout = Layout(root)
    names = {path.name for path in layout.readability.iterdir()} if layout.readability.is_dir() else set()
    places = (
        (card.task, split, scores_path(layout, card, split)) for card in task_cards(root).values() for split in SPLITS
    )
    return {(task, split): path for task, split, path in places if path.name in names}


def scores_path(layout: Layout, card: TaskCard, split: str) -> Path:
    """Where the scores of a task's split are: the fingerprint says which texts they are of."""
    return layout.readability / f"{card.task}-{split}-{card.fingerprint}.parquet"


def save(path: Path, scores: pa.Table, versions: str) -> None:
    """Put a split's scores in place, whole; `versions` says what computed them. Two writers at once do no harm."""
    table = scores.select(list(FIELDS)).cast(pa.schema(list(FIELDS.items())))
    table = table.replace_schema_metadata({VERSIONS: versions.encode()})
    with written(path) as file:
        pq.write_table(table, file, compression="zstd", use_dictionary=["split"])


def is_readable(path: Path) -> bool:
    """True for a file of scores whose end is whole; False if it was cut off, or is of another layout."""
    try:
        with path.open("rb") as file:
            return bool(pq.read_schema(file).names == list(FIELDS))
    except (OSError, pa.ArrowException):
        return False


def take(root: Path, source: Path) -> None:
    """Copy the scores that another store has of the same texts, and this one lacks."""
    for path in kept(source).values():
        create(Layout(root).readability / path.name, path.read_bytes())


def damage(root: Path, ids: dict[str, dict[str, pa.Array]]) -> Iterator[str]:
    """One sentence for each file of scores that cannot be read, or is not of examples of its split, each once.

    ids: task -> split -> its example ids, ascending.
    """
    for (task, split), path in kept(root).items():
        remedy = f"remove {path}, and it is computed again when it is needed"
        try:
            table = pq.ParquetFile(in_memory(path.read_bytes())).read()
        except (OSError, pa.ArrowException) as error:
            yield f"readability of task {task}, split {split} cannot be read ({str(error).splitlines()[0]}); {remedy}"
            continue
        found = table["example_id"].combine_chunks() if table.column_names == list(FIELDS) else None
        known = ids.get(task, {}).get(split, pa.array([], pa.int32()))
        if found is None or len(pc.unique(found)) < len(found) or not pc.all(pc.is_in(found, known)).as_py():
            yield f"readability of task {task}, split {split} is not one row an example; {remedy}"
