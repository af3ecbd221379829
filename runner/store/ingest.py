"""Predictions made elsewhere become trials of a store, so that they get the same analysis."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from runner.store import reader
from runner.store.coordinates import (
    COORDINATES,
    EXAMPLE_TYPES,
    PREDICTION_TYPES,
    check_coordinates,
    check_ids,
    check_seeds,
)
from runner.store.errors import StoreError
from runner.store.events import EventLog
from runner.store.layout import Layout
from runner.store.logged_twice import IngestError, refuse
from runner.store.numbering import number_examples
from runner.store.rows import canonical, rows_hash
from runner.store.schema import Facts
from runner.store.tabular import further_of, label_names, read_table, refuse_other_case, respell
from runner.store.writer import Subject, commit_rows, save_task
from tasks.base import TaskData
from tasks.classes import refuse_measures
from tasks.further import OWN_ID
from tasks.kinds import KINDS
from tasks.kinds.base import Kind
from tasks.values import require_spread

ANSWER_COLUMNS = {"label": "label", "labels": "labels", "value": "value"}
"""What a row answers -> the column of predictions that says so."""
GOLD_COLUMNS = {"label": "label", "labels": "labels", "value": "gold_value"}
"""The same of examples, where it is true."""
MEASURES = "give numbers as gold_value in the examples and as value in the predictions"


@dataclass(frozen=True)
class Ingested:
    """What an ingest did: trials now committed, and those that were there already with the same rows."""

    committed: int
    unchanged: int
    rows: int


def ingest(root: Path, predictions: Path, examples: Path, *, allow_unequal_seeds: bool = False) -> Ingested:
    """Commit one trial for each (task, model, method, sparsity, seed) of a predictions file.

    predictions: Parquet, CSV, TSV or JSONL with the columns task, model, method ('dense' for unpruned), sparsity
    (fraction removed, 0 < s < 1; 0 or empty for dense), seed, split, example_id, and label, labels (a list) or value (a
    number, of a regression). examples: task, split, example_id, label, labels or gold_value, text (optional), and what
    else is worth keeping. An example_id is any whole number: where the ids of a split do not run from 0 without a gap,
    examples are numbered in their order, and `source_id` keeps yours.
    Everything is checked before anything is written; the order of rows does not matter. Raises TaskError (IngestError
    among them), TableError or StoreError.
    """
    reader.refuse_newer_layout(root)
    with duckdb.connect() as tables:
        read_table(tables, "examples", examples, EXAMPLE_TYPES, GOLD_COLUMNS)
        read_table(tables, "predictions", predictions, PREDICTION_TYPES, ANSWER_COLUMNS)
        check_coordinates(tables, root, predictions, examples)
        check_ids(tables)
        further = further_of(examples, {*EXAMPLE_TYPES, "label", "labels", "text"})
        tasks = _tasks(tables, root, number_examples(tables, root), further)
        if not allow_unequal_seeds:
            check_seeds(tables, root)
        trials = list(_trials(tables, tasks))
    _check_conflicts(root, trials)
    for data in tasks.values():
        save_task(root, data)
    log = EventLog(root, f"ingest-{uuid.uuid4().hex[:12]}")
    done = []
    for trial in trials:
        facts = Facts(achieved_sparsity=trial.subject.settings["sparsity"])
        done.append(commit_rows(root, trial.subject, trial.rows, facts))
        if done[-1] is not None:
            log.add("trial-ingested", trial.subject.trial_id, {})
    log.flush()
    committed = sum(record is not None for record in done)
    return Ingested(committed, len(done) - committed, sum(trial.rows.num_rows for trial in trials))


@dataclass(frozen=True)
class IngestedTrial:
    """One trial of a predictions file, its rows in canonical form."""

    subject: Subject
    rows: pa.Table


def _tasks(
    tables: duckdb.DuckDBPyConnection, root: Path, renumbered: set[str], further: pa.Table
) -> dict[str, TaskData]:
    """The tasks of the examples file, with classes in index order: those of the store, or all labels seen, sorted."""
    cards = reader.task_cards(root) if root.exists() else {}
    names = [str(row[0]) for row in tables.execute("SELECT DISTINCT task FROM examples ORDER BY task").fetchall()]
    result = {}
    for task in names:
        kind = _kind(tables, task)
        held = cards[task].classes if task in cards else None
        classes = _classes(tables, task, kind, held) if kind.has_classes else ()
        examples = _examples(tables, task, kind, further)
        if not kind.has_classes:
            require_spread(task, examples[next(iter(kind.gold))], "gold")
        result[task] = TaskData(
            task=task,
            kind=kind.name,
            inputs="text",
            classes=classes,
            max_tokens=cards[task].max_tokens if task in cards else 1,
            examples=examples if task in renumbered else examples.drop_columns([OWN_ID]),
            metrics=cards[task].metrics if task in cards else (),
        )
    return result


def _classes(tables: duckdb.DuckDBPyConnection, task: str, kind: Kind, held: tuple[str, ...] | None) -> tuple[str, ...]:
    """The classes of a task, with all labels as indices of them; those that the store holds, if it has the task."""
    is_multi = kind.answer == "labels"
    respell(tables, task, is_multi, held or ())
    refuse_other_case(tables, task, is_multi, held or ())
    known = label_names(tables, task, is_multi) if held is None else held
    if held is None:
        refuse_measures(task, known, MEASURES)
    _index_labels(tables, task, known, is_multi)
    return known


def _examples(tables: duckdb.DuckDBPyConnection, task: str, kind: Kind, further: pa.Table) -> pa.Table:
    """The examples of a task by split and id, with those of the further columns in which any of them has a value."""
    (gold,) = kind.gold
    rows = tables.sql(
        f"""SELECT split, example_id, text, {_stored(kind)} AS {gold}, written_id AS {OWN_ID}, row
            FROM examples WHERE task = ? ORDER BY split, example_id""",
        params=[task],
    ).to_arrow_table()
    schema = {"split": pa.string(), "example_id": pa.int32(), "text": pa.string(), gold: kind.answer_type}
    examples = pa.table(rows).select([*schema, OWN_ID]).cast(pa.schema({**schema, OWN_ID: pa.string()}))
    for name in further.column_names:
        values = further[name].take(pc.subtract(rows["row"], 1))
        if name != gold and values.null_count < len(values):
            examples = examples.append_column(name, values)
    return examples


def _stored(kind: Kind) -> str:
    """The column of answers as they are stored: classes as indices."""
    return f"{kind.answer}_index" if kind.has_classes else kind.answer


def _kind(tables: duckdb.DuckDBPyConnection, task: str) -> Kind:
    """The kind of the task's answers, by the column that has them; refuses tasks that use several columns or none."""
    found = {}
    for table, columns in (("examples", GOLD_COLUMNS), ("predictions", ANSWER_COLUMNS)):
        single, multi, filled, values, rows = tables.execute(
            f"""SELECT count(label), count(labels), count(*) FILTER (len(labels) > 0), count(value), count(*)
                FROM {table} WHERE task = ?""",
            [task],
        ).fetchall()[0]
        # An empty cell of labels is the empty set, and says nothing beside a number.
        counts = {"label": single, "labels": multi if filled or values < rows else 0, "value": values}
        if filled or single:
            counts["value"] = 0
        if not rows:
            continue
        if [count for count in counts.values() if count] != [rows]:
            said = ", ".join(f"{count} have {columns[name]}" for name, count in counts.items())
            raise IngestError(
                f"{table}: every row of task '{task}' needs exactly one of label and labels, or {columns['value']}; "
                f"of {rows} rows {said}"
            )
        found[table] = next(name for name, count in counts.items() if count)
    if len({*found.values()}) > 1:
        given = f"{GOLD_COLUMNS[found['examples']]} in the examples and {found['predictions']} in the predictions"
        raise IngestError(
            f"task '{task}' has {given}; use label in both, labels in both, or gold_value in the examples and value in "
            "the predictions"
        )
    return next(kind for kind in KINDS.values() if kind.answer in found.values())


