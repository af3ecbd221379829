"""The examples that two stores have in common: the same texts with the same label, whatever their numbers are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.two_stores.opened import Opened
from runner.store.memory_database import memory_database

Ids = NDArray[np.int32]


class CompareError(ValueError):
    """Two stores, or two tasks of theirs, that cannot be set side by side: says why."""

    exit_status = 2


@dataclass(frozen=True, kw_only=True)
class Match:
    """ids[i] of the one store and other_ids[i] of the other are one example; both have so many more that are not.

    relabelled: of the one's other examples, those whose text the other has with another label.
    """

    ids: Ids
    other_ids: Ids
    alone: int
    other_alone: int
    relabelled: int


CONTENTS = """
    SELECT e.example_id, e.text IS NULL AS is_wordless,
        md5(concat_ws(chr(31), coalesce(e.text, ''), coalesce(e.text_pair, ''))) AS words,
        coalesce(e.label, to_json(list_sort(e.labels))::VARCHAR, '') AS gold,
        row_number() OVER (PARTITION BY words, gold ORDER BY e.example_id) AS time
    FROM examples AS e WHERE e.task = ? AND e.split = ?"""
"""Equal texts with equal labels are told apart by which of them come first."""


def match(stores: tuple[Opened, Opened], place: tuple[str, str]) -> Match:
    """The examples of a task and split that both have; CompareError where there are none, or classes differ."""
    task, split = place
    cards = [store.snapshot.tasks[task] for store in stores]
    mine, theirs = (set(card.classes) for card in cards)
    if mine != theirs or cards[0].kind != cards[1].kind:
        raise CompareError(
            f"{task}: the labels differ: A alone has {_named(mine - theirs)}, B alone {_named(theirs - mine)}"
            if mine != theirs
            else f"{task}: A is {cards[0].kind}, B is {cards[1].kind}"
        )
    left, right = (store.connection.sql(CONTENTS, params=[*place]).to_arrow_table() for store in stores)
    if cards[0].fingerprint == cards[1].fingerprint:
        ids = np.intersect1d(left["example_id"].to_numpy(), right["example_id"].to_numpy()).astype(np.int32)
        return _matched(place, left, right, (ids, ids), 0)
    if any(table["is_wordless"].to_pylist().count(True) for table in (left, right)):
        raise CompareError(f"{task}: some examples of the {split} split have no text, by which they could be matched")
    with memory_database() as fresh:
        fresh.register("one", left)
        fresh.register("other", right)
        pairs = fresh.sql(
            "SELECT one.example_id AS id, other.example_id AS other_id FROM one JOIN other USING (words, gold, time) "
            "ORDER BY id"
        ).to_arrow_table()
        relabelled = fresh.execute(
            "SELECT count(*) FROM one ANTI JOIN other USING (words, gold, time) "
            "WHERE words IN (SELECT words FROM other WHERE (words, gold) NOT IN (SELECT (words, gold) FROM one))"
        ).fetchall()[0][0]
    found = (pairs["id"].to_numpy(), pairs["other_id"].to_numpy())
    return _matched(place, left, right, found, relabelled)


def _matched(place: tuple[str, str], left: pa.Table, right: pa.Table, found: tuple[Ids, Ids], relabelled: int) -> Match:
    if not len(found[0]):
        told = f"; {relabelled} texts of A have another label in B" if relabelled else ""
        raise CompareError(
            f"{place[0]}: of {left.num_rows} and {right.num_rows} examples of the {place[1]} split none is common{told}"
        )
    return Match(
        ids=found[0],
        other_ids=found[1],
        alone=left.num_rows - len(found[0]),
        other_alone=right.num_rows - len(found[0]),
        relabelled=int(relabelled),
    )


def _named(classes: set[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(classes)) or "none"
