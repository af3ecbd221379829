"""All that is computed from single seeds' answers, in one reading of the store."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from threadpoolctl import threadpool_limits

from analysis.relations.database import Database
from analysis.statistics.adequacy import adequacy_of
from analysis.statistics.answers import Answers, Panel, panels
from analysis.statistics.churn import churn_of
from analysis.statistics.definitions import agreements, definitions_of
from analysis.statistics.held_out import held_out_of
from analysis.statistics.noise_floor import RESAMPLES, interval_of, place

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What is computed of every pruned cell, in the order of the grid: `interval_of`, `adequacy_of`, `definitions_of`,
    `held_out_of` and `churn_of`; where answers have a code for each of several places all but `definitions_of` and
    `churn_of`, which are about one answer an example.
    """

    intervals: list[Row]
    adequacy: list[Row]
    definitions: list[Row]
    held_out: list[Row]
    churn: list[Row]


def survey(connection: Database, split: str | None = None, resamples: int = RESAMPLES) -> Survey:
    """Every pruned cell on one split of each task: the given one, else test, else the first that the task has."""
    found = Survey(intervals=[], adequacy=[], definitions=[], held_out=[], churn=[])
    # Matrices are small here: threads that share one cost more than they bring, so each cell has one of its own.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        for panel in panels(connection, split):
            agreement = agreements(connection, panel)

            def study(
                cell: Answers, panel: Panel = panel, agreement: Any = agreement
            ) -> tuple[Row, list[Row], list[Row], Row, Row]:
                own = agreement.get((cell.method, cell.sparsity))
                return (
                    interval_of(panel, cell, resamples),
                    list(adequacy_of(panel, cell)),
                    list(definitions_of(panel, cell, own)),
                    place(panel, cell) | held_out_of(panel, cell),
                    place(panel, cell) | {"seeds": len(cell.seeds)} | churn_of(panel, cell),
                )

            for interval, adequacy, definitions, held_out, churn in pool.map(study, panel.pruned):
                found.intervals.append(interval)
                found.adequacy.extend(adequacy)
                found.definitions.extend(definitions)
                found.held_out.append(held_out)
                found.churn.append(churn)
        for panel in panels(connection, split, by_place=True):
            for cell in panel.pruned:
                found.intervals.append(interval_of(panel, cell, resamples))
                found.adequacy.extend(adequacy_of(panel, cell))
                found.held_out.append(place(panel, cell) | held_out_of(panel, cell))
    return found
