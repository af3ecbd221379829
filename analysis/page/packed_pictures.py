"""The pictures of the examples that a page lists, for its script: each once, the most broken where not all fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.page.packing import Packing, unsigned
from analysis.page.vote_matrix import VoteMatrix
from analysis.pictures import fitted, pictures, shape_of, size_of
from analysis.results import Results

ROOM = 12 << 20
"""Bytes of all pictures of a page together, before they are compressed."""
SIDE = 84
"""Pixels of the longer side of a picture at most."""
Split = tuple[str, str]
"""Task and split."""


@dataclass(frozen=True, kw_only=True)
class PackedPictures:
    """groups: what is added to the group of every matrix, nothing where its examples are no pictures.

    It is `pictures`, a list of their size in words, height, width, channels and the number of an array with the bytes
    of one after another; and `picture`, the number of an array: which of them is that of each example, the highest
    number for none. left_out: pictures for which there is no room. made_smaller: whether SIDE was less than theirs.
    """

    groups: tuple[dict[str, Any], ...]
    left_out: int = 0
    made_smaller: bool = False


def packed_pictures(results: Results, packing: Packing, matrices: Sequence[VoteMatrix]) -> PackedPictures:
    """Pack the pictures of the examples of these matrices, those first that most cells break."""
    tasks = dict.fromkeys(matrix.place.task for matrix in matrices)
    shapes = {task: shape for task in tasks if (shape := shape_of(results.connection, task)) is not None}
    listed: dict[Split, list[VoteMatrix]] = {}
    for matrix in matrices:
        if matrix.place.task in shapes:
            listed.setdefault((matrix.place.task, matrix.place.split), []).append(matrix)
    if not listed:
        return PackedPictures(groups=({},) * len(matrices))
    small = {task: (*fitted(height, width, SIDE), channels) for task, (height, width, channels) in shapes.items()}
    sizes = {task: int(np.prod(shape)) for task, shape in small.items()}
    kept, left_out = _kept({key: _broken(own) for key, own in listed.items()}, sizes)
    stacks = {key: packing.add(_stacked(results, key, ids)) for key, ids in kept.items()}

    def group(matrix: VoteMatrix) -> dict[str, Any]:
        task, split = matrix.place.task, matrix.place.split
        if task not in shapes:
            return {}
        ids = kept[task, split]
        at = np.where(np.isin(matrix.ids, ids), np.searchsorted(ids, matrix.ids), -1)
        told = [size_of(*shapes[task][:2]), *small[task], stacks[task, split]]
        return {"pictures": told, "picture": packing.add(unsigned(at))}

    return PackedPictures(
        groups=tuple(group(matrix) for matrix in matrices), left_out=left_out, made_smaller=small != shapes
    )


def _broken(matrices: Sequence[VoteMatrix]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The examples of a split, ascending, and how many cells of one model break each at most."""
    ids, at = np.unique(np.concatenate([matrix.ids for matrix in matrices]), return_inverse=True)
    cells = np.zeros(len(ids), np.int64)
    np.maximum.at(cells, at, np.concatenate([(one.votes != one.dense[:, None]).sum(axis=1) for one in matrices]))
    return ids.astype(np.int64), cells


def _kept(
    broken: dict[Split, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]], sizes: dict[str, int]
) -> tuple[dict[Split, npt.NDArray[np.int64]], int]:
    """The examples of every split whose pictures ROOM holds, ascending, and how many pictures it does not hold."""
    cells = np.concatenate([cells for _, cells in broken.values()])
    bytes_of = np.concatenate([np.full(len(ids), sizes[task]) for (task, _), (ids, _) in broken.items()])
    order = np.argsort(-cells, kind="stable")
    fits = np.zeros(len(cells), np.bool_)
    fits[order] = np.cumsum(bytes_of[order]) <= ROOM
    ends = np.cumsum([len(ids) for ids, _ in broken.values()])[:-1]
    parts = np.split(fits, ends)
    kept = {key: ids[part] for (key, (ids, _)), part in zip(broken.items(), parts, strict=True)}
    return kept, int((~fits).sum())


def _stacked(results: Results, key: Split, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """The bytes of these pictures, one after another."""
    found = pictures(results.connection, *key, ids.tolist())
    return np.frombuffer(b"".join(found[one].within(SIDE).content for one in ids.tolist()), np.uint8)
