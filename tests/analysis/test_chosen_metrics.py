"""The headline that a task chooses: computed from rows as scikit-learn and SciPy compute it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import f1_score, matthews_corrcoef

from analysis.page.cautions import cautions
from analysis.published.comparison import OURS
from analysis.relations.database import connect
from analysis.results import Results
from analysis.statistics.hypothesis_tests import exploratory
from analysis.tables import TABLES
from runner.store.reader import task_cards, task_data
from runner.store.schema import Facts
from runner.store.verify import broken_invariants
from runner.store.writer import Subject, commit_rows, save_task
from tasks.base import TaskData
from tasks.kinds import KINDS
from tasks.metric_choice import measured
from tests.analysis.stores import hashed

EXAMPLES, CLASSES = 60, ("a", "b", "c", "never")
COLUMNS = {"single-label": ("label", pa.int16()), "multi-label": ("labels", pa.list_(pa.int16()))}
COLUMNS |= {"regression": ("value", pa.float32())}
CELLS = [(method, sparsity, seed) for method, sparsity in (("dense", 0.0), ("imp-ft", 0.5)) for seed in range(3)]

PARTS = ["matched"] * 17 + ["mismatched"] * 43

Answers = dict[tuple[str, float, int], list[Any]]


def answers(kind: str) -> tuple[list[Any], Answers]:
    """Gold answers and those of three dense and three pruned seeds: alike, but for a random third."""
    random = np.random.default_rng(7)
    kinds: dict[str, Callable[[], list[Any]]] = {
        "single-label": lambda: [int(one) for one in random.integers(0, 3, EXAMPLES)],
        "multi-label": lambda: [[at for at in range(3) if random.random() < 0.4] for _ in range(EXAMPLES)],
        "regression": lambda: [float(one) for one in random.integers(0, 9, EXAMPLES)],
    }
    drawn = kinds[kind]
    gold = drawn()
    mixed = {
        cell: [true if random.random() < 0.67 else other for true, other in zip(gold, drawn(), strict=True)]
        for cell in CELLS
    }
    return gold, mixed


def store_of(root: Path, kind: str, metrics: tuple[str, ...], says: object = None) -> tuple[Path, list[Any], Answers]:
    """A store of these answers whose task is scored by the metrics; says: what all seeds answer to everything."""
    column, dtype = COLUMNS[kind]
    gold, given = answers(kind)
    given = given if says is None else {cell: [says] * EXAMPLES for cell in given}
    places = {"split": ["test"] * EXAMPLES, "example_id": pa.array(range(EXAMPLES), pa.int32())}
    true = {"gold_value" if kind == "regression" else column: pa.array(gold, dtype)}
    classes = () if kind == "regression" else CLASSES
    data = TaskData(
        task="t",
        kind=kind,
        inputs="text",
        classes=classes,
        max_tokens=8,
        examples=pa.table({**places, "text": ["x"] * EXAMPLES, "part": PARTS, **true}),
        metrics=metrics,
    )
    save_task(root, data)
    for (method, sparsity, seed), said in given.items():
        settings = {"task": "t", "data": task_cards(root)["t"].fingerprint, "model": "net", "method": method}
        subject = Subject(
            trial_id=hashed(f"{method}-{seed}"),
            settings={**settings, "sparsity": sparsity, "seed": seed},
            origin="ingested",
        )
        rows = pa.table({**places, column: pa.array(said, dtype)})
        assert commit_rows(root, subject, rows, Facts(achieved_sparsity=sparsity)) is not None
    return root, gold, given


def hot(lists: list[Any]) -> np.ndarray:
    """Lists of classes as a table of yes and no."""
    return np.array([[at in one for at in range(len(CLASSES))] for one in lists])


EXPECTED = {
    ("single-label", "accuracy"): lambda gold, said: np.mean(np.array(gold) == said),
    ("single-label", "macro-f1"): lambda gold, said: f1_score(
        gold, said, labels=range(4), average="macro", zero_division=0
    ),
    ("single-label", "matthews"): matthews_corrcoef,
    ("single-label", "f1:b"): lambda gold, said: f1_score(gold, said, labels=[1], average="macro"),
    ("multi-label", "macro-f1"): lambda gold, said: f1_score(hot(gold), hot(said), average="macro", zero_division=0),
    ("multi-label", "micro-f1"): lambda gold, said: f1_score(hot(gold), hot(said), average="micro", zero_division=0),
    ("regression", "pearson"): lambda gold, said: np.corrcoef(gold, said)[0, 1],
    ("regression", "spearman"): lambda gold, said: spearmanr(gold, said).statistic,
}


@pytest.mark.parametrize(("kind", "metric"), EXPECTED)
def test_effectiveness_is_the_chosen_headline(tmp_path: Path, kind: str, metric: str) -> None:
    """Each trial has the value that the library gives, under the metric's name; the table and the store know it."""
    store, gold, given = store_of(tmp_path, kind, (metric,))
    assert not broken_invariants(store)
    rows = connect(store).execute("SELECT method, sparsity, seed, metric, value FROM effectiveness").fetchall()
    assert {row[3] for row in rows} == {metric}
    wanted = {cell: EXPECTED[kind, metric](gold, said) for cell, said in given.items()}
    assert {row[:3]: row[4] for row in rows} == {
        cell: pytest.approx(value, abs=1e-12) for cell, value in wanted.items()
    }
    (line,) = TABLES["effectiveness"](Results.of(store)).lines
    assert line.keys[:3] == ("t", "net", metric)


def by_part(gold: list[Any], said: list[Any], at: Sequence[int] = range(EXAMPLES)) -> float:
    """The mean of the accuracies of the parts that these examples have."""
    right: dict[str, list[bool]] = {}
    for row in at:
        right.setdefault(PARTS[row], []).append(gold[row] == said[row])
    return float(np.mean([np.mean(one) for one in right.values()]))


