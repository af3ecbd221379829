"""The hypotheses of a store: those that its studies declared, and those that nobody did."""

from __future__ import annotations

from itertools import groupby

from analysis.display_names import first_splits, method_name, percent
from analysis.results import Results, Row
from analysis.statistics.cell_keys import CellKey
from analysis.statistics.cell_keys import place as key_of
from analysis.statistics.class_measures import MEASURES
from analysis.statistics.class_measures import compared as of_classes
from analysis.statistics.families import Pairs, judge, over_examples, over_seeds
from analysis.statistics.paired import SEED_TESTS
from analysis.statistics.seed_comparisons import held_out_pairs, over_votes
from runner.methods import DENSE

ALPHA = 0.05
CELL = ("task", "split", "model", "method", "sparsity")


def declared(results: Results) -> list[Row]:
    """One row for each comparison of each declared family: the row of the view `hypotheses`, and what `judge` adds."""
    rows = results.rows("FROM hypotheses ORDER BY family_no, comparison_no")
    seeds, examples = _seed_pairs(results, rows), _example_pairs(results, rows)
    found: list[Row] = []
    for _, group in groupby(rows, key=lambda row: row["family_no"]):
        family = list(group)
        if family[0]["compare"] in MEASURES:
            comparisons = of_classes(results, family, [sides(row) for row in family])
        elif family[0]["test"] == "swap":
            comparisons = over_votes(results, family, map(sides, family))
        elif family[0]["test"] == "mcnemar":
            comparisons = [over_examples(row, examples.get(_number(row)), *sides(row)) for row in family]
        elif family[0]["compare"] == "effectiveness-on-pies":
            pairs = held_out_pairs(results, family)
            comparisons = [over_seeds(own, row["test"], *sides(row)) for own, row in zip(pairs, family, strict=True)]
        else:
            comparisons = [over_seeds(seeds.get(_number(row), []), row["test"], *sides(row)) for row in family]
        found += judge(family, comparisons)
    return found


def exploratory(results: Results) -> list[Row]:
    """Every pruned cell's effectiveness against its dense cell's: paired t over seeds, Holm over each task and model.

    What is compared where nobody has said before what would be: a place to find hypotheses, not to confirm them.
    """
    values = _values_by_seed(results)
    rows, comparisons = [], []
    for (task, split, model, method, sparsity), pruned in values.items():
        if method != DENSE:
            dense = values.get((task, split, model, DENSE, 0.0), {})
            pairs: Pairs = [(seed, pruned.get(seed), dense.get(seed)) for seed in sorted(pruned.keys() | dense.keys())]
            place = dict(zip(CELL, (task, split, model, method, sparsity), strict=True))
            rows.append({**place, "test": "paired-t", "correction": "holm", "alpha": ALPHA, "status": "exploratory"})
            comparisons.append(over_seeds(pairs, "paired-t", _side(method, sparsity), DENSE))
    found: list[Row] = []
    for _, group in groupby(zip(rows, comparisons, strict=True), key=lambda pair: (pair[0]["task"], pair[0]["model"])):
        own = list(group)
        found += judge([row for row, _ in own], [comparison for _, comparison in own])
    return found


def sides(row: Row) -> tuple[str, str]:
    """Both sides of a comparison in words, with what they have in common left out of the other."""
    side = _side(row["method"], row["sparsity"])
    if row.get("other_method") is None:
        return f"{side} on PIEs that other seeds find", f"{DENSE} on the same"
    other = _side(row["other_method"], row["other_sparsity"])
    if row.get("other_task", row["task"]) != row["task"]:
        return side, f"{row['other_task']} {row['other_model']} {other}"
    same = row["other_model"] == row["model"]
    return side, other if same else f"{row['other_model']} {other}"


def _seed_pairs(results: Results, rows: list[Row]) -> dict[tuple[int, int], Pairs]:
    """The pairs of seeds of every comparison; what no family asks is not counted."""
    found: dict[tuple[int, int], Pairs] = {}
    if any(row["compare"] == "effectiveness" and row["test"] in SEED_TESTS for row in rows):
        for pair in sorted(results.shown("seed_pairs"), key=lambda pair: pair["seed"]):
            found.setdefault(_number(pair), []).append((pair["seed"], pair["value"], pair["other_value"]))
    return found


def _example_pairs(results: Results, rows: list[Row]) -> dict[tuple[int, int], Row]:
    """The counted pairs of examples of every comparison."""
    if all(row["test"] != "mcnemar" for row in rows):
        return {}
    return {_number(row): row for row in results.shown("example_pairs")}


def _number(row: Row) -> tuple[int, int]:
    return row["family_no"], row["comparison_no"]


def _values_by_seed(results: Results) -> dict[CellKey, dict[int, float]]:
    """Cell -> seed -> effectiveness, in the order of the grid, on the first split that a task has."""
    first = first_splits((row["task"], row["split"]) for row in results.effectiveness)
    values: dict[CellKey, dict[int, float]] = {
        key_of(row): {} for row in results.effectiveness if row["split"] == first[row["task"]]
    }
    for row in results.seed_effectiveness:
        if key_of(row) in values and row["value"] is not None:
            values[key_of(row)][row["seed"]] = row["value"]
    return values


def _side(method: str, sparsity: float) -> str:
    name = method if method == DENSE else method_name(method)
    return name if not sparsity else f"{name} {percent(sparsity)}"
