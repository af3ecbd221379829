"""The basic_english rules."""

from __future__ import annotations

import re

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from runner.models.words import split_words


def words_of(*texts: str) -> list[list[str]]:
    """The words of each text as plain lists."""
    split = split_words(pa.table({"text": pa.array(texts, pa.string())}))
    flat = iter(split.vocabulary.take(pa.array(split.codes)).to_pylist())
    return [[next(flat) for _ in range(count)] for count in split.counts]


def test_rules() -> None:
    """Lower-case, punctuation apart, double quotes dropped, colons, semicolons and line breaks as spaces."""
    given_text = 'It\'s "GREAT"; (really)!<br />Well: 3.5, no?'
    expected = ["it", "'", "s", "great", "(", "really", ")", "!", "well", "3", ".", "5", ",", "no", "?"]
    assert words_of(given_text) == [expected]


def test_empty_texts_keep_their_place() -> None:
    """A text without words owns none, and its neighbours keep theirs."""
    assert words_of("", "a b", " \t", "c ") == [[], ["a", "b"], [], ["c"]]


def test_a_last_text_that_ends_in_a_mark_is_split_like_any_other() -> None:
    """The white space that sets the mark apart is no part of the word, in any of many memory layouts."""
    assert {tuple(words_of("x" * length, "so?")[1]) for length in range(2000)} == {("so", "?")}


@given(st.lists(st.text(alphabet="aB.,;: \"'!?()<br/>\n", max_size=30), min_size=1, max_size=5))
def test_columns_are_split_like_single_texts(texts: list[str]) -> None:
    """The column form agrees with the rules applied to one text after the other."""

    def plain(text: str) -> list[str]:
        text = re.sub(r"<br />|[;:]", " ", text.lower().replace('"', ""))
        return re.sub(r"([.,()!?'])", r" \1 ", text).split()

    assert words_of(*texts) == [plain(text) for text in texts]


def test_pairs_are_joined_by_the_separator() -> None:
    """The two texts of a pair have the separator between, untouched by lower-casing."""
    split = split_words(pa.table({"text": ["A man"], "text_pair": ["B."]}))
    assert split.vocabulary.take(pa.array(split.codes)).to_pylist() == ["a", "man", "[SEP]", "b", "."]
