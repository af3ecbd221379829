"""Bytes and times of networks that trials kept, measured on request and kept beside the trials.

They follow from a network, an encoding and a machine, and are no result: no part of the digest, and what is removed can
be measured again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from runner.store.errors import StoreError
from runner.store.files.contract import json_files
from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.names import TrialId
from runner.store.sealing import read_record, sealed

Measure = Literal["storage", "latency"]
WHAT = "the measurement"
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


class Size(BaseModel):
    """Bytes of a network in one encoding, with embeddings or without, and of the same weights in fp32."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoding: str
    embeddings: bool
    bytes: Count
    fp32_bytes: Count


class Latency(BaseModel):
    """Seconds a text of a network at one batch size: the median and the quartiles of so many measurements."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    network: str
    batch: Annotated[int, Field(ge=1)]
    seconds: Seconds
    lower: Seconds
    upper: Seconds
    measurements: Count


class Efficiency(BaseModel):
    """What was measured of one trial's network at once. machine: whose processor, of times; threads: how many."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trial_id: TrialId
    measured_at: str
    machine: str = ""
    threads: Annotated[int, Field(ge=1)] | None = None
    sizes: tuple[Size, ...] = ()
    latencies: tuple[Latency, ...] = ()


def keep(root: Path, measure: Measure, found: Efficiency) -> Path:
    """Put a measurement in its place, over an earlier one of the same trial; the file that it is in."""
    path = Layout(root).efficiency / f"{found.trial_id}.{measure}.json"
    storage(root).replace(path, sealed(found.model_dump_json(indent=1).encode()))
    return path


def kept(root: Path) -> list[Efficiency]:
    """Every measurement of a store; StoreError for one that is not what was written."""
    files = storage(root).contents(json_files(Layout(root).efficiency))
    return [_read(path, content) for path, content in files]


def take(root: Path, source: Path) -> None:
    """Copy the measurements that another store has and this one lacks."""
    for path in json_files(Layout(source).efficiency):
        storage(root).create(Layout(root).efficiency / path.name, storage(source).read(path))


def damage(root: Path) -> Iterator[tuple[Path, str]]:
    """Path and one sentence for each measurement that is damaged, or lies under another trial's name."""
    for path in json_files(Layout(root).efficiency):
        try:
            _read(path, storage(root).read(path))
        except (OSError, StoreError) as error:
            yield path, str(error)


def _read(path: Path, content: bytes) -> Efficiency:
    found = read_record(Efficiency, content, path, WHAT)
    if path.name.partition(".")[0] != found.trial_id:
        raise StoreError(f"{WHAT} {path} is of trial {found.trial_id}; remove it, and measure again")
    return found
