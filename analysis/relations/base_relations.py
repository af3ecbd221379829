"""The relations that every view is built on: small tables from commit records, and views over committed Parquet.

They live in the schema `internal`, where classes are indices, and trials and cells small integers; names are joined
last. The tables are those of TABLES. The views are one of rows for each kind of answer, named after its column:
label_rows(trial_id, split, example_id, probabilities, label), labels_rows and so on, with the columns `judged` of it,
one for each gold column that tasks.columns calls OWN_GOLD, as gold_values(task_no, split, example_id, gold_value),
canary_rows(trial_id, split, example_id, answer), human_rows(task_no, split, example_id, disagreement),
readability_rows(the columns of analysis.readability.rows), sliced(the columns of analysis.slice_columns),
picture(the columns of analysis.relations.picture_rows) and
example(task_no, split, example_id, label, labels, text, text_pair, and what else the tasks carry).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.readability.rows import COLUMNS, NO_SCORES, score_files, score_rows
from analysis.relations.answer_types import as_vote, gold_view, shown_columns, sql_type
from analysis.relations.checked_files import CheckedFiles
from analysis.relations.committed_files import CommittedFiles, address
from analysis.relations.counted_votes import create_counted_votes
from analysis.relations.efficiency_rows import EFFICIENCY, measured
from analysis.relations.extra_rows import create_extra_rows
from analysis.relations.macros import create_macros
from analysis.relations.picture_rows import COLUMNS as PICTURE_COLUMNS
from analysis.relations.picture_rows import NO_PICTURES, picture_rows
from analysis.relations.recorded_files import examples_path
from analysis.relations.restored_files import committed_files
from analysis.relations.snapshot import Cell, Snapshot
from analysis.slice_columns import COLUMNS as SLICE_COLUMNS
from analysis.slice_columns import NO_SLICES, slice_rows
from analysis.statistics.declarations import COMPARISON, HYPOTHESIS, declared
from analysis.statistics.human_ratings import human_rows
from runner.methods import DENSE
from runner.store.layout import Layout
from runner.store.schema import SINGLE_FACTS, CommitRecord, TaskCard
from tasks.columns import OWN_GOLD, VIEWED
from tasks.kinds import KINDS
from tasks.kinds.base import Kind
from tasks.metric_choice import class_of

FACT_TYPES: dict[type, pa.DataType] = {int: pa.int64(), float: pa.float64(), str: pa.string()}
TASK = {
    "task_no": pa.int16(),
    "task": pa.string(),
    "kind": pa.string(),
    "classes": pa.list_(pa.string()),
    "class_count": pa.int16(),
    "metric": pa.string(),  # the headline of its answers
    "metric_class": pa.int16(),  # the class that it is of; null where it is of all
    "answer": pa.string(),  # the column of its answers, and before _rows of their view
    "is_voted": pa.bool_(),  # whether seeds vote on its answers
}
CELL = {
    "cell_no": pa.int32(),
    "task_no": pa.int16(),
    "task": pa.string(),
    "model": pa.string(),
    "method": pa.string(),
    "sparsity": pa.float64(),
    "is_dense": pa.bool_(),
    "dense_cell_no": pa.int32(),  # null while no dense trial of the model has committed
    "kept_no": pa.int32(),  # its number in the file of kept votes; null where votes are counted from the rows
}
CELL_SPLIT = {"cell_no": pa.int32(), "split": pa.string(), "seeds": pa.int32()}
WANTED = {
    "trial_id": pa.string(),
    "task": pa.string(),
    "model": pa.string(),
    "method": pa.string(),
    "sparsity": pa.float64(),
    "failed": pa.bool_(),
    "committed": pa.bool_(),
}
TRIAL_KEYS = {"trial_no": pa.int32(), "cell_no": pa.int32(), "task_no": pa.int16(), "is_dense": pa.bool_()}
RECORD = {"trial_id": pa.string(), "parent_id": pa.string(), "attempt": pa.string(), "origin": pa.string()}
GRID = {
    "task": pa.string(),
    "model": pa.string(),
    "architecture": pa.string(),
    "method": pa.string(),
    "sparsity": pa.float64(),
    "seed": pa.int64(),
}
FACTS = {name: FACT_TYPES[kind] for name, kind in SINGLE_FACTS.items()}
PROVENANCE = {"host": pa.string(), "committed_at": pa.timestamp("us")}
JSON_TEXTS = {"metrics": pa.string(), "versions": pa.string(), "settings": pa.string()}
CANARY = {
    "trial_id": pa.string(),
    "task": pa.string(),
    "model": pa.string(),
    "method": pa.string(),
    "sparsity": pa.float64(),
    "seed": pa.int64(),
    "vendor": pa.string(),
}
TABLES: dict[str, dict[str, pa.DataType]] = {
    "task": TASK,
    "cell": CELL,
    "cell_split": CELL_SPLIT,
    "wanted": WANTED,
    "canary": CANARY,
    "hypothesis": HYPOTHESIS,
    "comparison": COMPARISON,
    "efficiency": EFFICIENCY,
    "trial": {**TRIAL_KEYS, **RECORD, **GRID, **FACTS, **PROVENANCE, **JSON_TEXTS},
}


def _said(kind: Kind) -> dict[str, pa.DataType]:
    """The columns of a trial's rows that have its answers, and how good they are where SQL cannot tell."""
    return {kind.answer: kind.answer_type, **kind.judged}


