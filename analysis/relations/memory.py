"""A bound on memory that holds: DuckDB's own limit leaves out single values and lists, which may grow past any size."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import duckdb

MARGIN = 512 << 20
"""Bytes beyond DuckDB's limit: for Arrow, for the rows on their way out, and for the stacks of threads."""
_STATUS = Path("/proc/self/status")
_UNITS = {"bytes": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}


@contextlib.contextmanager
def bounded(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """In this block the process gets no more memory than it has, DuckDB's limit and MARGIN: an allocation fails first.

    DuckDB then raises OutOfMemoryException, Python MemoryError. Only where the system says what the process has
    (Linux); a lower limit that is set already stays.
    """
    held = _held()
    if held is None:
        yield
        return
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = held + _limit(connection) + MARGIN
    lowest = min((bound for bound in (before, hard) if bound != resource.RLIM_INFINITY), default=most)
    resource.setrlimit(resource.RLIMIT_DATA, (min(most, lowest), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))


def _held() -> int | None:
    """Bytes of private memory that the process may write to, as RLIMIT_DATA counts them; None where nobody says."""
    with contextlib.suppress(OSError):
        for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) << 10
    return None


def _limit(connection: duckdb.DuckDBPyConnection) -> int:
    """DuckDB's limit in bytes."""
    number, unit = str(connection.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]).split()
    return int(float(number) * (1 << _UNITS[unit]))
