"""States of words: each at the place of its first piece, and nothing for words that were cut or are not there."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import nn

from runner.models import ModelError, bilstm, decoder, encoder, tokens
from runner.models.base import ModelContext
from runner.models.places import ABSENT, CUT, Pieces, classified, first_places, one_each, words_read
from runner.models.pretrained import fast_tokenizer
from runner.spec import Protocol
from tests.runner.models.conftest import Contexts
from tests.runner.small_sentences import small_decoder

WORDS = [["the", "film", "is", "good", "!"], ["bad!bad"], ["the", "plot", ",", "the", "music", "is", "very", "bad"]]
EXAMPLES = pa.table({"text": [" ".join(words) for words in WORDS], "words": pa.array(WORDS)})
ROWS = np.arange(3)


def reading_words(context: ModelContext, max_tokens: int = 12) -> ModelContext:
    """The same context for a head that reads words."""
    return dataclasses.replace(context, reads="words", kind="tagging", max_tokens=max_tokens)


def test_a_word_is_where_its_first_piece_begins() -> None:
    """Pieces may hold the blank before them, a word may be several pieces or none, and texts end where they are cut."""
    words = words_read(pa.table({"words": pa.array([["ab", "c", "def"], ["x", "y"]])}), "words")
    # [CLS] a b | c | _def [SEP]; then "x", nothing of "y" and [SEP].
    begins = np.array([0, 0, 1, 3, 4, 0, 0, 0])
    ends = np.array([0, 1, 2, 4, 8, 0, 1, 0])
    assert first_places(words, Pieces(begins, ends, np.array([0, 6, 8]))).tolist() == [1, 3, 4, 0, CUT]
    cut = first_places(words, Pieces(begins[:4], ends[:4], np.array([0, 4, 4])))
    assert cut.tolist() == [1, 3, CUT, CUT, CUT]


def test_a_word_that_the_tokenizer_drops_does_not_take_the_piece_of_the_next() -> None:
    """The second of three words has no piece."""
    pieces = Pieces(np.array([0, 4]), np.array([1, 5]), np.array([0, 2]))
    words = words_read(pa.table({"words": pa.array([["a", "b", "c"]])}), "words")
    assert first_places(words, pieces).tolist() == [0, CUT, 1]


def test_where_every_word_is_a_position_the_longest_cuts() -> None:
    """Two texts of three words and one, read as far as two words; and with other positions before their words."""
    assert one_each(np.array([3, 1]), 2).tolist() == [0, 1, CUT, 0]
    assert one_each(np.array([3, 1]), 4, np.array([2, 3])).tolist() == [2, 3, CUT, 3]


def test_a_cut_word_has_zeros_and_a_missing_one_minus_infinity() -> None:
    """Whatever the network says elsewhere, even if that is infinite, is told apart from both."""
    layer = nn.Linear(1, 2, bias=False)
    nn.init.constant_(layer.weight, -1.0)
    logits = classified(layer, torch.tensor([[[torch.inf], [2.0]]]), torch.tensor([[0, 1, CUT, ABSENT]]))
    assert logits[0, 1:].tolist() == [[-2.0, -2.0], [0.0, 0.0], [-torch.inf, -torch.inf]]
    assert logits[0, 0].isfinite().all()


@pytest.mark.parametrize("padding", ["packed", "random"])
def test_a_bilstm_reads_both_directions_at_every_word(context: Contexts, glove: Path, padding: str) -> None:
    """Logits of a word are those of the text alone where padding is not read; words beyond the longest are cut."""
    small = context("bilstm", {"vectors": str(glove), "hidden": 5}, Protocol(padding=padding))
    small = reading_words(small, max_tokens=6)
    torch.manual_seed(0)
    net = bilstm.build(small)
    texts = bilstm.encode(small, EXAMPLES)
    together = net(**texts.inputs(ROWS))
    assert together.shape == (3, 8, 3)
    assert (together[2, 6:] == 0).all()
    assert together[0, 5:].isneginf().all()
    for row, words in enumerate(WORDS):
        alone = net(**texts.inputs(np.array([row])))
        torch.testing.assert_close(together[row, : len(words)], alone[0])
    given = texts.inputs(np.array([0]))
    states = net.lstm(nn.functional.embedding(given["words"], given["vectors"]))[0][0, :5]
    torch.testing.assert_close(together[0, :5], net.classifier(net.second(net.first(states).relu()).relu()))


def test_an_encoder_is_read_at_first_pieces_without_its_pooler(context: Contexts, checkpoint: Path) -> None:
    """Each word's logits are the classifier on the state of its first token; shape counts the same parameters."""
    small = reading_words(context("bert", {"checkpoint": str(checkpoint)}), max_tokens=8)
    net = encoder.build(small).eval()
    texts = encoder.encode(small, EXAMPLES)
    given = texts.inputs(ROWS)
    places = given.pop("places")
    # [CLS] before, [SEP] after; "bad!bad" is three pieces; of eight tokens six are text.
    assert places.tolist() == [
        [1, 2, 3, 4, 5, *[ABSENT] * 3],
        [1, *[ABSENT] * 7],
        [1, 2, 3, 4, 5, 6, CUT, CUT],
    ]
    assert given["input_ids"].shape[1] == 8
    states = net.encoder(**given).last_hidden_state
    torch.testing.assert_close(net(**given, places=places)[0, :5], net.classifier(states[0, 1:6]))
    assert not any("pooler" in name for name, _ in net.named_parameters())
    sizes = [sum(one.numel() for one in made.parameters()) for made in (net, encoder.shape(small))]
    assert sizes[0] == sizes[1]


