"""Databases of DuckDB that live in memory: every one that is asked here is opened by this."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import MappingProxyType

import duckdb

NO_CONFIG: Mapping[str, str | bool] = MappingProxyType({})


def memory_database(config: Mapping[str, str | bool] = NO_CONFIG) -> duckdb.DuckDBPyConnection:
    """An empty database that says nothing of its progress. config: as `duckdb.connect` takes it."""
    database = duckdb.connect(config=dict(config))
    # A bar would stand among answers on standard output, where Python runs no file. DuckDB refuses to turn it off in a
    # notebook that can show none.
    with contextlib.suppress(duckdb.InvalidInputException):
        database.execute("SET enable_progress_bar = false")
    return database
