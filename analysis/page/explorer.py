"""The examples that pruning breaks, for the page's script: every vote of every cell, packed into arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analysis.display_names import method_name, percent, split_key
from analysis.page.measures import BINS, Measure, Place, measures_of_model, measures_of_split
from analysis.page.packed_pictures import PackedPictures, packed_pictures
from analysis.page.packing import Packing, unsigned
from analysis.page.trials import committed_trials
from analysis.page.vote_matrix import LabelSets, VoteMatrix, pruned_cells, vote_matrix
from analysis.results import Results, Row
from runner.printable import printable_throughout

LISTED = 100_000  # examples times models of a page; the first split of every task is listed whatever it has
TEXT_LENGTH = 20_000


@dataclass(frozen=True, kw_only=True)
class Explorer:
    """packed: what the script reads. listed: examples in it. left_out: task, split and examples of splits that are not.

    cut: of how many listed splits and models only the most broken examples are there. pictures: what is packed of
    them.
    """

    packed: str
    listed: int
    left_out: tuple[Row, ...]
    cut: int
    pictures: PackedPictures


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Every example of a task and split: ids ascending; rows of gold (as DuckDB writes a list), text and text_pair."""

    ids: npt.NDArray[np.int32]
    rows: pa.Table
    measures: tuple[Measure, ...]

    def of(self, matrix: VoteMatrix) -> tuple[pa.Table, BrokenPlaces]:
        """The rows of the broken examples, in the order of the matrix, and where they stand among all."""
        at = np.searchsorted(self.ids, matrix.ids)
        return self.rows.take(at), BrokenPlaces(examples=self, at=at)


@dataclass(frozen=True, kw_only=True)
class BrokenPlaces:
    """The broken ones among the examples of a split: their places."""

    examples: Examples
    at: npt.NDArray[np.int64]


def explorer(results: Results) -> Explorer:
    """Every PIE of the splits that fit, with its text, gold label, votes and measures.

    The head has `bins` (how many a measure has); `kinds`, `classes` and `sets` (lists of class indices, or of codes;
    of a gold answer with several a list of these) by task; `texts`;
    `groups`, one a task, split and model, whose ids, text, pair, gold, dense, votes (examples x cells, row by row),
    dense_agreeing and agreeing (the seeds behind these votes) and measures (values, bins) are numbers of arrays, with
    what `PackedPictures` adds; and `trials`, of `committed_trials`. In an array of unsigned numbers the highest stands
    for none.
    """
    chosen, left_out = _places(results)
    packing = Packing()
    sets = {place.task: LabelSets() for place in chosen}
    matrices = [vote_matrix(results, place, sets[place.task]) for place in chosen]
    kept = [matrix.most_broken(LISTED) for matrix in matrices if len(matrix.ids)]
    splits = {(matrix.place.task, matrix.place.split): matrix.place for matrix in kept}
    examples = {key: _examples(results, place) for key, place in splits.items()}
    broken = [examples[matrix.place.task, matrix.place.split].of(matrix) for matrix in kept]
    texts, numbers = _texts([rows for rows, _ in broken])
    groups = [
        _group(results, packing, matrix, known)
        | _answers(packing, matrix, [*number, sets[matrix.place.task].numbers(rows["gold"])])
        for matrix, number, (rows, known) in zip(kept, numbers, broken, strict=True)
    ]
    pictures = packed_pictures(results, packing, kept)
    tasks = results.rows("SELECT task, kind, classes FROM internal.task ORDER BY task_no")
    head = {
        "bins": BINS,
        "kinds": {row["task"]: row["kind"] for row in tasks},
        "classes": {row["task"]: row["classes"] for row in tasks},
        "sets": {task: known.listed for task, known in sets.items()},
        "texts": texts,
        "groups": [group | added for group, added in zip(groups, pictures.groups, strict=True)],
        "trials": committed_trials(results),
    }
    return Explorer(
        packed=packing.packed(printable_throughout(head)),
        listed=sum(len(matrix.ids) for matrix in kept),
        left_out=tuple(left_out),
        cut=sum(len(matrix.ids) > LISTED for matrix in matrices),
        pictures=pictures,
    )