def test_texts_that_only_words_tell_apart_are_encoded_apart(context: Contexts, checkpoint: Path) -> None:
    """One text as two words and as one: what a node keeps of the one is not taken for the other."""
    small = reading_words(context("bert", {"checkpoint": str(checkpoint)}))
    for words in (["good", "film"], ["good film"]):
        examples = pa.table({"text": ["good film"], "words": pa.array([words])})
        assert encoder.encode(small, examples).inputs(np.array([0]))["places"].shape == (1, len(words))


def test_a_decoder_is_read_at_first_pieces(context: Contexts, tmp_path: Path) -> None:
    """Each word's logits are the classifier on its state, and no word's depend on a later one."""
    folder = small_decoder(tmp_path / "decoder")
    small = reading_words(context("decoder", {"checkpoint": str(folder)}))
    net = decoder.build(small).eval()
    given = decoder.encode(small, EXAMPLES).inputs(ROWS)
    states = net.decoder(input_ids=given["input_ids"]).last_hidden_state
    torch.testing.assert_close(net(**given)[0, :5], net.classifier(states[0, :5]))


PAIRS = pa.table(
    {"text": ["is the film good", "very bad music"], "text_pair": ["the plot, and the  film!", "good. \u00e9 film bad"]}
)
"""Questions and passages: six words and five."""


def reading_passages(context: ModelContext, **choices: object) -> ModelContext:
    """The same context for a head that reads passages."""
    fields = {"reads": "passage", "kind": "span", "inputs": "pair", "max_tokens": 16, "classes": 2, **choices}
    return dataclasses.replace(context, **fields)


@pytest.mark.parametrize("pairs", ["segments", "joined"])
def test_an_encoder_is_read_at_the_words_of_the_passage(context: Contexts, checkpoint: Path, pairs: str) -> None:
    """Each word of the passage at its first token, whether the question is a segment or stands in the same text."""
    switches = Protocol() if pairs == "segments" else Protocol(pairs="joined")
    small = reading_passages(context("bert", {"checkpoint": str(checkpoint)}, switches))
    given = encoder.encode(small, PAIRS).inputs(np.arange(2))
    places, ids = given["places"], given["input_ids"]
    tokenizer = fast_tokenizer(str(checkpoint))[0]
    found = [[tokenizer.convert_ids_to_tokens(int(ids[row, place])) for place in places[row, :6]] for row in range(2)]
    assert found[0] == ["the", "plot", ",", "and", "the", "film"]
    assert found[1] == ["good", ".", "[UNK]", "film", "bad", tokenizer.convert_ids_to_tokens(int(ids[1, -2]))]
    assert places[0].tolist() == [6, 7, 8, 9, 10, 11, 12]
    assert places[1].tolist() == [5, 6, 7, 8, 9, ABSENT, ABSENT]
    assert encoder.build(small)(**given).shape == (2, 7, 2)


def test_a_decoder_and_a_bilstm_are_read_at_the_words_of_the_passage(
    context: Contexts, tmp_path: Path, glove: Path
) -> None:
    """The question stands before it; words beyond the longest are cut."""
    folder = small_decoder(tmp_path / "decoder")
    small = reading_passages(context("decoder", {"checkpoint": str(folder)}))
    assert decoder.encode(small, PAIRS).inputs(np.arange(2))["places"][0, 0] > 3
    words = reading_passages(context("bilstm", {"vectors": str(glove), "hidden": 5}), max_tokens=8)
    given = bilstm.encode(words, PAIRS).inputs(np.arange(2))
    assert given["places"].tolist() == [[5, 6, 7, *[CUT] * 4], [4, 5, 6, 7, CUT, ABSENT, ABSENT]]
    assert bilstm.build(words)(**given).shape == (2, 7, 2)


def test_a_tokenizer_that_loses_offsets_is_refused(
    context: Contexts, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that says of no piece which characters it stands for: nothing is read at the wrong place in silence."""
    monkeypatch.setattr(
        tokens, "_characters", lambda given, segment: np.zeros((sum(map(len, given["input_ids"])), 2), int)
    )
    small = reading_passages(context("bert", {"checkpoint": str(checkpoint)}))
    with pytest.raises(ModelError, match=r"does not say which characters .* 12 of 12 words are in none; choose a"):
        encoder.encode(small, PAIRS)
