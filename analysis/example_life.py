"""Tell one example's life: its text, how hard it is, and what every cell of the grid makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from analysis.display_names import method_key
from analysis.relations.database import Database
from analysis.results import Row
from runner.methods import DENSE
from runner.studies.errors import suggestion, unknown


class ExampleError(ValueError):
    """An example that the store does not have: says what was asked for and what there is."""

    exit_status = 2


@dataclass(frozen=True, kw_only=True)
class Address:
    """Which example: written TASK:SPLIT:ID."""

    task: str
    split: str
    example_id: int

    @staticmethod
    def parse(text: str) -> Address:
        """The address in a text; ExampleError if it is none."""
        task, _, rest = text.partition(":")
        split, _, number = rest.partition(":")
        if not task or not split or not number.isdecimal():
            raise ExampleError(f"'{text}' names no example; write TASK:SPLIT:ID, such as movie-snippets:test:177")
        return Address(task=task, split=split, example_id=int(number))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the seeds of one cell answer together.

    vote: names of classes, one where the task is single-label, one for every word where it is tagging. votes: for each
    of them the seeds that predict it, of `seeds` in all. differs: whether the vote is not that of the dense models,
    which makes the example a PIE; None where they have not voted.
    """

    method: str
    sparsity: float
    vote: tuple[str, ...]
    votes: tuple[int, ...]
    seeds: int
    differs: bool | None


@dataclass(frozen=True, kw_only=True)
class VoteChange:
    """Where a method's vote leaves the dense vote: the lowest sparsity, and the next one that brings it back."""

    method: str
    flips_at: float | None
    flips_back_at: float | None


@dataclass(frozen=True, kw_only=True)
class ModelLife:
    """What became of the example in one model. el2n: its score and its bin of 20, the hardest in the last."""

    model: str
    el2n: float | None
    bin: int | None
    dense: Answer | None
    answers: tuple[Answer, ...]
    turns: tuple[VoteChange, ...]


@dataclass(frozen=True, kw_only=True)
class Example:
    """An example with its lives. readability: score -> value, where the store has scores of its text.

    words: of a tagging task; gold answers and votes then have a tag for each. is_span: whether votes are the characters
    of text_pair at which the answer begins, and at which it has ended.
    """

    address: Address
    are_sets: bool
    gold: tuple[str, ...]
    text: str | None
    text_pair: str | None
    disagreement: float | None
    readability: dict[str, float]
    lives: tuple[ModelLife, ...]
    words: tuple[str, ...] = ()
    is_span: bool = False


def example(connection: Database, address: Address, model: str | None = None) -> Example:
    """Everything the views say of one example, for one model or for all. ExampleError if there is no such example."""
    found = _rows(connection, "FROM examples", address)
    if not found:
        raise ExampleError(_missing(connection, address))
    scores = _rows(connection, "SELECT * EXCLUDE (task, split, example_id) FROM readability", address)
    people = _rows(connection, "FROM human_disagreement", address)
    voted = _rows(connection, "FROM majority_vote", address)
    models = sorted({row["model"] for row in voted})
    if model is not None and model not in models:
        raise ExampleError(unknown("model", model, models))
    first, kind = found[0], _kind(connection, address)
    return Example(
        address=address,
        are_sets=first["labels"] is not None,
        gold=_gold(kind, first),
        text=first["text"],
        text_pair=first["text_pair"],
        disagreement=people[0]["disagreement"] if people else None,
        readability={name: value for name, value in (scores[0] if scores else {}).items() if value is not None},
        lives=tuple(_life(connection, address, name, voted) for name in models if model in (None, name)),
        words=_names(first["words"]) if kind == "tagging" else (),
        is_span=kind == "span",
    )


def _kind(connection: Database, address: Address) -> str:
    """The kind of answer of an example's task."""
    query = "SELECT kind FROM internal.task WHERE task = ?"
    return str(connection.execute(query, [address.task]).fetchall()[0][0])


