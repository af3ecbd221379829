"""The seven readability scores of the PIE paper, from counts.

Weights are those of textstat 0.7.13 (and of the scores' authors). Where a text has no words, a score is 0, and Linsear
Write of punctuation alone is -1: what textstat returns.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from analysis.readability.counts import Counts

Values = NDArray[np.float64]


def automated_readability_index(of: Counts) -> Values:
    """4.71 characters/piece + 0.5 words/sentence - 21.43 (Senter and Smith 1967)."""
    length, sentence = _ratio(of.characters, of.pieces), _ratio(of.words, of.sentences)
    return np.where((length == 0) | (sentence == 0), 0.0, (4.71 * length) + (0.5 * sentence) - 21.43)


def coleman_liau_index(of: Counts) -> Values:
    """0.058 letters per 100 words - 0.296 sentences per 100 words - 15.8 (Coleman and Liau 1975)."""
    letters, sentences = _ratio(of.letters, of.words) * 100, _ratio(of.sentences, of.words) * 100
    return np.where((letters == 0) | (sentences == 0), 0.0, (0.058 * letters) - (0.296 * sentences) - 15.8)


def flesch_kincaid_grade(of: Counts) -> Values:
    """0.39 words/sentence + 11.8 syllables/word - 15.59 (Kincaid et al. 1975)."""
    sentence, syllables = _ratio(of.words, of.sentences), _ratio(of.syllables, of.words)
    return np.where((sentence == 0) | (syllables == 0), 0.0, (0.39 * sentence) + (11.8 * syllables) - 15.59)


def linsear_write_formula(of: Counts) -> Values:
    """Of the first 100 words: r = (easy + 3 polysyllables)/sentences; r/2 if r > 20, else r/2 - 1 (O'Hayre 1966)."""
    number = _ratio(of.first_easy_words + 3 * of.first_polysyllables, of.first_sentences)
    return np.where(of.first_sentences == 0, 0.0, np.where(number <= 20, number - 2, number) / 2)


def gunning_fog(of: Counts) -> Values:
    """0.4 (words/sentence + 100 hard polysyllables/word) (Gunning 1969)."""
    share = _ratio(100 * of.hard_polysyllables, of.words)
    return np.where(of.words == 0, 0.0, 0.4 * (_ratio(of.words, of.sentences) + share))


def dale_chall_readability_score(of: Counts) -> Values:
    """0.1579 h + 0.0496 words/sentence, + 3.6365 if h > 5; h: percentage of hard words (Dale and Chall 1948)."""
    hard = _ratio(100 * of.hard_words, of.words)
    score = (0.1579 * hard) + (0.0496 * _ratio(of.words, of.sentences))
    return np.where(of.words == 0, 0.0, np.where(hard > 5, score + 3.6365, score))


def difficult_words(of: Counts) -> NDArray[np.int64]:
    """How many distinct words are hard and have at least two syllables."""
    return of.distinct_difficult_words


SCORES: dict[str, Callable[[Counts], NDArray[np.float64] | NDArray[np.int64]]] = {
    "automated_readability_index": automated_readability_index,
    "coleman_liau_index": coleman_liau_index,
    "flesch_kincaid_grade": flesch_kincaid_grade,
    "linsear_write_formula": linsear_write_formula,
    "gunning_fog": gunning_fog,
    "dale_chall_readability_score": dale_chall_readability_score,
    "difficult_words": difficult_words,
}
"""Scores by the names that textstat gives its functions."""


def _ratio(over: NDArray[np.int64], under: NDArray[np.int64]) -> Values:
    """over/under; 0 where that is nothing over nothing."""
    return np.divide(over, under, out=np.zeros(len(over)), where=under != 0)
