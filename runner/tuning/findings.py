"""Report a random search: every draw with its effectiveness, the best of each cell, and the files that say so."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from runner.store import reader
from runner.store.errors import StoreError
from runner.store.files.storage import storage
from runner.store.schema import CommitRecord
from runner.studies.overrides import FILE_MARK
from runner.studies.training import cell_name
from runner.tuning.tries import Try

Status = Literal["done", "failed", "missing"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A draw and how well the dense model that it trained answers the validation split.

    value: of the metric, after the last epoch; None where the draw is not done. message: the last line of a failure.
    metric: None where the search was stopped before the store was made, so that nothing knows the task.
    """

    tried: Try
    status: Status
    metric: str | None
    value: float | None = None
    seconds: float | None = None
    trial_id: str = ""
    message: str = ""

    @property
    def cell(self) -> str:
        return cell_name(self.tried.task, self.tried.model)


def findings(root: Path, tried: Sequence[Try]) -> list[Finding]:
    """What the store of a search knows of its draws."""
    metrics = {task: card.scored_by[0] for task, card in reader.task_cards(root).items()}
    done = {(record.settings["task"], record.settings["model"]): record for record in reader.commits(root)}
    failed = _failures(root)
    return [_finding(one, metrics.get(one.task), done, failed) for one in tried]


def _failures(root: Path) -> dict[tuple[str, str], str]:
    """Task and drawn model -> the last line of the traceback, for draws that gave up."""
    planned = reader.planned_trials(root)
    return {
        (planned[trial_id].task, planned[trial_id].model): failure["traceback"].strip().splitlines()[-1]
        for trial_id, failure in reader.failures(root).items()
        if trial_id in planned
    }


def _finding(
    one: Try,
    metric: str | None,
    done: dict[tuple[str, str], CommitRecord],
    failed: dict[tuple[str, str], str],
) -> Finding:
    key = one.task, one.drawn_model
    if key not in done:
        status: Status = "failed" if key in failed else "missing"
        return Finding(tried=one, metric=metric, status=status, message=failed.get(key, ""))
    record = done[key]
    assert metric  # a store holds the tasks of its trials
    measured = record.facts.metrics["validation"]
    if metric not in measured:
        raise StoreError(
            f"draws of {cell_name(one.task, one.model)} have no {metric} (they have {', '.join(measured)}); "
            "search into another store, or by the metrics of before"
        )
    return Finding(
        tried=one,
        metric=metric,
        status="done",
        value=measured[metric],
        seconds=record.facts.seconds,
        trial_id=record.trial_id,
    )


def best(found: Iterable[Finding]) -> dict[str, Finding]:
    """Cell -> its draw of the highest value; of equals the one of fewest epochs, then the one drawn first."""
    result: dict[str, Finding] = {}
    for one in found:
        if one.value is not None and (one.cell not in result or _rank(one) > _rank(result[one.cell])):
            result[one.cell] = one
    return result


def _rank(one: Finding) -> tuple[float, float, int]:
    assert one.value is not None
    return one.value, -one.tried.settings.get("epochs", 0), -one.tried.number


def write_overrides(path: Path, study: str, chosen: dict[str, Finding]) -> None:
    """The best settings as a file of overrides, for `piesweep run STUDY @FILE`."""
    said = [
        f"# {cell}: {one.metric} {one.value:.4f} on the validation split, draw {one.tried.number}\n"
        for cell, one in chosen.items()
    ]
    cells = {cell: dict(one.tried.settings) for cell, one in chosen.items()}
    content = yaml.safe_dump({"training": {"cells": cells}}, sort_keys=False, default_flow_style=None, width=200)
    head = f"# The best training settings that a random search found: piesweep run {study} {FILE_MARK}{path.name}\n"
    storage(path).replace(path.absolute(), (head + "".join(said) + content).encode())


def write_table(path: Path, found: Sequence[Finding]) -> None:
    """Every draw as CSV, one a row."""
    chosen = {id(one) for one in best(found).values()}
    rows = [row(one) | {"best": id(one) in chosen} for one in found]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    storage(path).replace(path.absolute(), text.getvalue().encode())


def row(one: Finding) -> dict[str, Any]:
    """A draw as plain values; settings that are not searched are empty."""
    return {
        "task": one.tried.task,
        "model": one.tried.model,
        "draw": one.tried.number,
        "epochs": one.tried.settings.get("epochs"),
        "learning_rate": one.tried.settings.get("learning_rate"),
        "metric": one.metric,
        "value": one.value,
        "status": one.status,
        "seconds": one.seconds,
        "trial_id": one.trial_id,
        "message": one.message,
    }
