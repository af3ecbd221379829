"""How users' tables hold the answers of each kind, and what is checked of them before they are taken in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from runner.store.list_cells import filled_lists, lists
from runner.store.logged_twice import IngestError, refuse
from runner.store.span_cells import many_places, places, refuse_other_spans
from tasks.cells import Cells, class_names, is_text, words
from tasks.kinds import KINDS
from tasks.tagged import outside_first
from tasks.tags import MARKED, OUTSIDE
from tasks.values import numbers, require_spread

Reader = Callable[[Cells], pa.Array]


def numbers_or_nothing(cells: Cells) -> pa.Array:
    """Finite numbers; no number in a column of floating-point ones is what pandas writes where one is missing."""
    values = cells.values
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    return numbers(replace(cells, values=values))


def filled_words(cells: Cells) -> pa.Array:
    """Text as it is written, null where a cell is null: an empty text is an answer."""
    return words(cells)


def references(cells: Cells) -> pa.Array:
    """Lists of texts, or one text a row; null where there is none."""
    values = cells.values
    if is_text(values.type):
        return pa.array([[one] if one else None for one in values.to_pylist()], pa.list_(pa.string()))
    try:
        found = values.cast(pa.list_(pa.string()))
    except pa.ArrowException:
        cells.refuse_kind("gold texts are text, or lists of texts")
        return pa.nulls(len(values), pa.list_(pa.string()))
    return pc.if_else(pc.equal(pc.list_value_length(found), 0), pa.scalar(None, found.type), found)


def _spread(tables: duckdb.DuckDBPyConnection, task: str) -> None:
    values = tables.sql("SELECT value FROM examples WHERE task = ?", params=[task]).to_arrow_table()
    require_spread(task, values["value"], "gold")


def _tags_of_words(tables: duckdb.DuckDBPyConnection, task: str) -> None:
    """Refuse tags that are not one for each word, and marks of entities that are not O, B-type or I-type."""
    parameters = {"task": task}
    counted = "SELECT row, len(words) AS words, len(tags) AS tags FROM examples WHERE task = $task"
    rule = f"examples: every row of task '{task}' needs words, and as many gold_tags"
    refuse(tables, f"SELECT * FROM ({counted}) WHERE words IS DISTINCT FROM tags", rule, parameters)
    refuse(
        tables,
        """SELECT p.row, len(e.words) AS words, len(p.tags) AS tags
           FROM predictions AS p JOIN examples AS e USING (task, split, example_id)
           WHERE task = $task AND len(p.tags) <> len(e.words)""",
        f"predictions: every row of task '{task}' needs a tag for each word of its example",
        parameters,
    )
    for table in ("examples", "predictions"):
        names = f"SELECT row, unnest(tags) AS tag FROM {table} WHERE task = $task"
        (marks,) = tables.execute(
            f"SELECT count(*) FILTER (regexp_full_match(tag, $marked, 's')) FROM ({names})",
            {**parameters, "marked": MARKED.pattern},
        ).fetchall()[0]
        if marks:
            refuse(
                tables,
                f"""SELECT * FROM ({names}) WHERE tag <> '{OUTSIDE}' AND NOT regexp_full_match(tag, $marked, 's')""",
                f"{table}: of task '{task}' some tags mark entities as IOB2 does, so all are O, B-type or I-type",
                {**parameters, "marked": MARKED.pattern},
            )


def _unchecked(tables: duckdb.DuckDBPyConnection, task: str) -> None:
    del tables, task


@dataclass(frozen=True)
class Form:
    """How tables hold a kind of answer.

    read: a column of answers, null where a row has none. gold: a column of true answers, read like the others unless
    given. inputs: columns of the examples beside text of
    which answers say something. check: refuses answers that do not fit their examples. ordered: classes in index order.
    """

    read: Reader
    gold: Reader | None = None
    inputs: Mapping[str, Reader] = field(default_factory=dict)
    check: Callable[[duckdb.DuckDBPyConnection, str], None] = _unchecked
    ordered: Callable[[Sequence[str]], Sequence[str]] = list


FORMS: dict[str, Form] = {
    "single-label": Form(class_names),
    "multi-label": Form(lists),
    "regression": Form(numbers_or_nothing, check=_spread),
    "tagging": Form(filled_lists, inputs={"words": filled_lists}, check=_tags_of_words, ordered=outside_first),
    "generation": Form(filled_words, gold=references),
    "span": Form(places, gold=many_places, inputs={"text_pair": words}, check=refuse_other_spans),
}
"""Name of a kind -> its form, where its answers' type does not say it."""
BY_TYPE: dict[pa.DataType, Form] = {pa.float32(): Form(numbers_or_nothing), pa.string(): Form(filled_words)}
"""Type of an answer -> the form of the kinds without a line of their own."""


