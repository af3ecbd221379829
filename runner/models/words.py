"""Texts to words by torchtext's basic_english rules, a whole column at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tasks.passages import passage_words

SEPARATOR = "[SEP]"
"""Stands between the two texts of a pair; in no vocabulary, so it reads the vector of unknown words."""


@dataclass(frozen=True)
class Words:
    """The words of n texts end to end: `codes` index `vocabulary`; text i owns `counts[i]` of them."""

    vocabulary: pa.Array
    codes: NDArray[np.int32]
    counts: NDArray[np.int64]


def basic_english(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Each text normalised: words lower-cased, parted by white space.

    The rules are those in the documentation of torchtext.data.utils.get_tokenizer("basic_english"): lower-case;
    drop double quotes; set apostrophes and . , ( ) ! ? apart; turn "<br />", semicolons and colons into spaces.
    """
    plain = pc.replace_substring(pc.utf8_lower(texts.cast(pa.large_string())), '"', "")
    plain = pc.replace_substring_regex(plain, r"<br />|[;:]", " ")
    return pc.replace_substring_regex(plain, r"([.,()!?'])", r" \1 ")


def given_words(examples: pa.Table) -> Words:
    """The words of every example as its column `words` has them, in lower case."""
    lists = examples["words"].combine_chunks()
    encoded = pc.utf8_lower(lists.flatten()).dictionary_encode()
    counts = lists.value_lengths().to_numpy(zero_copy_only=False).astype(np.int64)
    return Words(encoded.dictionary, encoded.indices.to_numpy().astype(np.int32), counts)


def question_and_passage(examples: pa.Table) -> Words:
    """The words of a question, SEPARATOR, and the words of the passage that it is about, in lower case."""
    parts = []
    for name in ("text", "text_pair"):
        found = passage_words(examples[name])
        texts = examples[name].combine_chunks().to_pylist()
        owners = np.repeat(np.arange(len(texts)), found.counts).tolist()
        spans = zip(owners, found.begins.tolist(), found.ends.tolist(), strict=True)
        lists = [texts[owner][begin:end].lower() for owner, begin, end in spans]
        offsets = pa.array(np.concatenate([[0], np.cumsum(found.counts)]), pa.int32())
        parts.append(pa.ListArray.from_arrays(offsets, pa.array(lists, pa.string())).to_pylist())
    together = pa.array([[*one, SEPARATOR, *other] for one, other in zip(*parts, strict=True)], pa.list_(pa.string()))
    encoded = together.flatten().dictionary_encode()
    counts = together.value_lengths().to_numpy(zero_copy_only=False).astype(np.int64)
    return Words(encoded.dictionary, encoded.indices.to_numpy().astype(np.int32), counts)


def split_words(examples: pa.Table) -> Words:
    """The words of every example; those of a pair with SEPARATOR between."""
    texts = basic_english(examples["text"])
    if "text_pair" in examples.column_names:
        second = basic_english(examples["text_pair"])
        texts = pc.binary_join_element_wise(texts, second, pa.scalar(f" {SEPARATOR} ", pa.large_string()))
    # Trimmed first: pyarrow 26 reads past the end of the last text when that ends in white space.
    lists = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(texts)).combine_chunks()
    if isinstance(lists, pa.ChunkedArray):
        lists = pa.concat_arrays(lists.chunks) if lists.num_chunks else pa.array([], lists.type)
    words = lists.flatten()
    present = pc.not_equal(words, "")  # an empty text splits off an empty word
    owners = pc.list_parent_indices(lists).filter(present).to_numpy()
    encoded = words.filter(present).dictionary_encode()
    codes = encoded.indices.to_numpy().astype(np.int32)
    return Words(encoded.dictionary, codes, np.bincount(owners, minlength=len(lists)).astype(np.int64))
