"""The two-layer bidirectional LSTM over frozen word vectors (Tropeano et al. 2025, appendix A.1)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from runner.models import vectors
from runner.models.base import Encoded, ModelContext
from runner.models.mapped import Ragged, filled, fingerprint, mapped, save
from runner.models.places import ABSENT, Pieces, classified, one_each, places_of, save_places, words_read
from runner.models.windows import Layout, in_windows, positions_of, save_windows, windows_of
from runner.models.words import SEPARATOR, given_words, question_and_passage, split_words
from runner.spec import derived_seed

ENCODING_VERSION = 1
WORDS_OF = {"text": split_words, "words": given_words, "passage": question_and_passage}
"""What a head reads of a network -> the words that the network reads of an example."""


class BiLSTM(nn.Module):
    """Bidirectional LSTM layers, then Linear 256, ReLU, Linear 128, ReLU and the classifier; no dropout.

    The text is read as [forward state at the last position, backward state at the first]. Given `lengths`, the
    last position is the last word's and nothing beyond a text is read, as if the sequences were packed.
    """

    def __init__(self, dimensions: int, hidden: int, layers: int, classes: int) -> None:
        super().__init__()
        self.input_dimensions = dimensions
        self.lstm = nn.LSTM(dimensions, hidden, num_layers=layers, batch_first=True, bidirectional=True)
        self.first = nn.Linear(2 * hidden, 256)
        self.second = nn.Linear(256, 128)
        self.classifier = nn.Linear(128, classes)

    def forward(
        self, words: Tensor, vectors: Tensor, lengths: Tensor | None = None, places: Tensor | None = None
    ) -> Tensor:
        """Logits [n, classes] of int `words` [n, positions], rows of `vectors` [words, dimensions].

        Given the places of words [n, words], logits [n, words, classes] of both directions' states there.
        """
        embedded = nn.functional.embedding(words, vectors)
        if places is not None:
            states = self.lstm(embedded)[0] if lengths is None else self._each(embedded, lengths)
            return classified(self.classifier, self.second(self.first(states).relu()).relu(), places)
        state = self._whole(embedded) if lengths is None else self._cut(embedded, lengths)
        state = self.second(self.first(state).relu()).relu()
        return self.classifier(state)  # type: ignore[no-any-return]

    def _whole(self, embedded: Tensor) -> Tensor:
        """The state [n, 2 * hidden] after reading every position."""
        hidden = self.lstm.hidden_size
        output, _ = self.lstm(embedded)
        return torch.cat([output[:, -1, :hidden], output[:, 0, hidden:]], dim=1)

    def _cut(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        """The state [n, 2 * hidden] after reading the first `lengths` positions of each text."""
        forward, backward, _ = self._directions(embedded, lengths)
        last = torch.arange(len(lengths), device=embedded.device), lengths - 1
        return torch.cat([forward[last], backward[last]], dim=1)

    def _each(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        """The states [n, positions, 2 * hidden] at each of the first `lengths` positions of each text."""
        forward, backward, order = self._directions(embedded, lengths)
        return torch.cat([forward, _reordered(backward, order)], dim=2)

    def _directions(self, embedded: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The last layer's outputs [n, positions, hidden] onward, and turned round, and the order that turns them.

        The backward direction is a forward LSTM over texts turned round within their length: each direction then
        meets padding only after its last word. Twice as fast on a CPU as a packed sequence, four times in bf16,
        and the same function. Both orientations are carried along, so that a layer turns each half once.
        """
        count, positions, _ = embedded.shape
        column = torch.arange(positions, device=embedded.device)
        mirrored = torch.where(column < lengths[:, None], lengths[:, None] - 1 - column, column)
        start = positions * torch.arange(count, device=embedded.device)[:, None]
        order = (start + mirrored).flatten()
        onward, turned = embedded, _reordered(embedded, order)
        for layer in range(self.lstm.num_layers):
            forward = self._direction(onward, f"l{layer}")
            backward = self._direction(turned, f"l{layer}_reverse")
            if layer + 1 < self.lstm.num_layers:
                onward = torch.cat([forward, _reordered(backward, order)], dim=2)
                turned = torch.cat([_reordered(forward, order), backward], dim=2)
        return forward, backward, order

    def _direction(self, sequence: Tensor, suffix: str) -> Tensor:
        """The outputs [n, positions, hidden] of one layer in one direction, started from zero states."""
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weights = [getattr(self.lstm, f"{name}_{suffix}") for name in names]
        zeros = sequence.new_zeros(1, sequence.shape[0], self.lstm.hidden_size)
        output, _, _ = torch.lstm(sequence, (zeros, zeros), weights, True, 1, 0.0, self.training, False, True)
        return output


def _reordered(sequence: Tensor, order: Tensor) -> Tensor:
    return sequence.flatten(0, 1).index_select(0, order).view_as(sequence)


