"""Predictions made elsewhere become trials of a store, so that they get the same analysis."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from runner.store import reader
from runner.store.answer_forms import ANSWER_COLUMNS, GOLD_COLUMNS, OTHERS, form_of, several_or_none
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
from runner.store.judgements import judged
from runner.store.layout import Layout
from runner.store.logged_twice import IngestError, refuse
from runner.store.memory_database import memory_database
from runner.store.numbering import number_examples
from runner.store.rows import canonical, rows_hash
from runner.store.schema import Facts
from runner.store.tabular import each_name, further_of, label_names, read_table, refuse_other_case, respell
from runner.store.writer import Subject, commit_rows, save_task
from tasks.base import TaskData
from tasks.classes import refuse_measures
from tasks.columns import KEYS, TEXTS, WORDS
from tasks.further import OWN_ID
from tasks.kinds import KINDS
from tasks.kinds.base import Kind

GOLD_ANSWERS = {gold: answer for answer, gold in GOLD_COLUMNS.items() if answer in OTHERS}
"""Columns of examples that hold what those of other names hold in predictions."""
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
    (fraction removed, 0 < s < 1; 0 or empty for dense), seed, split, example_id, and label, labels (a list), value (a
    number, of a regression), tags (a list, one for each word), span (where an answer begins in text_pair and where it
    has ended) or answer (a text). examples: task, split, example_id, label, labels, gold_value, words and gold_tags,
    text_pair and gold_spans, or gold_texts, text (optional), and what else is worth keeping. An example_id is any whole
    number: where the ids of a split do not run from 0 without a gap, examples are numbered in their order, and
    `source_id` keeps yours.
    Everything is checked before anything is written; the order of rows does not matter. Raises TaskError (IngestError
    among them), TableError or StoreError.
    """
    reader.refuse_newer_layout(root)
    with memory_database() as tables:
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
        facts = Facts(achieved_sparsity=trial.subject.settings["sparsity"], metrics=trial.metrics)
        done.append(commit_rows(root, trial.subject, trial.rows, facts))
        if done[-1] is not None:
            log.add("trial-ingested", trial.subject.trial_id, {})
    log.flush()
    committed = sum(record is not None for record in done)
    return Ingested(committed, len(done) - committed, sum(trial.rows.num_rows for trial in trials))


@dataclass(frozen=True)
class IngestedTrial:
    """One trial of a predictions file, its rows in canonical form; metrics by split, where rows do not tell them."""

    subject: Subject
    rows: pa.Table
    metrics: dict[str, dict[str, float | None]]


def _tasks(
    tables: duckdb.DuckDBPyConnection, root: Path, renumbered: set[str], further: pa.Table
) -> dict[str, TaskData]:
    """The tasks of the examples file, with classes in index order: those of the store, or all labels seen, sorted."""
    cards = reader.task_cards(root) if root.exists() else {}
    names = [str(row[0]) for row in tables.execute("SELECT DISTINCT task FROM examples ORDER BY task").fetchall()]
    result = {}
    for task in names:
        kind = _kind(tables, task)
        form_of(kind.name).check(tables, task)
        held = cards[task].classes if task in cards else None
        classes = _classes(tables, task, kind, held) if kind.has_classes else ()
        examples = _examples(tables, task, kind, further)
        result[task] = TaskData(
            task=task,
            kind=kind.name,
            inputs="pair" if "text_pair" in examples.column_names else "text",
            classes=classes,
            max_tokens=cards[task].max_tokens if task in cards else 1,
            examples=examples if task in renumbered else examples.drop_columns([OWN_ID]),
            metrics=cards[task].metrics if task in cards else (),
        )
    return result


def _classes(tables: duckdb.DuckDBPyConnection, task: str, kind: Kind, held: tuple[str, ...] | None) -> tuple[str, ...]:
    """The classes of a task, with all labels as indices of them; those that the store holds, if it has the task."""
    respell(tables, task, kind, held or ())
    refuse_other_case(tables, task, kind, held or ())
    known = tuple(form_of(kind.name).ordered(label_names(tables, task, kind))) if held is None else held
    if held is None:
        refuse_measures(task, known, MEASURES)
    _index_labels(tables, task, known, kind)
    return known


def _examples(tables: duckdb.DuckDBPyConnection, task: str, kind: Kind, further: pa.Table) -> pa.Table:
    """The examples of a task by split and id, with those of the further columns in which any of them has a value."""
    (gold,) = kind.gold
    inputs = {name: {**TEXTS, **WORDS}[name] for name in form_of(kind.name).inputs}
    rows = tables.sql(
        f"""SELECT split, example_id, {_text(inputs)} AS text, {", ".join([*inputs, f"{_stored(kind)} AS {gold}"])},
                written_id AS {OWN_ID}, row
            FROM examples WHERE task = ? ORDER BY split, example_id""",
        params=[task],
    ).to_arrow_table()
    schema = {**KEYS, "text": pa.string(), **inputs, **kind.gold}
    examples = pa.table(rows).select([*schema, OWN_ID]).cast(pa.schema({**schema, OWN_ID: pa.string()}))
    for name in further.column_names:
        values = further[name].take(pc.subtract(rows["row"], 1))
        if name not in schema and values.null_count < len(values):
            examples = examples.append_column(name, values)
    return examples


