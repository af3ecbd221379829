"""What every seed of a cell answers for every place of an example, such as its words, as arrays."""

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