def _places(results: Results) -> tuple[list[Place], list[Row]]:
    """The places to list, test splits first, then what LISTED leaves room for; and the splits that are left out."""
    rows = results.rows("""
        SELECT c.task, s.split, list_sort(list(DISTINCT c.model)) AS models, any_value(e.examples) AS examples
        FROM internal.cell_split AS s
        JOIN internal.cell AS c USING (cell_no)
        JOIN (SELECT task_no, split, count(*) AS examples FROM internal.example GROUP BY ALL) AS e
            USING (task_no, split)
        WHERE NOT c.is_dense GROUP BY c.task, s.split""")
    room, seen, chosen, left_out = LISTED, set(), [], []
    for row in sorted(rows, key=lambda row: (split_key(row["split"]), row["task"])):
        size = row["examples"] * len(row["models"])
        if row["task"] in seen and size > room:
            left_out.append({name: row[name] for name in ("task", "split", "examples")})
            continue
        seen.add(row["task"])
        room -= size
        chosen += [Place(task=row["task"], split=row["split"], model=model) for model in row["models"]]
    return chosen, left_out


def _examples(results: Results, place: Place) -> Examples:
    """All examples of a task and split, in the order of their ids."""
    (task,) = results.rows("SELECT task_no FROM internal.task WHERE task = ?", place.task)
    # The number of the task, as a constant, keeps the texts of other tasks unread.
    query = f"""
        SELECT example_id, gold, {_cut("text")} AS text, {_cut("text_pair")} AS text_pair
        FROM internal.example
        LEFT JOIN (
            SELECT example_id, if(len(votes) = 1, internal.indices_of(votes[1])::VARCHAR, votes::VARCHAR) AS gold
            FROM internal.gold_votes WHERE task_no = {task["task_no"]} AND split = $split
        ) USING (example_id)
        WHERE task_no = {task["task_no"]} AND split = $split
        ORDER BY example_id"""
    rows = results.connection.sql(query, params={"split": place.split}).to_arrow_table()
    ids = rows["example_id"].to_numpy()
    return Examples(ids=ids, rows=rows, measures=tuple(measures_of_split(results, place, ids)))


def _cut(column: str) -> str:
    return f"if(length({column}) > {TEXT_LENGTH}, left({column}, {TEXT_LENGTH}) || ' …', {column})"


def _texts(examples: Sequence[pa.Table]) -> tuple[list[str], list[list[npt.NDArray[Any]]]]:
    """Every text once, and for every table the numbers of its texts and of its second texts."""
    columns = [table[name].combine_chunks() for table in examples for name in ("text", "text_pair")]
    if not columns:
        return [], []
    encoded = pa.concat_arrays([column.cast(pa.large_string()) for column in columns]).dictionary_encode()
    numbers = encoded.indices.fill_null(-1).to_numpy().astype(np.int64)
    ends = np.cumsum([len(column) for column in columns])[:-1]
    parts = np.split(numbers, ends)
    return encoded.dictionary.to_pylist(), [parts[at : at + 2] for at in range(0, len(parts), 2)]


def _group(results: Results, packing: Packing, matrix: VoteMatrix, known: BrokenPlaces) -> dict[str, Any]:
    """What is of one task, split and model: its cells, and the measures of its broken examples."""
    place, examples = matrix.place, known.examples
    found = [*measures_of_model(results, place, examples.ids), *examples.measures]
    return {
        "task": place.task,
        "split": place.split,
        "model": place.model,
        "examples": len(examples.ids),
        "seeds": matrix.dense_seeds,
        "cells": [
            [row["method"], method_name(row["method"]), row["sparsity"], percent(row["sparsity"]), row["seeds"]]
            for row in pruned_cells(results, place)
        ],
        "measures": [
            [one.name, one.title, packing.add(one.values[known.at]), packing.add(one.bins[known.at])] for one in found
        ],
    }


def _answers(packing: Packing, matrix: VoteMatrix, numbers: Sequence[npt.NDArray[np.int64]]) -> dict[str, int]:
    text, pair, gold = (packing.add(unsigned(values)) for values in numbers)
    return {
        "ids": packing.add(matrix.ids),
        "text": text,
        "pair": pair,
        "gold": gold,
        "dense": packing.add(unsigned(matrix.dense)),
        "votes": packing.add(unsigned(matrix.votes)),
        "dense_agreeing": packing.add(unsigned(matrix.dense_agreeing)),
        "agreeing": packing.add(unsigned(matrix.agreeing)),
    }
