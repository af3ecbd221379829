"""Readability scores that a store keeps beside its tasks, so that each text is scored once.

They follow from the texts and are no result: no part of the digest, and a file that is removed is computed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from runner.store.errors import StoreError
from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.names import file_name
from runner.store.reader import task_cards
from runner.store.rows import in_memory
from runner.store.schema import TaskCard
from tasks.base import SPLITS
from tasks.content import content_hash

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
VERSIONS, CONTENT = b"piesweep.versions", b"piesweep.content"
"""Keys of the file's metadata: what computed the scores, and the hash of them."""

Kept = dict[tuple[str, str], Path]


def kept(root: Path) -> Kept:
    """(task, split) -> the file of its scores, of every task of the store whose texts were scored."""
    return _kept(root, task_cards(root).values())


def _kept(root: Path, cards: Iterable[TaskCard]) -> Kept:
    layout = Layout(root)
    names = {path.name for path in layout.readability.iterdir()} if layout.readability.is_dir() else set()
    places = ((card.task, split, scores_path(layout, card, split)) for card in cards for split in SPLITS)
    return {(task, split): path for task, split, path in places if path.name in names}


def scores_path(layout: Layout, card: TaskCard, split: str) -> Path:
    """Where the scores of a task's split are: the fingerprint says which texts they are of."""
    return layout.readability / f"{file_name(card.task)}-{split}-{card.fingerprint}.parquet"


def save(path: Path, scores: pa.Table, versions: str) -> None:
    """Put a split's scores in place, whole; `versions` says what computed them. Two writers at once do no harm."""
    table = scores.select(list(FIELDS)).cast(pa.schema(list(FIELDS.items())))
    table = table.replace_schema_metadata({VERSIONS: versions.encode(), CONTENT: content_hash(table).encode()})
    with storage(path).written(path) as file:
        pq.write_table(table, file, compression="zstd", use_dictionary=["split"])


def is_readable(path: Path) -> bool:
    """True for a file of scores whose end is whole; False if it was cut off, is of another layout, or no file."""
    try:
        storage(path).require_regular(path)
        with path.open("rb") as file:
            return bool(pq.read_schema(file).names == list(FIELDS))
    except (OSError, StoreError, pa.ArrowException):
        return False


def require_intact(path: Path) -> None:
    """StoreError for a file of scores that is not what was written; every score is looked at."""
    remedy = f"remove {path}, and it is computed again when it is needed"
    try:
        table = pq.ParquetFile(in_memory(storage(path).read(path))).read()
    except pa.ArrowException as error:
        raise StoreError(f"the readability scores {path} cannot be read; {remedy}") from error
    if not _is_sealed(table):
        raise StoreError(f"the readability scores {path} are not what was written; {remedy}")


def _is_sealed(table: pa.Table) -> bool:
    """True where the scores have the hash that was put beside them; earlier versions put none."""
    said = (table.schema.metadata or {}).get(CONTENT)
    return said is None or bool(said.decode(errors="replace") == content_hash(table))


def take(root: Path, source: Path) -> None:
    """Copy the scores that another store has of the same texts, and this one lacks."""
    for path in kept(source).values():
        storage(root).create(Layout(root).readability / path.name, storage(path).read(path))


def damage(root: Path, cards: Iterable[TaskCard], ids: dict[str, dict[str, pa.Array]]) -> Iterator[tuple[Path, str]]:
    """Path and one sentence for each file of scores that is damaged, or not of examples of its split, each once.

    ids: task -> split -> its example ids, ascending.
    """
    for (task, split), path in _kept(root, cards).items():
        remedy = f"remove {path}, and it is computed again when it is needed"
        try:
            table = pq.ParquetFile(in_memory(storage(path).read(path))).read()
        except (OSError, StoreError, pa.ArrowException) as error:
            reason = str(error).splitlines()[0]
            yield path, f"readability of task {task}, split {split} cannot be read ({reason}); {remedy}"
            continue
        if not _is_sealed(table):
            yield path, f"readability of task {task}, split {split} is not what was written; {remedy}"
            continue
        found = table["example_id"].combine_chunks() if table.column_names == list(FIELDS) else None
        known = ids.get(task, {}).get(split, pa.array([], pa.int32()))
        if found is None or len(pc.unique(found)) < len(found) or not pc.all(pc.is_in(found, known)).as_py():
            yield path, f"readability of task {task}, split {split} is not one row an example; {remedy}"
