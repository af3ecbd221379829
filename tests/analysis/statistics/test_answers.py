"""Answers as arrays: what the store has, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.relations.database import connect
from analysis.statistics.answers import panels
from analysis.statistics.survey import survey
from tests.analysis.statistics.small_panels import write_sets, write_store
from tests.analysis.stores import write_store as write_case
from tests.analysis.stores import write_task, write_trials


def test_classes_are_where_the_seeds_put_them(tmp_path: Path) -> None:
    """Every seed's class of every example is in its place, and -1 where a seed has no row."""
    dense = {0: np.array([0, 1, 2, 1]), 3: np.array([0, 1, 1, -1])}
    pruned = {3: np.array([2, 1, 2, 0])}
    store = write_store(tmp_path, {("dense", 0.0): dense, ("imp-ft", 0.5): pruned}, np.array([0, 1, 2, 0]))
    (found,) = panels(connect(store))
    assert found.dense is not None
    assert (found.task, found.split, found.model, found.sets) == ("t", "test", "m", None)
    assert found.example_ids.tolist() == [0, 1, 2, 3]
    assert found.dense.seeds.tolist() == [0, 3]
    assert found.dense.codes.tolist() == [[0, 1, 2, 1], [0, 1, 1, -1]]
    assert [(one.method, one.sparsity, one.seeds.tolist()) for one in found.pruned] == [("imp-ft", 0.5, [3])]
    assert found.pruned[0].codes.tolist() == [[2, 1, 2, 0]]


@pytest.mark.parametrize("classes", [3, 70, 140])
def test_label_sets_come_back_whole(tmp_path: Path, classes: int) -> None:
    """Sets of few and of very many classes are numbered without loss, the empty set among them."""
    random = np.random.default_rng(classes)
    gold = random.random((9, classes)) < 0.3
    cells = {
        cell: {seed: (random.random((9, classes)) < 0.2) & (np.arange(9) > 0)[:, None] for seed in range(2)}
        for cell in (("dense", 0.0), ("rp-ai", 0.9))
    }
    (found,) = panels(connect(write_sets(tmp_path, cells, gold)))
    assert found.sets is not None
    assert found.dense is not None
    for own in (found.dense, *found.pruned):
        for row, said in zip(own.codes, cells[own.method, own.sparsity].values(), strict=True):
            assert (found.sets[row] == said).all()
    assert len({row.tobytes() for row in found.sets}) == len(found.sets)


def test_large_models_come_in_parts_with_the_dense_cell_each(tmp_path: Path) -> None:
    """A bound on answers splits the pruned cells, loses none, and brings the dense cell with every part."""
    cells = {("dense", 0.0): {0: np.array([0, 1])}} | {("imp-ft", s): {0: np.array([1, 1])} for s in (0.2, 0.5, 0.9)}
    connection = connect(write_store(tmp_path, cells, np.array([0, 1])))
    parts = list(panels(connection, at_once=4))
    assert [[one.sparsity for one in part.pruned] for part in parts] == [[0.2, 0.5], [0.9]]
    assert all(part.dense is not None and part.dense.codes.tolist() == [[0, 1]] for part in parts)


def test_the_test_split_comes_before_the_training_split(tmp_path: Path) -> None:
    """Without a split, each task is read on its test split; any other can be asked for."""
    examples = [{"split": split, "example_id": 0, "label": "a"} for split in ("train", "test")]
    write_task(tmp_path, "t", ["a", "b"], examples)
    fixed = {"task": "t", "model": "m", "method": "dense", "sparsity": 0.0, "seed": 0, "example_id": 0}
    rows = [fixed | {"split": split, "label": label} for split, label in (("train", "a"), ("test", "b"))]
    write_trials(tmp_path, {"t": ["a", "b"]}, rows)
    found = {}
    for split in (None, "train"):
        (one,) = panels(connect(tmp_path), split)
        assert one.dense is not None
        found[split] = one.dense.codes.tolist()
    assert found == {None: [[1]], "train": [[0]]}
    assert list(panels(connect(tmp_path), "elsewhere")) == []


def test_a_model_without_pruned_or_without_dense_trials_is_read(tmp_path: Path) -> None:
    """Neither side needs the other to be read."""
    only_pruned = write_store(tmp_path / "pruned", {("rp-ai", 0.5): {0: np.array([0, 1])}}, np.array([0, 1]))
    (found,) = panels(connect(only_pruned))
    assert (found.dense, len(found.pruned)) == (None, 1)
    only_dense = write_store(tmp_path / "dense", {("dense", 0.0): {0: np.array([0, 1])}}, np.array([0, 1]))
    (found,) = panels(connect(only_dense))
    assert found.pruned == ()


def test_a_seed_that_never_answered_the_split_does_not_vote(tmp_path: Path) -> None:
    """Seed 1 of either side has rows of the training split alone: on the test split it is no seed, as in pie_rate."""
    folder = Path(__file__).parents[1] / "sql" / "accuracy_on_pies" / "a_seed_that_lacks_the_split"
    connection = connect(write_case(tmp_path, folder))
    (found,) = panels(connection)
    assert found.dense is not None
    assert [one.seeds.tolist() for one in (found.dense, *found.pruned)] == [[0], [0]]
    (row,) = survey(connection, resamples=10).intervals
    ((rate,),) = connection.sql("SELECT rate FROM pie_rate WHERE split = 'test'").fetchall()
    assert (row["rate"], row["seeds"], row["dense_seeds"]) == (rate, 1, 1)
    assert rate == 1


def test_gold_answers_are_numbered_like_the_seeds(tmp_path: Path) -> None:
    """The gold class of every example that somebody predicts, in the order of the examples."""
    said = {0: np.array([0, -1, 2, 1])}
    store = write_store(tmp_path, {("dense", 0.0): said, ("imp-ft", 0.5): said}, np.array([1, 2, 0, 1]))
    (found,) = panels(connect(store))
    assert found.gold is not None
    assert found.gold.tolist() == [1, 0, 1]
