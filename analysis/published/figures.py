"""The figures that a paper published, by the names that a store has: what `--compare` sets beside a store's own."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.data_sets import published as published_statistics
from runner.methods import DENSE
from runner.studies.errors import unknown

FOLDER = Path(__file__).parent
Row = dict[str, str]


class ComparisonError(ValueError):
    """Nothing to compare with, or nothing to compare: says what was given and what is allowed."""

    exit_status = 2


@dataclass(frozen=True, order=True, kw_only=True)
class Place:
    """What a figure is of; `what` tells figures of one cell apart: PIE %, mean, std, pruned, dense, removed %, ..."""

    task: str
    model: str = ""
    method: str = ""
    sparsity: float = 0.0
    what: str


Figures = dict[Place, float]


@dataclass(frozen=True, kw_only=True)
class Publication:
    """A paper whose tables are kept here: its reference, and the figures of each table by our name of the table.

    seeds: of every cell. tasks and models: our name (of a task; of an architecture) -> the paper's.
    """

    reference: str
    seeds: int
    tasks: dict[str, str]
    models: dict[str, str]
    tables: dict[str, Figures]


def publication(name: str) -> Publication:
    """The paper of that name; ComparisonError says which there are."""
    if name not in PUBLICATIONS:
        raise ComparisonError(unknown("comparison", name, PUBLICATIONS))
    return PUBLICATIONS[name]()


def _pie_paper() -> Publication:
    tasks = {"imdb": "IMDB", "snli": "SNLI", "reuters": "Reuters", "aapd": "AAPD"}
    return Publication(
        reference="Tropeano et al. 2025",
        seeds=30,
        tasks=tasks,
        models={"bert": "BERT", "bilstm": "BiLSTM"},
        tables={
            "pie_percent": dict(_cells("pie_table4_pie_percent.csv", {"pie_percent": "PIE %"})),
            "effectiveness": dict(_cells("pie_table9_effectiveness.csv", {"mean": "mean", "std": "std"})),
            "effectiveness_on_pies": dict(
                _cells(
                    "pie_table10_effectiveness_on_pies.csv",
                    {"pruned_models_mean": "pruned", "unpruned_models_mean": "dense"},
                )
            ),
            "parameters": dict(_parameters("pie_table5_parameters.csv")),
            "tasks": {
                Place(task=task, what=what): float(value)
                for task in tasks
                for what, value in (published_statistics(task) or {}).items()
                if isinstance(value, int)
            },
        },
    )


PUBLICATIONS: dict[str, Callable[[], Publication]] = {"paper": _pie_paper}


def _cells(file: str, columns: dict[str, str]) -> Iterator[tuple[Place, float]]:
    for row in _rows(file):
        method = DENSE if row["method"] == "unpruned" else row["method"].lower()
        sparsity = int(row["pruned_percent"]) / 100
        for column, what in columns.items():
            yield replace(_place(row), method=method, sparsity=sparsity, what=what), float(row[column])


def _parameters(file: str) -> Iterator[tuple[Place, float]]:
    for row in _rows(file):
        yield _place(row), float(row["parameters"])
        for column, value in row.items():
            if column.startswith("removed_at_"):
                sparsity = int(column.removeprefix("removed_at_")) / 100
                yield replace(_place(row), sparsity=sparsity, what="removed %"), round(float(value) * 100, 6)


def _place(row: Row) -> Place:
    return Place(task=row["dataset"].lower(), model=row["model"].lower(), what="parameters")


def _rows(file: str) -> list[Row]:
    with (FOLDER / file).open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))
