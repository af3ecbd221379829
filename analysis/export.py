"""A store as a folder that the Hugging Face `datasets` library loads: Parquet files and a dataset card."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.dataset_card import Configuration, card
from analysis.relations.database import Database, connect
from runner.store.files.new_folder import new_folder, refuse_place
from runner.store.reader import frozen_plans, task_cards
from tasks.base import SPLITS
from tasks.catalogue import may_be_passed_on
from tasks.columns import TEXTS, VIEWED_GOLD
from tasks.kinds import KINDS

WITHOUT_SPLITS = "train"
"""What `datasets` calls the only split of a table that has none."""

QUERIES: dict[str, str] = {
    "examples": "SELECT {columns} FROM examples WHERE split = {split} AND task = {task} ORDER BY example_id",
    "predictions": """
        SELECT t.task, t.model, t.method, t.sparsity, t.seed, p.{columns}
        FROM predictions AS p JOIN trials AS t USING (trial_id)
        WHERE p.split = {split} AND t.task = {task}""",
    "trials": "SELECT * EXCLUDE (host) REPLACE (metrics::VARCHAR AS metrics, versions::VARCHAR AS versions, "
    "settings::VARCHAR AS settings) FROM trials ORDER BY task, model, method, sparsity, seed, trial_id",
    "pies": """
        SELECT * EXCLUDE (is_pie) FROM pies WHERE is_pie AND split = {split} AND task = {task}
        ORDER BY model, method, sparsity, example_id""",
}
"""Configuration -> its rows; all but `trials` have one file a split and task."""


PRESENT: dict[str, str] = {
    **{kind.answer: f"SELECT count(*) FROM internal.task WHERE answer = '{kind.answer}'" for kind in KINDS.values()},
    "answer": "SELECT count(*) FROM internal.task WHERE answer IN ('span', 'answer')",
    "probabilities": "SELECT count(*) FROM trials WHERE (settings->'record'->>'probabilities')::BOOLEAN",
    **{name: f"SELECT count({name}) FROM examples" for name in TEXTS},
}
"""Column -> how many of a store's tasks, trials or examples have it."""
OPTIONAL = {
    "examples": (*VIEWED_GOLD, *TEXTS),
    "predictions": ("probabilities", *dict.fromkeys(("answer", *(kind.answer for kind in KINDS.values())))),
}
"""Configuration -> columns that it has only where PRESENT."""
JOINED = {"predictions": ("gold", "correct", "quality", "gold_value")}
"""Configuration -> columns of its view that say once more what `examples` say, and are left out."""


class ExportError(ValueError):
    """A place that cannot take an export: says why, and what to do."""

    exit_status = 2


@dataclass(frozen=True, kw_only=True)
class Exported:
    """The folder that was written, rows by configuration, and tasks that were left out for their licence."""

    folder: Path
    rows: dict[str, int]
    left_out: tuple[str, ...] = ()


def export(store: Path, out: Path, *, texts: bool = True, along: Collection[str] = ()) -> Exported:
    """Write examples, predictions, trials and PIEs as Parquet with a dataset card, for `datasets.load_dataset(out)`.

    texts: False leaves out what the models read (texts, pixels) and whatever else a task says of its examples, for data
    that may not be passed on; ids and labels stay. Of a task whose licence forbids to pass it on nothing is written but
    its trials, unless `along` names it. The folder appears whole or not at all. ExportError if `out` exists and is not
    empty, or lies inside the store, if the store has no task that `along` names, or if nothing would be left.
    """
    tasks, left_out = _tasks(store, along)
    refuse_place(store, out, ExportError)
    with new_folder(out) as aside:
        with connect(store) as connection:
            found = [_configuration(connection, name, aside, tasks, texts=texts) for name in QUERIES]
            completeness = connection.sql("FROM completeness").to_arrow_table().to_pylist()
        studies = dict.fromkeys(str(plan.study.get("name", "unnamed")) for plan in frozen_plans(store))
        cards = {name: one for name, one in task_cards(store).items() if name in tasks}
        text = card(list(studies), cards, completeness, found, texts=texts, left_out=left_out)
        (aside / "README.md").write_text(text, encoding="utf-8")
    return Exported(folder=out, rows={one.name: sum(one.rows.values()) for one in found}, left_out=left_out)


def _tasks(store: Path, along: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tasks of a store that are exported, and those that are left out for their licence, by name."""
    present = sorted(task_cards(store))
    if unknown := [name for name in along if name not in present]:
        raise ExportError(f"the store {store} has no task '{unknown[0]}'; it has {', '.join(present)}")
    kept = tuple(name for name in present if name in along or may_be_passed_on(name))
    left_out = tuple(name for name in present if name not in kept)
    if left_out and not kept:
        raise ExportError(
            f"the licence of {', '.join(left_out)} forbids to pass the data on, and the store {store} has no other "
            f"task; if you may, name it: --along {left_out[0]}"
        )
    return kept, left_out


def _configuration(
    connection: Database, name: str, folder: Path, tasks: Sequence[str], *, texts: bool
) -> Configuration:
    """Write one table; splits without rows have no file, but a table without any has an empty one."""
    rows: dict[str, int] = {}
    columns = _columns(connection, name, texts=texts)
    places = [(split, number, task) for split in SPLITS for number, task in enumerate(tasks)]
    for split, number, task in places if name != "trials" else [(WITHOUT_SPLITS, 0, name)]:
        path = folder / name / split / f"{number:02}-{re.sub(r'[^A-Za-z0-9_-]+', '-', task)}.parquet"
        query = QUERIES[name].format(columns=columns, split=_quoted(split), task=_quoted(task))
        count = _write(connection, query, path)
        rows[split] = rows.get(split, 0) + count
        if not count:
            path.unlink()
    if not any(rows.values()):
        _write(connection, query, path)
    described = connection.sql(f"DESCRIBE {query}").fetchall()
    kept = {used: count for used, count in rows.items() if count} or {split: 0}
    return Configuration(name=name, rows=kept, columns=tuple((str(row[0]), str(row[1])) for row in described))


def _columns(connection: Database, name: str, *, texts: bool) -> str:
    """What is selected: no column that is null in every row, such as labels where no task is multi-label."""
    unused = [column for column in OPTIONAL.get(name, ()) if not _count(connection, PRESENT[column])]
    unused += JOINED.get(name, ())
    if name == "examples" and not texts:
        answers = [column for column in VIEWED_GOLD if column not in unused]
        return ", ".join(["task", "split", "example_id", *answers])
    return f"* EXCLUDE ({', '.join(unused)})" if unused else "*"


def _count(connection: Database, query: str) -> int:
    ((count,),) = connection.execute(query).fetchall()
    return int(count)


def _write(connection: Database, query: str, path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    options = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880"
    return _count(connection, f"COPY ({query}) TO {_quoted(str(path))} ({options})")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
