"""State a report's provenance: when, by which command and version it was written, and of which rows."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from analysis.results import Results
from runner.store.digest import recorded_digest
from runner.versions import versions

CITATIONS = (
    (
        "Tropeano, Maistro, Ruotsalo, Lioma",
        "As easy as PIE: understanding when pruning causes language models to disagree",
        "2025: the eight methods, effectiveness on PIEs, EL2N and readability of PIEs",
    ),
    (
        "Hooker, Courville, Clark, Dauphin, Frome",
        "What do compressed deep neural networks forget?",
        "2019, arXiv:1911.05248: PIEs",
    ),
    ("Paul, Ganguli, Dziugaite", "Deep learning on a data diet", "2021: EL2N"),
)
"""Authors, title, and where it is what for."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """written: the day (UTC). command: with the names of the folders alone, whatever they lie in. digest: the one of
    `piesweep digest`, from the hashes in the records. trained: when the first and the last trial committed.
    """

    written: str
    command: str
    version: str
    digest: str
    trained: str


def provenance(store: Path, out: Path, compare_with: str | None, results: Results) -> Provenance:
    """Of a report of `store` that is written to `out` now; SOURCE_DATE_EPOCH, where it is set, says when now is."""
    words = ["piesweep", "report", store.resolve().name, "--out", out.resolve().name]
    words += ["--compare", compare_with] if compare_with else []
    (row,) = results.rows("SELECT min(committed_at) AS first, max(committed_at) AS last FROM trials")
    days = [f"{row[name]:%Y-%m-%d}" for name in ("first", "last") if row[name] is not None]
    return Provenance(
        written=f"{_now():%Y-%m-%d}",
        command=shlex.join(words),
        version=versions(["piesweep"]).get("piesweep", "of a folder that is not installed"),
        digest=recorded_digest(store),
        trained=" to ".join(dict.fromkeys(days)),
    )


def _now() -> datetime:
    """See reproducible-builds.org/specs/source-date-epoch."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(fixed), UTC) if fixed.isdecimal() else datetime.now(UTC)
