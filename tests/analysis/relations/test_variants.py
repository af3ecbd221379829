"""Trials whose settings differ never vote together."""

from __future__ import annotations

from pathlib import Path

from analysis.relations.database import connect
from analysis.results import Results
from tests.analysis.stores import write_plan, write_task, write_trials

CELL = {"task": "t", "model": "net", "split": "test", "example_id": 0}


def trial(method: str, sparsity: float, seed: int, epochs: int, label: str) -> dict[str, object]:
    """A trial of one prediction."""
    return CELL | {"method": method, "sparsity": sparsity, "seed": seed, "epochs": str(epochs), "label": label}


def start(root: Path) -> None:
    """A store with one example."""
    write_task(root, "t", ["a", "b"], [{"split": "test", "example_id": 0, "label": "a"}])


def models(root: Path) -> list[str]:
    """The models of the pruned cells, as the views name them."""
    return [row["model"] for row in Results(connect(root)).pie_rate]


def test_more_seeds_join_their_cell(tmp_path: Path) -> None:
    """A second plan with more seeds of the same settings adds to the cell."""
    start(tmp_path)
    first = [trial("dense", 0.0, 0, 2, "a"), trial("imp-ft", 0.5, 0, 2, "b")]
    more = [trial("dense", 0.0, 1, 2, "a"), trial("imp-ft", 0.5, 1, 2, "b")]
    write_plan(tmp_path, "a", first)
    write_trials(tmp_path, {"t": ["a", "b"]}, first)
    write_plan(tmp_path, "b", [*first, *more])
    assert models(tmp_path) == ["net"]
    found = {(row["method"], row["planned"], row["committed"]) for row in Results(connect(tmp_path)).completeness}
    assert found == {("dense", 2, 1), ("imp-ft", 2, 1)}


def test_other_epochs_get_a_name_of_their_own(tmp_path: Path) -> None:
    """The way that came first keeps the study's name, also once another has been committed."""
    start(tmp_path)
    first = [trial("dense", 0.0, 0, 2, "a"), trial("imp-ft", 0.5, 0, 2, "b")]
    other = [trial("dense", 0.0, 0, 9, "b"), trial("imp-ft", 0.5, 0, 9, "b")]
    write_trials(tmp_path, {"t": ["a", "b"]}, first)
    write_trials(tmp_path, {"t": ["a", "b"]}, other)
    name, further = models(tmp_path)
    assert name == "net"
    assert further.startswith("net@")
    rates = {row["model"]: row["rate"] for row in Results(connect(tmp_path)).pie_rate}
    assert rates == {"net": 1.0, further: 0.0}


def test_a_planned_way_without_commits_is_not_mixed_in(tmp_path: Path) -> None:
    """A plan of other settings that has not begun leaves the completeness of the first as it is."""
    start(tmp_path)
    first = [trial("dense", 0.0, 0, 2, "a")]
    write_plan(tmp_path, "a", first)
    write_trials(tmp_path, {"t": ["a", "b"]}, first)
    write_plan(tmp_path, "b", [trial("dense", 0.0, seed, 9, "a") for seed in range(3)])
    found = sorted((row["planned"], row["committed"]) for row in Results(connect(tmp_path)).completeness)
    assert found == [(1, 1), (3, 0)]
