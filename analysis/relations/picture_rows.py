"""The pictures of image tasks, as a relation that views and exports do not have: bytes, or numbers from 0 to 1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.relations.checked_files import CheckedFiles
from analysis.relations.committed_files import address
from analysis.relations.snapshot import Snapshot

COLUMNS = "task_no, split, example_id, height, width, channels, pixels, numbers"
NO_PICTURES = (
    "SELECT 0::SMALLINT, ''::VARCHAR, 0::INTEGER, 0::INTEGER, 0::INTEGER, 0::INTEGER, ''::BLOB, NULL::FLOAT[] "
    "WHERE false"
)


def picture_rows(snapshot: Snapshot, files: CheckedFiles, paths: Iterable[str]) -> Iterator[str]:
    """One SELECT an image task: pixels are bytes where its card says what its images are, else numbers, as a list."""
    for number, (card, path) in enumerate(zip(snapshot.tasks.values(), paths, strict=True)):
        if card.inputs != "image":
            continue
        with files.open(path) as file:
            schema = pq.read_schema(file)
        kind = schema.field("pixels").type if "pixels" in schema.names else pa.null()
        if card.images is not None and pa.types.is_fixed_size_binary(kind):
            values = f"{card.images.height}, {card.images.width}, {card.images.channels}, pixels, NULL::FLOAT[]"
        elif card.images is None and pa.types.is_list(kind):
            values = "NULL, NULL, NULL, NULL::BLOB, pixels::FLOAT[]"
        else:
            continue
        yield f"SELECT {number}::SMALLINT, split, example_id, {values} FROM read_parquet([{address(path)}])"
