"""Stores for tests: a few rows in, a real store of Parquet and commit records out."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from analysis.relations.database import VIEWS, connect
from runner.extras import EXTRAS, Gathered
from runner.store.compaction.compact import compact
from runner.store.efficiency import Efficiency, keep
from runner.store.layout import Layout
from runner.store.readability import FIELDS, save, scores_path
from runner.store.reader import plan_name, task_cards
from runner.store.schema import Facts, FrozenPlan, PlannedTrial
from runner.store.verify import broken_invariants
from runner.store.writer import Subject, commit_rows, record_failure, save_task
from runner.trial.extras.rows import as_parquet
from tasks.base import TaskData

Row = Mapping[str, Any]
RATED = "human_disagreement"


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of a CSV file; a column `labels` holds class names joined by |, and a folder without the file has none."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [dict(row) for row in csv.DictReader(file)]


def hashed(words: str) -> str:
    """The id of the trial that a test calls task-model-method-sparsity-seed, with epochs and canary if given."""
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def trial_id(row: Row) -> str:
    """The id of a trial of a test."""
    parts = [row[name] for name in ("task", "model", "method", "sparsity", "seed")]
    return hashed("-".join(str(part) for part in [*parts, *filter(None, [row.get("epochs"), row.get("canary")])]))


def names(row: Row) -> list[str]:
    """The classes of a multi-label answer."""
    return [name for name in str(row["labels"]).split("|") if name]


def write_task(root: Path, task: str, classes: list[str], examples: Iterable[Row]) -> None:
    """Save a task whose examples have split, example_id, label or labels, and perhaps text and further columns."""
    rows = list(examples)
    many = "labels" in rows[0]
    kept = [name for name in rows[0] if name not in ("task", "split", "example_id", "label", "labels")]
    columns: dict[str, Any] = {
        "split": [row["split"] for row in rows],
        "example_id": pa.array([int(row["example_id"]) for row in rows], pa.int32()),
        **answers(rows, classes, many=many),
        **{name: [float(row[name]) if name == RATED else row[name] for row in rows] for name in kept},
    }
    data = TaskData(
        task=task,
        kind="multi-label" if many else "single-label",
        inputs="text",
        classes=tuple(classes),
        max_tokens=16,
        examples=pa.table(columns),
    )
    save_task(root, data)


def answers(rows: list[Row], classes: list[str], *, many: bool) -> dict[str, pa.Array]:
    """The column label or labels, as class indices."""
    index = {name: number for number, name in enumerate(classes)}
    if many:
        return {"labels": pa.array([sorted(index[name] for name in names(row)) for row in rows], pa.list_(pa.int16()))}
    return {"label": pa.array([index[row["label"]] for row in rows], pa.int16())}


def extras_of(folder: Path) -> dict[str, dict[str, Gathered]]:
    """Trial id -> extra -> what it kept, of the files named like extras in a folder; lists are joined by |."""
    found: dict[str, dict[str, Gathered]] = defaultdict(dict)
    for name, extra in EXTRAS.items():
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in read_rows(folder / f"{name}.csv"):
            # Of curves the sparsity is that of a step, and the trial's has another name.
            groups[trial_id({**row, "sparsity": row.get("trial_sparsity", row["sparsity"])})].append(row)
        for identifier, rows in groups.items():
            columns = {
                column: [_parsed(row[column], kind) for row in rows]
                for column, kind in extra.columns.items()
                if column != "trial_id"
            }
            found[identifier][name] = as_parquet(name, identifier, columns)
    return found


def _parsed(text: str, kind: pa.DataType) -> Any:
    if pa.types.is_list(kind):
        return [int(part) for part in text.split("|") if part]
    return None if not text else text if pa.types.is_string(kind) else pa.scalar(text).cast(kind).as_py()


def write_trials(
    root: Path,
    classes: Mapping[str, list[str]],
    predictions: Iterable[Row],
    extras: Mapping[str, Mapping[str, Gathered]] | None = None,
) -> None:
    """Commit one trial for every (task, model, method, sparsity, seed) of these rows; `parent` names the trial, in the
    words of `hashed`, that one goes on from; `metrics` is what it found, `accuracy=0.5|matthews=` (no value), on the
    split of its first row. extras: what trials keep, by id.
    """
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in predictions:
        groups[trial_id(row)].append(row)
    for identifier, rows in groups.items():
        first = rows[0]
        columns: dict[str, Any] = {
            "split": [row["split"] for row in rows],
            "example_id": pa.array([int(row["example_id"]) for row in rows], pa.int32()),
            **answers(rows, classes[first["task"]], many="labels" in first and first.get("labels") is not None),
        }
        if first.get("el2n"):
            columns["el2n"] = pa.array([float(row["el2n"]) if row["el2n"] else None for row in rows], pa.float32())
        if first.get("probabilities"):
            columns["probabilities"] = [[float(part) for part in row["probabilities"].split("|")] for row in rows]
        sparsity = float(first["sparsity"])
        record: dict[str, Any] = {"el2n": "el2n" in columns, "probabilities": "probabilities" in columns}
        kept = (extras or {}).get(identifier, {})
        record |= {"extras": sorted(kept)} if kept else {}
        settings = {name: first[name] for name in ("task", "model", "method")}
        settings["data"] = task_cards(root)[first["task"]].fingerprint
        settings |= {"sparsity": sparsity, "seed": int(first["seed"]), "architecture": first["model"], "record": record}
        if first.get("epochs"):
            settings["training"] = {"epochs": int(first["epochs"])}
        if first.get("canary"):
            settings["canary"] = first["canary"]
        facts = Facts(
            achieved_sparsity=sparsity,
            device_vendor=first.get("vendor") or None,
            metrics={first["split"]: found_metrics(first["metrics"])} if first.get("metrics") else {},
        )
        parent = hashed(first["parent"]) if first.get("parent") else None
        subject = Subject(trial_id=identifier, parent_id=parent, settings=settings)
        assert commit_rows(root, subject, pa.table(columns), facts, kept) is not None


def found_metrics(told: str) -> dict[str, float | None]:
    """Metric -> value, of `accuracy=0.5|matthews=`."""
    pairs = (one.split("=") for one in told.split("|"))
    return {name: float(value) if value else None for name, value in pairs}


def write_plan(root: Path, name: str, trials: Iterable[Row], said: Mapping[str, Any] | None = None) -> None:
    """Freeze a plan of these trials; `said`: what else the study says, and under `frozen_at` when."""
    study = dict(said or {})
    frozen_at = study.pop("frozen_at", None)
    planned = tuple(
        PlannedTrial(
            trial_id=row.get("trial_id") or trial_id(row),
            parent_id=None,
            task=row["task"],
            model=row["model"],
            method=row["method"],
            sparsity=float(row["sparsity"]),
            seed=int(row["seed"]),
            canary=row.get("canary") or "",
        )
        for row in trials
    )
    plan = FrozenPlan(study={"name": name, **study}, trials=planned, frozen_at=frozen_at)
    content = plan.model_dump(mode="json", exclude_defaults=True)
    path = root / "plans" / f"{plan_name(content)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_scores(root: Path, rows: Iterable[Row]) -> None:
    """Keep readability scores; a score that a row does not name is 1."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["task"], row["split"]].append(row)
    for (task, split), members in groups.items():
        columns = {name: pa.array([row.get(name, "1") for row in members]).cast(kind) for name, kind in FIELDS.items()}
        save(scores_path(Layout(root), task_cards(root)[task], split), pa.table(columns), "by hand")


