"""Questions about passages of a user's own task: read from their columns, and refused where an answer is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import Split, TaskChoice, TaskError
from tasks.cells import Cells, is_text, whole_numbers
from tasks.lengths import LONGEST as MOST_TOKENS
from tasks.passages import LONGEST, WORD, passage_words
from tasks.raw_splits import RawSplit
from tasks.reading import f1

SHORTEST = 8
PIECES = 2
"""Tokens that a word is read as, at most, on the average of a text."""

GOLD = pa.list_(pa.list_(pa.int16()))


def asked(choice: TaskChoice, raw: RawSplit) -> tuple[dict[str, pa.Array], pa.Array]:
    """The columns text (questions) and text_pair (passages) of a split, and the spans of its answers, the first first.

    TaskError names the row of an empty cell, of a passage that is too long or has no words, of answers and starts that
    are not equally many, and of an answer that does not stand in its passage, or not where it is said to begin.
    """
    questions = _texts(raw, choice.question or "", raw.texts[0])
    passages = _texts(raw, choice.context or "", raw.texts[1])
    is_long = pc.greater(pc.utf8_length(passages), LONGEST)
    Cells.of(passages, raw.place, choice.context or "").refuse(
        is_long, f"holds a passage of more than {LONGEST:,} characters ({{count}} such rows); part it"
    )
    answers, inner = _answers(raw, choice)
    starts = inner if len(raw.texts) < 3 else _starts(raw, choice, raw.texts[2])
    spans = []
    for row, (passage, texts) in enumerate(zip(passages.to_pylist(), answers, strict=True)):
        where = f"{raw.place} row {row + 1}"
        if not WORD.search(passage):
            raise TaskError(f"{where}: column '{choice.context}' holds a passage without words; remove the row")
        if not texts or not all(isinstance(one, str) and one.strip() for one in texts):
            raise TaskError(
                f"{where}: column '{choice.answer}' holds no answer, or an empty one; every question needs an answer "
                "that stands in its passage: remove those without"
            )
        begins = [None] * len(texts) if starts is None else [*starts[row]]
        if len(begins) != len(texts):
            raise TaskError(f"{where}: {len(texts)} answers and {len(begins)} starts; each answer needs one")
        spans.append([_span(where, passage, *one) for one in zip(texts, begins, strict=True)])
    return {"text": questions, "text_pair": passages}, pa.array(spans, GOLD)


def longest_pair(examples: pa.Table) -> int:
    """The power of two with room for every question and passage at PIECES tokens a word, at most that of BERT."""
    counts = passage_words(examples["text"]).counts + passage_words(examples["text_pair"]).counts
    most = PIECES * int(counts.max(initial=1)) + 3
    return min(MOST_TOKENS, max(SHORTEST, 1 << (most - 1).bit_length()))


def doubts_of(texts: Mapping[Split, Mapping[str, Any]], spans: Mapping[Split, pa.Array], *, located: bool) -> list[str]:
    """Sentences on answers that may stand elsewhere in their passages, and on those that are not whole words.

    located: whether the user said where answers begin.
    """
    said = []
    for split, gold in spans.items():
        first = [row[0] for row in gold.to_pylist()]
        passages = texts[split]["text_pair"].to_pylist()
        again = sum(one.count(one[a:b]) > 1 for one, (a, b) in zip(passages, first, strict=True))
        if again and not located:
            said.append(
                f"{split}: {again} of {len(first)} answers stand several times in their passages, and the first place "
                "is taken; answer_start names the column that says which"
            )
        best = [best_of_words(*one) for one in zip(passages, gold.to_pylist(), strict=True)]
        if short := sum(value < 1 for value in best):
            said.append(
                f"{split}: {short} of {len(first)} answers are not whole words of their passages; no model does better "
                f"there than a mean F1 of {np.mean(best):.4f}"
            )
    return said


def best_of_words(passage: str, spans: list[list[int]]) -> float:
    """The F1 of the words that the first answer touches: the best that an answer of whole words can do, nearly."""
    begin, end = spans[0]
    touched = [match.span() for match in WORD.finditer(passage) if match.end() > begin and match.start() < end]
    if not touched:
        return 0.0
    return f1(passage[touched[0][0] : touched[-1][1]], [passage[a:b] for a, b in spans])


def _span(where: str, passage: str, text: str, start: int | None) -> list[int]:
    begin = passage.find(text) if start is None else start
    if begin < 0 or passage[begin : begin + len(text)] != text:
        place = "" if start is None else f" at character {start}"
        shown = repr(text if len(text) <= 60 else f"{text[:57]}...")
        raise TaskError(
            f"{where}: the answer {shown} does not stand in its passage{place}; answers are copied from it, letter by "
            "letter, and starts count its characters from 0"
        )
    return [begin, begin + len(text)]


def _texts(raw: RawSplit, column: str, values: pa.ChunkedArray) -> pa.Array:
    cells = Cells.of(values, raw.place, column)
    if not is_text(cells.values.type):
        raise TaskError(f"{raw.place}: column '{column}' holds {cells.values.type}, not text")
    texts = cells.values.cast(pa.string())
    empty = pc.or_kleene(pc.is_null(texts), pc.equal(pc.utf8_trim_whitespace(texts), ""))
    cells.refuse(empty, "is empty ({count} such cells); fill or remove them")
    return texts


def _answers(raw: RawSplit, choice: TaskChoice) -> tuple[Iterator[list[Any]], list[list[int]] | None]:
    """The answers of every row, and where they begin, if one column has both, as `datasets` writes SQuAD's."""
    cells = Cells.of(raw.answers, raw.place, choice.answer or "")
    kind = cells.values.type
    if pa.types.is_struct(kind) and kind.get_field_index("text") >= 0:
        starts = pc.struct_field(cells.values, "answer_start") if kind.get_field_index("answer_start") >= 0 else None
        lists = pc.struct_field(cells.values, "text").to_pylist()
        return (one or [] for one in lists), None if starts is None else [one or [] for one in starts.to_pylist()]
    if is_text(kind):
        texts = cells.values.to_pylist()
        mark = choice.separator
        return ([] if one is None else one.split(mark) if mark else [one] for one in texts), None
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return (one or [] for one in cells.values.to_pylist()), None
    raise TaskError(f"{raw.place}: column '{choice.answer}' holds {kind}; answers are text, or lists of texts")


def _starts(raw: RawSplit, choice: TaskChoice, values: pa.ChunkedArray) -> list[list[int]]:
    cells = Cells.of(values, raw.place, choice.answer_start or "")
    if pa.types.is_list(cells.values.type) or pa.types.is_large_list(cells.values.type):
        found = cells.values.to_pylist()
    elif is_text(cells.values.type) and choice.separator:
        found = [(one or "").split(choice.separator) for one in cells.values.to_pylist()]
    else:
        found = [[one] for one in whole_numbers(cells).cast(pa.int64()).to_pylist()]
    try:
        return [[int(start) for start in one or []] for one in found]
    except (TypeError, ValueError):
        row = next(number for number, one in enumerate(found) if not all(str(start).isdecimal() for start in one or []))
        raise TaskError(
            f"{raw.place} row {row + 1}: column '{choice.answer_start}' holds {found[row]!r:.60}; a start is a whole "
            "number, the character of the passage at which the answer begins, counted from 0"
        ) from None
