"""Passages too long to be read at once: windows that overlap, and one answer an example from all of them.

As Devlin et al. 2019 have it in their script for SQuAD: a window begins every `stride` tokens; an answer begins in the
window in which its first word has most context; the best answer of any window is that of the example.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from runner.models import ModelError
from runner.models.base import Encoded
from runner.models.mapped import Ragged, mapped, save
from runner.models.places import CUT, Pieces, first_places, save_places
from tasks.kinds.span import best_spans
from tasks.passages import PassageWords, answered_words, passage_words

HOPELESS = -1e9
"""The score of a word in which no answer of the best window begins, or ends."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How many positions each of n texts has before its passage, of it, and after it."""

    heads: NDArray[np.int64]
    passages: NDArray[np.int64]
    tails: NDArray[np.int64]

    @property
    def firsts(self) -> NDArray[np.int64]:
        """The number of every text's first position, of all texts end to end."""
        counts = self.heads + self.passages + self.tails
        found: NDArray[np.int64] = np.cumsum(counts) - counts
        return found


@dataclass(frozen=True, kw_only=True)
class Windows:
    """Windows of passages: of which text, from which of its positions on, and how many of them."""

    owners: NDArray[np.int64]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]


def windows_of(layout: Layout, longest: int, stride: int) -> Windows:
    """Windows every `stride` positions of a passage until its end, with what stands around it `longest` at most.

    ModelError for a question that leaves less room than that: words between two windows would be read by neither.
    """
    room = longest - layout.heads - layout.tails
    is_long = layout.passages > room
    if (lost := is_long & (room < stride)).any():
        row = int(lost.argmax())
        raise ModelError(
            f"a question leaves room for {max(0, int(room[row]))} of the {layout.passages[row]} tokens of its passage, "
            f"and windows begin every {stride}: some would be read by none; set a larger max_tokens or a smaller stride"
        )
    counts = 1 + np.where(is_long, -((room - layout.passages) // stride), 0)
    owners = np.repeat(np.arange(len(counts)), counts)
    starts = stride * (np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts))
    return Windows(owners=owners, starts=starts, lengths=np.minimum(room[owners], layout.passages[owners] - starts))


def positions_of(layout: Layout, windows: Windows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The positions that every window reads, end to end, and the offsets of the windows among them."""
    firsts, heads, own = layout.firsts[windows.owners], layout.heads[windows.owners], windows.owners
    begins = np.stack([firsts, firsts + heads + windows.starts, firsts + heads + layout.passages[own]], axis=1)
    counts = np.stack([heads, windows.lengths, layout.tails[own]], axis=1)
    flat = counts.ravel()
    before = np.repeat(np.cumsum(flat) - flat, flat)
    read = np.repeat(begins.ravel(), flat) + np.arange(flat.sum()) - before
    return read, np.concatenate([[0], np.cumsum(counts.sum(1))])


def save_windows(
    folder: Path, words: PassageWords, pieces: Pieces, layout: Layout, windows: Windows
) -> NDArray[np.bool_]:
    """Keep in `folder` the places of every window's words, and which have most context in it.

    words, pieces: of the examples. Returns which words no window reads, of all examples end to end.
    """
    read, offsets = positions_of(layout, windows)
    owners = windows.owners
    counts = words.counts[owners]
    before = np.cumsum(counts) - counts
    word = np.repeat(words.firsts[owners], counts) + np.arange(counts.sum()) - np.repeat(before, counts)
    seen = PassageWords(begins=words.begins[word], ends=words.ends[word], counts=counts)
    places = first_places(seen, Pieces(pieces.begins[read], pieces.ends[read], offsets))
    left = places - np.repeat(layout.heads[owners], counts)
    length = np.repeat(windows.lengths, counts)
    context = np.where(places == CUT, -1.0, np.minimum(left, length - 1 - left) + 0.01 * length)
    best = np.full(len(words.begins), -1.0)
    np.maximum.at(best, word, context)
    candidates = np.flatnonzero((context == best[word]) & (places != CUT))[::-1]
    first = np.full(len(best), -1)
    first[word[candidates]] = candidates  # of equal windows the first, which is put there last
    most = np.zeros(len(word), dtype=np.bool_)
    most[first[first >= 0]] = True
    save_places(folder, places, counts)
    save(folder, most=most, owners=owners)
    return best < 0


@dataclass(frozen=True, kw_only=True)
class EncodedWindows:
    """Passages in windows. A row is an example, of which training reads one window.

    windows: all of them, a row each. owners: the example of each. places, most: of every word of its passage, where it
    is in the window, and whether it has most context there. chosen: the window of each example that holds its first
    answer, the one in which this begins with most context: the others teach nothing. Where none holds it whole, the
    one in which it begins with most context.
    """

    windows: Encoded
    owners: NDArray[np.int64]
    places: Ragged
    most: Ragged
    chosen: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        found: NDArray[np.int64] = self.windows.lengths[self.chosen]
        return found

    def inputs(self, rows: NDArray[np.int64], draw: int | None = None) -> dict[str, Tensor]:
        """Of the windows that training reads."""
        return self.windows.inputs(self.chosen[rows], draw)

    def joined(self, logits: Tensor) -> Tensor:
        """Of the logits of all windows [windows, words, 2] those of the examples, [n, words, 4].

        The first two are those of the window in which a word has most context. The last two are those of the window
        with the best answer, HOPELESS where no answer of it may begin or end: they decide.
        """
        rows, width = np.arange(len(self.owners)), logits.shape[1]
        most = torch.from_numpy(self.most.padded(rows, width, fill=0) > 0)
        is_read = torch.from_numpy(self.places.padded(rows, width, fill=CUT) >= 0)
        window, word = torch.nonzero(most, as_tuple=True)
        place = torch.from_numpy(self.owners)[window], word
        result = logits.new_zeros(len(self.chosen), width, 4)
        result[..., :2].index_put_(place, logits[window, word])
        scores = logits.masked_fill(~torch.stack([most, is_read], dim=2), HOPELESS)
        winner = first_of_best(self.owners, best_spans(scores.numpy())[2])
        result[..., 2:].index_put_(place, scores[torch.from_numpy(winner)][place])
        is_absent = np.arange(width) >= self.places.lengths[winner, None]
        return result.masked_fill(torch.from_numpy(is_absent)[..., None], -torch.inf)


def in_windows(folder: Path, windows: Encoded, examples: pa.Table) -> EncodedWindows:
    """The windows that `folder` keeps of the examples; windows: their inputs."""
    offsets, owners = mapped(folder, "place_offsets"), np.array(mapped(folder, "owners"))
    places, most = Ragged(mapped(folder, "places"), offsets), Ragged(mapped(folder, "most"), offsets)
    ends = answered_words(examples["gold_spans"], passage_words(examples["text_pair"]))
    first, last = (offsets[:-1] + ends[owners, side] for side in (0, 1))
    is_whole = (places.values[first] != CUT) & (places.values[last] != CUT)
    return EncodedWindows(
        windows=windows,
        owners=owners,
        places=places,
        most=most,
        chosen=first_of_best(owners, 2.0 * is_whole + most.values[first]),
    )


def first_of_best(owners: NDArray[np.int64], values: NDArray[Any]) -> NDArray[np.int64]:
    """Of the windows of every example that with the highest value, of equal ones the first."""
    order = np.lexsort((np.arange(len(owners)), -values, owners))
    _, at = np.unique(owners[order], return_index=True)
    found: NDArray[np.int64] = order[at]
    return found
