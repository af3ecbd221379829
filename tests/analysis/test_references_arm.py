"""Dense models that were trained further, as a cell of their own beside the pruned ones, through a whole report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.broken_examples import surest_broken
from analysis.figures import FIGURES
from analysis.results import Results
from analysis.statistics.hypothesis_tests import declared
from analysis.tables import TABLES
from tests.analysis.statistics.small_panels import write_store
from tests.analysis.stores import write_plan

EXAMPLES, SEEDS = 80, 7
FLIPS = {("dense", 0.0): 0.1, ("dense-4e", 0.0): 0.3, ("imp-ft", 0.5): 0.15, ("imp-ft", 0.9): 0.45}
FAMILY = {"name": "beyond-training", "of": {"method": "imp-ft"}, "against": "dense-4e", "test": "swap"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dense models, further trained ones that answer otherwise, and pruned ones; one family compares these two."""
    random = np.random.default_rng(3)
    gold = np.arange(EXAMPLES) % 2
    cells = {
        cell: {seed: np.where(random.random(EXAMPLES) < share, 1 - gold, gold) for seed in range(SEEDS)}
        for cell, share in FLIPS.items()
    }
    root = write_store(tmp_path_factory.mktemp("references") / "store", cells, gold)
    trials = [
        {"task": "t", "model": "m", "method": method, "sparsity": sparsity, "seed": seed}
        for method, sparsity in FLIPS
        for seed in range(SEEDS)
    ]
    families = [FAMILY, FAMILY | {"name": "breaks-more", "compare": "pie-rate"}]
    write_plan(root, "study", trials, {"references": ["dense-4e"], "hypotheses": families})
    return root


@pytest.fixture(scope="module")
def results(store: Path) -> Results:
    """What tables and figures are made from."""
    return Results.of(store)


@pytest.mark.parametrize("name", list(TABLES))
def test_every_table_takes_them(results: Results, name: str) -> None:
    """No table fails over cells that prune nothing; where there are lines of methods, one is theirs."""
    table = TABLES[name](results)
    if table.lines and "method" in table.keys and name not in ("hypotheses", "readability", "slices"):
        assert any("DENSE-4E" in line.keys for line in table.lines)


@pytest.mark.parametrize("name", list(FIGURES))
def test_every_figure_takes_them(results: Results, name: str) -> None:
    """No figure fails over cells that prune nothing; against sparsity they stand at 0 %."""
    for _, figure in FIGURES[name].draw(results):
        if name in ("effectiveness", "pie_rate"):
            labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
            assert labels == ["0 %", "50 %", "90 %"]
            assert "DENSE-4E" in {text.get_text() for text in figure.legends[0].get_texts()}


def test_pruned_cells_are_compared_with_them(results: Results) -> None:
    """Effectiveness and PIE rate of every sparsity against the one cell at 0: more is broken at 90 %, by more seeds."""
    rows = declared(results)
    assert [(row["family"], row["sparsity"], row["other_method"], row["other_sparsity"]) for row in rows] == [
        (family, sparsity, "dense-4e", 0.0) for family in ("beyond-training", "breaks-more") for sparsity in (0.5, 0.9)
    ]
    by_place = {(row["family"], row["sparsity"]): row for row in rows}
    assert by_place["beyond-training", 0.9]["verdict"] == "lower"
    assert by_place["breaks-more", 0.9]["verdict"] == "higher"


def test_what_further_training_changes_is_not_broken_by_pruning(results: Results) -> None:
    """Examples said to be broken by pruning are so in pruned cells."""
    found = surest_broken(results, ("t", "m", "test"), EXAMPLES)
    assert found
    assert {method for one in found for method, _, _ in one.cells} == {"imp-ft"}
