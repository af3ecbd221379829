"""Votes that a compaction has counted, and the rows of the cells of which it has not.

Views of the schema `internal`: kept_votes(cell_no, split, example_id, vote, votes, vote_set, vote_set_votes, el2n,
is_dense, answer, is_by_place, el2n_seeds), as `runner.store.schema.VOTE_FIELDS` says, for cells whose votes are kept as
they are now; answer: the column of the kind, is_by_place: whether it has a code for each of several places. For all
other cells label_uncounted(cell_no, is_dense, split, example_id, label), labels_uncounted(..., labels),
el2n_uncounted(..., el2n), and places_uncounted(..., answer, codes) of all kinds with codes of places, row by row.
Together they are every cell once.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from analysis.relations.answer_types import sql_type
from analysis.relations.committed_files import address
from analysis.relations.snapshot import Snapshot
from runner.methods import DENSE
from runner.store.schema import CommitRecord
from tasks.kinds import KINDS

NO_VOTES = """
    SELECT 0::INTEGER AS cell, ''::VARCHAR AS split, 0::INTEGER AS example_id, NULL::SMALLINT AS vote,
        NULL::INTEGER AS votes, NULL::SMALLINT[] AS vote_set, NULL::INTEGER[] AS vote_set_votes, NULL::DOUBLE AS el2n,
        NULL::SMALLINT AS el2n_seeds
    WHERE false"""
ANSWERS = {
    **{kind.answer: sql_type(kind.answer_type) for kind in KINDS.values() if kind.ballot is not None},
    "el2n": "FLOAT",
}
"""Column of what is counted -> its type."""
BY_PLACE = [kind.answer for kind in KINDS.values() if kind.ballot == "places"]


def vote_files(snapshot: Snapshot) -> list[str]:
    """The file of kept votes, if any cell's are of use."""
    return [snapshot.votes.file.path] if snapshot.votes and snapshot.kept else []


def create_counted_votes(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> None:
    """Create the views named in this module's docstring; the tables cell and trial must exist."""
    kept = [f"FROM read_parquet({address(path)})" for path in vote_files(snapshot)]
    connection.execute(f"""
        CREATE VIEW internal.kept_votes AS
        SELECT c.cell_no, c.is_dense, k.answer, list_contains({BY_PLACE}, k.answer) AS is_by_place, v.* EXCLUDE (cell)
        FROM ({kept[0] if kept else NO_VOTES}) AS v
        JOIN internal.cell AS c ON c.kept_no = v.cell
        JOIN internal.task AS k USING (task_no)""")
    for answer, kind in ANSWERS.items():
        paths = dict.fromkeys(file.path for record in _uncounted(snapshot, answer) for file in record.files)
        rows = f"SELECT '' AS trial_id, '' AS split, 0 AS example_id, NULL::{kind} AS {answer} WHERE false"
        if paths:
            files = ", ".join(map(address, paths))
            rows = f"SELECT trial_id, split, example_id, {answer} FROM read_parquet([{files}])"
        connection.execute(f"""
            CREATE VIEW internal.{answer}_uncounted AS
            SELECT t.cell_no, t.is_dense, r.split, r.example_id, r.{answer}
            FROM ({rows}) AS r
            JOIN internal.trial AS t USING (trial_id)
            JOIN internal.cell AS c USING (cell_no)
            WHERE c.kept_no IS NULL""")
    columns = "cell_no, is_dense, split, example_id"
    parts = [
        f"SELECT {columns}, '{answer}' AS answer, {answer} AS codes FROM internal.{answer}_uncounted"
        for answer in BY_PLACE
    ]
    connection.execute(f"CREATE VIEW internal.places_uncounted AS {' UNION ALL '.join(parts)}")


def _uncounted(snapshot: Snapshot, what: str) -> Iterator[CommitRecord]:
    """The trials whose answers of one kind, or whose scores, are to be read row by row."""
    for cell, records in snapshot.cells.items():
        if cell in snapshot.kept:
            continue
        if what == "el2n":
            yield from (one for one in records if cell[2] == DENSE and _has_el2n(one))
        elif KINDS[snapshot.tasks[cell[0]].kind].answer == what:
            yield from records


def _has_el2n(record: CommitRecord) -> bool:
    return "train" in record.rows and bool(record.settings.get("record", {}).get("el2n"))
