"""The tables of noise, seeds and definitions: what is in them, and what is marked."""

from __future__ import annotations

import pytest

from analysis.figures import FIGURES
from analysis.relations.database import connect
from analysis.results import Results
from analysis.tables import TABLES
from tests.analysis.conftest import fill

PLACES = {(task, method) for task in ("reviews", "topics") for method in ("IMP-FT", "RP-AI")}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The store of conftest with as many seeds as an interval needs, opened once."""
    return Results(connect(fill(tmp_path_factory.mktemp("statistics") / "store", seeds=5)))


def test_the_noise_floor_stands_once_between_rates_and_excess(results: Results) -> None:
    """Per task and model: each method's rate, one line of noise floor, each method's excess, incomplete ones marked."""
    table = TABLES["noise_floor"](results)
    found = [(line.keys[0], line.keys[-2], line.keys[-1]) for line in table.lines]
    for task in ("reviews", "topics"):
        assert [place[1:] for place in found if place[0] == task] == [
            ("PIE %", "IMP-FT"),
            ("PIE %", "RP-AI"),
            ("noise floor %", "dense"),
            ("pruned floor %", "IMP-FT"),
            ("pruned floor %", "RP-AI"),
            ("PIE % of halves", "IMP-FT"),
            ("PIE % of halves", "RP-AI"),
            ("excess, points", "IMP-FT"),
            ("excess, points", "RP-AI"),
        ]
    marked = {line.keys for line in table.lines for group in line.values if "incomplete" in group[0].marks}
    assert {(keys[0], keys[-1]) for keys in marked} == {("reviews", "RP-AI")}
    assert {row["dense_seeds"] for row in table.records} == {5}
    assert "Votes are of 4 to 5 seeds: cells with unequal numbers are not to be compared." in table.caption


def test_printed_intervals_are_those_of_the_numbers(results: Results) -> None:
    """A rate is printed in per cent with its interval, and in bold where the excess is above zero by its interval."""
    table = TABLES["noise_floor"](results)
    row = next(
        row for row in table.records if (row["task"], row["method"], row["sparsity"]) == ("topics", "rp-ai", 0.9)
    )
    lines = {
        line.keys[-2]: line.values[-1][0]
        for line in table.lines
        if (line.keys[0], line.keys[-1]) == ("topics", "RP-AI")
    }
    low, high = row["two_way_low"] * 100, row["two_way_high"] * 100
    assert lines["PIE %"].text == f"{row['rate'] * 100:.1f} ({low:.1f} to {high:.1f})"
    assert lines["PIE % of halves"].text == f"{row['halves_rate'] * 100:.1f}"
    assert ("best" in lines["excess, points"].marks) == (row["excess_low"] > 0)


@pytest.mark.parametrize("name", ["seed_adequacy", "definitions", "churn", "held_out_pies"])
def test_every_cell_is_in_the_table(results: Results, name: str) -> None:
    """Two tasks with two methods at two sparsities each are all there, incomplete ones marked."""
    table = TABLES[name](results)
    assert {(line.keys[0], line.keys[-1]) for line in table.lines} == PLACES
    assert table.columns == ("50 %", "90 %")
    marked = {
        (line.keys[0], line.keys[-1], column)
        for line in table.lines
        for column, group in zip(table.columns, line.values, strict=True)
        if any("incomplete" in value.marks for value in group)
    }
    assert marked == {("reviews", "RP-AI", "90 %")}


def test_one_figure_a_model_with_a_line_per_method(results: Results) -> None:
    """Both panels have every method's line over the numbers of seeds."""
    pictures = list(FIGURES["seed_adequacy"].pictures("seed_adequacy", results))
    assert [picture.place for picture in pictures] == [("reviews", "bilstm"), ("topics", "bilstm")]
    steady, width = pictures[1].figure.axes
    assert [list(line.get_xdata()) for line in steady.lines] == [[1], [1]]
    assert [list(line.get_xdata()) for line in width.lines[:2]] == [[1, 3, 5, 10], [1, 3, 5, 10]]


def test_rates_fall_with_the_seeds_that_vote(results: Results) -> None:
    """One panel a method, one line a sparsity, up to all seeds, beside what dense seeds alone do."""
    pictures = list(FIGURES["rate_by_seeds"].pictures("rate_by_seeds", results))
    assert [picture.place for picture in pictures] == [("reviews", "bilstm"), ("topics", "bilstm")]
    reference, *lines = pictures[1].figure.axes[0].lines
    assert list(reference.get_xdata()) == [1]
    assert [list(line.get_xdata()) for line in lines] == [[1, 3, 5], [1, 3, 5]]


def test_churn_is_split_into_what_accuracy_needs_and_the_rest(results: Results) -> None:
    """The rate is that of pie_rate; forced and beyond add up to it."""
    rates = {(row["task"], row["method"], row["sparsity"]): row["rate"] for row in results.pie_rate}
    rows = TABLES["churn"](results).records
    for row in rows:
        assert row["rate"] == pytest.approx(rates[row["task"], row["method"], row["sparsity"]])
        assert row["rate"] == pytest.approx(row["forced"] + row["beyond"])
        assert row["beyond"] > -1e-12
    votes = {
        (row["method"], row["sparsity"]): abs(row["pruned"] - row["dense"])
        for row in results.accuracy_on_pies
        if (row["task"], row["subset"], row["estimator"]) == ("reviews", "all", "majority-vote")
    }
    forced = {(row["method"], row["sparsity"]): row["forced"] for row in rows if row["task"] == "reviews"}
    assert forced == pytest.approx(votes)
