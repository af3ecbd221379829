"""Our scores against textstat's own functions: equal bit for bit."""

from __future__ import annotations

import gzip
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.readability.counts import Vocabulary, count, sentences
from analysis.readability.formulas import SCORES
from tests.tasks.conftest import shared

NASTY = {
    "empty": "",
    "white space": " \n\t\u2003",
    "one word": "Readability",
    "punctuation": "... !? -- '",
    "a lone apostrophe": "' 's ''t '",
    "numbers": "3 4.5 1,000 12:30 №7",
    "contractions": "It's O'Neil's 'quoted' rock'n'roll; don't, can't, we'll, they've, 'TIS.",
    "no syllables": "Hmm. Shh! Pst, nth mr.",
    "other scripts": "Straße ΑΣΟΣ İstanbul 日本語です。 नमस्ते cafe\u0301",
    "emoji": "🎉 party 🎉🎉 time! 👩‍👩‍👧",
    "separators": "a\x1cb\x85c\u2028d e\u00a0f",
    "markup": "<script>alert('x')</script> &amp; <br /> fine_words __init__",
    "null": "nul \x00 byte.",
    "one letter often": "x" * 5_000,
    "5,000 words": "A considerably longer sentence is written here, isn't it? " * 556,
    "5,000 full stops": ". " * 5_000,
    "a hundred words": "word " * 100,
    "a hundred and one words": "It isn't " * 50 + "over. Now.",
    "a hundred words among marks": "- it's, ... " * 101 + "end of. it all now.",
    "short sentences": "Go. He ran. Stop it now! Who is there? No.",
}
WORDS = [
    "the",
    "It's",
    "'s",
    "unbelievable",
    "reading",
    "O'Brien",
    "xyzzy",
    "3.5",
    "No.",
    "well-known",
    "—",
    "hmm",
    "ΑΣ",
]
MARKS = [" ", "  ", ". ", "! ", "?", "\n", ", ", "'", "...", " ' ", "-"]
MIXED = st.lists(st.sampled_from(WORDS + MARKS), max_size=260).map("".join)
LETTERS = st.text(alphabet="aeB's.,!? tdvlr\n-_3éΣİ'\u0307\u2028", max_size=60)


def ours(text, textstat):
    """All scores of one text."""
    counts = count([text], Vocabulary(textstat))
    return {name: score(counts).tolist() for name, score in SCORES.items()}


def theirs(text, textstat):
    """The same by the functions of that name."""
    return {name: [getattr(textstat, name)(text)] for name in SCORES}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_nasty_texts(text, textstat):
    """Texts that people do not expect have the scores that textstat gives them, and never an error."""
    assert ours(text, textstat) == theirs(text, textstat)


@settings(max_examples=300)
@given(text=st.one_of(st.text(max_size=80), LETTERS, MIXED))
def test_any_text(text, textstat):
    """Whatever the text, every score is textstat's."""
    assert ours(text, textstat) == theirs(text, textstat)


def test_many_texts_at_once(textstat):
    """The counts of a batch are those of its texts alone, in their order."""
    texts = [*NASTY.values(), "The same words again, again and again."]
    counts = count(texts, Vocabulary(textstat))
    for name, score in SCORES.items():
        assert score(counts).tolist() == [getattr(textstat, name)(text) for text in texts]


def test_no_texts(textstat):
    """A batch may be empty."""
    counts = count([], Vocabulary(textstat))
    assert [len(score(counts)) for score in SCORES.values()] == [0] * 7


def test_sentences_are_counted_by_hand():
    """Pieces of fewer than three words are no sentences, unless nothing else is there."""
    found = {"": 0, "Go.": 1, "Go. No.": 1, "One two three. Go! Is it so?": 2, "a b. c d": 1}
    assert {text: sentences(text) for text in found} == found


def test_published_example_by_hand(textstat):
    """'The cat sat on the mat.' has 6 easy words of one syllable, 17 letters and one full stop."""
    found = ours("The cat sat on the mat.", textstat)
    assert found["automated_readability_index"] == [pytest.approx(4.71 * 18 / 6 + 0.5 * 6 - 21.43)]
    assert found["coleman_liau_index"] == [pytest.approx(0.058 * 1700 / 6 - 0.296 * 100 / 6 - 15.8)]
    assert found["flesch_kincaid_grade"] == [pytest.approx(0.39 * 6 + 11.8 - 15.59)]
    assert found["linsear_write_formula"] == [2.0]
    assert found["gunning_fog"] == [pytest.approx(0.4 * (6 + 100 * 0 / 6))]
    assert found["difficult_words"] == [0]


def test_real_texts(textstat):
    """300 real pairs of SNLI's test split have textstat's scores."""
    halves = []
    for part in ("s1", "s2"):
        with gzip.open(shared("snli", f"{part}.test.gz"), "rt", encoding="utf-8") as lines:
            halves.append([line.strip() for line in itertools.islice(lines, 300)])
    texts = [" ".join(pair) for pair in zip(*halves, strict=True)]
    counts = count(texts, Vocabulary(textstat))
    for name, score in SCORES.items():
        assert score(counts).tolist() == [getattr(textstat, name)(text) for text in texts]
