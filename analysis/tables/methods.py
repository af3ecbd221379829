"""Table: what each pruning method is made of, Table 3 of Tropeano et al. 2025."""

from __future__ import annotations

from analysis.display_names import method_key, method_name
from analysis.method_variants import Variant
from analysis.results import Results
from analysis.tables.table import Line, Table
from runner.methods import DENSE

UNKNOWN = "\N{EN DASH}"
FIELDS = ("score", "schedule", "scope", "recovery")
SCHEDULES = {"at-initialization": "at initialization", "rounds": "iterative"}
RECOVERIES = {"finetune": "fine-tuning", "rewind": "weight rewinding"}


def build(results: Results) -> Table:
    """Score, schedule, scope and recovery of every method of the store; dashes for one made elsewhere, and for further
    dense models, which nothing is cut from."""
    methods = sorted({row["method"] for row in results.completeness} - {DENSE}, key=method_key)
    records = tuple({"method": method, **_all_parts(results.variants[method])} for method in methods)
    return Table(
        name="methods",
        title="Pruning methods",
        caption="Score: which weights matter. Schedule: when the others are removed. Scope: layer by layer, the "
        "whole network at once, or whole filters. Recovery: what happens to the weights that stay.",
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


def _all_parts(variants: list[Variant]) -> dict[str, str | None]:
    """The parts of a method; where its name means several things in the store, of each."""
    parts = [_parts(variant) for variant in variants]
    return {
        field: "; ".join(dict.fromkeys(str(own[field]) for own in parts if own[field])) or None
        for field in ("title", *FIELDS)
    }


def _parts(variant: Variant) -> dict[str, str | None]:
    known = variant.line
    if known is None or not known.prunes:
        return {"title": variant.title or None, **dict.fromkeys(FIELDS)}
    recovery = RECOVERIES.get(known.recovery, known.recovery) if known.starts_dense else "training"
    return {
        "title": variant.title,
        "score": known.score,
        "schedule": SCHEDULES.get(known.schedule, known.schedule) + variant.options,
        "scope": known.scope,
        "recovery": recovery,
    }
