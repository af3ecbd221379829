"""The numbers behind the tables, figures and summaries of one store, each asked for once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.display_names import method_key, method_name, split_key
from analysis.method_variants import MEANINGS, Variant, variants
from analysis.relations.database import Database, connect
from analysis.statistics.cell_keys import CellKey
from analysis.statistics.cell_keys import place as key_of
from analysis.statistics.class_changes import class_changes
from analysis.statistics.dispute_profiles import with_bins, with_classes
from analysis.statistics.disputes import Disputes, Floats, disputes
from analysis.statistics.fairness import RECALLS, fairness
from analysis.statistics.recall_distortions import BALANCES, EPOCHS, recall_distortions
from analysis.statistics.slice_changes import slice_changes
from analysis.statistics.survey import Survey, survey
from analysis.store_notes import notes_of
from runner.methods import DENSE
from runner.store.reader import frozen_plans

TRAIN = "train"
KEPT = ("votes", "pairs", "answer_counts")
"""The steps of the database that a report asks for again and again."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Results:
    """Rows of the public views as dictionaries, in the order of the grid.

    Of the splits of a task all but the training split, which is what claims are about, and that only where there is
    no other; el2n_bins alone is of the training split. store: where the connection's rows are from, for `studies` and
    `without_collapsed`.
    """

    connection: Database
    store: Path | None = None

    @staticmethod
    def of(store: Path) -> Results:
        """The results of a store, what is asked for again and again computed once."""
        return Results(connect(store, kept=KEPT), store)

    def rows(self, query: str, *values: object) -> list[Row]:
        """The rows of any SELECT; values stand for its question marks."""
        return self.connection.sql(query, params=values).to_arrow_table().to_pylist()  # type: ignore[no-any-return]

    @cached_property
    def splits(self) -> set[tuple[str, str]]:
        """The tasks and splits that are shown."""
        found = self.rows("SELECT DISTINCT task, split FROM internal.cell JOIN internal.cell_split USING (cell_no)")
        tested = {row["task"] for row in found if row["split"] != TRAIN}
        return {(row["task"], row["split"]) for row in found if row["split"] != TRAIN or row["task"] not in tested}

    def shown(self, view: str) -> list[Row]:
        """The rows of a view that has task and split, of the splits that are shown."""
        names = sorted({split for _, split in self.splits})
        # One split at a time: a condition on one DuckDB carries down to the files, one on several it does not.
        rows = [row for name in names for row in self.rows(f"FROM {view} WHERE split = ?", name)]
        return [row for row in rows if (row["task"], row["split"]) in self.splits]

    @cached_property
    def seeds(self) -> dict[tuple[str, str], str]:
        """Task and model -> how many seeds its cells have, in words: no vote means anything without."""
        rows = self.rows("""
            SELECT c.task, c.model, min(s.seeds) AS least, max(s.seeds) AS most
            FROM internal.cell AS c JOIN internal.cell_split AS s USING (cell_no) GROUP BY ALL""")
        return {
            (row["task"], row["model"]): (
                f"{row['most']} seed{'' if row['most'] == 1 else 's'}"
                if row["least"] == row["most"]
                else f"{row['least']} to {row['most']} seeds"
            )
            for row in rows
        }

    @cached_property
    def longer_training(self) -> str:
        """Which methods train longer than the dense models that they are compared with, in a sentence; else nothing."""
        rows = self.rows("""
            SELECT p.method, max(p.epochs / d.epochs) AS times, max(p.sparsity) = 0 AS is_unpruned
            FROM internal.trial AS p
            JOIN internal.trial AS d USING (task_no, model)
            WHERE NOT p.is_dense AND d.is_dense AND p.epochs > d.epochs AND d.epochs > 0
            GROUP BY ALL""")
        references = sorted((row for row in rows if row["is_unpruned"]), key=lambda row: method_key(row["method"]))
        longer = sorted((row for row in rows if not row["is_unpruned"]), key=lambda row: method_key(row["method"]))
        if not longer:
            return ""
        times = sorted({float(row["times"]) for row in longer})
        told = f"{times[0]:.3g}" if len(times) == 1 else f"{times[0]:.3g} to {times[-1]:.3g}"
        names = ", ".join(method_name(row["method"]) for row in longer)
        as_long = [row for row in references if float(row["times"]) in times]
        alone = [row for row in longer if row["times"] not in [other["times"] for other in as_long]]
        beside = ", ".join(method_name(row["method"]) for row in as_long)
        mend = f"{beside}, unpruned and trained as long, stand{'s' if len(as_long) == 1 else ''} beside them"
        if not as_long:
            mend = "a study with `references: [dense-4e]` tells it apart"
        if alone and references:
            names_alone = ", ".join(method_name(row["method"]) for row in alone)
            mend = f"{mend}; no" if as_long else "no"
            mend += f" unpruned model is trained as long as {names_alone}"
        return (
            f"{names} train {told} times as long as the dense models: what more training does is part of every "
            f"difference between them; {mend}."
        )

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What holds of every number of the store."""
        return notes_of(self.rows)

    @cached_property
    def variants(self) -> dict[str, list[Variant]]:
        """Method -> what its name means in this store."""
        return variants(self.rows(MEANINGS, DENSE), (row["method"] for row in self.completeness))

    @cached_property
    def studies(self) -> list[dict[str, Any]]:
        """The documents of the studies that were planned into the store."""
        return [plan.study for plan in frozen_plans(self.store)] if self.store else []

    @cached_property
    def completeness(self) -> list[Row]:
        return sorted(self.rows("FROM completeness"), key=_grid)

    @cached_property
    def pie_rate(self) -> list[Row]:
        return sorted(self.shown("pie_rate"), key=_grid)

    @cached_property
    def class_distribution(self) -> list[Row]:
        """The view, with what halves of the seeds dispute by class."""
        rows = sorted(self.shown("class_distribution"), key=lambda row: (*_grid(row), row["class_index"]))
        return with_classes(rows, self.disputes)

    @cached_property
    def readability_ratio(self) -> list[Row]:
        return sorted(self.shown("readability_ratio"), key=_grid)

    @cached_property
    def el2n_bins(self) -> list[Row]:
        """The view, with what halves of the seeds dispute by EL2N."""
        rows = sorted(self.rows("FROM el2n_bins"), key=lambda row: (*_grid(row), row["bin"]))
        return with_bins(rows, self.connection)

    @cached_property
    def disputes(self) -> dict[CellKey, Disputes]:
        """What halves of the seeds dispute, of every pruned cell on every split that is shown."""
        splits = sorted({split for _, split in self.splits})
        found = (one for split in splits for one in disputes(self.connection, split))
        return {key: one for key, one in found if key[:2] in self.splits}

    def disputed(self, row: Row, ids: NDArray[np.integer]) -> tuple[Floats, Floats] | None:
        """Of these examples how often halves of a row's cell dispute each, as `Disputes.at`; None below two seeds."""
        found = self.disputes.get(key_of(row))
        return None if found is None else found.at(ids)

    @cached_property
    def seed_effectiveness(self) -> list[Row]:
        """The effectiveness of every cell with every seed."""
        return sorted(self.shown("effectiveness"), key=lambda row: (_grid(row), row["seed"]))

    @cached_property
    def effectiveness(self) -> list[Row]:
        """Mean, deviation (n - 1; null for one seed) and seeds of the effectiveness of every cell.

        Of the seeds that have one: a correlation with answers that are all the same has no value. undefined: how many
        have none; where all have none the mean is null.
        """
        names = ("task", "split", "model", "method", "sparsity", "metric")
        found = []
        for place, rows in groupby(self.seed_effectiveness, key=lambda row: tuple(row[name] for name in names)):
            given = [row["value"] for row in rows]
            values = [value for value in given if value is not None]
            numbers = {
                "mean": fmean(values) if values else None,
                "std": stdev(values) if len(values) > 1 else None,
                "seeds": len(values),
                "undefined": len(given) - len(values),
            }
            found.append({**dict(zip(names, place, strict=True)), **numbers})
        return found

    @cached_property
    def drift(self) -> list[Row]:
        """By how much pruning moves the mean quality of answers, beside two halves of the dense seeds."""
        return sorted(self.shown("drift"), key=_grid)

    @cached_property
    def accuracy_on_pies(self) -> list[Row]:
        """In the order of the grid within each model and estimator."""

        def place(row: Row) -> tuple[Any, ...]:
            return *_grid(row)[:3], row["estimator"], _grid(row), row["subset"]

        return sorted(self.shown("accuracy_on_pies"), key=place)

    @cached_property
    def collapsed(self) -> list[Row]:
        """The trials that collapsed on a split that is shown."""
        return sorted(self.shown("collapsed"), key=lambda row: (*_grid(row), row["seed"]))

    @cached_property
    def without_collapsed(self) -> Results | None:
        """The same store as if these trials had never committed; None where there are none, or no store is given."""
        ids = frozenset(row["trial_id"] for row in self.collapsed)
        return Results(connect(self.store, kept=KEPT, without=ids), self.store) if ids and self.store else None

    @cached_property
    def survey(self) -> Survey:
        """What is computed from single seeds' answers."""
        return survey(self.connection)

    @cached_property
    def class_changes(self) -> list[Row]:
        """Recall and PIEs of every class, in the order of the grid."""
        return class_changes(self.connection)

    @cached_property
    def distortion_trials(self) -> list[Row]:
        """Recall distortion of every trial, with the balances of its classes before and after pruning."""
        collapsed = {(row["trial_id"], row["split"]) for row in self.collapsed}
        names = ("task", "split", "model", "method", "sparsity", "seed")
        known = {tuple(row[name] for name in names): row for row in self.shown(f"({BALANCES})")}
        rows = sorted(self.shown("recall_distortion"), key=lambda row: (_grid(row), row["seed"]))
        for row in rows:
            balances = known.get(tuple(row[name] for name in names), {})
            row |= {"before": balances.get("before"), "after": balances.get("after")}
            row["is_collapsed"] = (row["trial_id"], row["split"]) in collapsed
        return rows

    @cached_property
    def recall_variances(self) -> list[Row]:
        """The variance of recall over the classes, of every trial, in the order of the grid."""
        return sorted(self.shown("recall_variance"), key=lambda row: (_grid(row), row["seed"]))

    @cached_property
    def recall_distortions(self) -> list[Row]:
        """Recall distortion of every cell, in the order of the grid."""
        epochs = {cell(row): row["epochs"] for row in self.rows(EPOCHS)}
        return recall_distortions(self.distortion_trials, epochs)

    @cached_property
    def fairness(self) -> list[Row]:
        """The worst class, the gap and the class that loses most, of every pruned cell, in the order of the grid."""
        return fairness(self.class_recalls, DENSE)

    @cached_property
    def class_recalls(self) -> list[Row]:
        """The recalls of every trial, of the classes with enough examples, in the order of the grid."""
        return sorted(self.shown(f"({RECALLS})"), key=lambda row: (_grid(row), row["seed"]))

    @cached_property
    def slice_changes(self) -> list[Row]:
        """Effectiveness, recall and PIEs by the columns of the data, in the order of the grid within each value."""
        return slice_changes(self.connection)

    @cached_property
    def incomplete(self) -> set[tuple[str, str, str, float]]:
        """Cells with fewer committed trials than planned."""
        return {cell(row) for row in self.completeness if row["committed"] < row["planned"]}

    def is_incomplete(self, row: Row) -> bool:
        """True if the row's cell, or the dense cell it is compared with, lacks planned seeds."""
        return cell(row) in self.incomplete or (row["task"], row["model"], DENSE, 0.0) in self.incomplete

    def with_completeness(self, rows: Iterable[Row]) -> tuple[Row, ...]:
        """The rows with a column that says whether they are incomplete, as files of a report have them."""
        return tuple({**row, "incomplete": self.is_incomplete(row)} for row in rows)


def cell(row: Row) -> tuple[str, str, str, float]:
    """Task, model, method and sparsity of a row."""
    return row["task"], row["model"], row["method"], row["sparsity"]


def _grid(row: Row) -> tuple[Any, ...]:
    return row["task"], split_key(row.get("split", "")), row["model"], method_key(row["method"]), row["sparsity"]
