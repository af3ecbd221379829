"""The commit records that compactions have folded into one file.

Generations are numbered. A generation is created exclusively, holds every record of the one before it (but those that a
repair has voided), and is never changed; the highest one counts. It also names the file of votes that was kept of its
trials. So a trial that was ever folded stays folded, with the same rows, and whatever a late writer puts into commits/
under its id is void. A generation carries a hash of what it says, and the count and hash of the generation before it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ValidationError

from runner.store.errors import StoreError
from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.rows import in_memory
from runner.store.schema import CommitRecord, Compacted, KeptVotes
from runner.store.sealing import START, read_record, sealed, told

COLUMNS = pa.schema([("trial_id", pa.string()), ("record", pa.string())])
GROUP_ROWS = 250
MOST_BYTES = 1 << 30
VOTES, BEFORE, SEAL = b"votes", b"before", b"sha256"
"""Keys of the file's metadata: the votes that were kept, the generation before, the hash of everything in the file."""
TRIES = 10
REMEDY = "restore the file from a copy, or have what it held made anew by piesweep verify --repair"


@dataclass(frozen=True)
class Generation:
    """What one compaction left: its number (0 where there was none) and its table of records, by trial id.

    votes: what it has kept of the cells; None where an earlier version compacted the store. before: the generation
    before it. sha256: of the file's bytes.
    """

    number: int
    table: pa.Table
    votes: KeptVotes | None = None
    before: Compacted | None = None
    sha256: str = ""
    path: str = ""

    @functools.cached_property
    def trial_ids(self) -> frozenset[str]:
        return frozenset(_ids(self.table))

    @property
    def records(self) -> dict[str, CommitRecord]:
        """Trial id -> commit record, whose files are the shared ones."""
        return dict(self._records(self.table))

    @property
    def described(self) -> Compacted | None:
        """What later records say of it; None where nothing was compacted, or it is no file yet."""
        if not self.sha256:
            return None
        return Compacted(generation=self.number, trials=self.table.num_rows, sha256=self.sha256)

    def record(self, trial_id: str) -> CommitRecord | None:
        """The record of one trial, or None."""
        if trial_id not in self.trial_ids:
            return None
        place = _ids(self.table).index(trial_id)
        return dict(self._records(self.table.slice(place, 1)))[trial_id]

    def _records(self, table: pa.Table) -> Iterator[tuple[str, CommitRecord]]:
        for name, text in zip(_ids(table), table["record"].to_pylist(), strict=True):
            where = f"{self.path}, trial {name}"
            record = read_record(CommitRecord, text.encode(), where, "the compacted commit record in")
            if record.trial_id != name:
                raise StoreError(f"{where} holds the record of trial {record.trial_id}; {REMEDY}")
            yield name, record


def latest(layout: Layout) -> Generation:
    """The generation that counts, with its records; StoreError if its file is damaged."""
    for _ in range(TRIES):
        found = generations(layout)
        if not found:
            return Generation(0, COLUMNS.empty_table())
        number, path = found.popitem()
        try:
            return generation(number, path)
        except FileNotFoundError:
            continue  # two compactions have passed since the folder was listed
    raise StoreError(f"{layout.compacted} changes faster than it can be read; try again")


def kept_votes(layout: Layout) -> KeptVotes | None:
    """The votes that the generation that counts has kept."""
    return latest(layout).votes


def folded_ids(layout: Layout) -> frozenset[str]:
    """Ids of the trials that a compaction has folded; their records are not looked into."""
    return latest(layout).trial_ids


def folded_record(layout: Layout, trial_id: str) -> CommitRecord | None:
    """The folded record of one trial, or None."""
    return latest(layout).record(trial_id)


def publish(layout: Layout, base: Generation, records: Iterable[CommitRecord], votes: KeptVotes) -> bool:
    """Create the generation after `base` in one step; False, and nothing changed, if another compaction was first."""
    table = table_of(records)
    notes = {VOTES: votes.model_dump_json()}
    notes |= {BEFORE: base.described.model_dump_json()} if base.described else {}
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
        writer.add_key_value_metadata({**notes, SEAL: _seal(table, notes)})
    return storage(layout.root).create(_path(layout, base.number + 1), sink.getvalue().to_pybytes())