def _gold(kind: str, row: Row) -> tuple[str, ...]:
    """The true answer: names of classes, a tag for every word, texts of a passage, or a number as text."""
    if kind == "regression":
        return (f"{row['gold_value']:.6g}",)
    if kind == "tagging":
        return _names(row["gold_tags"])
    if kind == "generation":
        return _names(row["gold_texts"])
    if kind == "span":
        return tuple(dict.fromkeys(row["gold_answers"]))
    return _names(row["label"] if row["labels"] is None else row["labels"])


def _life(connection: Database, address: Address, model: str, voted: list[Row]) -> ModelLife:
    own = [row for row in voted if row["model"] == model]
    dense = next((_answer(row, None) for row in own if row["method"] == DENSE), None)
    ordered = sorted(own, key=lambda row: (method_key(row["method"]), row["sparsity"]))
    answers = tuple(_answer(row, dense) for row in ordered if row["method"] != DENSE)
    scored = [row for row in _rows(connection, "FROM el2n", address) if row["model"] == model]
    methods = dict.fromkeys(answer.method for answer in answers)
    return ModelLife(
        model=model,
        el2n=scored[0]["el2n"] if scored else None,
        bin=scored[0]["bin"] if scored else None,
        dense=dense,
        answers=answers,
        turns=tuple(turn(method, [answer for answer in answers if answer.method == method]) for method in methods),
    )


def _answer(row: Row, dense: Answer | None) -> Answer:
    vote = _names(row["vote"])
    return Answer(
        method=row["method"],
        sparsity=row["sparsity"],
        vote=vote,
        votes=tuple(row["votes"]) if isinstance(row["votes"], list) else (row["votes"],),
        seeds=row["seeds"],
        differs=None if dense is None else vote != dense.vote,
    )


def turn(method: str, answers: list[Answer]) -> VoteChange:
    """Where a method's answers, by ascending sparsity, leave the dense vote, and where they come back to it."""
    left = next((place for place, answer in enumerate(answers) if answer.differs), None)
    if left is None:
        return VoteChange(method=method, flips_at=None, flips_back_at=None)
    back = next((answer.sparsity for answer in answers[left:] if answer.differs is False), None)
    return VoteChange(method=method, flips_at=answers[left].sparsity, flips_back_at=back)


def _rows(connection: Database, query: str, address: Address) -> list[Row]:
    place = "WHERE task = $task AND split = $split AND example_id = $example_id"
    return cast("list[Row]", connection.sql(f"{query} {place}", params=vars(address)).to_arrow_table().to_pylist())


def _names(vote: Any) -> tuple[str, ...]:
    return (vote,) if isinstance(vote, str) else tuple(vote or ())


def _missing(connection: Database, address: Address) -> str:
    """What of the address is not in the store, and what is."""
    query = "SELECT task, split, count(*), min(example_id), max(example_id) FROM examples GROUP BY ALL ORDER BY ALL"
    held = {(task, split): rest for task, split, *rest in connection.execute(query).fetchall()}
    tasks, splits = {task for task, _ in held}, [split for task, split in held if task == address.task]
    if address.task not in tasks:
        return unknown("task", address.task, sorted(tasks))
    if address.split not in splits:
        return f"task '{address.task}' has no split '{address.split}'{suggestion(address.split, splits)}; it has " + (
            ", ".join(splits)
        )
    count, low, high = held[address.task, address.split]
    nearest = """
        SELECT example_id FROM examples WHERE task = $task AND split = $split
        ORDER BY abs(example_id::BIGINT - $example_id), example_id LIMIT 2"""
    near = sorted(row[0] for row in connection.execute(nearest, vars(address)).fetchall())
    return (
        f"the {address.split} split of {address.task} has no example {address.example_id}; its {count:,} ids lie "
        f"between {low} and {high}, the nearest are {' and '.join(map(str, near))}"
    )
