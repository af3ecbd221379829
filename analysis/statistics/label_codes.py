"""What every seed of a cell answers for every example, as numbers of classes or of sets of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.relations.database import Database
from tasks.kinds.base import Kind

WORD = 62  # classes in one integer, the sign bit and one more left alone


def label_codes(
    connection: Database, kind: Kind, classes: int, split: str, ids: NDArray[np.int32], trials: list[int]
) -> tuple[NDArray[np.int32], NDArray[np.bool_] | None]:
    """codes[trial, place of the example among the ids], -1 for no answer, and the label sets that they number."""
    are_sets = pa.types.is_list(kind.answer_type)
    reader = connection.sql(
        f"""SELECT t.trial_no, r.example_id, r.{kind.answer} AS answer FROM internal.{kind.answer}_rows AS r
        JOIN internal.trial AS t USING (trial_id) WHERE r.split = ? AND list_contains(?, t.trial_no)""",
        params=[split, trials],
    ).to_arrow_reader(1_000_000)
    place = np.full(max(trials) + 1, -1, np.int32)
    place[trials] = np.arange(len(trials))
    words = -(-classes // WORD) if are_sets else 1
    found = np.full((words, len(trials), len(ids)), -1, np.int64 if are_sets else np.int32)
    for batch in reader:
        at = place[batch["trial_no"].to_numpy()], _places(ids, batch["example_id"].to_numpy())
        for word in range(words):
            column = batch["answer"]
            found[(word, *at)] = _word(column, word * WORD) if are_sets else column.to_numpy()
    return _numbered(found, classes) if are_sets else (found[0], None)


def _places(ids: NDArray[np.int32], wanted: NDArray[np.int32]) -> NDArray[np.int32] | NDArray[np.int64]:
    """Where ids stand among the sorted ids: they may have gaps of any size, but mostly have none."""
    return wanted if len(ids) and ids[0] == 0 and ids[-1] == len(ids) - 1 else np.searchsorted(ids, wanted)


def _word(labels: pa.ListArray, first: int) -> NDArray[np.int64]:
    """Label sets as integers: bit i stands for class first + i, of WORD classes."""
    values, offsets = labels.flatten().to_numpy(), labels.offsets.to_numpy()
    inside = (values >= first) & (values < first + WORD)
    bits = np.where(inside, np.int64(1) << np.where(inside, values - first, 0).astype(np.int64), 0)
    # Sums wrap around; differences of two of them are right again.
    total = np.concatenate([np.zeros(1, np.int64), np.cumsum(bits, dtype=np.int64)])
    return total[offsets[1:] - offsets[0]] - total[offsets[:-1] - offsets[0]]  # type: ignore[no-any-return]


def _numbered(words: NDArray[np.int64], classes: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Words of bits as the number of the distinct set that they are, and the sets; -1 stays -1."""
    code = np.zeros(words[0].size, np.int64)
    for word in words:
        encoded = pa.array(word.ravel()).dictionary_encode()
        code = code * len(encoded.dictionary) + encoded.indices.to_numpy()
        code = pa.array(code).dictionary_encode().indices.to_numpy().astype(np.int64)
    # A dictionary numbers values as they come, so that the last write, read backwards, is the first appearance.
    place = np.empty(code.max(initial=-1) + 1, np.int64)
    place[code[::-1]] = np.arange(len(code))[::-1]
    bits = words.reshape(len(words), -1)[:, place]
    answered = bits[0] >= 0
    index = np.arange(classes)
    sets = (bits[index // WORD] >> (index % WORD)[:, None]).T & 1 == 1
    number = np.where(answered, np.cumsum(answered) - 1, -1).astype(np.int32)
    return number[code].reshape(words.shape[1:]), sets[answered]
