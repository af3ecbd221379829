"""The votes of every pruned cell on the examples of one place that at least one cell breaks, as one matrix."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analysis.display_names import method_key
from analysis.page.measures import Place
from analysis.results import Results, Row

NO_GOLD = -1

Numbers = npt.NDArray[np.int64]


class LabelSets:
    """The distinct answers of one task, as lists of class indices, each with a number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def numbers(self, answers: pa.ChunkedArray) -> Numbers:
        """The number of each answer, written by DuckDB as a list of indices; NO_GOLD where there is none."""
        encoded = answers.combine_chunks().dictionary_encode()
        known = [self._numbers.setdefault(text, len(self._numbers)) for text in encoded.dictionary.to_pylist()]
        codes: Numbers = encoded.indices.fill_null(len(known)).to_numpy().astype(np.int64)
        return np.array([*known, NO_GOLD], dtype=np.int64)[codes]

    @property
    def listed(self) -> list[list[int]]:
        """The answers in the order of their numbers."""
        return [json.loads(text) for text in self._numbers]


@dataclass(frozen=True, kw_only=True)
class VoteMatrix:
    """cells: numbers of the pruned cells, in the order of the grid. ids: the broken examples, ascending.

    dense: label set of the dense vote of every example; votes (examples x cells): of the pruned votes. dense_agreeing
    and agreeing: how many seeds are behind each of these votes; of a vote for several classes the fewest behind any of
    them, and 0 of a vote for none. dense_seeds: how many dense seeds vote.
    """

    place: Place
    cells: tuple[int, ...]
    ids: npt.NDArray[np.int32]
    dense: Numbers
    votes: Numbers
    dense_agreeing: Numbers
    agreeing: Numbers
    dense_seeds: int

    def most_broken(self, count: int) -> VoteMatrix:
        """The `count` examples that most cells break; all of them if there are no more."""
        if len(self.ids) <= count:
            return self
        broken = (self.votes != self.dense[:, None]).sum(axis=1)
        kept = np.sort(np.argsort(-broken, kind="stable")[:count])
        by_example = ("ids", "dense", "votes", "dense_agreeing", "agreeing")
        return replace(self, **{name: getattr(self, name)[kept] for name in by_example})


def pruned_cells(results: Results, place: Place) -> list[Row]:
    """The place's pruned cells with committed trials, their seeds and dense cell, in the order of the grid."""
    query = """
        SELECT cell_no, method, sparsity, seeds, dense_cell_no
        FROM internal.cell JOIN internal.cell_split USING (cell_no)
        WHERE NOT is_dense AND dense_cell_no IS NOT NULL AND task = $task AND model = $model AND split = $split"""
    rows = results.connection.sql(query, params=_parameters(place)).to_arrow_table().to_pylist()
    return sorted(rows, key=lambda row: (method_key(row["method"]), row["sparsity"]))


def vote_matrix(results: Results, place: Place, sets: LabelSets) -> VoteMatrix:
    """The matrix of a place. A cell's vote on an example that it does not break is the dense vote."""
    rows = pruned_cells(results, place)
    cells = tuple(row["cell_no"] for row in rows)
    query = f"""
        SELECT cell_no, example_id,
            internal.indices_of(dense_vote)::VARCHAR AS dense, internal.indices_of(pruned_vote)::VARCHAR AS pruned
        FROM internal.pairs
        WHERE is_pie AND split = $split AND cell_no IN ({", ".join(map(str, cells)) or "NULL"})
        ORDER BY example_id, cell_no"""
    pies = results.connection.sql(query, params={"split": place.split}).to_arrow_table()
    ids, first, lines = np.unique(pies["example_id"].to_numpy(), return_index=True, return_inverse=True)
    dense = sets.numbers(pies["dense"])[first]
    column = {cell: at for at, cell in enumerate(cells)}
    columns = np.full(max(cells, default=0) + 1, -1)
    columns[list(column)] = list(column.values())
    votes = np.repeat(dense[:, None], len(cells), axis=1)
    votes[lines, columns[pies["cell_no"].to_numpy()]] = sets.numbers(pies["pruned"])
    dense_cell = rows[0]["dense_cell_no"] if rows else -1
    counts = _counts(results, place, [dense_cell, *cells], ids)
    (seeds,) = results.rows(
        "SELECT coalesce(max(seeds), 0) AS dense FROM internal.cell_split WHERE cell_no = ? AND split = ?",
        *(dense_cell, place.split),
    )
    return VoteMatrix(
        place=place,
        cells=cells,
        ids=ids.astype(np.int32),
        dense=dense,
        votes=votes,
        dense_agreeing=counts[:, 0],
        agreeing=counts[:, 1:],
        dense_seeds=seeds["dense"],
    )


def _counts(results: Results, place: Place, cells: list[int], ids: npt.NDArray[np.int32]) -> Numbers:
    """The seeds behind the vote of each cell on each of these examples: one line an example."""
    query = f"""
        SELECT cell_no, example_id, coalesce(list_min(internal.indices_of(votes)), 0) AS agreeing
        FROM internal.votes WHERE split = $split AND cell_no IN ({", ".join(map(str, cells))})"""
    rows = results.connection.sql(query, params={"split": place.split}).to_arrow_table()
    known = np.isin(rows["example_id"].to_numpy(), ids)
    columns = np.zeros(max(*cells, 0) + 1, np.int64)
    columns[cells] = np.arange(len(cells))
    counts = np.zeros((len(ids), len(cells)), np.int64)
    lines = np.searchsorted(ids, rows["example_id"].to_numpy()[known])
    counts[lines, columns[rows["cell_no"].to_numpy()[known]]] = rows["agreeing"].to_numpy()[known]
    return counts


def _parameters(place: Place) -> dict[str, Any]:
    return {"task": place.task, "split": place.split, "model": place.model}
