"""The contract of a model module: what it offers, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from torch import Tensor, nn

from runner.spec import Protocol as Switches
from tasks.images import Images
from tasks.kinds.base import Reads


@dataclass(frozen=True, kw_only=True)
class ModelContext:
    """Everything a model module may look at when it builds a network or encodes a task's rows.

    options: the architecture's defaults with the study's changes. classes: size of the output layer, as the head of the
    kind has it. reads: what the head reads of the network. images: what the task's have in common, None for texts.
    variations: what training does to images. stride: tokens between the beginnings of two windows in which a passage
    longer than max_tokens is read; 0 where it is read as far as that. names: of the task's classes, in index order.
    is_taught: whether another network's outputs are held against those of this one in training.
    cache: a folder of this node for tokenised texts and fetched weights; safe to delete at any time.
    """

    options: Mapping[str, Any]
    classes: int
    kind: str
    inputs: str
    max_tokens: int
    switches: Switches
    seed: int
    cache: Path
    reads: Reads = "text"
    images: Images | None = None
    variations: tuple[str, ...] = ()
    stride: int = 0
    names: tuple[str, ...] = ()
    is_taught: bool = False

    @property
    def in_windows(self) -> bool:
        """Whether long passages are read in windows."""
        return self.reads == "passage" and self.stride > 0


class Encoded(Protocol):
    """The inputs of one split, ready to be batched without a per-example Python path.

    lengths: int array [n], the cost of each row (tokens), by which rows are grouped; all equal where length
    does not matter. `inputs(rows, draw)` returns the keyword arguments of the network's forward for these rows (CPU
    tensors, cut to the longest of them unless the protocol pads). A tensor shared by all batches is the same object
    each time.
    draw: the seed by which training varies this epoch's examples, where it varies them; None for them as they are.
    """

    @property
    def lengths(self) -> NDArray[np.int64]: ...

    def inputs(self, rows: NDArray[np.int64], draw: int | None = None) -> dict[str, Tensor]: ...


class ModelModule(Protocol):
    """The functions of a module named in MODELS.

    `build` draws initial weights from torch's default generator, which the caller has seeded; every parameter it
    returns trains, and the output layer is the attribute `classifier`. forward(**inputs) returns logits [n, classes],
    fp32 or the autocast type; where the head reads words, be it of a passage, [n, words, classes], as
    runner.models.places has it. `shape` builds the same network on the meta device, without weights or downloads, for
    counting.
    """

    def build(self, context: ModelContext) -> nn.Module: ...

    def shape(self, context: ModelContext) -> nn.Module: ...

    def encode(self, context: ModelContext, examples: pa.Table) -> Encoded: ...