@dataclass(frozen=True, kw_only=True)
class EncodedWords:
    """Texts as rows of a small table of vectors, whose last two rows are the unknown word and the padding.

    `width` is what every batch is padded to, or None where it is cut to its longest text and padding is not read.
    `places`: of the words, where the head reads them.
    """

    words: Ragged
    table: Tensor
    width: int | None
    places: Ragged | None = None

    @property
    def lengths(self) -> NDArray[np.int64]:
        return self.words.lengths if self.width is None else np.full(len(self.words.lengths), self.width)

    def inputs(self, rows: NDArray[np.int64], draw: int | None = None) -> dict[str, Tensor]:
        """The arguments of BiLSTM.forward for these rows; `lengths` only where some text is shorter than the batch."""
        del draw
        lengths = self.words.lengths[rows]
        width = int(lengths.max()) if self.width is None else self.width
        words = self.words.padded(rows, width, fill=len(self.table) - 1)
        given = {"words": torch.from_numpy(words), "vectors": self.table}
        if self.width is None and int(lengths.min()) < width:
            given["lengths"] = torch.from_numpy(lengths)
        if self.places is not None:
            most = max(1, int(self.places.lengths[rows].max()))
            given["places"] = torch.from_numpy(self.places.padded(rows, most, fill=ABSENT))
        return given


def build(context: ModelContext) -> nn.Module:
    """The network with initial weights from torch's default generator."""
    options = context.options
    dimensions = vectors.dimensions(options["vectors"])
    return BiLSTM(dimensions, options["hidden"], options["layers"], context.classes)


def shape(context: ModelContext) -> nn.Module:
    """The network without weights."""
    with torch.device("meta"):
        return build(context)


def encode(context: ModelContext, examples: pa.Table) -> Encoded:
    """The words of each example, cut to max_tokens, as rows of the vectors these examples use.

    An unknown word reads the average vector; a text without words reads one unknown word.
    """
    source = context.options["vectors"]
    pair = "text_pair" in examples.column_names
    choices = (ENCODING_VERSION, vectors.identity(source), context.max_tokens, pair)
    strides = (context.stride,) if context.in_windows else ()
    name = fingerprint(examples, *choices, *strides, reads=context.reads)
    folder = filled(context.cache / "words" / name, lambda fresh: _fill(fresh, context, examples))
    mean, deviation = mapped(folder, "mean"), mapped(folder, "deviation")
    table = np.concatenate([mapped(folder, "vectors"), mean[None], padding(context, mean, deviation)[None]])
    width = None if context.switches.padding == "packed" else context.max_tokens
    words = Ragged(mapped(folder, "words"), mapped(folder, "offsets"))
    places = None if context.reads == "text" else places_of(folder)
    encoded = EncodedWords(words=words, table=torch.from_numpy(table), width=width, places=places)
    return in_windows(folder, encoded, examples) if context.in_windows else encoded


def padding(context: ModelContext, mean: NDArray[np.float32], deviation: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vector [dimensions] read beyond a text.

    random: drawn once a seed with the vectors' mean and deviation (Tropeano et al. 2025, appendix A.2). release:
    zeros, or for multi-label tasks the average, since the authors' code pads these with a word that has no vector.
    packed: zeros, never read.
    """
    if context.switches.padding == "random":
        generator = torch.Generator().manual_seed(derived_seed(context.seed, "padding"))
        noise: NDArray[np.float32] = torch.randn(len(mean), generator=generator).numpy()
        return np.asarray(mean + deviation * noise, dtype=np.float32)
    if context.switches.padding == "release" and context.kind == "multi-label":
        return mean
    return np.zeros_like(mean)


def _fill(folder: Path, context: ModelContext, examples: pa.Table) -> None:
    """Write words, offsets, the vectors in use, and mean and deviation of all vectors."""
    split = WORDS_OF[context.reads](examples)
    source = vectors.load(context.options["vectors"], context.cache)
    rows = source.find(split.vocabulary)
    if context.reads != "words":
        rows[np.asarray(split.vocabulary) == SEPARATOR] = -1
    known = rows >= 0
    unknown = int(known.sum())
    table_rows = np.where(known, np.cumsum(known) - 1, unknown)
    codes = table_rows[split.codes]
    words, offsets = _cut_texts(codes, split.counts, context.max_tokens, unknown)
    if context.in_windows:
        read, offsets = _parted(folder, context, examples, split.counts)
        words = codes[read].astype(np.int32)
    mean, deviation = source.moments()
    save(folder, words=words, offsets=offsets, vectors=source.matrix[rows[known]], mean=mean, deviation=deviation)
    if context.reads != "text" and not context.in_windows:
        counts = words_read(examples, context.reads).counts
        save_places(folder, one_each(counts, context.max_tokens, split.counts - counts), counts)


def _parted(
    folder: Path, context: ModelContext, examples: pa.Table, counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The words that the windows of all passages read, and their offsets; where they stand is kept."""
    words = words_read(examples, context.reads)
    layout = Layout(heads=counts - words.counts, passages=words.counts, tails=np.zeros_like(counts))
    windows = windows_of(layout, context.max_tokens, context.stride)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    owners = np.repeat(np.arange(len(counts)), words.counts)
    at = layout.firsts[owners] + layout.heads[owners] + np.arange(len(owners)) - words.firsts[owners]
    begins, ends = np.zeros((2, int(counts.sum())), np.int64)
    begins[at], ends[at] = words.begins, words.ends
    save_windows(folder, words, Pieces(begins, ends, offsets), layout, windows)
    return positions_of(layout, windows)


def _cut_texts(
    words: NDArray[np.int64], counts: NDArray[np.int64], longest: int, unknown: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Words and offsets of texts that own `counts` words each: at most `longest`, at least one (then `unknown`)."""
    position = np.arange(len(words)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = np.minimum(counts, longest)
    empty = (np.cumsum(kept) - kept)[kept == 0]
    flat = np.insert(words[position < longest], empty, unknown).astype(np.int32)
    return flat, np.concatenate([[0], np.cumsum(np.maximum(kept, 1))])
