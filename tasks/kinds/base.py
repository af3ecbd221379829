"""The contract of a kind of answer: its columns, how it is decided, what it asks, and how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol, Self

import pyarrow as pa
from numpy.typing import NDArray

Reads = Literal["text", "words", "passage", "continuation"]
"""What a head reads of a network: one state for every example, one for every word of it, or one for every word of the
second of its texts, a passage that the first is about, or one for every token of a text that follows."""

BY_WORD: tuple[Reads, ...] = ("words", "passage")
"""What heads read a state of every word of, at the place that a tokenizer says."""

Ballot = Literal["class", "set", "places"]
"""What a seed casts with an answer: one class; classes that an example has or has not; a code for each of its places,
as many for all seeds."""

Codes = NDArray[Any]
"""Answers or gold answers as an array whose first axis are the examples; what else it has depends on the kind."""


class Kind(Protocol):
    """What the answers to a task are.

    answer: the column of a trial's rows that holds them, of type `answer_type`. gold: the columns of the examples that
    hold the true ones, with their types; from here fingerprints, examples, views and exports know them (tasks.columns).
    has_classes: True if an answer names classes of the task. asks: the questions of which a vote decides each by
    plurality, as people say it; None for a kind whose answers are not voted on, so that there are no PIEs. ballot: how
    they are voted on, None likewise. judged: columns of a trial's rows, with their types, that say how good an answer
    is where SQL cannot tell by itself. scored_by_rows: False if SQL cannot tell the metrics of a trial either, so that
    all are kept with its facts. reads: what its head reads of a network. metrics: names of what `measured`
    gives, the headline first.
    """

    @property
    def name(self) -> str: ...
    @property
    def answer(self) -> str: ...
    @property
    def answer_type(self) -> pa.DataType: ...
    @property
    def gold(self) -> Mapping[str, pa.DataType]: ...
    @property
    def has_classes(self) -> bool: ...
    @property
    def asks(self) -> str | None: ...
    @property
    def ballot(self) -> Ballot | None: ...
    @property
    def judged(self) -> Mapping[str, pa.DataType]: ...
    @property
    def scored_by_rows(self) -> bool: ...
    @property
    def reads(self) -> Reads: ...
    @property
    def metrics(self) -> tuple[str, ...]: ...

    def of(self, classes: tuple[str, ...]) -> Kind:
        """The kind as a task of these classes has it: itself, where their names mean nothing to it."""
        ...

    def about(self, examples: pa.Table) -> Kind:
        """The kind as these examples have it, by which answers to them are decided and judged: itself, as a rule."""
        ...

    def decide(self, scores: NDArray[Any], threshold: float) -> Codes:
        """The answers to which a head's scores [n, ...] come down."""
        ...

    def column(self, codes: Codes) -> pa.Array:
        """Answers as they are stored."""
        ...

    def codes(self, column: pa.Array, classes: int) -> Codes:
        """Stored answers, or gold ones, as an array."""
        ...

    def questions(self, codes: Codes) -> Codes | None:
        """The code that every answer gives to every question [n, questions]; None for a kind that asks none."""
        ...

    def quality(self, gold: Codes, codes: Codes, extent: float) -> NDArray[Any]:
        """How good every answer is, float64 [n] in [0, 1]. extent: largest minus smallest gold value of the task."""
        ...

    def judgements(self, gold: Codes, codes: Codes) -> Mapping[str, NDArray[Any]]:
        """What the columns `judged` hold."""
        ...

    def measured(self, gold: Codes, codes: Codes, classes: int) -> dict[str, float]:
        """How good the answers are together, by metric."""
        ...


class JudgedBySql:
    """What most kinds have in common: SQL tells from an answer and a gold one how good it is, whatever the example."""

    judged: ClassVar[Mapping[str, pa.DataType]] = {}
    scored_by_rows: ClassVar[bool] = True

    def about(self, examples: pa.Table) -> Self:
        """Itself."""
        return self

    def judgements(self, gold: Codes, codes: Codes) -> Mapping[str, NDArray[Any]]:
        """Nothing."""
        return {}
