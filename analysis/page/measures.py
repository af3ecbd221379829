"""Measure an example beside its answers: its length, EL2N, readability, what people said of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.results import TRAIN, Results
from tasks.columns import VIEWED

BINS = 20
TITLES = {
    "characters": "length in characters",
    "dense_agreement": "dense seeds that agree on the vote",
    "el2n": "EL2N",
    "disagreement": "human disagreement",
    "rating_mean": "mean human rating",
    "tokens": "length in tokens",
}

Numbers = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Place:
    """One task, split and model of a store."""

    task: str
    split: str
    model: str


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One number for every example of a place; nan where it is not known."""

    name: str
    values: Numbers

    @property
    def title(self) -> str:
        """In words."""
        return TITLES.get(self.name, self.name.replace("_", " "))

    @property
    def bins(self) -> npt.NDArray[np.uint8]:
        """The percentile bin of every example, 1 (lowest) to BINS (highest), 0 where the number is not known.

        An example on an edge belongs to the lower bin: equal numbers are never torn apart.
        """
        known = np.isfinite(self.values)
        if not known.any():
            return np.zeros(len(self.values), np.uint8)
        edges = np.percentile(self.values[known], np.linspace(0, 100, BINS + 1)[1:-1])
        return np.where(known, 1 + np.searchsorted(edges, self.values, side="left"), 0).astype(np.uint8)


def measures_of_split(results: Results, place: Place, ids: npt.NDArray[np.int32]) -> list[Measure]:
    """What is the same for every model: human disagreement, length, columns of the task's own, readability.

    `ids`, ascending, says which examples, and in which order. A column that repeats an earlier measure is left out.
    """
    of_split = f"task = {_quoted(place.task)} AND split = {_quoted(place.split)}"
    carried = "".join(f", {column}::DOUBLE AS {column}" for column in _carried(results))
    (task,) = results.rows("SELECT task_no FROM internal.task WHERE task = ?", place.task)
    queries = (
        f"SELECT example_id, disagreement FROM human_disagreement WHERE {of_split}",
        # The number of the task, as a constant, keeps the texts of other tasks unread.
        f"""SELECT example_id, (length(text) + coalesce(length(text_pair), 0))::DOUBLE AS characters {carried}
            FROM internal.example WHERE task_no = {task["task_no"]} AND split = {_quoted(place.split)}""",
        f"SELECT * EXCLUDE (task, split) FROM readability WHERE {of_split}",
    )
    return _known(results, queries, ids)


def measures_of_model(results: Results, place: Place, ids: npt.NDArray[np.int32]) -> list[Measure]:
    """What dense models make of the examples: EL2N of training examples, and how many seeds agree on the vote."""
    task, split, model = (_quoted(text) for text in (place.task, place.split, place.model))
    queries = [
        f"""
        SELECT v.example_id, list_max(internal.indices_of(v.votes)) / s.seeds AS dense_agreement
        FROM internal.votes AS v
        JOIN internal.cell AS c USING (cell_no)
        JOIN internal.task AS k USING (task_no)
        JOIN internal.cell_split AS s USING (cell_no, split)
        WHERE v.is_dense AND c.task = {task} AND c.model = {model} AND v.split = {split} AND k.answer = 'label'"""
    ]
    if place.split == TRAIN:
        queries.append(f"SELECT example_id, el2n FROM el2n WHERE task = {task} AND model = {model} AND split = {split}")
    return _known(results, queries, ids)


def _known(results: Results, queries: Iterable[str], ids: npt.NDArray[np.int32]) -> list[Measure]:
    """The columns behind example_id that at least one example has, each once."""
    known: list[Measure] = []
    for query in queries:
        rows = results.connection.sql(query).to_arrow_table()
        at = np.searchsorted(ids, rows["example_id"].to_numpy())
        for name in rows.column_names[1:]:
            values = np.full(len(ids), np.nan, np.float32)
            values[at] = rows[name].to_numpy()
            repeated = any(np.array_equal(one.values, values, equal_nan=True) for one in known)
            if np.isfinite(values).any() and not repeated:
                known.append(Measure(name=name, values=values))
    return known


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _carried(results: Results) -> list[str]:
    """Columns with fractions that tasks carry beside texts and labels, quoted."""
    described = results.connection.execute("DESCRIBE examples").fetchall()
    return [
        '"' + name.replace('"', '""') + '"'
        for name, kind, *_ in described
        if kind in ("FLOAT", "DOUBLE") and name not in ("task", *VIEWED)
    ]