def test_accuracy_by_part_is_the_mean_of_the_parts(tmp_path: Path) -> None:
    """Of unequal parts each counts the same: of every trial, of votes, and on PIEs; Python says what SQL says."""
    store, gold, given = store_of(tmp_path, "single-label", ("accuracy-by-part",))
    assert not broken_invariants(store)
    connection = connect(store)
    rows = connection.execute("SELECT method, sparsity, seed, value FROM effectiveness").fetchall()
    assert {row[:3]: row[3] for row in rows} == {
        cell: pytest.approx(by_part(gold, said), abs=1e-12) for cell, said in given.items()
    }
    data = task_data(store, "t")
    kind, codes = KINDS["single-label"].about(data.examples), given["dense", 0.0, 0]
    found = measured(kind, data.metrics, np.array(gold), np.array(codes), CLASSES)
    assert found == {"accuracy-by-part": pytest.approx(by_part(gold, codes))}
    assert by_part(gold, codes) != pytest.approx(np.mean(np.array(gold) == codes), abs=1e-6)
    pies = [row[0] for row in connection.execute("SELECT example_id FROM pies WHERE is_pie").fetchall()]
    (row,) = connection.execute(
        "SELECT dense, pruned FROM accuracy_on_pies WHERE subset = 'pies' AND estimator = 'seed-mean'"
    ).fetchall()
    for value, method in zip(row, ("dense", "imp-ft"), strict=True):
        means = [by_part(gold, said, pies) for cell, said in given.items() if cell[0] == method]
        assert value == pytest.approx(np.mean(means))
    votes = connection.execute("SELECT dense_vote FROM pies ORDER BY example_id").fetchall()
    said = [CLASSES.index(one) for (one,) in votes]
    (value,) = connection.execute(
        "SELECT dense FROM accuracy_on_pies WHERE subset = 'pies' AND estimator = 'majority-vote'"
    ).fetchall()
    assert value[0] == pytest.approx(by_part(gold, said, pies))


VOTED = [(kind, metric) for kind, metric in EXPECTED if kind != "regression"]


@pytest.mark.parametrize(("kind", "metric"), VOTED)
def test_effectiveness_on_pies_is_of_the_chosen_headline(tmp_path: Path, kind: str, metric: str) -> None:
    """On PIEs and on all, of votes and as mean over seeds: what the library gives for these examples."""
    store, gold, given = store_of(tmp_path, kind, (metric,))
    connection = connect(store)
    votes = connection.execute("SELECT dense_vote, pruned_vote, is_pie FROM pies ORDER BY example_id").fetchall()
    index = {name: at for at, name in enumerate(CLASSES)}
    said = [
        [index[one] if kind == "single-label" else [index[name] for name in one] for one in side]
        for side in list(zip(*votes, strict=True))[:2]
    ]
    for subset, chosen in (("all", range(EXAMPLES)), ("pies", [at for at, row in enumerate(votes) if row[2]])):
        assert len(chosen)
        measure = EXPECTED[kind, metric]

        def scored(answers: list[Any], at=chosen, measure=measure) -> float:
            return float(measure([gold[one] for one in at], [answers[one] for one in at]))

        rows = connection.execute(
            "SELECT estimator, dense, pruned, metric FROM accuracy_on_pies WHERE subset = ? ORDER BY 1", [subset]
        ).fetchall()
        means = [np.mean([scored(given[cell]) for cell in CELLS if cell[0] == name]) for name in ("dense", "imp-ft")]
        assert rows == [
            ("majority-vote", *map(pytest.approx, map(scored, said)), metric),
            ("seed-mean", *map(pytest.approx, means), metric),
        ]


def test_what_is_of_accuracy_alone_is_not_said_of_another_headline(tmp_path: Path) -> None:
    """No interval of accuracy beside a difference of F1, and no comparison with a paper's accuracy."""
    store, _, _ = store_of(tmp_path, "single-label", ("f1:a", "accuracy"))
    results = Results.of(store)
    assert exploratory(results)
    (row,) = TABLES["against_dense"](results).records
    assert row["two_way_low"] is None
    assert OURS["effectiveness"](results) == {}
    assert OURS["effectiveness_on_pies"](results) == {}


def test_a_task_is_scored_anew_without_a_changed_row(tmp_path: Path) -> None:
    """Saved again with other metrics, the same trials have the new headline."""
    store, _, _ = store_of(tmp_path, "single-label", ())
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file() and path.parent.name != "tasks"}
    card = task_cards(store)["t"]
    save_task(store, replace(task_data(store, "t"), metrics=("matthews",)))
    assert task_cards(store)["t"].metrics == ("matthews",)
    assert connect(store).execute("SELECT DISTINCT metric FROM effectiveness").fetchall() == [("matthews",)]
    assert {path: path.read_bytes() for path in before} == before
    save_task(store, replace(task_data(store, "t"), metrics=()))
    assert task_cards(store)["t"] == card


def test_models_at_chance_are_named_whatever_the_headline(tmp_path: Path) -> None:
    """A store scored by Matthews warns of dense models at chance as one scored by accuracy does."""
    store, _, _ = store_of(tmp_path, "single-label", ("matthews",))
    assert not [told for told in cautions(Results.of(store)) if "at chance" in told]
    constant = tmp_path / "constant"
    store, _, _ = store_of(constant, "single-label", ("matthews",), says=0)
    (told,) = [told for told in cautions(Results.of(store)) if "at chance" in told]
    assert "accuracy 0." in told
    assert {row["value"] for row in Results.of(store).seed_effectiveness} == {0.0}
