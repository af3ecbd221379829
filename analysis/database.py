"""DuckDB over what a store has committed, with the views of analysis/sql.

A connection lives in memory and reads committed files alone; nothing is ever written beside them.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Collection
from pathlib import Path

import duckdb

from analysis.base_relations import create_base_relations
from analysis.committed_files import PROTOCOL
from analysis.snapshot import Snapshot
from analysis.spill import own_folder
from runner.store.errors import StoreError
from tasks.kinds import KINDS

SQL = Path(__file__).parent / "sql"
MOST_GIB = 4
OPEN: weakref.WeakSet[duckdb.DuckDBPyConnection] = weakref.WeakSet()
"""The connections that may have a query at work, for whoever must stop it."""

# Both in the order in which they can be created: each stands on those before it.
STEPS: dict[str, str] = {
    "single_votes": "what the seeds of a cell answer together, in single-label tasks",
    "multi_votes": "what the seeds of a cell answer together, in multi-label tasks",
    "votes": "what the seeds of a cell answer together, as class indices",
    "pairs": "the vote of every pruned cell beside that of its dense cell, as class indices",
    "el2n_scores": "how hard a training example is, by number of the dense cell",
    "el2n_binned": "and in which twentieth of its split that is",
    "answers": "what every trial answered for every example, in names",
    "gold_votes": "the gold answers, as votes",
    "marks": "every class that a multi-label trial predicts or should have predicted",
    "scores": "the effectiveness of every trial, by number",
    "voted": "both sides' votes, on all examples and on PIEs",
    "subset_scores": "effectiveness of both sides, by both estimators, on all examples and on PIEs",
    "class_counts": "how often trials answer a class, and how often it is true",
    "changed_classes": "which class a dense vote has, and which the pruned vote, by number of the cell",
    "twin_answers": "what a pruned trial answers beside the dense trial of its seed",
    "monotony": "trials that give all examples, or nearly all, one answer",
}
VIEWS: dict[str, str] = {
    "trials": "one row per committed trial: ids, grid, facts, metrics",
    "classes": "the classes of every task, in index order",
    "examples": "the data: texts and gold labels",
    "slices": "which value of each of their columns examples have: groups, sources, bins of numbers",
    "predictions": "what every trial answered for every example",
    "el2n": "how hard a training example is, early in dense training",
    "majority_vote": "what the seeds of a cell answer together",
    "pies": "the examples on which pruned and dense models disagree",
    "pie_rate": "the share of examples that are PIEs, per cell",
    "effectiveness": "accuracy or macro-F1 of every trial",
    "accuracy_on_pies": "effectiveness on PIEs and on all examples, by two estimators",
    "drift": "by how much pruning moves the quality of answers, beside two halves of the dense seeds",
    "pie_rate_by": "the share of PIEs by any column of the examples: group, source, length, label",
    "overlap": "how many PIEs two cells share, beside what chance gives",
    "confusion": "which class a dense vote has, and which the pruned vote, per cell",
    "class_recall": "recall and precision of every class, per trial",
    "class_distribution": "the classes of PIEs beside those of all examples, per cell",
    "el2n_bins": "the share of PIEs among easy and hard training examples, per cell",
    "readability": "how hard a text is to read: seven scores, and its length in tokens",
    "readability_ratio": "how much harder PIEs are to read than all texts, per cell and score",
    "human_disagreement": "how much people disagreed on an example, where a task says so",
    "hypotheses": "what studies declared to be compared, how, and whether before the data",
    "seed_pairs": "the pairs of seeds that declared hypotheses compare",
    "example_pairs": "the pairs of examples that declared hypotheses compare",
    "flips": "how often a pruned model answers otherwise than the dense one of its seed",
    "collapsed": "trials that give all examples, or nearly all, one answer, none, all classes, or no numbers",
    "canary": "how often the same trial answers otherwise on another vendor's device",
    "confounded": "comparisons whose two sides ran on devices of different vendors",
    "completeness": "planned, committed, failed and missing trials, per cell",
}


def connect(
    store: Path, kept: Collection[str] = (), without: frozenset[str] = frozenset()
) -> duckdb.DuckDBPyConnection:
    """An in-memory database with VIEWS over the committed trials of a store; StoreError if there is none.

    kept: steps that are computed once, here, for a connection that asks for them many times; but not of the training
    split, which is as large as it is seldom asked for. without: trials, by id, that are read as if they had never
    committed. DuckDB takes 4 GiB of memory at most (or PIESWEEP_MEMORY, such as 16GiB), then it spills to a private
    temporary folder.
    """
    snapshot = Snapshot.of(store, without)
    # Spilled data of a large query must land neither in the store nor where anybody else could read it.
    connection = duckdb.connect(config={"python_enable_replacements": False, "temp_directory": str(own_folder())})
    OPEN.add(connection)
    _limit_memory(connection)
    create_base_relations(connection, snapshot)
    splits = sorted({split for record in snapshot.commits for split in record.rows} - {"train"})
    for name in STEPS:
        rows = statement(name)
        if name in kept:
            connection.execute(f"CREATE TABLE internal.{name}_kept AS FROM (\n{rows}\n) LIMIT 0")
            for split in splits:  # one at a time: a condition on one split reaches the files, `<> 'train'` does not
                connection.execute(f"INSERT INTO internal.{name}_kept FROM (\n{rows}\n) WHERE split = ?", [split])
            rows = f"FROM internal.{name}_kept UNION ALL FROM (\n{rows}\n) WHERE split = 'train'"
        connection.execute(f"CREATE VIEW internal.{name} AS {rows}")
    for name in VIEWS:
        connection.execute(f"CREATE VIEW {name} AS {statement(name)}")
    return connection


def _limit_memory(connection: duckdb.DuckDBPyConnection) -> None:
    """Leave memory to what works on the answers; DuckDB alone would take four fifths of the machine's."""
    own = str(connection.execute("SELECT current_setting('memory_limit')").fetchall()[0][0])
    size, unit = own.split()
    is_large = unit == "TiB" or (unit == "GiB" and float(size) > MOST_GIB)
    given = os.environ.get("PIESWEEP_MEMORY", f"{MOST_GIB} GiB" if is_large else own)
    try:
        connection.execute("SET memory_limit = ?", [given])
    except duckdb.Error as error:
        raise StoreError(f"PIESWEEP_MEMORY={given} is no amount of memory; give one like 16GiB") from error


def statement(name: str) -> str:
    """The SELECT of a view or step; the union of those of all kinds of answer that have one in a folder of theirs."""
    if (whole := SQL / f"{name}.sql").exists():
        return whole.read_text(encoding="utf-8")
    parts = [path.read_text(encoding="utf-8") for path in kind_files(name)]
    return parts[0] if len(parts) == 1 else "\nUNION ALL BY NAME\n".join(f"(\n{part}\n)" for part in parts)


def kind_files(name: str) -> list[Path]:
    """What the kinds of answer say of a step, one file each."""
    return [path for kind in KINDS if (path := SQL / "kinds" / kind / f"{name}.sql").exists()]


def sandbox(connection: duckdb.DuckDBPyConnection) -> None:
    """Close a connection for a user's SQL: no file but the committed ones, no setting, no extension, no change of data.

    A COPY inside WITH is a SELECT to DuckDB; `analysis.committed_files` is what keeps the files from being written, and
    `analysis.query.checked` refuses it beforehand.
    """
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    connection.execute(f"SET allowed_directories = ['{PROTOCOL}://']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    connection.execute("BEGIN TRANSACTION READ ONLY")
