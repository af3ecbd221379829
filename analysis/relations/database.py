"""DuckDB over what a store has committed, with the views of analysis/sql.

A connection lives in memory and reads committed files alone; nothing is ever written beside them.
"""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb

from analysis.relations.base_relations import create_base_relations
from analysis.relations.committed_files import PROTOCOL
from analysis.relations.snapshot import Snapshot
from analysis.relations.spill import own_folder
from runner.store.errors import StoreError
from runner.store.memory_database import memory_database
from tasks.kinds import KINDS

SQL = Path(__file__).parents[1] / "sql"
MOST_GIB = 4
OPEN: weakref.WeakSet[duckdb.DuckDBPyConnection] = weakref.WeakSet()
"""The connections that may have a query at work, for whoever must stop it."""

# Both in the order in which they can be created: each stands on those before it.
STEPS: dict[str, str] = {
    "single_votes": "what the seeds of a cell answer together, in single-label tasks",
    "multi_votes": "what the seeds of a cell answer together, in multi-label tasks",
    "place_votes": "what the seeds of a cell answer together where there is a code for each of several places",
    "votes": "what the seeds of a cell answer together, as class indices",
    "place_pairs": "the vote of every pruned cell beside that of its dense cell, where there are several places",
    "pairs": "the vote of every pruned cell beside that of its dense cell, as class indices",
    "el2n_scores": "how hard a training example is, by number of the dense cell",
    "el2n_binned": "and in which twentieth of its split that is",
    "tag_meaning": "which tags begin and continue entities, of which types",
    "tag_hits": "the entities that a tagging trial finds",
    "entity_finds": "and those of each type",
    "answers": "what every trial answered for every example, in names",
    "answer_parts": "what an answer counts in the headline, where it has a code for each of several places",
    "gold_votes": "the gold answers, as votes: of some examples several are right",
    "marks": "every class that a multi-label trial predicts or should have predicted",
    "scores": "the effectiveness of every trial, by number",
    "voted": "both sides' votes, on all examples and on PIEs",
    "subset_scores": "effectiveness of both sides, by both estimators, on all examples and on PIEs",
    "answer_counts": "how often trials answer each class where each is true, in single-label tasks",
    "class_counts": "how often trials answer a class, and how often it is true",
    "class_balances": "recall, precision and F1 of every class beside the accuracy, in single-label tasks",
    "dense_origins": "the dense trial that a pruned one goes on from, by way of however many levels",
    "balance_pairs": "and beside those of the dense trial that a pruned one goes on from",
    "changed_classes": "which class a dense vote has, and which the pruned vote, by number of the cell",
    "twins": "the dense trial of every pruned trial's seed, by number",
    "twin_answers": "what a pruned trial answers beside the dense trial of its seed",
    "monotony": "trials that give all examples, or nearly all, one answer",
}
VIEWS: dict[str, str] = {
    "trials": "one row per committed trial: ids, grid, facts, metrics",
    "classes": "the classes of every task, in index order",
    "examples": "the data: texts and gold labels",
    "slices": "which value of each of their columns examples have: groups, sources, bins of numbers",
    "predictions": "what every trial answered for every example",
    "curves": "learning curves of trials that kept them: loss, sparsity and validation value by step",
    "efficiency": "bytes and times of networks that trials kept, where they were measured",
    "layers": "what prunable layers look like at the end, of trials that kept it: what is left, rank, values, pattern",
    "el2n": "how hard a training example is, early in dense training",
    "majority_vote": "what the seeds of a cell answer together",
    "pies": "the examples on which pruned and dense models disagree",
    "pie_rate": "the share of examples that are PIEs, per cell",
    "effectiveness": "the headline metric of every trial",
    "metrics": "every metric of every trial: the headline, and those beside it",
    "accuracy_on_pies": "effectiveness on PIEs and on all examples, by two estimators",
    "drift": "by how much pruning moves the quality of answers, beside two halves of the dense seeds",
    "pie_rate_by": "the share of PIEs by any column of the examples: group, source, length, label",
    "overlap": "how many PIEs two cells share, beside what chance gives",
    "confusion": "which class a dense vote has, and which the pruned vote, per cell",
    "class_recall": "recall, precision and F1 of every class, per trial",
    "recall_balance": "by how much the recall of a class is above or below the accuracy, per trial",
    "intensification": "how much larger the recall balance of a class is after pruning than before, per trial",
    "recall_distortion": "by how much pruning moves the recalls of classes apart: the slope alpha, per trial",
    "recall_variance": "how far the recalls of the classes lie apart, per trial",
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


_CATALOGUE = re.compile(
    r"\b(?:describe|show|query|query_table|pragma|information_schema|(?:duckdb|pg|pragma|sqlite)_\w+)\b", re.IGNORECASE
)
"""What asks which views there are, or names one in a text put together later."""


class Database:
    """A DuckDB connection that makes a view when a statement first names it: all of them take longer than most answers.

    Whoever asks the catalogue finds every view. Views read the kinds of answer that the store has, and no others.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        kept: Collection[str],
        splits: Iterable[str],
        kinds: frozenset[str] = frozenset(KINDS),
    ) -> None:
        self.connection = connection
        self._kinds = kinds
        self._kept = kept
        self._splits = tuple(splits)
        self._missing = dict.fromkeys([*STEPS, *VIEWS])
        self._is_read_only = False

    def sql(self, query: str, params: Any = None) -> duckdb.DuckDBPyRelation:
        """The rows of a question, computed when they are asked for."""
        self.make(named(query))
        return self.connection.sql(query, params=params)

    def execute(self, query: str, parameters: Any = None) -> duckdb.DuckDBPyConnection:
        """Run a statement; its rows are those of the connection."""
        self.make(named(query))
        return self.connection.execute(query, parameters)

    def make(self, names: Iterable[str] = (*STEPS, *VIEWS)) -> None:
        """Make these views and steps, and all that they rest on, unless they are there."""
        wanted = {found for name in names for found in (name, *rests_on(name, self._kinds))} & self._missing.keys()
        if not wanted:
            return
        if self._is_read_only:
            self.connection.execute("ROLLBACK")
        for name in [name for name in self._missing if name in wanted]:
            self._create(name)
            del self._missing[name]
        if self._is_read_only:
            self.begin_read_only()

    def begin_read_only(self) -> None:
        """From now on no statement changes anything."""
        self.connection.execute("BEGIN TRANSACTION READ ONLY")
        self._is_read_only = True

    def close(self) -> None:
        """Give everything back."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _create(self, name: str) -> None:
        rows = statement(name, self._kinds)
        if name in self._kept:
            self.connection.execute(f"CREATE TABLE internal.{name}_kept AS FROM (\n{rows}\n) LIMIT 0")
            for split in self._splits:  # one at a time: a condition on one reaches the files, `<> 'train'` does not
                into = f"INSERT INTO internal.{name}_kept FROM (\n{rows}\n) WHERE split = ?"
                self.connection.execute(into, [split])
            rows = f"FROM internal.{name}_kept UNION ALL FROM (\n{rows}\n) WHERE split = 'train'"
        self.connection.execute(f"CREATE VIEW {'internal.' if name in STEPS else ''}{name} AS {rows}")


def connect(store: Path, kept: Collection[str] = (), without: frozenset[str] = frozenset()) -> Database:
    """An in-memory database with VIEWS over the committed trials of a store; StoreError if there is none.

    kept: steps that are computed once, for a connection that asks for them many times; but not of the training split,
    which is as large as it is seldom asked for. without: trials, by id, that are read as if they had never committed.
    DuckDB takes 4 GiB of memory at most (or PIESWEEP_MEMORY, such as 16GiB), then it spills to a private temporary
    folder.
    """
    return connected(Snapshot.of(store, without), kept)


def connected(snapshot: Snapshot, kept: Collection[str] = ()) -> Database:
    """`connect`, where the records of the store have been read."""
    # Spilled data of a large query must land neither in the store nor where anybody else could read it.
    connection = memory_database({"python_enable_replacements": False, "temp_directory": str(own_folder())})
    OPEN.add(connection)
    _limit_memory(connection)
    create_base_relations(connection, snapshot)
    splits = sorted({split for record in snapshot.commits for split in record.rows} - {"train"})
    return Database(connection, kept, splits, frozenset(card.kind for card in snapshot.tasks.values()))


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


@cache
def statement(name: str, kinds: frozenset[str] = frozenset(KINDS)) -> str:
    """The SELECT of a view or step; the union of those of all these kinds of answer that have one in their folder.

    What these share, a WITH clause or a first SELECT, lies in a file of the same name beside the folders.
    """
    if (whole := SQL / f"{name}.sql").exists():
        return whole.read_text(encoding="utf-8")
    parts = [path.read_text(encoding="utf-8") for path in kind_files(name, kinds)]
    shared = SQL / "kinds" / f"{name}.sql"
    if len(parts) == 1 and not shared.exists():
        return parts[0]
    # FROM: DuckDB forgets the WITH clause of a bracket that follows another.
    union = "\nUNION ALL BY NAME\n".join(f"FROM (\n{part}\n)" for part in parts)
    return f"{shared.read_text(encoding='utf-8')}{union}" if shared.exists() else union


def kind_files(name: str, kinds: frozenset[str] = frozenset(KINDS)) -> list[Path]:
    """What these kinds of answer say of a step, one file each; what all say where none of these says anything."""
    said = {kind: path for kind in KINDS if (path := SQL / "kinds" / kind / f"{name}.sql").exists()}
    return [path for kind, path in said.items() if kind in kinds] or list(said.values())


def named(query: str) -> Collection[str]:
    """The views and steps that a statement may name, or all of them where it may ask which there are."""
    if _CATALOGUE.search(query):
        return (*STEPS, *VIEWS)
    words = set(re.findall(r"\w+", query.lower()))
    return [name for name in (*STEPS, *VIEWS) if name in words]


@cache
def rests_on(name: str, kinds: frozenset[str] = frozenset(KINDS)) -> frozenset[str]:
    """The views and steps without which a view or step cannot be made, as the headers of their files say."""
    headers = re.findall(r"^-- Needs:\s+(.+)$", statement(name, kinds), re.MULTILINE)
    assert headers, f"{name}.sql says nothing of what it needs"
    # A view may have the name of the table in `internal` that it shows.
    found = {one for header in headers for one in re.split(r",\s*", header)} - {name}
    needed = found & {*STEPS, *VIEWS}
    return frozenset(needed).union(*(rests_on(one, kinds) for one in needed))


def sandbox(database: Database) -> None:
    """Close a database for a user's SQL: no file but the committed ones, no setting, no extension, no change of data.

    A COPY inside WITH is a SELECT to DuckDB; `analysis.relations.committed_files` is what keeps the files from being
    written, and `analysis.relations.query.checked` refuses it beforehand.
    """
    database.execute("SET autoinstall_known_extensions = false")
    database.execute("SET autoload_known_extensions = false")
    database.execute(f"SET allowed_directories = ['{PROTOCOL}://']")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    database.begin_read_only()
