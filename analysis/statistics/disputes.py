"""Count what dense models alone disagree on: the reference for every statement about which examples pruning breaks.

Examples near a decision boundary turn with the seeds, pruned or not. They are longer, harder to read, more influential
than others, and make up most PIEs; only where PIEs differ from them does pruning have a hand in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.relations.database import Database
from analysis.statistics.answers import Answers, gathered
from analysis.statistics.resampling import generator, halves, spread
from analysis.statistics.votes_of_splits import Flags, differ
from runner.methods import DENSE

SPLITS = 20
TABLE = "internal.dispute"


@dataclass(frozen=True, kw_only=True)
class Disputes:
    """share[example]: of SPLITS pairs of disjoint odd halves of the dense seeds, those that vote differently."""

    example_ids: NDArray[np.int32]
    share: NDArray[np.float64]

    def at(self, example_ids: NDArray[np.integer]) -> NDArray[np.float64]:
        """The shares of these examples, 0 for those that no dense model answered."""
        if not len(self.example_ids):
            return np.zeros(len(example_ids))
        place = np.minimum(np.searchsorted(self.example_ids, example_ids), len(self.example_ids) - 1)
        return np.where(self.example_ids[place] == example_ids, self.share[place], 0.0)


def disputes(connection: Database, task: str, split: str, model: str) -> Disputes | None:
    """The disputes of one model's dense seeds on one split; None below two seeds."""
    found = gathered(connection, task, split, {(model, DENSE, 0.0)})
    share = None if found is None else disputed_share(found.sets, found.cells[model, DENSE, 0.0])
    return None if found is None or share is None else Disputes(example_ids=found.example_ids, share=share)


def crossings(connection: Database, cell: Mapping[str, Any]) -> Disputes | None:
    """What half of the dense seeds and half of a pruned cell's vote differently; None below two seeds on both sides.

    cell: its task, split, model, method and sparsity.
    """
    model, dense = cell["model"], (cell["model"], DENSE, 0.0)
    own = (model, cell["method"], cell["sparsity"])
    found = gathered(connection, cell["task"], cell["split"], {dense, own})
    if found is None or not {dense, own} <= found.cells.keys():
        return None
    share = crossed_share(found.sets, found.cells[dense], found.cells[own])
    return None if share is None else Disputes(example_ids=found.example_ids, share=share)


def disputed_share(sets: Flags | None, dense: Answers) -> NDArray[np.float64] | None:
    """[example]: of SPLITS pairs of disjoint odd halves of the seeds, those that vote differently."""
    if len(dense.seeds) < 2:
        return None
    one, other = halves(generator("disputes"), len(dense.seeds), SPLITS)
    return np.asarray(differ(sets, (dense, one), (dense, other)).mean(axis=0, dtype=np.float64))


def crossed_share(sets: Flags | None, dense: Answers, cell: Answers) -> NDArray[np.float64] | None:
    """[example]: the same where one half is of the dense seeds and the other of the pruned ones, both ways round.

    PIEs are what all seeds vote differently, and a vote of all wavers on fewer and harder examples than one of half:
    where pruning does nothing, PIEs differ from disputes, and these do not.
    """
    shared = np.intersect1d(dense.seeds, cell.seeds)
    if len(shared) < 2:
        return None
    one, other = halves(generator("disputes"), len(shared), SPLITS)
    turned = [
        differ(sets, (dense, spread(first, shared, dense.seeds)), (cell, spread(second, shared, cell.seeds)))
        for first, second in ((one, other), (other, one))
    ]
    return np.asarray(np.concatenate(turned).mean(axis=0, dtype=np.float64))


def create_disputes(connection: Database) -> None:
    """Create the table TABLE(task, split, model, example_id, share) of every split and model with two dense seeds."""
    connection.execute(
        f"CREATE TABLE {TABLE} (task VARCHAR, split VARCHAR, model VARCHAR, example_id INTEGER, share DOUBLE)"
    )
    places = connection.sql("""
        SELECT DISTINCT c.task, s.split, c.model FROM internal.cell AS c JOIN internal.cell_split AS s USING (cell_no)
        WHERE c.is_dense AND s.seeds > 1 ORDER BY ALL""").fetchall()
    for task, split, model in places:
        if found := disputes(connection, task, split, model):
            rows = pa.table({"example_id": found.example_ids, "share": found.share})
            connection.connection.register("incoming_disputes", rows)
            connection.execute(
                f"INSERT INTO {TABLE} SELECT ?, ?, ?, example_id, share FROM incoming_disputes", [task, split, model]
            )
            connection.connection.unregister("incoming_disputes")


EL2N_BINS = f"""
    SELECT c.task, b.split, c.model, b.bin::INTEGER AS bin, count(*) AS examples, sum(d.share) / count(*) AS rate
    FROM internal.el2n_binned AS b
    JOIN internal.cell AS c USING (cell_no)
    JOIN {TABLE} AS d
        ON d.task = c.task AND d.model = c.model AND d.split = b.split AND d.example_id = b.example_id
    GROUP BY ALL"""
"""The share of disputes among the examples of each twentieth by EL2N, as `el2n_bins` has that of PIEs."""

CLASSES = f"""
    WITH answers AS (
        SELECT
            d.task, d.split, d.model, d.share,
            unnest(list_append(coalesce(e.labels, [e.label]), -1)) AS class_index
        FROM {TABLE} AS d
        JOIN internal.task AS k USING (task)
        JOIN internal.example AS e
            ON internal.place(e.task_no, e.split, e.example_id) = internal.place(k.task_no, d.split, d.example_id)
        WHERE e.label IS NOT NULL OR e.labels IS NOT NULL
    ),
    counts AS (SELECT task, split, model, class_index, sum(share) AS disputed FROM answers GROUP BY ALL)
    SELECT
        n.task, n.split, n.model, k.classes[n.class_index + 1] AS class,
        n.disputed / nullif(every.disputed, 0) AS dispute_share
    FROM counts AS n
    JOIN counts AS every
        ON every.task = n.task AND every.split = n.split AND every.model = n.model AND every.class_index = -1
    JOIN internal.task AS k ON k.task = n.task
    WHERE n.class_index >= 0"""
"""The share of disputes that each class has, as `class_distribution` has that of PIEs."""
