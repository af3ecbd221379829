"""The votes of all cells in one file, made by a compaction for whoever asks, in a hundredth of the time of counting.

Kept votes are no memory: they say nothing that the rows do not, and may be lost. Each cell's are tied to the exact
trials and rows that were counted. A cell that has gained or lost a trial since is counted from its rows, by readers at
once, and by the next compaction for good; and so is every cell where the file is missing or damaged.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from runner.store.compaction.votes import Cell, cells_of, count_votes, splits_of, tally_id
from runner.store.errors import StoreError
from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.reader import task_cards
from runner.store.rows import described, in_memory, require_intact
from runner.store.schema import VOTE_FIELDS, CommitRecord, KeptVotes
from runner.store.trial_rows import TrialRows

FEWEST_ROWS, MOST_ROWS = 100_000, 1_000_000
"""Of a row group, where the file has so many."""
OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 6,
    "use_dictionary": ["cell", "split", "vote", "votes", "vote_set.list.element", "vote_set_votes.list.element"],
    "column_encoding": {"example_id": "DELTA_BINARY_PACKED"},
    "data_page_version": "2.0",
    "write_statistics": ["cell", "split"],
    "store_schema": False,
}
SCHEMA = pa.schema(list(VOTE_FIELDS.items()))
VOTES = SCHEMA.remove(0)


def keep_votes(root: Path, generation: int, records: Iterable[CommitRecord], before: KeptVotes | None) -> KeptVotes:
    """Keep the votes of all cells of these trials: copied from `before` where it has them, counted where it lacks them.

    `before` itself comes back where it is whole and nothing has changed; else a new file, named for the generation.
    """
    cells = cells_of(records)
    if before is not None and not is_intact(root, before):
        before = None
    if before is not None and {*before.cells, *before.uncounted} == cells.keys():
        return before
    path = Layout(root).votes / f"{generation:08}.{uuid.uuid4().hex[:12]}.parquet"
    kept: list[str] = []

    def numbered() -> Iterator[tuple[int, list[pa.Table]]]:
        for name, tables in _votes(root, cells, before):
            if tables is not None:
                kept.append(name)
                yield len(kept) - 1, tables

    with storage(path).new_file(path) as sink:
        rows = _write(sink, numbered())
    uncounted = tuple(sorted(cells.keys() - set(kept)))
    return KeptVotes(file=described(path, root, rows), cells=tuple(kept), uncounted=uncounted)


def is_intact(root: Path, votes: KeptVotes) -> bool:
    """True if the file is there with its recorded bytes."""
    try:
        require_intact(root, votes.file)
    except (OSError, StoreError):
        return False
    return True


def written_anew(root: Path, cells: Mapping[int, Cell]) -> bytes:
    """A file with the votes of these cells by number, counted from their rows wherever they are now."""
    numbers = {tally_id(cell): number for number, cell in cells.items()}
    counted = _votes(root, {tally_id(cell): cell for cell in cells.values()}, None)
    sink = io.BytesIO()
    _write(sink, ((numbers[name], tables) for name, tables in counted if tables is not None))
    return sink.getvalue()


def false_votes(root: Path, records: Iterable[CommitRecord], votes: KeptVotes) -> Iterator[str]:
    """Tally ids of the kept cells whose votes are not what their rows say."""
    kept = {name: cell for name, cell in cells_of(records).items() if name in set(votes.cells)}
    said = _Before.of(root, votes)
    for name, tables in _votes(root, kept, None):
        if tables is None or not pa.concat_tables(tables).equals(said.votes(name)):
            yield name


@dataclass(frozen=True)
class _Before:
    """A file of votes, read cell by cell."""

    numbers: dict[str, int]
    content: pa.Buffer

    @staticmethod
    def of(root: Path, votes: KeptVotes | None) -> _Before:
        content = (root / votes.file.path).read_bytes() if votes else b""
        numbers = {name: number for number, name in enumerate(votes.cells if votes else ())}
        return _Before(numbers, in_memory(content).read_buffer())

    def votes(self, name: str) -> pa.Table:
        """The votes of one cell, without the column `cell`."""
        chosen = [("cell", "=", self.numbers[name])]
        table = pq.read_table(pa.BufferReader(self.content), filters=chosen, use_threads=False)
        return table.drop_columns(["cell"]).cast(VOTES)


def _votes(
    root: Path, cells: Mapping[str, Cell], before: KeptVotes | None
) -> Iterator[tuple[str, list[pa.Table] | None]]:
    """The votes of each cell, split by split; None for a cell of which no votes can be kept."""
    known = _Before.of(root, before)
    trials = TrialRows(root)
    cards = task_cards(root)
    for name, cell in cells.items():
        if name in known.numbers:
            yield name, [known.votes(name)]
            continue
        tables = []
        for split in splits_of(cell):
            votes = count_votes(cell, split, cards.get(cell[0].settings["task"]), trials)
            if votes is None:
                break
            tables.append(votes.add_column(0, "split", pa.repeat(pa.scalar(split), votes.num_rows)))
        yield name, tables if len(tables) == len(splits_of(cell)) else None


def _write(sink: BinaryIO, votes: Iterable[tuple[int, list[pa.Table]]]) -> int:
    """Write the votes of cells by number, one after the other, as row groups of whole splits; how many rows."""
    pending: list[pa.Table] = []
    rows = 0
    with pq.ParquetWriter(sink, SCHEMA, **OPTIONS) as writer:
        for number, table in ((number, table) for number, tables in votes for table in tables):
            if sum(one.num_rows for one in pending) >= FEWEST_ROWS:
                writer.write_table(pa.concat_tables(pending), row_group_size=MOST_ROWS)
                pending = []
            numbers = pa.repeat(pa.scalar(number, pa.int32()), table.num_rows)
            pending.append(table.add_column(0, "cell", numbers))
            rows += table.num_rows
        if pending:
            writer.write_table(pa.concat_tables(pending), row_group_size=MOST_ROWS)
    return rows
