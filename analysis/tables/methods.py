"""What each pruning method is made of: Table 3 of Tropeano et al. 2025."""

from __future__ import annotations

from analysis.order import method_key, method_name
from analysis.results import Results
from analysis.tables.table import Line, Table
from runner.methods import DENSE, METHODS, NAMED

UNKNOWN = "\N{EN DASH}"
FIELDS = ("score", "schedule", "scope", "recovery")
SCHEDULES = {"at-initialization": "at initialization", "rounds": "iterative"}
RECOVERIES = {"finetune": "fine-tuning", "rewind": "weight rewinding"}


def build(results: Results) -> Table:
    """Score, schedule, scope and recovery of every method of the store; dashes for one made elsewhere, and for further
    dense models, which nothing is cut from."""
    methods = sorted({row["method"] for row in results.completeness} - {DENSE}, key=method_key)
    records = tuple({"method": method, **_parts(method)} for method in methods)
    return Table(
        name="methods",
        title="Pruning methods",
        caption="Score: which weights matter. Schedule: when the others are removed. Scope: layer by layer, or the "
        "whole network at once. Recovery: what happens to the weights that stay.",
        keys=("method", *FIELDS),
        columns=(),
        parts=("",),
        lines=tuple(
            Line(keys=(method_name(row["method"]), *(row[field] or UNKNOWN for field in FIELDS)), values=())
            for row in records
        ),
        legend={},
        records=records,
        views=("completeness",),
    )


def _parts(method: str) -> dict[str, str | None]:
    known = METHODS.get(method)
    if known is None:
        return {"title": NAMED[method].title if method in NAMED else None, **dict.fromkeys(FIELDS)}
    recovery = RECOVERIES[known.recovery] if known.starts_dense else "training"
    return {
        "title": known.title,
        "score": known.score,
        "schedule": SCHEDULES[known.schedule],
        "scope": known.scope,
        "recovery": recovery,
    }
