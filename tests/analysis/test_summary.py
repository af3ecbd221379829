"""What is printed when a study is done."""

from __future__ import annotations

from pathlib import Path

from analysis.database import connect
from analysis.results import Results
from analysis.summary import broken_examples, pie_table
from tests.analysis.stores import write_task


def test_table_has_the_numbers_of_the_views(store: Path) -> None:
    """Each cell's PIE percentage and effectiveness are on its method's line, the dense model's on top."""
    printed = pie_table(store)
    results = Results(connect(store))
    means = {(row["task"], row["method"], row["sparsity"]): row["mean"] for row in results.effectiveness}
    for row in results.pie_rate:
        block = printed[printed.index(f"{row['task']}, bilstm") :]
        line = next(line for line in block.splitlines() if line.startswith(row["method"].upper()))
        assert f"{row['rate'] * 100:.1f}" in line
        assert f"{means[row['task'], row['method'], row['sparsity']]:.3f}" in line
    dense = next(row for row in results.effectiveness if row["task"] == "reviews" and row["method"] == "dense")
    assert f"reviews, bilstm, test split: dense accuracy {dense['mean']:.3f} ± {dense['std']:.3f}, 4 seeds" in printed
    assert printed.count("†") == 2


def test_examples_are_those_that_most_cells_break(store: Path) -> None:
    """The example that every cell breaks comes first, with its text, gold label and both votes."""
    first = broken_examples(store, 1)
    assert "document.title" in first
    assert "gold negative" in first
    assert "dense models negative" in first
    assert "pruned models positive" in first
    assert "2 methods" in first
    assert len(broken_examples(store, 3).split("\n\n")) == 3


def test_a_store_without_trials(tmp_path: Path) -> None:
    """Before the first commit both say so."""
    write_task(tmp_path, "t", ["a", "b"], [{"split": "test", "example_id": 0, "label": "a"}])
    assert pie_table(tmp_path) == "no committed trials yet"
    assert broken_examples(tmp_path, 3) == "no example is broken by pruning"
