"""The views of classes, confusion, overlap and slices on random stores against their definitions in Python."""

from __future__ import annotations

import tempfile
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom
from sklearn.metrics import precision_recall_fscore_support

from analysis.results import Results, Row
from runner.store.reader import open_store
from runner.store.writer import save_task
from tasks.base import TaskData
from tests.analysis.stores import write_trials
from tests.analysis.test_against_references import answer_of, rows_of

CELLS = [("dense", 0.0), ("imp-ft", 0.5), ("imp-ft", 0.9), ("mp-ai", 0.9)]
FEW = settings(max_examples=5)
SOURCES = ("web", "mail", None)


def filled(
    folder: str, kind: str, gold: np.ndarray, answers: list[np.ndarray], columns: dict[str, pa.Array]
) -> Results:
    """A store of one task with further columns of its examples, every cell with all seeds."""
    root, classes = Path(folder), ["c0", "c1", "c2"]
    answer = (
        {"label": pa.array(gold, pa.int16())}
        if kind == "single"
        else {"labels": pa.array([np.flatnonzero(one).tolist() for one in gold], pa.list_(pa.int16()))}
    )
    examples = pa.table(
        {"split": ["test"] * len(gold), "example_id": pa.array(range(len(gold)), pa.int32()), **answer, **columns}
    )
    named = {"task": "t", "kind": f"{kind}-label", "inputs": "text", "classes": tuple(classes), "max_tokens": 16}
    save_task(root, TaskData(**named, examples=examples))
    rows = [row for cell, of_cell in zip(CELLS, answers, strict=True) for row in rows_of(classes, kind, of_cell, cell)]
    write_trials(root, {"t": classes}, rows)
    return Results.of(open_store(root).root)


def votes_of(kind: str, answers: np.ndarray) -> np.ndarray:
    """[example] the class most seeds predict, or [example, class] what more than half of them do."""
    if kind == "multi":
        return 2 * answers.sum(axis=0) > len(answers)
    return np.array([np.bincount(column, minlength=3).argmax() for column in answers.T])


