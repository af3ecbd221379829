"""Score models on some of the examples: effectiveness and recall, with what each example adds to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.answers import Answers, Codes
from analysis.statistics.class_finds import Counts
from analysis.statistics.votes_of_splits import members_of

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """value[seed], and influence[seed, example]: by how much an example that counted a little more would move it.

    Influences have mean 0 over the examples, and their variance over the number of examples is the variance that the
    draw of examples gives the value (van der Vaart 1998, Asymptotic statistics, chapter 20).
    """

    value: Floats
    influence: Floats

    def less(self, other: Scores) -> Floats:
        """[seed, example]: differences whose means over examples are those of the values, as `changed` takes them."""
        return np.asarray((self.value - other.value)[:, None] + self.influence - other.influence)


def effectiveness(cell: Answers, gold: Codes, sets: Flags | None) -> Scores:
    """Accuracy, or macro-F1 over all classes of a multi-label task, one that nobody says or has counting as 0."""
    if sets is None:
        right = (cell.codes == gold).astype(np.float64)
        value = right.mean(axis=1)
        return Scores(value=value, influence=right - value[:, None])
    seeds, examples = cell.codes.shape
    total, influence = np.zeros(seeds), np.zeros((seeds, examples))
    for members in members_of(sets):
        says, truth = members[cell.codes].astype(np.float64), members[gold].astype(np.float64)
        f1 = ratio(2 * says * truth, says + truth)
        influence += f1.influence
        total += f1.value
    classes = sets.shape[1]
    return Scores(value=total / classes, influence=influence / classes)


def ratio(part: NDArray[Any], whole: NDArray[Any]) -> Scores:
    """The sum of parts over that of wholes, [seed, example] or [example]; 0 where no seed is asked for anything."""
    seeds, examples = part.shape
    asked = np.broadcast_to(whole, part.shape).sum(axis=1, dtype=np.float64)[:, None]
    value = np.divide(part.sum(axis=1, dtype=np.float64)[:, None], asked, out=np.zeros((seeds, 1)), where=asked > 0)
    moved = part - value * whole
    influence = np.divide(examples * moved, asked, out=np.zeros((seeds, examples)), where=asked > 0)
    return Scores(value=value[:, 0], influence=influence)


def recall(finds: Iterable[tuple[Counts, Counts]]) -> Scores | None:
    """Mean over the classes that the examples have of the share of a class's occurrences that are found.

    finds: of each class how often it is found, [seed, example], and how often it occurs, [example]; None if none does.
    """
    shares = [ratio(found, gold) for found, gold in finds if gold.any()]
    if not shares:
        return None
    return Scores(
        value=np.mean([share.value for share in shares], axis=0),
        influence=np.mean([share.influence for share in shares], axis=0),
    )


def contrast(own: Floats, rest: Floats, chosen: Flags) -> Floats:
    """[seed, example]: the differences of some examples less those of all others, as `changed` takes them.

    own[seed, chosen example] and rest[seed, other example] are differences as of `Scores.less`.
    """
    examples = len(chosen)
    found = np.zeros((len(own), examples))
    found[:, chosen] = examples / own.shape[1] * (own - own.mean(axis=1, keepdims=True))
    found[:, ~chosen] = -examples / rest.shape[1] * (rest - rest.mean(axis=1, keepdims=True))
    return np.asarray(found + (own.mean(axis=1) - rest.mean(axis=1))[:, None])
