"""Long passages in windows: every word is read, training sees the answer, and one answer comes of all windows."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from runner.heads.span import SpanHead
from runner.models import ModelError, bilstm, decoder, encoder
from runner.models.base import ModelContext
from runner.models.mapped import Ragged
from runner.models.places import CUT
from runner.models.windows import EncodedWindows, Layout, positions_of, windows_of
from runner.spec import Protocol
from tasks.kinds import KINDS
from tests.runner.models.conftest import WORDS, Contexts
from tests.runner.small_sentences import small_decoder

GOLD = pa.list_(pa.list_(pa.int16()))
LONG = " ".join(WORDS[(7 * number + number // 5) % len(WORDS)] for number in range(40))
SHORT = "the plot is bad"


def words_at(text: str, first: int, last: int) -> list[int]:
    """From the beginning of one word to the end of another."""
    words = text.split()
    return [len(" ".join(words[:first])) + (first > 0), len(" ".join(words[: last + 1]))]


EXAMPLES = pa.table(
    {
        "text": ["is the film good", "very bad", "the music"],
        "text_pair": [LONG, SHORT, LONG],
        "gold_spans": pa.array([[words_at(LONG, 30, 31)], [words_at(SHORT, 3, 3)], [words_at(LONG, 2, 2)]], GOLD),
    }
)


def reading(context: ModelContext, **choices: object) -> ModelContext:
    """The same context for a head that reads passages in windows."""
    fields = {"reads": "passage", "kind": "span", "inputs": "pair", "max_tokens": 20, "classes": 2, "stride": 5}
    return dataclasses.replace(context, **{**fields, **choices})


def test_windows_begin_every_stride_until_the_passage_ends() -> None:
    """Of 10 positions in 5 every 2: from 0, 2, 4 and, to the end, 5 left; a short passage is one window."""
    layout = Layout(heads=np.array([2, 1]), passages=np.array([10, 3]), tails=np.array([1, 1]))
    windows = windows_of(layout, 8, 2)
    assert windows.owners.tolist() == [0, 0, 0, 0, 1]
    assert windows.starts.tolist() == [0, 2, 4, 6, 0]
    assert windows.lengths.tolist() == [5, 5, 5, 4, 3]
    read, offsets = positions_of(layout, windows)
    assert offsets.tolist() == [0, 8, 16, 24, 31, 36]
    assert read[8:16].tolist() == [0, 1, 4, 5, 6, 7, 8, 12]
    assert read[-5:].tolist() == [13, 14, 15, 16, 17]
    exact = windows_of(Layout(heads=layout.heads[:1], passages=np.array([9]), tails=layout.tails[:1]), 8, 2)
    assert exact.starts.tolist() == [0, 2, 4]


@pytest.mark.parametrize("way", ["segments", "joined", "decoder", "bilstm"])
def test_every_word_is_read_where_it_has_most_context(
    context: Contexts, checkpoint: Path, glove: Path, tmp_path: Path, way: str
) -> None:
    """Each word is read, and has most context in one window; training sees the answer."""
    if way == "bilstm":
        module, small = bilstm, context("bilstm", {"vectors": str(glove), "hidden": 5}, Protocol(padding="packed"))
    elif way == "decoder":
        module, small = decoder, context("decoder", {"checkpoint": str(small_decoder(tmp_path / "decoder"))})
    else:
        switches = Protocol(pairs="joined") if way == "joined" else Protocol()
        module, small = encoder, context("bert", {"checkpoint": str(checkpoint)}, switches)
    encoded = module.encode(reading(small, max_tokens=16), EXAMPLES)
    assert isinstance(encoded, EncodedWindows)
    for example, passage in enumerate(EXAMPLES["text_pair"].to_pylist()):
        count = len(passage.split())
        own = np.flatnonzero(encoded.owners == example)
        assert len(own) > 3 if count == 40 else len(own) == 1
        places = encoded.places.padded(own, count, fill=CUT)
        most = encoded.most.padded(own, count, fill=0)
        assert (most.sum(0) == 1).all()
        assert (places[most == 1] >= 0).all()
        lengths = encoded.windows.lengths[own]
        assert lengths.max() <= 16
        tail = 1 if way in ("segments", "joined") else 0
        for word in range(count):
            read = places[:, word] >= 0
            heads = lengths - tail - (places >= 0).sum(1)
            left = places[read, word] - heads[read]
            right = (lengths - tail - 1)[read] - places[read, word]
            assert most[read, word].argmax() == np.argmax(np.minimum(left, right) + 0.01 * (left + right + 1))
    ends = SpanHead().targets(EXAMPLES)[:, :2].numpy()
    given = encoded.inputs(np.arange(3))["places"].numpy()
    assert (np.take_along_axis(given, ends, 1) >= 0).all()
    assert encoded.lengths.tolist() == encoded.windows.lengths[encoded.chosen].tolist()


def windowed(encoded: object) -> EncodedWindows:
    """What a passage of several windows is encoded to."""
    assert isinstance(encoded, EncodedWindows)
    return encoded


def test_windows_of_an_encoder_are_what_the_tokenizer_makes_of_their_slices(
    context: Contexts, checkpoint: Path
) -> None:
    """The third window of a passage is that of a text which has these words alone."""
    small = reading(context("bert", {"checkpoint": str(checkpoint)}))
    encoded = windowed(encoder.encode(small, EXAMPLES)).windows
    words = LONG.split()
    room = 20 - 4 - 3
    alone = pa.table({"text": EXAMPLES["text"][:1], "text_pair": [" ".join(words[10 : 10 + room])]})
    plain = encoder.encode(dataclasses.replace(small, stride=0), alone)
    for name in ("input_ids", "token_type_ids", "attention_mask"):
        assert encoded.inputs(np.array([2]))[name].tolist() == plain.inputs(np.array([0]))[name].tolist()


def official(encoded: EncodedWindows, logits: torch.Tensor, example: int) -> tuple[float, int, int]:
    """The loop of the script for SQuAD: score, first and last word of the best answer of any window."""
    found: list[tuple[float, int, int]] = []
    for window in np.flatnonzero(encoded.owners == example):
        count = int(encoded.places.lengths[window])
        places = encoded.places.padded(np.array([window]), count, fill=CUT)[0]
        most = encoded.most.padded(np.array([window]), count, fill=0)[0]
        found.extend(
            (float(logits[window, first, 0]) + float(logits[window, last, 1]), first, last)
            for first in range(count)
            for last in range(first, min(count, first + 30))
            if places[first] >= 0 and places[last] >= 0 and most[first]
        )
    return max(found)


@pytest.mark.parametrize("seed", range(5))
def test_the_joined_answer_is_the_official_one(context: Contexts, checkpoint: Path, seed: int) -> None:
    """Of random logits, the answer of each example is that of a plain loop over windows and spans."""
    encoded = windowed(encoder.encode(reading(context("bert", {"checkpoint": str(checkpoint)})), EXAMPLES))
    generator = torch.Generator().manual_seed(seed)
    width = int(encoded.places.lengths.max())
    logits = torch.randn(len(encoded.owners), width, 2, generator=generator) * 3
    rows = np.arange(len(encoded.owners))
    is_read = torch.from_numpy(encoded.places.padded(rows, width, fill=CUT) >= 0)
    is_there = torch.from_numpy(np.arange(width) < encoded.places.lengths[:, None])
    logits = logits.masked_fill(~is_read[..., None], 0.0).masked_fill(~is_there[..., None], -torch.inf)
    joined = encoded.joined(logits)
    assert joined.shape == (3, width, 4)
    head, kind = SpanHead(), KINDS["span"].about(EXAMPLES)
    spans = kind.decide(head.scores(joined), 0.5)
    for example, passage in enumerate(EXAMPLES["text_pair"].to_pylist()):
        _, first, last = official(encoded, logits, example)
        assert spans[example].tolist() == words_at(passage, first, last)
    assert torch.isfinite(head.loss_rows(joined, head.targets(EXAMPLES))).all()
    assert joined[1, 4:].isneginf().all()


def test_a_word_that_no_window_reads_stays_unread(context: Contexts) -> None:
    """It has zeros everywhere, as a word that was cut has, and of equal windows the first answers."""
    encoded = EncodedWindows(
        windows=None,
        owners=np.array([0, 0]),
        places=Ragged(np.array([1, CUT, 2, CUT, CUT, 1]), np.array([0, 3, 6])),
        most=Ragged(np.array([True, False, True, False, False, False]), np.array([0, 3, 6])),
        chosen=np.array([0]),
    )
    logits = torch.tensor([[[1.0, 2.0], [0.0, 0.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0], [5.0, 6.0]]])
    joined = encoded.joined(logits)
    assert joined[0, 1].tolist() == [0.0] * 4
    assert joined[0, [0, 2]].tolist() == [[1.0, 2.0, 1.0, 2.0], [3.0, 4.0, 3.0, 4.0]]


def test_a_question_without_room_for_windows_is_refused(context: Contexts, checkpoint: Path, glove: Path) -> None:
    """Between two windows words would be read by neither: said with the numbers."""
    small = reading(context("bert", {"checkpoint": str(checkpoint)}), max_tokens=11)
    with pytest.raises(ModelError, match=r"room for 4 of the 40 tokens of its passage, and windows begin every 5"):
        encoder.encode(small, EXAMPLES)
    words = reading(context("bilstm", {"vectors": str(glove), "hidden": 5}), max_tokens=9)
    with pytest.raises(ModelError, match=r"room for 4 of the 40"):
        bilstm.encode(words, EXAMPLES)


def test_an_answer_longer_than_any_window_is_learned_where_it_begins(context: Contexts, checkpoint: Path) -> None:
    """Training reads the window in which the answer's first word has most context."""
    gold = pa.array([[words_at(LONG, 12, 39)]], GOLD)
    long = pa.table({"text": ["the film"], "text_pair": [LONG], "gold_spans": gold})
    encoded = windowed(encoder.encode(reading(context("bert", {"checkpoint": str(checkpoint)})), long))
    places = encoded.inputs(np.array([0]))["places"][0]
    assert places[12] >= 0
    assert places[39] == CUT
    assert encoded.most.padded(encoded.chosen, 40, fill=0)[0, 12] == 1