def table_of(records: Iterable[CommitRecord]) -> pa.Table:
    """Records as a generation keeps them, by trial id, each sealed by itself too."""
    listed = sorted(records, key=lambda record: record.trial_id)
    texts = [sealed(record.model_dump_json(exclude_defaults=True).encode()).decode() for record in listed]
    columns = [pa.array([record.trial_id for record in listed], pa.string()), pa.array(texts, pa.string())]
    return pa.table(columns, schema=COLUMNS)


def whole_records(path: Path) -> dict[str, CommitRecord]:
    """The records of a damaged generation that are whole by their own hash; none where the file cannot be read."""
    found: dict[str, CommitRecord] = {}
    with contextlib.suppress(pa.ArrowException, OSError, ValueError, StoreError, KeyError):
        table = pq.ParquetFile(in_memory(storage(path).read(path, MOST_BYTES))).read(use_threads=False)
        for text in table["record"].to_pylist():
            with contextlib.suppress(StoreError):
                if text.encode().startswith(START):
                    record = read_record(CommitRecord, text.encode(), path, "the compacted commit record in")
                    found[record.trial_id] = record
    return found


def generations(layout: Layout) -> dict[int, Path]:
    """Number -> file of the generations that lie in the store, ascending."""
    if not layout.compacted.is_dir():
        return {}
    files = (path for path in layout.compacted.iterdir() if path.suffix == ".parquet" and path.stem.isdecimal())
    return {int(path.stem): path for path in sorted(files, key=lambda path: int(path.stem))}


def generation(number: int, path: Path) -> Generation:
    """What a generation's file holds, its hash checked; StoreError if it is damaged, FileNotFoundError if it is gone.

    A file that this process has read is not read again while its time and size are the same: generations never change.
    """
    stamp = storage(path).stamp(path)
    return _read(number, path) if stamp is None else _known(number, path, stamp)


@functools.lru_cache(maxsize=4)
def _known(number: int, path: Path, stamp: tuple[int, int, int]) -> Generation:
    return _read(number, path)


def _read(number: int, path: Path) -> Generation:
    content = storage(path).read(path, MOST_BYTES)
    what = f"the compacted commit records {path}"
    try:
        file = pq.ParquetFile(in_memory(content))
        table = file.read(use_threads=False)
        notes = {name: text for name, text in (file.metadata.metadata or {}).items() if name in (VOTES, BEFORE)}
        seal = (file.metadata.metadata or {}).get(SEAL)
        is_whole = table.schema.names == COLUMNS.names and seal in (None, _seal(table, notes).encode())
    except (pa.ArrowException, OSError, ValueError) as error:
        raise StoreError(f"{what} cannot be read ({str(error).splitlines()[0]}); {REMEDY}") from error
    if not is_whole:
        raise StoreError(f"{what} are not what was written; {REMEDY}")
    return Generation(
        number,
        table,
        _noted(KeptVotes, notes.get(VOTES), what),
        _noted(Compacted, notes.get(BEFORE), what),
        hashlib.sha256(content).hexdigest(),
        str(path),
    )


def _noted(kind: type[Any], text: bytes | None, what: str) -> Any:
    if text is None:
        return None
    try:
        noted: BaseModel = kind.model_validate_json(text)
    except ValidationError as error:
        raise StoreError(f"{what} cannot be read: {told(error.errors())}; {REMEDY}") from error
    return noted


def _seal(table: pa.Table, notes: dict[bytes, Any]) -> str:
    """SHA-256 over the metadata and all ids and records."""
    digest = hashlib.sha256()
    for name, text in sorted(notes.items()):
        digest.update(name + b"\x1f" + (text if isinstance(text, bytes) else text.encode()) + b"\x1e")
    for column in COLUMNS.names:
        for value in table[column].to_pylist():
            digest.update(str(value).encode() + b"\x1f")
    return digest.hexdigest()


def _ids(table: pa.Table) -> list[str]:
    return table["trial_id"].to_pylist()  # type: ignore[no-any-return]


def _path(layout: Layout, number: int) -> Path:
    return layout.compacted / f"{number:08}.parquet"
