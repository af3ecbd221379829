"""The examples that pruning breaks, each with its text and with the cells that break it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.results import Results, Row

TEXT_LENGTH = 4_000


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One example of one model. cells: the pruned cells whose vote differs from the dense vote, and that vote."""

    task: str
    split: str
    model: str
    example_id: int
    text: str | None
    text_pair: str | None
    gold: tuple[str, ...] | None
    dense: tuple[str, ...]
    cells: tuple[tuple[str, float, tuple[str, ...]], ...]


def most_broken(results: Results, limit: int) -> list[Broken]:
    """The examples that most cells break, test split first; at most `limit`, texts cut at TEXT_LENGTH characters."""
    query = f"""
        WITH broken AS (
            SELECT task, split, model, example_id, dense_vote, count(*) AS cells,
                list({{'method': method, 'sparsity': sparsity, 'vote': pruned_vote}} ORDER BY method, sparsity) AS votes
            FROM pies WHERE is_pie
            GROUP BY task, split, model, example_id, dense_vote
            ORDER BY split <> 'test', cells DESC, task, split, model, example_id
            LIMIT {int(limit)}
        )
        SELECT b.*, e.label, e.labels,
            left(e.text, {TEXT_LENGTH + 1}) AS text, left(e.text_pair, {TEXT_LENGTH + 1}) AS text_pair
        FROM broken AS b
        LEFT JOIN examples AS e USING (task, split, example_id)
        ORDER BY split <> 'test', cells DESC, task, split, model, example_id"""
    return [_broken(row) for row in results.rows(query)]


def _broken(row: Row) -> Broken:
    gold = row["labels"] if row["labels"] is not None else row["label"]
    return Broken(
        task=row["task"],
        split=row["split"],
        model=row["model"],
        example_id=row["example_id"],
        text=_cut(row["text"]),
        text_pair=_cut(row["text_pair"]),
        gold=None if gold is None else _names(gold),
        dense=_names(row["dense_vote"]),
        cells=tuple((vote["method"], vote["sparsity"], _names(vote["vote"])) for vote in row["votes"]),
    )


def _names(vote: Any) -> tuple[str, ...]:
    """A vote as a tuple of class names, whichever way the store keeps votes."""
    return (vote,) if isinstance(vote, str) else tuple(vote)


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= TEXT_LENGTH else text[:TEXT_LENGTH] + " …"
