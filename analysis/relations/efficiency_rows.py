"""What is known of the bytes and times of kept networks: the rows of the table `efficiency`."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from analysis.relations.snapshot import Snapshot
from runner.store.efficiency import Efficiency, kept

EFFICIENCY = {
    "trial_id": pa.string(),
    "measure": pa.string(),  # storage or latency
    "name": pa.string(),  # of the encoding, or of the network
    "embeddings": pa.bool_(),  # whether they are counted; null of times
    "batch": pa.int32(),  # null of bytes
    "bytes": pa.int64(),
    "fp32_bytes": pa.int64(),  # of the same weights without an encoding
    "seconds": pa.float64(),  # a text, the median
    "lower": pa.float64(),
    "upper": pa.float64(),
    "threads": pa.int32(),
    "machine": pa.string(),
}
AS_KEPT = "as-kept"
"""The encoding in which a trial keeps its network: fp32 values that stay, and a bit for each that might have gone."""

Rows = list[tuple[Any, ...]]


def measured(snapshot: Snapshot) -> dict[str, Rows]:
    """The rows: the size of every network that a trial of the snapshot kept, and what was measured of these."""
    ids = {record.trial_id for record in snapshot.commits}
    rows: Rows = [
        (record.trial_id, "storage", AS_KEPT, True, None, file.bytes, _whole(record.facts.parameters), *[None] * 5)
        for record in snapshot.commits
        for file in record.extras
        if file.name == "model"
    ]
    for one in kept(snapshot.root):
        if one.trial_id in ids:
            rows += _rows(one)
    return {"efficiency": rows}


def _whole(parameters: int | None) -> int | None:
    return None if parameters is None else 4 * parameters


def _rows(one: Efficiency) -> Rows:
    sizes: Rows = [
        (one.trial_id, "storage", size.encoding, size.embeddings, None, size.bytes, size.fp32_bytes, *[None] * 5)
        for size in one.sizes
    ]
    times: Rows = []
    for time in one.latencies:
        found = (time.seconds, time.lower, time.upper, one.threads, one.machine)
        times.append((one.trial_id, "latency", time.network, None, time.batch, None, None, *found))
    return sizes + times
