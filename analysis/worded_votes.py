"""Write votes as people read them: names of classes, what a span encloses, the words whose tags are in question."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

Vote = list[int]
"""What a vote says: indices of classes, or a code for each place of the answer."""


@dataclass(frozen=True, kw_only=True)
class Voted:
    """An example that was voted on. passage: its second text, as far as it is at hand. words: of a tagging task.

    asked: places of words whose tags are told.
    """

    classes: tuple[str, ...]
    passage: str = ""
    words: tuple[str, ...] = ()
    asked: tuple[int, ...] = ()


def disputed(votes: Collection[Vote]) -> tuple[int, ...]:
    """The places at which not all of these votes say the same."""
    longest = max(map(len, votes), default=0)
    return tuple(at for at in range(longest) if len({tuple(vote[at : at + 1]) for vote in votes}) > 1)


def worded(kind: str, vote: Vote, example: Voted) -> tuple[str, ...]:
    """A vote of a task of this kind in words."""
    return WORDED[kind](vote, example)


def _classes(vote: Vote, example: Voted) -> tuple[str, ...]:
    return tuple(example.classes[index] for index in vote)


def _span(vote: Vote, example: Voted) -> tuple[str, ...]:
    begin, end = vote
    return (example.passage[begin:end] if begin < end <= len(example.passage) else f"characters {begin} to {end}",)


def _tags(vote: Vote, example: Voted) -> tuple[str, ...]:
    return tuple(f"{example.words[at]} {example.classes[vote[at]]}" for at in example.asked if at < len(vote))


WORDED: Mapping[str, Callable[[Vote, Voted], tuple[str, ...]]] = {
    "single-label": _classes,
    "multi-label": _classes,
    "span": _span,
    "tagging": _tags,
}
"""Kind of answer that is voted on -> how its votes are written."""
