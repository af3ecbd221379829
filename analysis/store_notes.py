"""Tell what holds of every number of a store: how its networks were chosen, what its sparsities are fractions of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analysis.display_names import percent

Ask = Callable[[str], list[dict[str, Any]]]
"""A question in SQL -> its rows."""


def notes_of(ask: Ask) -> tuple[str, ...]:
    """A sentence each; none of a store of which nothing is to be said."""
    return tuple(note for note in (chosen_on_test(ask), of_all_parameters(ask)) if note)


def chosen_on_test(ask: Ask) -> str:
    """Of whose networks the one that answers was chosen on the test split; else nothing."""
    rows = ask("""
        SELECT DISTINCT task, model FROM trials
        WHERE settings->>'$.training.selection.best' <> '' AND settings->>'$.training.selection.split' = 'test'
        ORDER BY ALL""")
    if not rows:
        return ""
    cells = ", ".join(f"{row['task']}, {row['model']}" for row in rows)
    return f"Chosen on the test split: the networks of {cells} are those that did best on it, so it flatters them."


def of_all_parameters(ask: Ask) -> str:
    """That sparsities are fractions of all parameters, and which compressions they are; or nothing.

    A sparsity S of all is a compression of 1 / (1 - S): parameters / parameters left.
    """
    rows = ask("SELECT DISTINCT sparsity, base FROM trials WHERE sparsity > 0 ORDER BY ALL")
    ratios = list(dict.fromkeys(row["sparsity"] for row in rows if row["base"] != "prunable"))
    if not ratios:
        return ""
    told = ", ".join(f"{percent(sparsity)} a compression of {1 / (1 - sparsity):.4g}" for sparsity in ratios)
    some = "Some percentages" if any(row["base"] == "prunable" for row in rows) else "Percentages"
    biases = ""
    if any(row["base"] == "with-biases" for row in rows):
        biases = " Biases were counted as if they went (base: with-biases), so that less went than that."
    return f"{some} removed are of all parameters, not of the prunable weights: {told}.{biases}"
