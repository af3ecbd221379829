"""The commit records that compactions have folded into one file.

Generations are numbered. A generation is created exclusively, holds every record of the one before it, and is never
changed; the highest one counts. It also names the file of votes that was kept of its trials. So a trial that was ever
folded stays folded, with the same rows, and whatever a late writer puts into commits/ under its id is void.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from runner.store.files import StoreError, create
from runner.store.layout import Layout
from runner.store.rows import in_memory
from runner.store.schema import CommitRecord, KeptVotes

COLUMNS = pa.schema([("trial_id", pa.string()), ("record", pa.string())])
GROUP_ROWS = 250
VOTES = b"votes"
"""Key of the file's metadata under which it names the votes that were kept."""
TRIES = 10


@dataclass(frozen=True)
class Generation:
    """What one compaction left: its number (0 where there was none) and its table of records, by trial id.

    votes: what it has kept of the cells; None where an earlier version compacted the store.
    """

    number: int
    table: pa.Table
    votes: KeptVotes | None = None

    @property
    def trial_ids(self) -> set[str]:
        return set(_ids(self.table))

    @property
    def records(self) -> dict[str, CommitRecord]:
        """Trial id -> commit record, whose files are the shared ones."""
        texts = self.table["record"].to_pylist()
        return {
            name: CommitRecord.model_validate_json(text) for name, text in zip(_ids(self.table), texts, strict=True)
        }


def latest(layout: Layout) -> Generation:
    """The generation that counts, with its records."""
    number, file = _opened(layout)
    if file is None:
        return Generation(number, COLUMNS.empty_table())
    return Generation(number, file.read(use_threads=False), _votes(file))


def kept_votes(layout: Layout) -> KeptVotes | None:
    """The votes that the generation that counts has kept; its records are not read."""
    _, file = _opened(layout)
    return _votes(file) if file else None


def folded_ids(layout: Layout) -> set[str]:
    """Ids of the trials that a compaction has folded; their records are not read."""
    _, file = _opened(layout)
    return set(_ids(file.read(["trial_id"], use_threads=False))) if file else set()


def folded_record(layout: Layout, trial_id: str) -> CommitRecord | None:
    """The folded record of one trial, or None."""
    number, file = _opened(layout)
    if file is None:
        return None
    for group in range(file.num_row_groups):
        if trial_id in _ids(file.read_row_group(group, ["trial_id"], use_threads=False)):
            return Generation(number, file.read_row_group(group, use_threads=False)).records[trial_id]
    return None


def publish(layout: Layout, number: int, records: Iterable[CommitRecord], votes: KeptVotes) -> bool:
    """Create a generation in one step; False, and nothing changed, if another compaction was first."""
    listed = sorted(records, key=lambda record: record.trial_id)
    texts = [record.model_dump_json(exclude_defaults=True) for record in listed]
    table = pa.table([pa.array([record.trial_id for record in listed], pa.string()), pa.array(texts)], schema=COLUMNS)
    options: dict[str, Any] = {
        "compression": "zstd",
        "compression_level": 9,
        "use_dictionary": False,
        "write_statistics": ["trial_id"],  # of a record they would be as long as the record
        "store_schema": False,
    }
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, COLUMNS, **options) as writer:
        writer.write_table(table, row_group_size=GROUP_ROWS)
        writer.add_key_value_metadata({VOTES: votes.model_dump_json()})
    return create(_path(layout, number), sink.getvalue().to_pybytes())


def generations(layout: Layout) -> dict[int, Path]:
    """Number -> file of the generations that lie in the store, ascending."""
    if not layout.compacted.is_dir():
        return {}
    files = (path for path in layout.compacted.iterdir() if path.suffix == ".parquet" and path.stem.isdecimal())
    return {int(path.stem): path for path in sorted(files, key=lambda path: int(path.stem))}


def _opened(layout: Layout) -> tuple[int, pq.ParquetFile | None]:
    """Number and table of the generation that counts; no table where there was no compaction."""
    for _ in range(TRIES):
        found = generations(layout)
        if not found:
            return 0, None
        number, path = found.popitem()
        try:
            return number, pq.ParquetFile(in_memory(path.read_bytes()))
        except FileNotFoundError:
            continue  # two compactions have passed since the folder was listed
        except pa.ArrowException as error:
            raise StoreError(
                f"the compacted commit records {path} cannot be read ({error}); restore the file"
            ) from error
    raise StoreError(f"{layout.compacted} changes faster than it can be read; try again")


def _votes(file: pq.ParquetFile) -> KeptVotes | None:
    content = (file.metadata.metadata or {}).get(VOTES)
    return None if content is None else KeptVotes.model_validate_json(content)


def _ids(table: pa.Table) -> list[str]:
    return table["trial_id"].to_pylist()  # type: ignore[no-any-return]


def _path(layout: Layout, number: int) -> Path:
    return layout.compacted / f"{number:08}.parquet"
