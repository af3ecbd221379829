"""Set what halves of the seeds dispute beside PIEs: by class, and by EL2N."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from analysis.relations.database import Database
from analysis.statistics.cell_keys import CellKey, place
from analysis.statistics.disputes import Disputes, Floats, disputes
from analysis.statistics.votes_of_splits import holders

Row = dict[str, Any]
Profile = tuple[Floats, Floats]
"""Numbers of PIEs of halves, and of what two dense halves dispute."""


def with_classes(rows: Sequence[Row], found: Mapping[CellKey, Disputes]) -> list[Row]:
    """The rows of the view `class_distribution`, with the share that each class has of what halves dispute.

    halves_share: of PIEs of halves, as pie_share is of PIEs; dispute_share: of what two dense halves dispute. Null
    below two seeds, and where nothing is disputed.
    """
    profiles = {key: _by_class(one) for key, one in found.items()}
    return [row | _told(row, profiles, row["class_index"], ("halves_share", "dispute_share")) for row in rows]


def with_bins(rows: Sequence[Row], connection: Database) -> list[Row]:
    """The rows of the view `el2n_bins`, with how often halves dispute the examples of a bin.

    halves_rate: of PIEs of halves, as rate is of PIEs; dispute_rate: of what two dense halves dispute. Null below two
    seeds.
    """
    splits = sorted({row["split"] for row in rows})
    profiles = {key: found for split in splits for key, found in _by_el2n(connection, split)}
    return [row | _told(row, profiles, row["bin"], ("halves_rate", "dispute_rate")) for row in rows]


def _told(row: Row, profiles: Mapping[CellKey, Profile], number: int, names: tuple[str, str]) -> Row:
    if place(row) not in profiles:
        return dict.fromkeys(names)
    values = [float(profile[number]) if number < len(profile) else 0.0 for profile in profiles[place(row)]]
    return dict(zip(names, (None if np.isnan(value) else value for value in values), strict=True))


def _by_class(found: Disputes) -> Profile:
    """[class] up to the last that an example has: the shares on examples whose true answer is, or holds, the class."""
    assert found.gold is not None
    members, is_known = holders(found.sets, found.gold), found.gold >= 0
    with np.errstate(invalid="ignore"):
        crossed, dense = (members @ one / one[is_known].sum() for one in (found.crossed, found.dense))
    return crossed, dense


def _by_el2n(connection: Database, split: str) -> Iterator[tuple[CellKey, Profile]]:
    """[bin] of every pruned cell: the mean over its examples."""
    for (task, _, model), cells in groupby(disputes(connection, split), lambda one: one[0][:3]):
        binned = connection.sql(
            """SELECT b.example_id, b.bin FROM internal.el2n_binned AS b JOIN internal.cell AS c USING (cell_no)
            WHERE c.task = ? AND c.model = ? AND b.split = ? ORDER BY 1""",
            params=[task, model, split],
        ).fetchnumpy()
        ids, bins = np.asarray(binned["example_id"]), np.asarray(binned["bin"], np.int64)
        for key, found in cells:
            examples = np.bincount(bins, np.isin(ids, found.example_ids))
            with np.errstate(invalid="ignore"):
                crossed, dense = (np.bincount(bins, one) / examples for one in found.at(ids))
            yield key, (crossed, dense)
