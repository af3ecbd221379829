"""Tags of words: their scheme, the entities that they mark, and how two taggings of the same words agree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

OUTSIDE = "O"
MARKED = re.compile(r"[BI]-(.+)", re.DOTALL)
"""A tag that marks an entity: B- begins one of its type, I- continues it."""

ABSENT = -1
"""The code of a word that is not there, in arrays of texts of different lengths."""


def marks_entities(classes: tuple[str, ...]) -> bool:
    """True if tags are O, B-type and I-type; else each is of a word by itself, such as a part of speech."""
    return any(map(MARKED.fullmatch, classes)) and all(one == OUTSIDE or MARKED.fullmatch(one) for one in classes)


@dataclass(frozen=True)
class Agreement:
    """Of every text, int [n]: entities that both taggings mark alike, those of the one, and those of the other."""

    hits: NDArray[np.int64]
    gold: NDArray[np.int64]
    said: NDArray[np.int64]


def agreement(gold: NDArray[Any], said: NDArray[Any], classes: tuple[str, ...]) -> Agreement:
    """How far two taggings [n, words] agree, as conlleval and seqeval's default mode count it.

    An entity is as many words as B-type or I-type begins and I-type of the same type continues; it is hit if its words
    and its type are the same. Of tags that mark no entities every word is one.
    """
    one, other = _marks(gold, classes), _marks(said, classes)
    same = (one.begins & other.begins) & (one.types == other.types) & (one.ends == other.ends)
    return Agreement(same.sum(1), one.begins.sum(1), other.begins.sum(1))


@dataclass(frozen=True)
class _Marks:
    """At every word: whether an entity begins there, its type, and where the entity that begins there ends."""

    begins: NDArray[np.bool_]
    types: NDArray[np.int64]
    ends: NDArray[np.int64]


def _marks(codes: NDArray[Any], classes: tuple[str, ...]) -> _Marks:
    inside, opening, types = _meaning(classes)
    # What is not there has the last place of each table: outside.
    is_in, opens, kind = inside[codes], opening[codes], types[codes]
    before = np.pad(kind, ((0, 0), (1, 0)), constant_values=-1)[:, :-1]
    begins = is_in & (opens | (before != kind))
    following = np.pad(begins | ~is_in, ((0, 0), (0, 1)), constant_values=True)[:, 1:]
    ends = np.full(codes.shape, -1, np.int64)
    ends[begins] = (is_in & following).nonzero()[1]
    return _Marks(begins, kind, ends)


def _meaning(classes: tuple[str, ...]) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:
    """Of every class and, last, of what is not there: whether it is in an entity, whether it opens one, its type."""
    if not marks_entities(classes):
        inside = np.array([True] * len(classes) + [False])
        return inside, inside, np.array([*range(len(classes)), -1])
    names = [match[1] if (match := MARKED.fullmatch(one)) else "" for one in (*classes, OUTSIDE)]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    types = np.array([numbers[name] if name else -1 for name in names])
    return types >= 0, np.array([one.startswith("B-") for one in (*classes, OUTSIDE)]), types