def _index_labels(tables: duckdb.DuckDBPyConnection, task: str, classes: tuple[str, ...], is_multi: bool) -> None:
    """Write class indices beside the label names; refuses a label that is no class of the task."""
    for table in ("examples", "predictions"):
        column = "unnest(labels)" if is_multi else "label"
        names = f"SELECT row, {column} AS label FROM {table} WHERE task = $task"
        refuse(
            tables,
            f"SELECT * FROM ({names}) WHERE NOT list_contains($classes, label)",
            f"{table}: a label that is none of the classes of task '{task}' ({', '.join(classes[:12])}...)",
            {"task": task, "classes": list(classes)},
        )
        index = (
            "list_sort(list_distinct([list_position($classes, name) - 1 FOR name IN labels]))"
            if is_multi
            else "list_position($classes, label) - 1"
        )
        target = "labels_index" if is_multi else "label_index"
        tables.execute(
            f"UPDATE {table} SET {target} = {index} WHERE task = $task", {"task": task, "classes": list(classes)}
        )


def _trials(tables: duckdb.DuckDBPyConnection, tasks: dict[str, TaskData]) -> Iterator[IngestedTrial]:
    found = tables.execute(f"SELECT DISTINCT {', '.join(COORDINATES)} FROM predictions ORDER BY ALL").fetchall()
    for coordinates in found:
        data = tasks[coordinates[0]]
        settings = {**dict(zip(COORDINATES, coordinates, strict=True)), "data": data.fingerprint}
        kind = KINDS[data.kind]
        same = " AND ".join(f"{name} = ?" for name in COORDINATES)
        rows = tables.sql(
            f"SELECT split, example_id, {_stored(kind)} AS {kind.answer} FROM predictions WHERE {same}",
            params=list(coordinates),
        ).to_arrow_table()
        text = "ingested\x1f" + "\x1f".join(str(value) for value in settings.values())
        trial_id = hashlib.sha256(text.encode()).hexdigest()[:16]
        yield IngestedTrial(Subject(trial_id=trial_id, settings=settings, origin="ingested"), canonical(rows, trial_id))


def _check_conflicts(root: Path, trials: list[IngestedTrial]) -> None:
    """A trial that the store already has must have the same rows; a planned or run one is not replaced."""
    if not Layout(root).commits.is_dir():
        return
    held = {tuple(r.settings[name] for name in COORDINATES): r for r in reader.commits(root)}
    for trial in trials:
        where = {name: trial.subject.settings[name] for name in COORDINATES}
        record = held.get(tuple(where.values()))
        same = (trial.subject.trial_id, rows_hash(trial.rows))
        if record is not None and (record.trial_id, record.rows_sha256) != same:
            raise StoreError(f"{root} already holds other predictions for {where}; ingest into another store")
