"""The SQL against scikit-learn and NumPy on random stores."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from analysis.relations.database import connect
from analysis.results import Results
from tests.analysis.stores import write_task, write_trials

CELLS = [("dense", 0.0), ("imp-ft", 0.5)]
Sizes = tuple[int, int, int]
SIZES = st.tuples(st.integers(2, 5), st.integers(1, 5), st.integers(1, 8))
SEED = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=3)
TASKS = 5
"""In a store: opening one takes longer than asking it of one task more."""


@dataclass(frozen=True)
class Answered:
    """A task of a store: gold and what both cells answer, [example] and [seed, example], of label sets with classes."""

    task: str
    classes: list[str]
    gold: np.ndarray
    answers: list[np.ndarray]

    def write(self, root: Path, kind: str) -> None:
        """Into the store at root."""
        examples = [
            {"split": "test", "example_id": i} | answer_of(self.classes, kind, one) for i, one in enumerate(self.gold)
        ]
        write_task(root, self.task, self.classes, examples)
        rows = [
            row | {"task": self.task}
            for cell, of_cell in zip(CELLS, self.answers, strict=True)
            for row in rows_of(self.classes, kind, of_cell, cell)
        ]
        write_trials(root, {self.task: self.classes}, rows)


def rows_of(classes: list[str], kind: str, answers: np.ndarray, cell: tuple[str, float]) -> list[dict[str, object]]:
    """Prediction rows of a cell from an array [seed, example] of classes or [seed, example, class] of yes and no."""
    fixed = {"task": "t", "model": "net", "method": cell[0], "sparsity": cell[1], "split": "test"}
    return [
        fixed | {"seed": seed, "example_id": i} | answer_of(classes, kind, answers[seed, i])
        for seed in range(answers.shape[0])
        for i in range(answers.shape[1])
    ]


def answer_of(classes: list[str], kind: str, answer: np.ndarray) -> dict[str, str]:
    """One answer as the stores of tests have it."""
    if kind == "single":
        return {"label": classes[int(answer)]}
    return {"labels": "|".join(name for name, yes in zip(classes, answer, strict=True) if yes)}


def checked(tasks: list[Answered], kind: str, check: Callable[[Answered, Results], None]) -> None:
    """Each task of a store of all of them."""
    with tempfile.TemporaryDirectory() as folder:
        for one in tasks:
            one.write(Path(folder), kind)
        with connect(Path(folder)) as database:
            results = Results(database)
            for one in tasks:
                check(one, results)


def pies_of(results: Results, task: str) -> list[dict[str, Any]]:
    """The rows of the view, by example."""
    return results.rows("SELECT dense_vote, pruned_vote, is_pie FROM pies WHERE task = ? ORDER BY example_id", task)


def measured(results: Results, task: str) -> dict[tuple[str, str], tuple[float | None, float | None]]:
    """accuracy_on_pies as (subset, estimator) -> (dense, pruned)."""
    rows = [row for row in results.accuracy_on_pies if row["task"] == task]
    return {(row["subset"], row["estimator"]): (row["dense"], row["pruned"]) for row in rows}


@FEW
@given(cases=st.lists(st.tuples(SIZES, SEED), min_size=TASKS, max_size=TASKS))
def test_single_label(cases: list[tuple[Sizes, int]]) -> None:
    """Votes, PIEs, accuracy and accuracy on PIEs are those of the definitions, ties included."""
    tasks = []
    for number, ((count, seeds, examples), seed) in enumerate(cases):
        random = np.random.default_rng(seed)
        gold = random.integers(0, count, examples)
        answers = [random.integers(0, count, (seeds, examples)) for _ in CELLS]
        tasks.append(Answered(f"t{number}", [f"c{9 - index}" for index in range(count)], gold, answers))
    checked(tasks, "single", as_defined)


def as_defined(one: Answered, results: Results) -> None:
    """A single-label task."""
    examples, classes, gold, answers = len(one.gold), one.classes, one.gold, one.answers
    votes = [
        np.array([np.bincount(cell[:, i], minlength=len(classes)).argmax() for i in range(examples)])
        for cell in answers
    ]
    pies = votes[0] != votes[1]
    found = pies_of(results, one.task)
    assert [(row["dense_vote"], row["pruned_vote"], row["is_pie"]) for row in found] == [
        (classes[d], classes[p], bool(d != p)) for d, p in zip(*votes, strict=True)
    ]
    got = measured(results, one.task)
    for subset, chosen in (("all", np.ones(examples, bool)), ("pies", pies)):
        if not chosen.any():
            assert got[subset, "majority-vote"] == got[subset, "seed-mean"] == (None, None)
            continue
        truth = gold[chosen]
        assert got[subset, "majority-vote"] == pytest.approx([accuracy_score(truth, vote[chosen]) for vote in votes])
        means = [np.mean([accuracy_score(truth, one[chosen]) for one in cell]) for cell in answers]
        assert got[subset, "seed-mean"] == pytest.approx(means)


@FEW
@given(cases=st.lists(st.tuples(SIZES, SEED, st.sampled_from([0.05, 0.3, 0.6])), min_size=TASKS, max_size=TASKS))
def test_multi_label(cases: list[tuple[Sizes, int, float]]) -> None:
    """Votes by more than half, and macro-F1 as scikit-learn has it, empty classes and empty label sets included."""
    tasks = []
    for number, ((count, seeds, examples), seed, density) in enumerate(cases):
        random = np.random.default_rng(seed)
        gold = random.random((examples, count)) < density
        answers = [random.random((seeds, examples, count)) < density for _ in CELLS]
        tasks.append(Answered(f"t{number}", [f"c{9 - index}" for index in range(count)], gold, answers))
    checked(tasks, "multi", as_scikit_learn_has_it)


def macro(truth: np.ndarray, answer: np.ndarray) -> float:
    """Macro-F1 by scikit-learn."""
    return float(f1_score(truth, answer, average="macro", zero_division=0))


def as_scikit_learn_has_it(one: Answered, results: Results) -> None:
    """A multi-label task."""
    classes, gold, answers = one.classes, one.gold, one.answers
    examples, seeds = len(gold), len(answers[0])
    votes = [2 * cell.sum(axis=0) > seeds for cell in answers]
    pies = (votes[0] != votes[1]).any(axis=1)
    found = pies_of(results, one.task)
    expected = [[answer_of(classes, "multi", vote[i])["labels"].split("|") for vote in votes] for i in range(examples)]
    assert [[row["dense_vote"] or [""], row["pruned_vote"] or [""]] for row in found] == expected
    assert [row["is_pie"] for row in found] == pies.tolist()
    trials = results.rows("FROM effectiveness WHERE task = ?", one.task)
    per_trial = {(row["method"], row["seed"]): row["value"] for row in trials}
    got = measured(results, one.task)
    for (method, _), cell in zip(CELLS, answers, strict=True):
        for number, said in enumerate(cell):
            assert per_trial[method, number] == pytest.approx(macro(gold, said))
    for subset, chosen in (("all", np.ones(examples, bool)), ("pies", pies)):
        if not chosen.any():
            assert got[subset, "majority-vote"] == got[subset, "seed-mean"] == (None, None)
            continue
        assert got[subset, "majority-vote"] == pytest.approx([macro(gold[chosen], vote[chosen]) for vote in votes])
        means = [np.mean([macro(gold[chosen], one[chosen]) for one in cell]) for cell in answers]
        assert got[subset, "seed-mean"] == pytest.approx(means)
