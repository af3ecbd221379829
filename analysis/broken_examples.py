"""The examples that pruning breaks, each with its text, how sure the dense models were, and the cells that break it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from analysis.display_names import method_key
from analysis.pictures import Picture, pictures
from analysis.results import Results, Row
from analysis.worded_votes import Voted, disputed, worded

TEXT_LENGTH = 4_000


@dataclass(frozen=True, kw_only=True)
class BrokenExample:
    """One example of one model. cells: the pruned cells whose vote differs from the dense vote, and that vote.

    agreeing: the dense seeds behind the dense vote, of `seeds` in all; of a vote for several classes the fewest behind
    any of them, and 0 of a vote for no class, which nobody counts. Of tags only those are named on which not all of
    these votes and the gold answer agree. gold: the right answer; of a span whichever there are. was_right: the dense
    vote is the gold answer, or one of them; False where none is known.
    """

    task: str
    split: str
    model: str
    example_id: int
    text: str | None
    text_pair: str | None
    gold: tuple[str, ...] | None
    dense: tuple[str, ...]
    agreeing: int
    seeds: int
    cells: tuple[tuple[str, float, tuple[str, ...]], ...]
    was_right: bool
    picture: Picture | None = None


def surest_broken(results: Results, place: tuple[str, str, str], limit: int) -> list[BrokenExample]:
    """At most `limit` broken examples of a task, model and split: those that the dense vote had right come first,
    among them those of which the dense models were surest, then those that most pruned cells break (references are
    none). Texts are cut at TEXT_LENGTH characters.
    """
    if not limit:
        return []
    task, model, split = place
    cells = {
        row["cell_no"]: row
        for row in results.rows(
            """SELECT c.*, k.classes, k.kind, s.seeds AS dense_seeds FROM internal.cell AS c
            JOIN internal.task AS k USING (task_no)
            JOIN internal.cell_split AS s ON s.cell_no = c.dense_cell_no AND s.split = ?
            WHERE c.sparsity > 0 AND c.task = ? AND c.model = ?""",
            *(split, task, model),
        )
    }
    if not cells:
        return []
    numbers = ", ".join(map(str, cells))
    known = next(iter(cells.values()))
    # Numbers of cells and task as constants keep the rows and texts of others unread.
    query = f"""
        WITH broken AS (
            SELECT example_id, any_value(dense_vote) AS dense_vote, count(*) AS cells,
                list({{'cell': cell_no, 'vote': internal.indices_of(pruned_vote)}}) AS votes
            FROM internal.pairs WHERE is_pie AND split = $split AND cell_no IN ({numbers})
            GROUP BY example_id
        ),
        gold AS (
            SELECT example_id, votes FROM internal.gold_votes
            WHERE task_no = {known["task_no"]} AND split = $split
        ),
        chosen AS (
            SELECT b.* EXCLUDE (dense_vote), internal.indices_of(b.dense_vote) AS dense,
                list_transform(g.votes, lambda one: internal.indices_of(one)) AS gold,
                coalesce(list_contains(g.votes, b.dense_vote), false) AS was_right,
                coalesce(list_min(internal.indices_of(v.votes)), 0) AS agreeing
            FROM broken AS b
            LEFT JOIN gold AS g USING (example_id)
            LEFT JOIN (
                SELECT example_id, votes FROM internal.votes
                WHERE is_dense AND split = $split AND cell_no = {known["dense_cell_no"]}
            ) AS v USING (example_id)
            ORDER BY was_right DESC, agreeing DESC, cells DESC, example_id
            LIMIT {int(limit)}
        )
        SELECT c.*, left(t.text, {TEXT_LENGTH + 1}) AS text, left(t.text_pair, {TEXT_LENGTH + 1}) AS text_pair,
            {"t.words" if known["kind"] == "tagging" else "NULL"} AS words
        FROM chosen AS c
        LEFT JOIN (
            FROM internal.example WHERE task_no = {known["task_no"]} AND split = $split
                AND example_id IN (SELECT example_id FROM chosen)
        ) AS t USING (example_id)
        ORDER BY was_right DESC, agreeing DESC, cells DESC, example_id"""
    found = results.connection.sql(query, params={"split": split}).to_arrow_table().to_pylist()
    broken = [_broken(row, place, cells, known) for row in found]
    seen = pictures(results.connection, task, split, [one.example_id for one in broken])
    return [replace(one, picture=seen.get(one.example_id)) for one in broken]


def _broken(row: Row, place: tuple[str, str, str], cells: dict[int, Row], known: Row) -> BrokenExample:
    def order(vote: dict[str, Any]) -> tuple[Any, ...]:
        return method_key(cells[vote["cell"]]["method"]), cells[vote["cell"]]["sparsity"]

    votes, gold = sorted(row["votes"], key=order), row["gold"]
    example = Voted(
        classes=tuple(known["classes"]),
        passage=row["text_pair"] or "",
        words=tuple(row["words"] or ()),
        asked=disputed([row["dense"], *(vote["vote"] for vote in votes), *(gold or ())]),
    )

    def names(vote: list[int]) -> tuple[str, ...]:
        return worded(known["kind"], vote, example)

    return BrokenExample(
        task=place[0],
        model=place[1],
        split=place[2],
        example_id=row["example_id"],
        text=_cut(row["text"]),
        text_pair=_cut(row["text_pair"]),
        gold=None if gold is None else tuple(dict.fromkeys(name for one in gold for name in names(one))),
        dense=names(row["dense"]),
        agreeing=row["agreeing"],
        seeds=known["dense_seeds"],
        cells=tuple(
            (cells[vote["cell"]]["method"], cells[vote["cell"]]["sparsity"], names(vote["vote"])) for vote in votes
        ),
        was_right=row["was_right"],
    )


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= TEXT_LENGTH else text[:TEXT_LENGTH] + " …"
