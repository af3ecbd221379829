"""What is printed when a study is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analysis.results import Results
from analysis.summary import _beside_noise, broken_examples, pie_table, told
from tests.analysis.stores import write_task


def test_table_has_the_numbers_of_the_views(store: Path) -> None:
    """Each cell's PIE rate, effectiveness, floors and excess are on one line, the dense model's on top."""
    results = Results.of(store)
    printed = pie_table(results)
    means = {(row["task"], row["method"], row["sparsity"]): row["mean"] for row in results.effectiveness}
    for row in results.pie_rate:
        line = line_of(printed, row)
        assert f"{row['rate'] * 100:.1f}" in line
        assert f"{means[row['task'], row['method'], row['sparsity']]:.3f}" in line
    for row in results.survey.intervals:
        floors = f"{row['noise_floor'] * 100:.1f}  {row['pruned_floor'] * 100:.1f}"
        assert f"{floors}   {row['excess'] * 100:+.1f} " in line_of(printed, row)
        assert line_of(printed, row).endswith("no interval")  # four seeds
    dense = next(row for row in results.effectiveness if row["task"] == "reviews" and row["method"] == "dense")
    assert f"reviews, bilstm, test split: dense accuracy {dense['mean']:.3f} ± {dense['std']:.3f}, 4 seeds" in printed
    assert printed.count("†") == 3  # a cell, the footnote, and what to know before believing it


def line_of(printed: str, row: dict[str, Any]) -> str:
    """The line of a pruned cell."""
    block = printed[printed.index(f"{row['task']}, bilstm") :]
    block = block[block.index(f"{row['sparsity']:.0%}".replace("%", " % removed")) :]
    return next(line for line in block.splitlines() if line.startswith(row["method"].upper()))


@pytest.mark.parametrize(
    ("low", "said"), [(0.01, "+4.0 (1.0 to 9.0)      beyond seed noise"), (-0.01, "not told apart from seed noise")]
)
def test_what_seed_noise_explains_is_called_no_finding(low: float, said: str) -> None:
    """A cell is beyond seed noise only where the interval of its excess lies above 0."""
    row = {"noise_floor": 0.1, "pruned_floor": 0.2, "excess": 0.04, "excess_low": low, "excess_high": 0.09}
    assert _beside_noise(row).endswith(said)


def test_examples_are_those_of_which_dense_models_were_surest(store: Path) -> None:
    """The example that every cell breaks comes first, with its text, gold label and both votes."""
    first = broken_examples(Results.of(store), 1)
    assert "document.title" in first
    assert "gold negative" in first
    assert "dense models negative" in first
    assert "pruned models positive" in first
    assert "2 methods" in first
    assert "dense models negative (4 of 4)" in first
    heading, *shown = broken_examples(Results.of(store), 3).split("\n\n")
    assert heading == "Broken by pruning, and right before; the dense models were surest of these:"
    assert len(shown) == 3


def test_every_model_has_one_sentence_on_noise(store: Path) -> None:
    """With four seeds nothing can be told apart from it, and that is said."""
    lines = " ".join(told(Results.of(store)).split())
    for task in ("reviews", "topics"):
        assert (
            f"{task}, bilstm: With fewer than five seeds, no PIE rate here can be told apart from seed noise." in lines
        )


def test_a_store_without_trials(tmp_path: Path) -> None:
    """Before the first commit both say so."""
    write_task(tmp_path, "t", ["a", "b"], [{"split": "test", "example_id": 0, "label": "a"}])
    assert pie_table(Results.of(tmp_path)) == "no committed trials yet"
    assert broken_examples(Results.of(tmp_path), 3) == "no example is broken by pruning"
