"""The hypotheses that the studies of a store declared: families, their comparisons, and when they were first said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from analysis.display_names import method_key, split_key
from analysis.relations.snapshot import Snapshot
from runner.store.schema import FrozenPlan
from runner.studies.grid import GridCell
from runner.studies.hypotheses import HypothesisChoice

HYPOTHESIS = {
    "family_no": pa.int32(),
    "family": pa.string(),
    "study": pa.string(),
    "compare": pa.string(),
    "test": pa.string(),
    "alternative": pa.string(),
    "correction": pa.string(),
    "alpha": pa.float64(),
    "split": pa.string(),
    "declared_at": pa.timestamp("us"),
    "declared_seeds": pa.list_(pa.int64()),
    "withdrawn": pa.bool_(),
}
COMPARISON = {
    "family_no": pa.int32(),
    "comparison_no": pa.int32(),
    "task": pa.string(),
    "model": pa.string(),
    "method": pa.string(),
    "sparsity": pa.float64(),
    "other_task": pa.string(),  # null, with model, method and sparsity, where a cell meets its dense cell on PIEs
    "other_model": pa.string(),
    "other_method": pa.string(),
    "other_sparsity": pa.float64(),
}


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """A family of one study, in the plan that declared it first and in the last one that did.

    withdrawn: a later plan of the study no longer has it, or has it changed: what was once said stays on record.
    """

    choice: HypothesisChoice
    first: FrozenPlan
    last: FrozenPlan
    withdrawn: bool


def declarations(plans: list[FrozenPlan]) -> list[Declaration]:
    """Every family that any plan declares; plans come in the order in which they were frozen."""
    plans = sorted(plans, key=lambda plan: plan.frozen_at or "")
    newest = {plan.study.get("name"): plan for plan in plans}
    found: dict[str, list[tuple[HypothesisChoice, FrozenPlan]]] = {}
    for plan in plans:
        for choice in _choices(plan):
            found.setdefault(f"{plan.study.get('name')} {choice.model_dump_json()}", []).append((choice, plan))
    return [
        Declaration(
            choice=said[0][0],
            first=said[0][1],
            last=said[-1][1],
            withdrawn=said[-1][1] is not newest[said[-1][1].study.get("name")],
        )
        for said in found.values()
    ]


def declared(snapshot: Snapshot) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the tables `hypothesis` and `comparison`."""
    families = declarations(snapshot.plans)
    return {
        "hypothesis": [_family(number, family) for number, family in enumerate(families)],
        "comparison": [
            (number, place, *row)
            for number, family in enumerate(families)
            for place, row in enumerate(_comparisons(family, snapshot))
        ],
    }


def _choices(plan: FrozenPlan) -> list[HypothesisChoice]:
    return [HypothesisChoice.model_validate(entry) for entry in plan.study.get("hypotheses", ())]


def _family(number: int, family: Declaration) -> tuple[Any, ...]:
    choice, plan = family.choice, family.first
    said = datetime.fromisoformat(plan.frozen_at).astimezone(UTC).replace(tzinfo=None) if plan.frozen_at else None
    splits = sorted(plan.study.get("record", {}).get("splits", ("test",)), key=split_key)
    return (
        number,
        choice.name,
        str(plan.study.get("name", "unnamed")),
        *(choice.compare, choice.test, choice.alternative, choice.correction, choice.alpha),
        splits[0],
        said,
        sorted({trial.seed for trial in plan.trials}),
        family.withdrawn,
    )


def _comparisons(family: Declaration, snapshot: Snapshot) -> Iterator[tuple[Any, ...]]:
    """Both sides of every comparison of a family, as views name their models."""
    plan = family.last
    names = {(trial.task, trial.model): snapshot.models[trial.trial_id] for trial in plan.trials}
    cells = {GridCell(trial.task, trial.model, trial.method, trial.sparsity) for trial in plan.trials}
    for cell, other in family.choice.comparisons(sorted(cells, key=_place)):
        sides: list[Any] = [cell.task, names[cell.task, cell.model], cell.method, cell.sparsity]
        sides += [None] * 4 if other is None else _other(other, names)
        yield tuple(sides)


def _other(cell: GridCell, names: Mapping[tuple[str, str], str]) -> list[Any]:
    return [cell.task, names[cell.task, cell.model], cell.method, cell.sparsity]


def _place(cell: GridCell) -> tuple[Any, ...]:
    return cell.task, cell.model, method_key(cell.method), cell.sparsity