NO_ROWS = {
    **{
        f"{kind.answer}_rows": "SELECT ''::VARCHAR, ''::VARCHAR, 0::INTEGER, NULL::FLOAT[], "
        f"{', '.join(f'NULL::{sql_type(of_type)}' for of_type in _said(kind).values())} WHERE false"
        for kind in KINDS.values()
    },
    "canary_rows": "SELECT ''::VARCHAR, ''::VARCHAR, 0::INTEGER, internal.vote_of_one(NULL::SMALLINT) WHERE false",
    "readability_rows": NO_SCORES,
    "sliced": NO_SLICES,
    "picture": NO_PICTURES,
    "human_rows": "SELECT 0::SMALLINT, ''::VARCHAR, 0::INTEGER, 0::DOUBLE WHERE false",
    **{
        gold_view(name): f"SELECT 0::SMALLINT, ''::VARCHAR, 0::INTEGER, NULL::{sql_type(kind)} WHERE false"
        for name, kind in OWN_GOLD.items()
    },
    "example": "SELECT 0::SMALLINT AS task_no, "
    f"{', '.join(f'NULL::{sql_type(kind)} AS {name}' for name, kind in VIEWED.items())} WHERE false",
}


def create_base_relations(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> None:
    """Create everything named in this module's docstring, and the macros that say how a vote is kept."""
    layout = Layout(snapshot.root)
    examples = [examples_path(layout, task) for task in snapshot.tasks]
    scores = score_files(snapshot)
    files = committed_files(snapshot)
    connection.register_filesystem(CommittedFiles(files))
    connection.execute("CREATE SCHEMA internal")
    used = [KINDS[card.kind] for card in snapshot.tasks.values()]
    create_macros(connection, lists=any(pa.types.is_list(kind.answer_type) for kind in used if kind.asks))
    for name, content in (_contents(snapshot) | declared(snapshot) | measured(snapshot)).items():
        _create_table(connection, name, content)
    for kind in KINDS.values():
        columns = f"trial_id, split, example_id, probabilities, {', '.join(_said(kind))}"
        _create_view(connection, f"{kind.answer}_rows", columns, _predictions(snapshot, kind))
    _create_view(connection, "canary_rows", "trial_id, split, example_id, answer", _canary_rows(snapshot))
    _create_view(
        connection, "human_rows", "task_no, split, example_id, disagreement", human_rows(snapshot, files, examples)
    )
    _create_view(connection, "readability_rows", COLUMNS, score_rows(scores))
    _create_view(connection, "sliced", SLICE_COLUMNS, slice_rows(snapshot, files, examples))
    _create_view(connection, "picture", PICTURE_COLUMNS, picture_rows(snapshot, files, examples))
    for name in OWN_GOLD:
        _create_view(
            connection, gold_view(name), f"task_no, split, example_id, {name}", _gold(name, snapshot, examples)
        )
    create_counted_votes(connection, snapshot)
    create_extra_rows(connection, snapshot)
    parts = [NO_ROWS["example"], *_examples(snapshot, files, examples)]
    connection.execute(f"CREATE VIEW internal.example AS {' UNION ALL BY NAME '.join(parts)}")


def _create_table(connection: duckdb.DuckDBPyConnection, name: str, rows: Sequence[Sequence[Any]]) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * len(TABLES[name])
    arrays = [pa.array(column, kind) for column, kind in zip(columns, TABLES[name].values(), strict=True)]
    table = pa.table(arrays, names=list(TABLES[name]))
    connection.from_arrow(table).create(f"internal.{name}")


def _create_view(connection: duckdb.DuckDBPyConnection, name: str, columns: str, parts: Iterable[str]) -> None:
    union = " UNION ALL ".join([NO_ROWS[name], *parts])
    connection.execute(f"CREATE VIEW internal.{name}({columns}) AS {union}")


def _contents(snapshot: Snapshot) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of TABLES, by table."""
    task_no = {task: number for number, task in enumerate(snapshot.tasks)}
    cells = {cell: number for number, cell in enumerate(snapshot.cells)}
    seeds = Counter((cells[snapshot.cell(record)], split) for record in snapshot.commits for split in record.rows)
    done = {record.trial_id for record in snapshot.commits}
    return {
        "task": [
            (task_no[card.task], card.task, card.kind, list(card.classes), len(card.classes), *_scored(card))
            for card in snapshot.tasks.values()
        ],
        "cell": [
            (number, task_no[cell[0]], *cell, cell[2] == DENSE, cells.get(dense), snapshot.kept.get(cell))
            for cell, number in cells.items()
            for dense in [(cell[0], cell[1], DENSE, 0.0)]
        ],
        "cell_split": [(number, split, count) for (number, split), count in seeds.items()],
        "wanted": [(id_, *cell, id_ in snapshot.failed, id_ in done) for id_, cell in snapshot.wanted().items()],
        "canary": [
            (record.trial_id, *snapshot.cell(record), record.settings["seed"], record.facts.device_vendor)
            for record in _compared(snapshot)
        ],
        "trial": [
            (number, cells[cell], task_no[cell[0]], cell[2] == DENSE, *_trial(record, cell))
            for number, record in enumerate(snapshot.commits)
            for cell in [snapshot.cell(record)]
        ],
    }


def _trial(record: CommitRecord, cell: Cell) -> Iterator[Any]:
    """The columns of RECORD, GRID, FACTS, PROVENANCE and JSON_TEXTS."""
    task, model, method, sparsity = cell
    yield from (getattr(record, name) for name in RECORD)
    yield from (task, model, record.settings.get("architecture"), method, sparsity, record.settings["seed"])
    yield from (getattr(record.facts, name) for name in FACTS)
    written = datetime.fromisoformat(record.committed_at)
    yield from (record.host, written.astimezone(UTC).replace(tzinfo=None) if written.tzinfo else written)
    for value in (record.facts.metrics, record.facts.versions, record.settings):
        yield json.dumps(value, sort_keys=True)


def _scored(card: TaskCard) -> tuple[str, int | None, str, bool]:
    """The columns of TASK from the metric on."""
    kind, metric = KINDS[card.kind], card.scored_by[0]
    return metric, class_of(metric, card.classes), kind.answer, kind.asks is not None


def _predictions(snapshot: Snapshot, kind: Kind) -> Iterator[str]:
    """One SELECT for the files that have probabilities, one for the others: which is known without opening them."""
    records = [record for record in snapshot.commits if snapshot.tasks[record.settings["task"]].kind == kind.name]
    for recorded, column in ((True, "probabilities"), (False, "NULL::FLOAT[]")):
        has = [kind.has_classes and kind.reads == "text" and _recorded(record, "probabilities") for record in records]
        chosen = [record for record, one in zip(records, has, strict=True) if one is recorded]
        yield from _select(f"trial_id, split, example_id, {column}, {', '.join(_said(kind))}", chosen)


def _compared(snapshot: Snapshot) -> list[CommitRecord]:
    """The copies that compare devices, and the trials of which they are copies."""

    def coordinates(record: CommitRecord) -> tuple[Any, ...]:
        return *snapshot.cell(record), record.settings["seed"]

    copied = {coordinates(record) for record in snapshot.canaries}
    return [*snapshot.canaries, *(record for record in snapshot.commits if coordinates(record) in copied)]


def _canary_rows(snapshot: Snapshot) -> Iterator[str]:
    for kind in (kind for kind in KINDS.values() if kind.asks):
        chosen = [one for one in _compared(snapshot) if snapshot.tasks[one.settings["task"]].kind == kind.name]
        yield from _select(f"trial_id, split, example_id, {as_vote(kind)}", chosen)


def _gold(name: str, snapshot: Snapshot, paths: Iterable[str]) -> Iterator[str]:
    """A gold column of the tasks whose kind has it; other tasks may have a column of that name of their own."""
    for number, (card, path) in enumerate(zip(snapshot.tasks.values(), paths, strict=True)):
        if name in KINDS[card.kind].gold:
            yield f"SELECT {number}::SMALLINT, split, example_id, {name} FROM read_parquet([{address(path)}])"


def _recorded(record: CommitRecord, what: str) -> bool:
    return bool(record.settings.get("record", {}).get(what))


def _select(columns: str, records: Iterable[CommitRecord]) -> Iterator[str]:
    paths = dict.fromkeys(file.path for record in records for file in record.files)
    if paths:
        yield f"SELECT {columns} FROM read_parquet([{', '.join(address(path) for path in paths)}])"


def _examples(snapshot: Snapshot, files: CheckedFiles, paths: Iterable[str]) -> Iterator[str]:
    """One SELECT a task; a further column of the task's own is kept unless a view's column has its name."""
    reserved = {"task_no", "task", "trial_id", *VIEWED}
    shown = {card.task: shown_columns(card) for card in snapshot.tasks.values()}
    reserved |= {name for columns in shown.values() for name in columns}
    for number, (card, path) in enumerate(zip(snapshot.tasks.values(), paths, strict=True)):
        with files.open(path) as file:
            schema = pq.read_schema(file)
        names = [one.name for one in schema if not pa.types.is_fixed_size_binary(one.type)]  # images are no columns
        further = {name.lower(): name for name in names if name.lower() not in reserved}
        own = [*(name for name in VIEWED if name in names), *further.values()]
        quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in own)
        quoted += "".join(f", {rows} AS {name}" for name, rows in shown[card.task].items())
        yield f"SELECT {number}::SMALLINT AS task_no, {quoted} FROM read_parquet([{address(path)}])"