def _text(inputs: Collection[str]) -> str:
    """The text of an example; of words they are joined by blanks, as places of words in it need them."""
    return "array_to_string(words, ' ')" if "words" in inputs else "text"


def _stored(kind: Kind) -> str:
    """The column of answers as they are stored: classes as indices."""
    return f"{kind.answer}_index" if kind.has_classes else kind.answer


def _kind(tables: duckdb.DuckDBPyConnection, task: str) -> Kind:
    """The kind of the task's answers, by the column that has them; refuses tasks that use several columns or none."""
    found = {}
    for table, columns in (("examples", GOLD_COLUMNS), ("predictions", ANSWER_COLUMNS)):
        *present, filled, rows = tables.execute(
            f"""SELECT {", ".join(f"count({answer})" for answer in columns)},
                    count(*) FILTER (len(labels) > 0), count(*)
                FROM {table} WHERE task = ?""",
            [task],
        ).fetchall()[0]
        counts = dict(zip(columns, present, strict=True))
        if not filled and any(counts[answer] == rows for answer in OTHERS):
            counts["labels"] = 0  # an empty cell of labels is the empty set, and says nothing beside another answer
        if not rows:
            continue
        if [count for count in counts.values() if count] != [rows]:
            raise several_or_none(table, task, columns, counts, rows)
        found[table] = next(name for name, count in counts.items() if count)
    if len({*found.values()}) > 1:
        given = f"{GOLD_COLUMNS[found['examples']]} in the examples and {found['predictions']} in the predictions"
        both = ", ".join(f"{gold} in the examples and {GOLD_ANSWERS[gold]} in the predictions" for gold in GOLD_ANSWERS)
        raise IngestError(f"task '{task}' has {given}; use label in both, labels in both, or {both}")
    return next(kind for kind in KINDS.values() if kind.answer in found.values())


def _index_labels(tables: duckdb.DuckDBPyConnection, task: str, classes: tuple[str, ...], kind: Kind) -> None:
    """Write class indices beside the label names; refuses a label that is no class of the task."""
    position = "list_position($classes, name) - 1"
    indices = f"[{position} FOR name IN {kind.answer}]"
    index = {
        "class": position.replace("name", kind.answer),
        "set": f"list_sort(list_distinct({indices}))",
        "places": indices,
    }[kind.ballot or "class"]
    for table in ("examples", "predictions"):
        names = f"SELECT row, {each_name(kind)} AS label FROM {table} WHERE task = $task"
        refuse(
            tables,
            f"SELECT * FROM ({names}) WHERE NOT list_contains($classes, label)",
            f"{table}: a label that is none of the classes of task '{task}' ({', '.join(classes[:12])}...)",
            {"task": task, "classes": list(classes)},
        )
        tables.execute(
            f"UPDATE {table} SET {_stored(kind)} = {index} WHERE task = $task",
            {"task": task, "classes": list(classes)},
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
        rows = _with_judgements(kind, data, rows)
        text = "ingested\x1f" + "\x1f".join(str(value) for value in settings.values())
        trial_id = hashlib.sha256(text.encode()).hexdigest()[:16]
        subject = Subject(trial_id=trial_id, settings=settings, origin="ingested")
        yield IngestedTrial(subject, canonical(rows, trial_id), _metrics(kind, data, rows))


def _with_judgements(kind: Kind, data: TaskData, rows: pa.Table) -> pa.Table:
    """The rows with the columns that say how good their answers are, where SQL cannot tell."""
    if not kind.judged:
        return rows
    parts = []
    for split in pc.unique(rows["split"]).to_pylist():
        own = rows.filter(pc.equal(rows["split"], split)).sort_by("example_id")
        answers = own[kind.answer].combine_chunks().cast(kind.answer_type)
        for name, values in judged(kind, data.split(split), answers).items():
            own = own.append_column(name, pa.array(values, kind.judged[name]))
        parts.append(own)
    return pa.concat_tables(parts)


def _metrics(kind: Kind, data: TaskData, rows: pa.Table) -> dict[str, dict[str, float | None]]:
    """The metrics of a trial by split, where SQL cannot tell them from its rows."""
    if kind.scored_by_rows:
        return {}
    (gold,) = kind.gold
    found: dict[str, dict[str, float | None]] = {}
    for split in pc.unique(rows["split"]).to_pylist():
        own = rows.filter(pc.equal(rows["split"], split)).sort_by("example_id")
        true, said = (one.combine_chunks() for one in (data.split(split)[gold], own[kind.answer]))
        found[split] = {**kind.measured(kind.codes(true, 0), kind.codes(said, 0), 0)}
    return found


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
