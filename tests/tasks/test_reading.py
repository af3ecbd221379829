"""Exact match and F1 of answers, against SQuAD's rules written out."""

from __future__ import annotations

import random
import re
import string
from collections import Counter

import pytest

from tasks.reading import exact, f1, normalised

WORDS = [
    "the",
    "The",
    "cat",
    "a",
    "A",
    "an",
    "sat,",
    "on",
    "mat.",
    "\u00c9t\u00e9",
    "U.S.",
    "the\u2013end",
    "42",
    "'s",
    "  ",
    "\u201cmat\u201d",
]


def plain(text: str) -> str:
    """The four steps, in their order: lower case, punctuation, articles, white space."""
    text = "".join(letter for letter in text.lower() if letter not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def plain_f1(answer: str, reference: str) -> float:
    """Of the words of both, 0 where none is shared."""
    said, true = plain(answer).split(), plain(reference).split()
    same = sum((Counter(said) & Counter(true)).values())
    if same == 0:
        return 0.0
    precision, recall = 1.0 * same / len(said), 1.0 * same / len(true)
    return 2 * precision * recall / (precision + recall)


def test_random_texts_are_judged_by_the_rules() -> None:
    """Any words in any order, up to three references."""
    rng = random.Random(0)
    for _ in range(500):
        answer, *references = (" ".join(rng.choices(WORDS, k=rng.randint(1, 5))) for _ in range(rng.randint(2, 4)))
        assert " ".join(normalised(answer)) == plain(answer)
        assert exact(answer, references) == any(plain(answer) == plain(one) for one in references)
        assert f1(answer, references) == pytest.approx(max(plain_f1(answer, one) for one in references))


def test_answers_that_are_nothing_but_articles() -> None:
    """They are an exact match of each other, and share no word: 0, as SQuAD's script has it."""
    assert exact("The", ["a"])
    assert f1("The", ["a"]) == 0.0
