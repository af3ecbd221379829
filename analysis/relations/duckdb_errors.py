"""DuckDB's errors as people may read them: one line each, and a store's damage under its own name."""

from __future__ import annotations

import re

import duckdb

from analysis.relations.committed_files import damage_behind

_PICTURE = re.compile(r"\n\s*LINE \d+:|\n\s*\n\s*LINE")


def in_one_line(error: duckdb.Error) -> str:
    """What is said of an error: the damage that DuckDB met, or its first paragraph without the picture.

    Of an error raised in Python, where DuckDB read a file, only what it says and not where.
    """
    damage = damage_behind(error)
    if damage is not None:
        return str(damage)
    told = _PICTURE.split(str(error))[0]
    if "Traceback" in told:
        told = told.strip().splitlines()[-1]
    return " ".join(told.split())
