"""Wall times as schedulers write them."""

from __future__ import annotations

import re

FORM = re.compile(r"(?:(?P<days>\d+)-)?(?P<hours>\d+):(?P<minutes>[0-5]?\d)(?::(?P<seconds>[0-5]?\d))?")


def parse_duration(text: str) -> int:
    """Seconds of H:MM, H:MM:SS or D-HH:MM[:SS]. ValueError for anything else, or nothing at all."""
    match = FORM.fullmatch(text.strip())
    parts = {name: int(value or 0) for name, value in match.groupdict().items()} if match else {}
    seconds = sum(parts.get(name, 0) * unit for name, unit in UNITS.items())
    if not seconds:
        raise ValueError(f"'{text}' is no wall time; write H:MM:SS or D-HH:MM:SS, such as 48:00:00 or 2-00:00:00")
    return seconds


UNITS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


def duration_text(seconds: int) -> str:
    """H:MM:SS, hours beyond 24 included: a form that every Slurm reads."""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