def write_efficiency(root: Path, rows: Iterable[Row]) -> None:
    """Keep what was measured of networks; quartiles lie 0.05 seconds below and above the median."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[trial_id(row), row["measure"]].append(row)
    for (identifier, measure), own in groups.items():
        first = own[0]
        sizes = [
            {name: row[name] for name in ("embeddings", "bytes", "fp32_bytes")} | {"encoding": row["name"]}
            for row in own
            if measure == "storage"
        ]
        times = [
            {"network": row["name"], "batch": row["batch"], "seconds": float(row["seconds"]), "measurements": 10}
            | {"lower": round(float(row["seconds"]) - 0.05, 6), "upper": round(float(row["seconds"]) + 0.05, 6)}
            for row in own
            if measure == "latency"
        ]
        found = {"trial_id": identifier, "measured_at": "2026-01-01", "machine": first["machine"] or ""}
        found |= {"threads": first["threads"] or None, "sizes": sizes, "latencies": times}
        keep(root, measure, Efficiency.model_validate(found))


def write_store(root: Path, folder: Path) -> Path:
    """A store of the CSV files in a folder: classes, examples, predictions, and perhaps more.

    Rows of multi-label tasks are in examples_multi.csv and predictions_multi.csv; study.json says what the plan's study
    says beside its grid.
    """
    classes: dict[str, list[str]] = defaultdict(list)
    for row in read_rows(folder / "classes.csv"):
        classes[row["task"]].append(row["class"])
    for file in ("examples.csv", "examples_multi.csv"):
        tasks: dict[str, list[Row]] = defaultdict(list)
        for row in read_rows(folder / file):
            tasks[row["task"]].append(row)
        for task, rows in tasks.items():
            write_task(root, task, classes[task], rows)
    for file in ("predictions.csv", "predictions_multi.csv"):
        write_trials(root, classes, read_rows(folder / file), extras_of(folder))
    write_scores(root, read_rows(folder / "readability.csv"))
    write_efficiency(root, read_rows(folder / "efficiency.csv"))
    if plan := read_rows(folder / "plan.csv"):
        said = folder / "study.json"
        write_plan(root, "plan", plan, json.loads(said.read_text()) if said.exists() else None)
    for row in read_rows(folder / "failures.csv"):
        record_failure(root, trial_id(row), 3, row["traceback"])
    return root


def require_compaction_changes_no_view(root: Path) -> None:
    """The rows of a store are sound before and after a compaction, and every view says the same."""
    before = rows_of_views(root)
    assert not broken_invariants(root)
    compact(root)
    assert not broken_invariants(root)
    assert str(rows_of_views(root)) == str(before)


def rows_of_views(root: Path) -> dict[str, list[Any]]:
    """All that the views of a store say now."""
    with connect(root) as database:
        return {view: database.execute(f"FROM {view} ORDER BY ALL").fetchall() for view in VIEWS}
