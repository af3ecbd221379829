"""What every seed of a cell answers for every place of an example, such as its words, and how good that is."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.relations.database import Database


def place_codes(
    connection: Database, answer: str, split: str, ids: NDArray[np.int32], trials: list[int]
) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    """codes[trial, place of the example among the ids], -1 for no answer, and places[code, place] for which they stand.

    answer: the column of the kind. Equal answers have one code, whatever example they are of. Beyond an answer's places
    there is -1, as there is in the last row of places, which so is that of no answer.
    """
    rows = connection.sql(
        f"""SELECT t.trial_no, r.example_id, (dense_rank() OVER (ORDER BY r.{answer}) - 1)::INTEGER AS code,
            r.{answer} AS said
        FROM internal.{answer}_rows AS r
        JOIN internal.trial AS t USING (trial_id) WHERE r.split = ? AND list_contains(?, t.trial_no)""",
        params=[split, trials],
    ).to_arrow_table()
    place = np.full(max(trials) + 1, -1, np.int32)
    place[trials] = np.arange(len(trials))
    code = rows["code"].to_numpy()
    codes = np.full((len(trials), len(ids)), -1, np.int32)
    codes[place[rows["trial_no"].to_numpy()], np.searchsorted(ids, rows["example_id"].to_numpy())] = code
    _, first = np.unique(code, return_index=True)
    distinct = rows["said"].take(pa.array(first)).combine_chunks()
    counts = distinct.value_lengths().to_numpy(zero_copy_only=False)
    places = np.full((len(first) + 1, int(counts.max(initial=0))), -1, np.int16)
    places[:-1][np.arange(places.shape[1]) < counts[:, None]] = distinct.flatten().to_numpy(zero_copy_only=False)
    return codes, places


def answer_parts(connection: Database, split: str, ids: NDArray[np.int32], trials: list[int]) -> NDArray[np.float32]:
    """[part or whole, trial, place of the example among the ids]: the headline of any of a trial's answers is the sum
    of their parts over that of their wholes. Both are 0 where there is no answer, or no gold one.
    """
    rows = connection.sql(
        """SELECT trial_no, example_id, part, whole FROM internal.answer_parts
        WHERE split = ? AND list_contains(?, trial_no)""",
        params=[split, trials],
    ).to_arrow_table()
    place = np.full(max(trials) + 1, -1, np.int32)
    place[trials] = np.arange(len(trials))
    at = place[rows["trial_no"].to_numpy()], np.searchsorted(ids, rows["example_id"].to_numpy())
    found = np.zeros((2, len(trials), len(ids)), np.float32)
    for number, name in enumerate(("part", "whole")):
        found[(number, *at)] = rows[name].to_numpy()
    return found


def ranked(said: NDArray[np.int16]) -> NDArray[np.int16]:
    """Codes [seed, question] renumbered within each question, in their order; -1, no answer, stays."""
    ranks = np.empty(said.shape, np.int16)
    ordered = np.sort(said, axis=0)
    fresh = np.vstack([ordered[:1] >= 0, (ordered[1:] != ordered[:-1]) & (ordered[1:] >= 0)])
    number_of = np.cumsum(fresh, axis=0, dtype=np.int16) - np.int16(1)
    np.put_along_axis(ranks, np.argsort(said, axis=0, kind="stable"), number_of, axis=0)
    ranks[said < 0] = -1
    return ranks
