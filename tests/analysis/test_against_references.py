"""The SQL against scikit-learn and NumPy on random stores."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from analysis.relations.database import connect
from analysis.results import Results
from tests.analysis.stores import write_task, write_trials

CELLS = [("dense", 0.0), ("imp-ft", 0.5)]
Sizes = tuple[int, int, int]
SIZES = st.tuples(st.integers(2, 5), st.integers(1, 5), st.integers(1, 8))
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


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


def filled(folder: str, kind: str, classes: list[str], gold: np.ndarray, answers: list[np.ndarray]) -> Results:
    """A store of one task and two cells, opened."""
    root = Path(folder)
    examples = [{"split": "test", "example_id": i} | answer_of(classes, kind, one) for i, one in enumerate(gold)]
    write_task(root, "t", classes, examples)
    rows = [row for cell, of_cell in zip(CELLS, answers, strict=True) for row in rows_of(classes, kind, of_cell, cell)]
    write_trials(root, {"t": classes}, rows)
    return Results(connect(root))


def measured(results: Results) -> dict[tuple[str, str], tuple[float | None, float | None]]:
    """accuracy_on_pies as (subset, estimator) -> (dense, pruned)."""
    return {(row["subset"], row["estimator"]): (row["dense"], row["pruned"]) for row in results.accuracy_on_pies}


@FEW
@given(sizes=SIZES, seed=st.integers(0, 2**32 - 1))
def test_single_label(sizes: Sizes, seed: int) -> None:
    """Votes, PIEs, accuracy and accuracy on PIEs are those of the definitions, ties included."""
    count, seeds, examples = sizes
    random = np.random.default_rng(seed)
    gold = random.integers(0, count, examples)
    answers = [random.integers(0, count, (seeds, examples)) for _ in CELLS]
    classes = [f"c{9 - index}" for index in range(count)]
    votes = [np.array([np.bincount(cell[:, i], minlength=count).argmax() for i in range(examples)]) for cell in answers]
    pies = votes[0] != votes[1]
    with tempfile.TemporaryDirectory() as folder:
        results = filled(folder, "single", classes, gold, answers)
        found = results.rows("SELECT dense_vote, pruned_vote, is_pie FROM pies ORDER BY example_id")
        assert [(row["dense_vote"], row["pruned_vote"], row["is_pie"]) for row in found] == [
            (classes[d], classes[p], bool(d != p)) for d, p in zip(*votes, strict=True)
        ]
        got = measured(results)
    for subset, chosen in (("all", np.ones(examples, bool)), ("pies", pies)):
        if not chosen.any():
            assert got[subset, "majority-vote"] == got[subset, "seed-mean"] == (None, None)
            continue
        truth = gold[chosen]
        assert got[subset, "majority-vote"] == pytest.approx([accuracy_score(truth, vote[chosen]) for vote in votes])
        means = [np.mean([accuracy_score(truth, one[chosen]) for one in cell]) for cell in answers]
        assert got[subset, "seed-mean"] == pytest.approx(means)


@FEW
@given(sizes=SIZES, seed=st.integers(0, 2**32 - 1), density=st.sampled_from([0.05, 0.3, 0.6]))
def test_multi_label(sizes: Sizes, seed: int, density: float) -> None:
    """Votes by more than half, and macro-F1 as scikit-learn has it, empty classes and empty label sets included."""
    count, seeds, examples = sizes
    random = np.random.default_rng(seed)
    gold = random.random((examples, count)) < density
    answers = [random.random((seeds, examples, count)) < density for _ in CELLS]
    classes = [f"c{9 - index}" for index in range(count)]
    votes = [2 * cell.sum(axis=0) > seeds for cell in answers]
    pies = (votes[0] != votes[1]).any(axis=1)

    def macro(truth: np.ndarray, answer: np.ndarray) -> float:
        return float(f1_score(truth, answer, average="macro", zero_division=0))

    with tempfile.TemporaryDirectory() as folder:
        results = filled(folder, "multi", classes, gold, answers)
        found = results.rows("SELECT dense_vote, pruned_vote, is_pie FROM pies ORDER BY example_id")
        expected = [
            [answer_of(classes, "multi", vote[i])["labels"].split("|") for vote in votes] for i in range(examples)
        ]
        assert [[row["dense_vote"] or [""], row["pruned_vote"] or [""]] for row in found] == expected
        assert [row["is_pie"] for row in found] == pies.tolist()
        per_trial = {(row["method"], row["seed"]): row["value"] for row in results.rows("FROM effectiveness")}
        got = measured(results)
    for (method, _), cell in zip(CELLS, answers, strict=True):
        for number, one in enumerate(cell):
            assert per_trial[method, number] == pytest.approx(macro(gold, one))
    for subset, chosen in (("all", np.ones(examples, bool)), ("pies", pies)):
        if not chosen.any():
            assert got[subset, "majority-vote"] == got[subset, "seed-mean"] == (None, None)
            continue
        assert got[subset, "majority-vote"] == pytest.approx([macro(gold[chosen], vote[chosen]) for vote in votes])
        means = [np.mean([macro(gold[chosen], one[chosen]) for one in cell]) for cell in answers]
        assert got[subset, "seed-mean"] == pytest.approx(means)
