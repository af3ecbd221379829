"""Count what readability formulas ask of a text: letters, words, sentences and syllables, by textstat's rules.

textstat looks at every word of a text a dozen times and remembers 128 of them. Here its public functions are asked once
for each distinct word; how a text falls into words and sentences is written again, and tested to be the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from analysis.readability.dictionary import Textstat

Numbers = NDArray[np.int64]

QUOTE = re.compile(r"'(?![tsd]|ve|ll|re)")
"""An apostrophe that begins no contraction ending, and so is punctuation."""
PUNCTUATION = re.compile(r"[^\w\s']")
MARK = re.compile(r"[^\w\s]")
LETTER = re.compile(r"\w")
SENTENCE = re.compile(r"\b[^.!?]+[.!?]*")
FEWEST_WORDS = 3
"""Of a sentence: a shorter piece between full stops counts as none, unless it is all there is."""
LINSEAR_WORDS = 100
"""Linsear Write looks at the first hundred words of a text."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Counts of n texts, int64 [n] each. Polysyllables have at least three syllables.

    Hard words are those that the Dale-Chall list of easy words lacks. The last three are of the first hundred words.
    """

    characters: Numbers
    letters: Numbers
    pieces: Numbers  # between white space, whether words or punctuation
    words: Numbers
    sentences: Numbers
    syllables: Numbers
    hard_words: Numbers
    hard_polysyllables: Numbers
    distinct_difficult_words: Numbers  # hard, of at least two syllables
    first_easy_words: Numbers
    first_polysyllables: Numbers
    first_sentences: Numbers


class Vocabulary(dict[str, int]):
    """Number of every word met so far; what textstat says of word i is in `syllables[i]` and `hardness[i]`.

    hardness: 0 for an easy word; for a hard one 3 if it has at least three syllables, 2 if two, else 1.
    """

    def __init__(self, textstat: Textstat) -> None:
        super().__init__()
        self._textstat = textstat
        self.syllables: list[int] = []
        self.hardness: list[int] = []

    def __missing__(self, word: str) -> int:
        is_difficult = self._textstat.is_difficult_word
        self.syllables.append(self._textstat.syllable_count(word))
        levels = ((3, 3), (2, 2), (1, 0)) if is_difficult(word, 0) else ()
        self.hardness.append(next((level for level, least in levels if is_difficult(word, least)), 0))
        self[word] = len(self)
        return self[word]


def count(texts: Iterable[str], vocabulary: Vocabulary) -> Counts:
    """Everything the formulas need of these texts; the vocabulary grows by the words that are new to it."""
    numbers: list[int] = []
    plain: list[tuple[int, int, int, int, int, int]] = []
    for text in texts:
        pieces = text.split()
        bare = without_punctuation(text)
        words = bare.split()
        numbers.extend(map(vocabulary.__getitem__, words))
        found = sentences(text)
        first = found if len(pieces) <= LINSEAR_WORDS else _first_sentences(pieces)
        letters = len("".join(words)) - bare.count("'")
        plain.append((len("".join(pieces)), letters, len(pieces), len(words), found, first if pieces else 0))
    columns = np.array(plain, np.int64).reshape(-1, 6).T
    return Counts(
        characters=columns[0],
        letters=columns[1],
        pieces=columns[2],
        words=columns[3],
        sentences=columns[4],
        first_sentences=columns[5],
        **_of_words(np.array(numbers, np.int64), columns[3], vocabulary),
    )


def without_punctuation(text: str) -> str:
    """A text without punctuation, but for apostrophes in English contractions."""
    return PUNCTUATION.sub("", QUOTE.sub("", text) if "'" in text else text)


def sentences(text: str) -> int:
    """Sentences of a text: pieces that end in full stops, exclamation or question marks, of at least three words."""
    if not text:
        return 0
    found = SENTENCE.findall(text)
    return max(1, sum(_is_sentence(piece) for piece in found))


def _is_sentence(piece: str) -> bool:
    return len(piece.split()) >= FEWEST_WORDS and len(MARK.sub("", piece).split()) >= FEWEST_WORDS


def _first_sentences(pieces: list[str]) -> int:
    """Sentences up to the hundredth word."""
    places = (at for at, piece in enumerate(pieces, 1) if LETTER.search(piece))
    last = next(islice(places, LINSEAR_WORDS - 1, None), len(pieces))
    return sentences(" ".join(pieces[:last]))


def _of_words(numbers: Numbers, words: Numbers, vocabulary: Vocabulary) -> dict[str, Numbers]:
    """Sums over the words of each text; `numbers` are the words of all texts end to end, `words` how many each has."""
    size = len(words)
    owner = np.repeat(np.arange(size), words)
    place = np.arange(len(numbers)) - np.repeat(np.cumsum(words) - words, words)
    syllables = np.array(vocabulary.syllables, np.int64)[numbers]
    hardness = np.array(vocabulary.hardness, np.int64)[numbers]

    def totals(chosen: NDArray[np.bool_]) -> Numbers:
        return np.bincount(owner[chosen], minlength=size)

    first = place < LINSEAR_WORDS
    difficult = hardness >= 2
    pairs = np.unique(owner[difficult] * max(1, len(vocabulary)) + numbers[difficult])
    return {
        "syllables": np.bincount(owner, syllables, minlength=size).astype(np.int64),
        "hard_words": totals(hardness >= 1),
        "hard_polysyllables": totals(hardness == 3),
        "distinct_difficult_words": np.bincount(pairs // max(1, len(vocabulary)), minlength=size),
        "first_easy_words": totals(first & (syllables > 0) & (syllables < 3)),
        "first_polysyllables": totals(first & (syllables >= 3)),
    }
