"""A store that is compared with another, as it was at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from analysis.relations.database import Database, connected
from analysis.relations.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What the store had committed at that moment, and a connection that sees this and nothing that came later."""

    snapshot: Snapshot
    connection: Database


@contextmanager
def opened(store: Path) -> Iterator[Opened]:
    """The store, read once, until the block ends; StoreError if there is none."""
    snapshot = Snapshot.of(store)
    with connected(snapshot) as connection:
        yield Opened(snapshot=snapshot, connection=connection)
