"""The time as stores write it down, in metadata alone."""

from __future__ import annotations

from datetime import UTC, datetime


def time_now() -> str:
    """Now, in UTC, to the millisecond, by ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
