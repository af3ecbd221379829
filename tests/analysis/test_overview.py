"""The first sight: rates beside their noise floors, the largest effect that is one, and the surest examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.broken_examples import surest_broken
from analysis.overview import largest_effect, overviews, places
from analysis.results import Results
from tests.analysis.statistics.small_panels import write_harmed, write_store
from tests.analysis.stores import write_task, write_trials

PLACE = ("t", "m", "test")


def votes(*seeds: str) -> dict[int, Any]:
    """Seed -> answers, written as one digit an example."""
    return {seed: np.array([int(digit) for digit in digits]) for seed, digits in enumerate(seeds)}


def test_the_surest_examples_come_first(tmp_path: Path) -> None:
    """Right ones before wrong ones, 3 of 3 seeds before 2 of 3, then those that more cells break."""
    gold = np.array([0, 0, 0, 0, 1])
    cells = {
        ("dense", 0.0): votes("00000", "00000", "10000"),
        ("mp-ai", 0.5): votes("10111", "10111", "10111"),
        ("mp-ai", 0.9): votes("11101", "11101", "11101"),
    }
    found = surest_broken(Results.of(write_store(tmp_path, cells, gold)), PLACE, 5)
    assert [one.example_id for one in found] == [2, 1, 3, 0, 4]
    assert [(one.agreeing, one.seeds, len(one.cells)) for one in found] == [
        (3, 3, 2),
        (3, 3, 1),
        (3, 3, 1),
        (2, 3, 2),
        (3, 3, 2),
    ]
    assert [one.was_right for one in found] == [True, True, True, True, False]
    assert (found[0].dense, found[0].cells) == (("a",), (("mp-ai", 0.5, ("b",)), ("mp-ai", 0.9, ("b",))))


def test_examples_of_several_labels(tmp_path: Path) -> None:
    """A set's vote is as sure as the class of it that fewest seeds predict; of no class nothing is known."""
    examples = [{"split": "test", "example_id": at, "labels": "a|b", "text": f"x{at}"} for at in range(3)]
    write_task(tmp_path, "t", ["a", "b"], examples)
    fixed = {"task": "t", "model": "m", "split": "test"}
    answers = {("dense", 0.0): ["a|b a|b a|b", "a|b a|b a", "- - -"], ("mp-ai", 0.5): ["a a a"] * 3}
    write_trials(
        tmp_path,
        {"t": ["a", "b"]},
        [
            fixed | {"method": method, "sparsity": sparsity, "seed": seed, "example_id": at, "labels": text.strip("-")}
            for (method, sparsity), own in answers.items()
            for at, row in enumerate(own)
            for seed, text in enumerate(row.split())
        ],
    )
    found = surest_broken(Results.of(tmp_path), PLACE, 5)
    assert [(one.example_id, one.dense, one.agreeing, one.was_right) for one in found] == [
        (0, ("a", "b"), 3, True),
        (1, ("a", "b"), 2, True),
        (2, (), 0, False),
    ]
    assert found[0].text == "x0"


def test_without_gold_or_dense_models(tmp_path: Path) -> None:
    """Nothing is called right where no dense model has answered, and there is nothing to show."""
    gold = np.array([0, 1])
    results = Results.of(write_store(tmp_path, {("mp-ai", 0.5): votes("01")}, gold))
    (found,) = overviews(results, 3)
    assert (found.examples, found.effect) == ((), None)
    assert found.summary == "No dense models to compare with yet."


def test_an_effect_is_named(tmp_path: Path) -> None:
    """Models that always say a lose all recall of b: that is the largest effect, and their PIEs are beyond noise."""
    (found,) = overviews(Results.of(write_harmed(tmp_path, harmed=True, seeds=7)), 2)
    assert found.cells[0].verdict == "beyond"
    assert found.summary == (
        "PIEs beyond seed noise in 1 of 1 cells (by chance alone in 0.1 at most); not told apart from it in 0."
    )
    assert found.effect is not None
    assert found.effect.startswith("recall of b under MP-AI at 90 % falls from 0.")
    assert " to 0.000 (" in found.effect
    assert all(one.was_right and one.gold == ("b",) for one in found.examples)


@pytest.mark.parametrize(
    ("seeds", "verdict", "told"),
    [
        (7, "noise", "Not told apart from seed noise: the PIEs of all 1 cells."),
        (3, "too-few", "With fewer than five seeds, no PIE rate here can be told apart from seed noise."),
    ],
)
def test_noise_is_no_effect(tmp_path: Path, seeds: int, verdict: str, told: str) -> None:
    """Where pruned models err as dense ones do, or seeds are few, no effect is named."""
    (found,) = overviews(Results.of(write_harmed(tmp_path, harmed=False, seeds=seeds)), 2)
    assert (found.cells[0].verdict, found.summary, found.effect) == (verdict, told, None)


def test_a_fall_within_noise_is_no_effect() -> None:
    """A recall that falls without PIEs of the class beyond noise gives way to the cell with the largest excess."""
    fallen = {"class": "b", "method": "mp-ai", "sparsity": 0.9, "change": -0.5, "change_low": -0.6, "change_high": -0.4}
    fallen |= {"corrected_p": 0.01, "dense_recall": 0.9, "pruned_recall": 0.4, "excess_low": -0.01}
    cell = {"method": "imp-ft", "sparsity": 0.5, "excess": 0.02, "excess_low": 0.01, "excess_high": 0.03}
    told = "IMP-FT at 50 % makes 2.0 points more PIEs than seed noise (1.0 to 3.0)"
    assert largest_effect([fallen], [cell]) == told
    assert largest_effect([fallen | {"excess_low": 0.1}], [cell]) == (
        "recall of b under MP-AI at 90 % falls from 0.900 to 0.400 (-60.0 to -40.0 points)"
    )
    assert largest_effect([], [cell | {"excess_low": -0.01}]) is None


def test_every_place_has_one(store: Path) -> None:
    """Of two tasks each has an overview with the rates of the view."""
    results = Results.of(store)
    assert [place[0] for place in places(results)] == ["reviews", "topics"]
    for one in overviews(results, 1):
        rates = {(row["method"], row["sparsity"]): row["rate"] for row in results.pie_rate if row["task"] == one.task}
        assert {(cell.method, cell.sparsity): cell.rate for cell in one.cells} == pytest.approx(rates)
        assert {cell.verdict for cell in one.cells} == {"too-few"}
