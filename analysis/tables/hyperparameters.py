"""Table: settings that the models were trained with, Table 8 of Tropeano et al. 2025."""

from __future__ import annotations

import json
from typing import Any

from analysis.results import Results, Row
from analysis.tables.layout import MISSING
from analysis.tables.table import Line, Table, Value
from runner.methods import DENSE
from runner.studies.tuning import StudyTuning

COLUMNS = ("batch size", "epochs", "epochs tried", "learning rate", "learning rates tried")


def build(results: Results) -> Table:
    """Batch size, epochs and learning rate of every task and model, beside the ranges that the study searches."""
    records = tuple(_record(results, row) for row in _trained(results))
    return Table(
        name="hyperparameters",
        title="Hyperparameters",
        caption="What the models were trained with. Tried: the ranges in which the study searches, where it names any.",
        keys=("task", "model"),
        columns=COLUMNS,
        parts=("",),
        lines=tuple(
            Line(keys=(row["task"], row["model"]), values=tuple((_value(row[name]),) for name in COLUMNS))
            for row in records
        ),
        legend={},
        records=records,
        views=("trials",),
    )


def _trained(results: Results) -> list[Row]:
    """One row per task and model; the dense trials' settings where there are any."""
    return results.rows(
        """
        SELECT task, model, arg_min(settings->'training', (method <> ?, trial_id)) AS training
        FROM trials WHERE (settings->'training') IS NOT NULL
        GROUP BY ALL ORDER BY task, model""",
        DENSE,
    )


def _record(results: Results, row: Row) -> dict[str, Any]:
    training = json.loads(row["training"])
    ranges = next(
        (
            found
            for study in results.studies
            if (found := StudyTuning(**study.get("tuning", {})).of_cell(row["task"], row["model"])).is_searched
        ),
        None,
    )
    return {
        "task": row["task"],
        "model": row["model"],
        "batch size": training.get("batch_size"),
        "epochs": training.get("epochs"),
        "epochs tried": ranges and _range(ranges.epochs),
        "learning rate": training.get("learning_rate"),
        "learning rates tried": ranges and _range(ranges.learning_rate),
    }


def _range(ends: tuple[float, float] | None) -> str | None:
    return None if ends is None else f"{ends[0]:g} to {ends[1]:g}"


def _value(given: float | str | None) -> Value:
    if given is None:
        return MISSING
    return Value(given if isinstance(given, str) else f"{given:.6g}")
