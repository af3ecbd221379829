"""Whether the hypotheses of a study speak of what it has, and their tests can answer them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from runner.methods import DENSE
from runner.studies.errors import KeyPath, Problem, repeated, suggestion
from runner.studies.grid import GridCell
from runner.studies.hypotheses import OF_CLASSES, TESTS_OF, HypothesisChoice, OpponentChoice, ballots_of
from runner.studies.study import Study
from tasks.choices import kind_of
from tasks.kinds import KINDS


def problems(study: Study) -> Iterator[Problem]:
    """What is wrong with the hypotheses of a study whose grid is right."""
    twice = repeated(choice.name for choice in study.hypotheses)
    if twice:
        yield Problem(("hypotheses",), f"names given twice: {', '.join(map(str, twice))}; give each its own `name`")
    cells, seeds = study.cells, study.seeds_of
    for index, choice in enumerate(study.hypotheses):
        path: KeyPath = ("hypotheses", index)
        found = [*_name_problems(study, choice, path), *_shape_problems(choice, path)]
        yield from found or [
            *_comparison_problems(choice, cells, seeds, path),
            *_parent_problems(study, choice, cells, path),
            *_kind_problems(study, choice, cells, path),
        ]


def _name_problems(study: Study, choice: HypothesisChoice, path: KeyPath) -> Iterator[Problem]:
    """Tasks, models, methods and sparsities that the study does not have."""
    allowed: dict[str, list[Any]] = {
        "task": [task.name for task in study.tasks],
        "model": [model.name for model in study.models],
        "method": [DENSE, *(one.name for one in (*study.references, *study.methods))],
        "sparsity": list(study.sparsities),
    }
    sides: list[tuple[KeyPath, BaseModel | None]] = [(("of",), choice.of), (("against",), choice.against)]
    for number, pair in enumerate(choice.pairs):
        sides += [(("pairs", number, "of"), pair.of), (("pairs", number, "against"), pair.against)]
    for side, given in sides:
        for key, values in (given.model_dump() if given else {}).items():
            for value in values if isinstance(values, tuple | list) else [values]:
                if value is not None and value not in allowed[key]:
                    hint = suggestion(value, allowed[key]) if isinstance(value, str) else ""
                    listed = ", ".join(map(str, allowed[key])) or "none"
                    yield Problem((*path, *side, key), f"the study has no {key} {value!r}{hint}; allowed: {listed}")


def _shape_problems(choice: HypothesisChoice, path: KeyPath) -> Iterator[Problem]:
    """A question, its other side and its test that do not fit each other."""
    tests = TESTS_OF[choice.compare]
    if choice.test not in tests:
        yield Problem((*path, "test"), f"{choice.compare} is not tested by {choice.test}; allowed: {', '.join(tests)}")
    if choice.alternative != "two-sided" and choice.test not in ("paired-t", "welch-t"):
        yield Problem(
            (*path, "alternative"), f"{choice.test} is two-sided; take paired-t or welch-t, or remove this key"
        )
    yield from _other_task_problems(choice, path)
    if choice.pairs and choice.against is not None:
        yield Problem((*path, "against"), "each of `pairs` says its own other side; remove this key, or `pairs`")
    if choice.compare == "effectiveness-on-pies":
        if choice.against is not None or choice.pairs:
            yield Problem(
                (*path, "against"), "a cell is compared with its dense models, on the same PIEs; remove this key"
            )
    elif not choice.pairs and (choice.against is None or _is_empty(choice.against)):
        yield Problem(path, "the other side is missing; give against: dense, or against: {method: ...}")
    for number, pair in enumerate(choice.pairs):
        if _is_empty(pair.against):
            yield Problem((*path, "pairs", number, "against"), "the other side is missing; say what differs on it")


def _is_empty(given: OpponentChoice) -> bool:
    return not given.model_dump(exclude_none=True)


def _other_task_problems(choice: HypothesisChoice, path: KeyPath) -> Iterator[Problem]:
    """Another task on the other side: its examples and dense models are others, so that nothing is paired."""
    opponents = [(("against",), choice.against), *_opponents(choice)]
    for place, given in opponents:
        if given is not None and given.task is not None and choice.test != "welch-t":
            yield Problem(
                (*path, *place, "task"),
                f"{choice.test} pairs seeds or examples, which two tasks do not share; take welch-t, with compare "
                f"one of {', '.join(OF_CLASSES)}",
            )


def _opponents(choice: HypothesisChoice) -> list[tuple[KeyPath, OpponentChoice | None]]:
    return [(("pairs", number, "against"), pair.against) for number, pair in enumerate(choice.pairs)]


def _sides(choice: HypothesisChoice, cells: list[GridCell]) -> list[GridCell]:
    """The cells that a family compares, on either side."""
    return [side for pair in choice.comparisons(cells) for side in pair if side is not None]


def _parent_problems(study: Study, choice: HypothesisChoice, cells: list[GridCell], path: KeyPath) -> Iterator[Problem]:
    """Recall distortion of what does not go on from a dense trial, which has none."""
    if choice.compare not in ("alpha", "alpha-star"):
        return
    starts = {name for name, one in study.method_choices.items() if one.line.starts_dense}
    lacking = sorted({side.method for side in _sides(choice, cells)} - starts)
    if lacking:
        yield Problem(
            path,
            f"{', '.join(lacking)} {'goes' if len(lacking) == 1 else 'go'} on from no dense trial, and without one "
            f"there is no {choice.compare}; compare methods that do, or references",
        )


def _kind_problems(study: Study, choice: HypothesisChoice, cells: list[GridCell], path: KeyPath) -> Iterator[Problem]:
    """Tasks whose answers the question cannot be asked of, or not by this test."""
    allowed = ballots_of(choice.compare, choice.test)
    kinds = {task.name: KINDS[kind_of(task)] for task in study.tasks}
    unfit = sorted({side.task for side in _sides(choice, cells) if kinds[side.task].ballot not in allowed})
    if not unfit:
        return
    others = [test for test in TESTS_OF[choice.compare] if kinds[unfit[0]].ballot in ballots_of(choice.compare, test)]
    mend = f"take {' or '.join(others)} for it" if others else "name the other tasks in `of`"
    yield Problem(
        path,
        f"{choice.compare} is not tested by {choice.test} on {', '.join(unfit)}, whose answers are of the kind "
        f"{kinds[unfit[0]].name}; {mend}",
    )


def _comparison_problems(
    choice: HypothesisChoice, cells: list[GridCell], seeds: dict[tuple[str, str], tuple[int, ...]], path: KeyPath
) -> Iterator[Problem]:
    """A family without comparisons, or with one whose other side is no cell, or has other seeds."""
    pairs = choice.comparisons(cells)
    if not pairs:
        yield Problem(path, f"'{choice.name}' compares nothing: `of` selects no cell that differs from `against`")
    for cell, other in pairs:
        if other is not None and other not in cells:
            yield Problem(
                (*path, "against"),
                f"for {cell.method} at sparsity {cell.sparsity:g} the other side is {other.method} at sparsity "
                f"{other.sparsity:g}, which is no cell of the study; {DENSE} and references have "
                "sparsity 0, the others those of `sparsities`",
            )
            return
        if choice.compare == "pie-rate" and other is not None and DENSE in (cell.method, other.method):
            yield Problem(path, f"'{DENSE}' has no PIE rate of its own; compare two pruned cells")
            return
        if choice.test == "welch-t":
            continue
        if other is not None and set(seeds[cell.task, cell.model]) != set(seeds[other.task, other.model]):
            yield Problem(
                (*path, "against"),
                f"{cell.model} and {other.model} on {cell.task} do not have the same seeds, and tests pair seeds; give "
                "both blocks of the grid the same",
            )
            return
