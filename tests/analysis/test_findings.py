"""The sentences at the top of the report carry the numbers of the views, and its warnings what is wrong."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from analysis.page.cautions import cautions
from analysis.page.findings import findings
from analysis.results import Results
from runner.store.reader import task_cards
from tasks import TASKS
from tests.analysis.statistics.small_panels import write_harmed, write_store
from tests.analysis.stores import write_task, write_trials


def test_sentences_have_the_numbers_of_the_views(store: Path) -> None:
    """Dense effectiveness, PIE share by sparsity and the extremes, task by task; four seeds tell nothing from noise."""
    results = Results.of(store)
    found = {one.task: " ".join(one.sentences) for one in findings(results)}
    assert set(found) == {"reviews", "topics"}
    dense = results.rows("SELECT avg(value) AS mean FROM effectiveness WHERE task = 'reviews' AND method = 'dense'")[0]
    assert f"Dense: accuracy {dense['mean']:.3f} ±" in found["reviews"]
    for row in results.rows("SELECT sparsity, avg(rate) AS rate FROM pie_rate WHERE task = 'topics' GROUP BY sparsity"):
        assert f"{row['rate'] * 100:.1f} % at {row['sparsity'] * 100:.0f} %" in found["topics"]
    (floor,) = {row["noise_floor"] for row in results.survey.intervals if row["task"] == "topics"}
    assert f"two halves of the dense seeds alone disagree on {floor * 100:.1f} %" in found["topics"]
    own = [row for row in results.survey.intervals if (row["task"], row["sparsity"]) == ("topics", 0.9)]
    most = max(own, key=lambda row: row["halves_rate"])
    assert f"{most['method'].upper()} the most ({most['halves_rate'] * 100:.1f} %)" in found["topics"]
    assert "On PIEs that other seeds find" not in found["reviews"]


def told(root: Path, harmed: bool, seeds: int = 7) -> str:
    """The sentences on a store of seven seeds whose pruned models call everything a, or err as the dense ones do."""
    (found,) = findings(Results.of(write_harmed(root, harmed=harmed, seeds=seeds)))
    return " ".join(found.sentences)


def test_the_worst_class_is_named(tmp_path: Path) -> None:
    """Pruned models that always say a lose the recall of b, and are worse on held-out PIEs."""
    sentences = told(tmp_path, harmed=True)
    assert "Class “b” pays most: its recall falls from 0." in sentences
    assert "to 0.000 under MP-AI at 90 %" in sentences
    assert "pruned models are worse than dense ones by more than the interval in 1 of 1 cells" in sentences


def test_noise_is_called_noise(tmp_path: Path) -> None:
    """Where pruned models err as dense ones do, no class pays."""
    sentences = told(tmp_path, harmed=False)
    assert "No class is shown to lose recall" in sentences
    assert "worse than dense ones by more than the interval in 0 of 1 cells, better in 0" in sentences


def test_collapsed_trials_are_warned_of(tmp_path: Path) -> None:
    """A pruned model that always says the same is counted."""
    cells = {("dense", 0.0): {0: np.arange(8) % 2}, ("mp-ai", 0.9): {0: np.zeros(8, int)}}
    (caution,) = cautions(Results.of(write_store(tmp_path, cells, np.arange(8) % 2)))
    assert caution.startswith("Collapsed: 1 trial of 1 cell gave every example the same answer.")


def test_dense_models_at_chance_are_warned_of(tmp_path: Path) -> None:
    """Right in 5 of 8 where the most frequent class has 5 of 8: nothing was learned, and nothing can be lost."""
    gold = np.array([0, 0, 0, 0, 0, 1, 1, 1])
    dense = np.array([0, 0, 0, 1, 1, 1, 1, 0])
    cells = {("dense", 0.0): {0: dense}, ("mp-ai", 0.9): {0: 1 - dense}}
    (caution,) = cautions(Results.of(write_store(tmp_path, cells, gold)))
    assert "are at chance on the test split: accuracy 0.625, and always the most frequent class has 0.625" in caution


def test_a_licence_that_keeps_texts_here_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that shows texts of such a task says so, and of other tasks nothing."""
    cells = {("dense", 0.0): {0: np.arange(8) % 2}, ("mp-ai", 0.9): {0: np.arange(8) % 2}}
    store = write_store(tmp_path, cells, np.arange(8) % 2)
    results = Results.of(store)
    assert cautions(results) == []
    (name,) = task_cards(store)
    monkeypatch.setitem(TASKS, name, dataclasses.replace(TASKS["digits"], name=name, may_be_passed_on=False))
    (caution,) = cautions(results)
    assert caution.startswith(f"The licence of {name} forbids to pass the data on, and this page shows its texts.")


def test_incomplete_cells_are_warned_of(store: Path) -> None:
    """The cell that lacks a seed is counted."""
    assert any("1 of 10 cells rest on fewer seeds" in caution for caution in cautions(Results.of(store)))


@pytest.mark.parametrize("method", ["dense", "imp-ft"])
def test_one_side_alone_has_something_to_say(tmp_path: Path, method: str) -> None:
    """A store with dense trials alone, or pruned ones alone, has findings without PIEs, and no error."""
    rows = [{"split": "test", "example_id": at, "label": "ab"[at % 2], "text": "x"} for at in range(4)]
    write_task(tmp_path, "t", ["a", "b"], rows)
    cell = {"task": "t", "model": "m", "seed": 0, "method": method, "sparsity": 0 if method == "dense" else 0.5}
    write_trials(tmp_path, {"t": ["a", "b"]}, [row | cell for row in rows])
    (found,) = findings(Results.of(tmp_path))
    assert not any("PIEs" in sentence for sentence in found.sentences)
