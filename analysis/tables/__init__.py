"""The tables: one file each beside this one, one line each in TABLES."""

from __future__ import annotations

from collections.abc import Callable

from analysis.results import Results
from analysis.tables import effectiveness, effectiveness_on_pies, pie_percent
from analysis.tables.table import Table

TABLES: dict[str, Callable[[Results], Table]] = {
    "pie_percent": pie_percent.build,
    "effectiveness": effectiveness.build,
    "effectiveness_on_pies": effectiveness_on_pies.build,
}
