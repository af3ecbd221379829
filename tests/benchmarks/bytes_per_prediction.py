"""What a stored prediction takes on disk, against the text logits that people keep now.

    python -m tests.benchmarks.bytes_per_prediction [--store demo/store]

Measures a real store (the quickstart's), and trials of the size of SNLI's training split with three classes at random,
which nothing can compress below 0.198 bytes. The baseline is one trial's logits as `numpy.savetxt` writes them, as the
first paper's released code does. EL2N scores stand in the same files and are counted apart.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from runner.store.reader import commits
from runner.store.rows import canonical, write_parquet

SNLI_TRAIN = 549_367


def column_bytes(path: Path, column: str) -> int:
    """Compressed bytes of one column of a Parquet file, 0 where it lacks it."""
    metadata = pq.ParquetFile(path).metadata
    return sum(
        group.column(index).total_compressed_size
        for group in (metadata.row_group(number) for number in range(metadata.num_row_groups))
        for index in range(group.num_columns)
        if group.column(index).path_in_schema.split(".")[0] == column
    )


def measure_store(store: Path) -> None:
    """Bytes of the data files of a store, whole and without EL2N."""
    records = commits(store)
    files = [file for record in records for file in record.files]
    rows, total = sum(file.rows for file in files), sum(file.bytes for file in files)
    el2n = sum(column_bytes(store / file.path, "el2n") for file in files)
    print(f"{store}: {len(records)} trials, {rows:,} predictions, {total:,} bytes in data files, {el2n:,} of them EL2N")
    print(f"  {total / rows:.3f} bytes a prediction with EL2N, {(total - el2n) / rows:.3f} without (0.3 is wanted)")


def measure_snli_size() -> None:
    """Bytes of one SNLI-train-sized trial, and of its logits as text."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(SNLI_TRAIN, 3)).astype(np.float32)
    rows = pa.table(
        {
            "split": pa.repeat(pa.scalar("train"), SNLI_TRAIN),
            "example_id": pa.array(np.arange(SNLI_TRAIN), pa.int32()),
            "label": pa.array(logits.argmax(1), pa.int16()),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data" / "trial.parquet"
        path.parent.mkdir()
        file = write_parquet(canonical(rows, "0" * 16), path, Path(folder))
    text = io.StringIO()
    np.savetxt(text, logits[:20_000])
    as_text = len(text.getvalue()) / 20_000
    ours = file.bytes / SNLI_TRAIN
    print(f"SNLI-train-sized trial: {file.bytes:,} bytes, {ours:.3f} a prediction (at most 0.3 is wanted)")
    print(f"  text logits take {as_text:.0f} bytes a prediction: {as_text / ours:.0f} times as much")


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path)
    options = parser.parse_args()
    if options.store:
        measure_store(options.store)
    measure_snli_size()


if __name__ == "__main__":
    main()
