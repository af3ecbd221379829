"""The rows of one trial: their canonical form, their hash, and their Parquet file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from runner.store.errors import StoreError
from runner.store.extra_record import ExtraFile
from runner.store.files.regular import Irregular
from runner.store.files.storage import storage
from runner.store.schema import PREDICTION_FIELDS, DataFile
from tasks.content import content_hash
from tasks.kinds import KINDS

DAMAGE_REMEDY = "run piesweep verify, which names what else is damaged, then piesweep verify --repair, or restore it"


def canonical(rows: pa.Table, trial_id: str) -> pa.Table:
    """The rows as they are stored: columns of PREDICTION_FIELDS in order, sorted by (split, example_id)."""
    names = [name for name in PREDICTION_FIELDS if name in rows.column_names or name == "trial_id"]
    unknown = set(rows.column_names) - set(PREDICTION_FIELDS)
    if unknown:
        raise ValueError(f"unknown columns {sorted(unknown)}; a trial's rows have {list(PREDICTION_FIELDS)}")
    answers = [kind.answer for kind in KINDS.values()]
    if len({*answers} & {*names}) != 1:
        raise ValueError(f"a trial's rows have exactly one of the columns {' and '.join(answers)}")
    if "trial_id" not in rows.column_names:
        rows = rows.append_column("trial_id", pa.repeat(pa.scalar(trial_id), rows.num_rows))
    schema = pa.schema([(name, PREDICTION_FIELDS[name]) for name in names])
    return rows.select(names).cast(schema).sort_by([("split", "ascending"), ("example_id", "ascending")])


def rows_hash(rows: pa.Table) -> str:
    """SHA-256 of canonical rows, trial_id left out: equal rows have equal hashes whatever file holds them."""
    return content_hash(rows.drop_columns(["trial_id"]))


def write_parquet(rows: pa.Table, path: Path, root: Path) -> DataFile:
    """Write rows to a new file and force them to disk; about 0.2 bytes a row (ids as deltas, labels as bits)."""
    with storage(path).new_file(path) as file:
        write_own(file, rows)
    return described(path, root, rows.num_rows)


def write_own(sink: BinaryIO, rows: pa.Table) -> None:
    """Write the Parquet of a trial's own file: equal rows give equal bytes, however they were cut in memory."""
    pq.write_table(rows.combine_chunks(), sink, **parquet_options(rows.column_names))


def parquet_options(columns: Sequence[str]) -> dict[str, Any]:
    """How rows are encoded.

    Statistics and the embedded Arrow schema are left out: on small trials they would outweigh the rows.
    """
    listed = {kind.answer for kind in KINDS.values() if pa.types.is_list(kind.answer_type)}
    coded = {kind.answer for kind in KINDS.values() if kind.has_classes}
    constant = [name for name in columns if name in ("trial_id", "split", *coded)]
    return {
        "compression": "zstd",
        "compression_level": 6,
        "use_dictionary": [f"{name}.list.element" if name in listed else name for name in constant],
        "column_encoding": {"example_id": "DELTA_BINARY_PACKED"},
        "data_page_version": "2.0",
        "write_statistics": False,
        "store_schema": False,
    }


def described(path: Path, root: Path, rows: int) -> DataFile:
    """A file that has been written, as commit records name it."""
    return DataFile(
        path=path.relative_to(root).as_posix(), rows=rows, bytes=path.stat().st_size, sha256=file_hash(path)
    )


def read_parquet(root: Path, file: DataFile) -> pa.Table:
    """The rows of one data file, in canonical types; StoreError if its bytes are not those that were recorded."""
    content = storage(root).read(root / file.path, max(file.bytes, 1))
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise StoreError(changed(root, file))
    try:
        table = pq.ParquetFile(in_memory(content)).read()
        return table.cast(pa.schema([(name, PREDICTION_FIELDS[name]) for name in table.column_names]))
    except (pa.ArrowException, KeyError) as error:
        raise StoreError(f"{root / file.path} holds no rows ({str(error).splitlines()[0]}); {DAMAGE_REMEDY}") from error


def require_intact(root: Path, file: DataFile | ExtraFile) -> None:
    """StoreError for a file that is not there with the bytes that were recorded; FileNotFoundError if it is gone."""
    path = root / file.path
    storage(path).require_regular(path)
    if path.stat().st_size != file.bytes or file_hash(path) != file.sha256:
        raise StoreError(changed(root, file))


def damage_of(root: Path, file: DataFile | ExtraFile) -> str | None:
    """What is wrong with a file that a record names, as the rest of a sentence about it; None if nothing is."""
    try:
        require_intact(root, file)
    except FileNotFoundError:  # or it goes while it is being read
        return "is missing"
    except Irregular:
        return "is no file of its own"
    except StoreError:
        return "differs from its recorded checksum"
    return None


def changed(root: Path, file: DataFile | ExtraFile) -> str:
    """What is said of a file whose bytes are not those that were recorded."""
    return f"{root / file.path} differs from its recorded checksum; {DAMAGE_REMEDY}"


def in_memory(content: bytes) -> pa.BufferReader:
    """A copy of a file's bytes for Arrow to read.

    In memory of Arrow's own: a thread of Arrow that comes back to Python, be it only to let go of Python's bytes,
    aborts a process that is ending.
    """
    sink = pa.BufferOutputStream()
    sink.write(content)
    return pa.BufferReader(sink.getvalue())


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
