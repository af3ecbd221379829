"""Words of a text by their places among a network's positions, for heads that read a state of every word."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from runner.models.mapped import Ragged, mapped, save
from tasks.kinds.base import Reads
from tasks.passages import PassageWords, passage_words

CUT, ABSENT = -1, -2
"""Instead of a place: the network does not read as far as the word; the text has no such word."""


def classified(classifier: nn.Module, states: Tensor, places: Tensor) -> Tensor:
    """Logits [n, words, units] of the states [n, positions, width] at these places [n, words].

    All units of a word that was cut are 0: nothing is known of it. All of a word that is not there are -inf, as no
    other's are.
    """
    rows = torch.arange(len(places), device=places.device)[:, None]
    logits: Tensor = classifier(states[rows, places.clamp(min=0)])
    logits = logits.clamp(min=torch.finfo(logits.dtype).min)
    return logits.masked_fill((places == CUT)[..., None], 0.0).masked_fill((places == ABSENT)[..., None], -torch.inf)


@dataclass(frozen=True)
class Pieces:
    """The pieces of text that n texts are read as, end to end: text i owns those from offsets[i] to offsets[i + 1].

    begins, ends: in characters of the text; both 0 for a position that stands for no piece of it.
    """

    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    offsets: NDArray[np.int64]


def words_read(examples: pa.Table, reads: Reads) -> PassageWords:
    """The words of the examples of which a head reads a state each."""
    if reads == "passage":
        return passage_words(examples["text_pair"])
    words = examples["words"].combine_chunks()
    counts = words.value_lengths().to_numpy(zero_copy_only=False).astype(np.int64)
    lengths = pc.utf8_length(words.flatten()).to_numpy(zero_copy_only=False).astype(np.int64)
    # The text of an example is its words joined by blanks.
    after = np.concatenate([[0], np.cumsum(lengths + 1)])
    begins = after[:-1] - np.repeat(after[np.cumsum(counts) - counts], counts)
    return PassageWords(begins=begins, ends=begins + lengths, counts=counts)


def first_places(words: PassageWords, pieces: Pieces) -> NDArray[np.int32]:
    """The position of the first piece of every word, of all texts end to end; CUT for a word that has none."""
    owners = np.repeat(np.arange(len(words.counts)), words.counts)
    # One search for all texts: each has a stretch of its own, longer than any text.
    stretch = 1 + max(int(words.ends.max(initial=0)), int(pieces.ends.max(initial=0)))
    texts = np.repeat(np.arange(len(words.counts)), np.diff(pieces.offsets))
    reached = np.maximum.accumulate(texts * stretch + pieces.ends)
    found = np.searchsorted(reached, owners * stretch + words.begins, side="right")
    is_there = found < pieces.offsets[owners + 1]
    # A word of which the tokenizer leaves nothing would otherwise take the next word's piece.
    is_there[is_there] = pieces.begins[found[is_there]] < words.ends[is_there]
    return np.where(is_there, found - pieces.offsets[owners], CUT).astype(np.int32)


def one_each(counts: NDArray[np.int64], longest: int, before: NDArray[np.int64] | None = None) -> NDArray[np.int32]:
    """The places of words where every word is a position, for texts of so many words, cut to the longest.

    before: how many positions each text has before its words.
    """
    firsts = np.cumsum(counts) - counts - (0 if before is None else before)
    place = np.arange(counts.sum()) - np.repeat(firsts, counts)
    return np.where(place < longest, place, CUT).astype(np.int32)


def save_places(folder: Path, places: NDArray[np.int32], counts: NDArray[np.int64]) -> None:
    """Keep in `folder` the places of words, of which each text has so many."""
    save(folder, places=places, place_offsets=np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]))


def places_of(folder: Path) -> Ragged:
    """The places that `folder` keeps, by example."""
    return Ragged(mapped(folder, "places"), mapped(folder, "place_offsets"))