def drawn(kind: str, seed: int, examples: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Gold and answers [seed, example] of every cell; of three seeds."""
    random = np.random.default_rng(seed)
    if kind == "single":
        return random.integers(0, 3, examples), [random.integers(0, 3, (3, examples)) for _ in CELLS]
    return random.random((examples, 3)) < 0.4, [random.random((3, examples, 3)) < 0.4 for _ in CELLS]


@FEW
@given(kind=st.sampled_from(["single", "multi"]), seed=st.integers(0, 2**32 - 1), examples=st.integers(1, 12))
def test_against_the_definitions(kind: str, seed: int, examples: int) -> None:
    """Recall and precision are scikit-learn's, confusion counts votes, overlap is Jaccard's with the exact chance."""
    gold, answers = drawn(kind, seed, examples)
    votes = [votes_of(kind, one) for one in answers]
    pies = [np.atleast_2d((vote != votes[0]).T).any(axis=0) for vote in votes]
    with tempfile.TemporaryDirectory() as folder:
        results = filled(folder, kind, gold, answers, {})
        recalls, confused, overlaps = (
            results.rows(f"FROM {view}") for view in ("class_recall", "confusion", "overlap")
        )
    assert_recall(recalls, kind, gold, answers)
    for cell, vote in list(zip(CELLS, votes, strict=True))[1:]:
        assert_confusion([row for row in confused if (row["method"], row["sparsity"]) == cell], kind, votes[0], vote)
    assert len(overlaps) == 3
    for one, other in combinations(range(1, len(CELLS)), 2):
        place = (*CELLS[one], *CELLS[other])
        names = ("method", "sparsity", "other_method", "other_sparsity")
        (row,) = (row for row in overlaps if tuple(row[name] for name in names) == place)
        sizes = int(pies[one].sum()), int(pies[other].sum())
        both, either = int((pies[one] & pies[other]).sum()), int((pies[one] | pies[other]).sum())
        assert (row["examples"], row["pies"], row["other_pies"], row["shared"]) == (examples, *sizes, both)
        if either:
            counts = np.arange(min(sizes) + 1)
            chance = (hypergeom(examples, *sizes).pmf(counts) * counts / (sum(sizes) - counts)).sum()
            assert (row["jaccard"], row["chance_jaccard"]) == pytest.approx((both / either, chance))
        else:
            assert (row["jaccard"], row["chance_jaccard"]) == (None, None)


def assert_recall(found: list[Row], kind: str, gold: np.ndarray, answers: list[np.ndarray]) -> None:
    """Every trial and class, with the numbers of scikit-learn, null where it divides by nothing."""
    assert len(found) == len(CELLS) * 3 * 3
    for row in found:
        said = answers[CELLS.index((row["method"], row["sparsity"]))][row["seed"]]
        truth, told = (
            one == row["class_index"] if kind == "single" else one[:, row["class_index"]] for one in (gold, said)
        )
        precision, recall, _, _ = precision_recall_fscore_support(truth, told, average="binary", zero_division=np.nan)
        expected = [None if np.isnan(value) else pytest.approx(value) for value in (recall, precision)]
        assert [row["recall"], row["precision"]] == expected
        assert (row["support"], row["predicted"], row["hits"]) == (truth.sum(), told.sum(), (truth & told).sum())


def assert_confusion(found: list[Row], kind: str, dense: np.ndarray, pruned: np.ndarray) -> None:
    """Pairs of classes with their counts; of label sets every class that either vote has."""
    expected: dict[tuple[str | None, str | None], int] = {}
    for one, other in zip(dense, pruned, strict=True):
        pairs = [(f"c{one}", f"c{other}")] if kind == "single" else [
            (f"c{index}" if says else None, f"c{index}" if also else None)
            for index, (says, also) in enumerate(zip(one, other, strict=True))
            if says or also
        ]  # fmt: skip
        for pair in pairs:
            expected[pair] = expected.get(pair, 0) + 1
    assert {(row["dense_class"], row["pruned_class"]): row["examples"] for row in found} == expected
    for row in found:
        whole = sum(count for pair, count in expected.items() if pair[0] == row["dense_class"])
        assert row["share"] == (None if row["dense_class"] is None else pytest.approx(row["examples"] / whole))


@FEW
@given(kind=st.sampled_from(["single", "multi"]), seed=st.integers(0, 2**32 - 1), examples=st.integers(1, 60))
def test_slices_against_the_definitions(kind: str, seed: int, examples: int) -> None:
    """Values, missing ones and bins between quintiles hold the examples that they should, and their PIEs."""
    gold, answers = drawn(kind, seed, examples)
    random = np.random.default_rng(seed)
    sources = [SOURCES[index] for index in random.integers(0, 3, examples)]
    lengths = random.integers(0, 50, examples)
    columns = {
        "source": pa.array(sources, pa.string()),
        "Length": pa.array(lengths, pa.int64()),
        "empty": pa.nulls(examples, pa.string()),
        "source_id": pa.array([f"x{n}" for n in range(examples)]),
        "number": pa.array(range(examples), pa.int32()),
        "it's": pa.array([n % 2 == 0 for n in range(examples)]),
    }
    with tempfile.TemporaryDirectory() as folder:
        results = filled(folder, kind, gold, answers, columns)
        found = results.rows("FROM pie_rate_by WHERE method = 'imp-ft' AND sparsity = 0.5")
    expected: dict[str, list[tuple[str | None, np.ndarray]]] = {
        "source": [(name, np.array([one == name for one in sources])) for name in SOURCES],
        "it's": [("true", np.arange(examples) % 2 == 0), ("false", np.arange(examples) % 2 == 1)],
        "Length": [(str(value), lengths == value) for value in np.unique(lengths)],
    }
    if all(one is None for one in sources):
        del expected["source"]
    if 20 < len(np.unique(lengths)) == examples:  # ids, for all that one knows
        del expected["Length"]
    elif len(np.unique(lengths)) > 20:
        bins = np.searchsorted(np.quantile(lengths, [0.2, 0.4, 0.6, 0.8]), lengths, side="left")
        members = [bins == number for number in np.unique(bins)]
        expected["Length"] = [(f"{lengths[own].min()} to {lengths[own].max()}", own) for own in members]
    if examples <= 20:
        expected["number"] = [(str(n), np.arange(examples) == n) for n in range(examples)]
    gold_slices: list[tuple[str | None, np.ndarray]] = [
        (f"c{k}", gold == k if kind == "single" else gold[:, k]) for k in range(3)
    ]
    expected["label" if kind == "single" else "labels"] = gold_slices
    pies = np.atleast_2d((votes_of(kind, answers[1]) != votes_of(kind, answers[0])).T).any(axis=0)
    assert {(row["feature"], row["value"]): (row["examples"], row["pies"]) for row in found} == {
        (feature, value): (own.sum(), (own & pies).sum())
        for feature, slices in expected.items()
        for value, own in slices
        if own.any()
    }
    assert all(row["rate"] == pytest.approx(row["pies"] / row["examples"]) for row in found)
    placed = sorted((row["place"], row["value"]) for row in found if row["feature"] == "Length")
    assert [float(value.split(" to ")[0]) for _, value in placed] == [place for place, _ in placed]


def test_answers_of_tests_are_those_of_both_kinds() -> None:
    """The rows that these stores are made of say what the arrays say."""
    assert answer_of(["a", "b"], "single", np.int64(1)) == {"label": "b"}
    assert answer_of(["a", "b"], "multi", np.array([True, True])) == {"labels": "a|b"}