def form_of(name: str) -> Form:
    """How tables hold the answers of a kind."""
    of_type = KINDS[name].answer_type
    if name not in FORMS and of_type not in BY_TYPE:
        raise LookupError(f"answers of kind '{name}' are {of_type}: add a line for it to FORMS in runner/store")
    return FORMS.get(name) or BY_TYPE[of_type]


ANSWER_COLUMNS: dict[str, str] = {kind.answer: kind.answer for kind in KINDS.values()}
"""What a row answers -> the column of predictions that says so."""
GOLD_COLUMNS: dict[str, str] = {kind.answer: next(iter(kind.gold)) for kind in KINDS.values()}
"""The same of examples, where it is true."""
OTHERS: dict[str, str] = {kind.answer: name for name, kind in KINDS.items() if kind.answer not in ("label", "labels")}
"""Answers that name no classes of the example as a whole -> their kind: read only where a row has no such classes."""


def read_answers(columns: Mapping[str, Cells], names: Mapping[str, str], rows: int) -> dict[str, pa.Array]:
    """The answers of every row by the kind's column, null where a row has none.

    names: the file's name of each. What a column of that name holds beside a label, labels, or the answer of a kind
    before it, is not read: there it is a column of the user's own.
    """
    found = {
        kind.answer: form_of(name).read(columns[kind.answer])
        for name, kind in KINDS.items()
        if kind.answer not in OTHERS and kind.answer in columns
    }
    named = pa.repeat(pa.scalar(False), rows)
    if "label" in found:
        named = pc.is_valid(found["label"])
    if "labels" in found:
        named = pc.or_(named, pc.fill_null(pc.greater(pc.list_value_length(found["labels"]), 0), False))
    for answer, name in OTHERS.items():
        if names[answer] in columns:
            form = form_of(name)
            read = (form.gold or form.read) if names[answer] != answer else form.read
            found[answer] = read(_without(columns[names[answer]], named))
            named = pc.or_(named, pc.is_valid(found[answer]))
    return found


def read_inputs(columns: Mapping[str, Cells], answers: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """Columns beside text of which the answers of some rows say something; of other rows they are not read."""
    found = {}
    for answer, name in OTHERS.items():
        for column, read in form_of(name).inputs.items() if answer in answers else ():
            if column in columns:
                found[column] = read(_without(columns[column], pc.is_null(answers[answer])))
    return found


def _without(cells: Cells, unread: pa.Array) -> Cells:
    values = cells.values
    return replace(cells, values=pc.if_else(unread, pa.scalar(None, values.type), values))


def several_or_none(
    table: str, task: str, names: Mapping[str, str], counts: Mapping[str, int], rows: int
) -> IngestError:
    """What is said of a task whose rows have several answers, or none."""
    said = ", ".join(f"{counts[answer]} have {name}" for answer, name in names.items())
    others = ", ".join(names[answer] for answer in OTHERS)
    return IngestError(
        f"{table}: every row of task '{task}' needs exactly one of label and labels, or of {others}; "
        f"of {rows} rows {said}"
    )
