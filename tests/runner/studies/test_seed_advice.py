"""What is said of a number of seeds before anything is trained."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from runner.command_line import app
from runner.studies import load
from runner.studies.hypotheses import HypothesisChoice
from runner.studies.seed_advice import advice, family_told, least_corrected_p, least_p
from tests.runner.studies.test_hypotheses import declaring, written


def told(tmp_path, family: str, *changes: str) -> list[str]:
    """The lines on a small study with one family."""
    return list(advice(load(str(written(tmp_path, declaring(family))), list(changes))))


@pytest.mark.parametrize(
    ("test", "seeds", "least"),
    [
        ("swap", 3, 0.25),
        ("swap", 6, 1 / 32),
        ("swap", 30, 1 / 10_000),
        ("bootstrap", 3, 1 / 9),
        ("paired-t", 3, 0.0),
        ("paired-t", 1, 1.0),
        ("mcnemar", 1, 0.0),
    ],
)
def test_the_least_p_of_a_test(test, seeds, least):
    """Of 2^n exchanges two give the observed difference; a t-test is bounded by nothing but its data."""
    assert least_p(test, seeds) == pytest.approx(least)


def test_corrections_raise_the_least_p():
    """Holm multiplies the smallest p by the comparisons, Benjamini-Hochberg does not if all are as small."""
    family = {"name": "a", "against": "dense", "test": "swap"}
    holm, bh = (HypothesisChoice.model_validate(family | {"correction": name}) for name in ("holm", "bh"))
    assert least_corrected_p(holm, 5, 6) == pytest.approx(5 / 32)
    assert least_corrected_p(bh, 5, 6) == pytest.approx(1 / 32)
    assert family_told(holm, 5, 6) == "a (5 by swap, holm; least p 0.031)"


def test_a_family_that_can_find_nothing_is_told_so(tmp_path):
    """Five seeds and two comparisons of votes: the line says the least corrected p and how many seeds would do."""
    family = "{name: fewer, compare: pie-rate, of: {method: imp-ft}, against: imp-wr, test: swap}"
    study = ["methods=[imp-ft,imp-wr]", "sparsities=[0.5,0.9]"]
    lines = told(tmp_path, family, "seeds=5", *study)
    words = "can find nothing: 5 seeds give a corrected p of 0.12 at least, above alpha 0.05; take 7 seeds"
    assert lines == [f"hypotheses: 'fewer' {words}"]
    assert told(tmp_path, family, "seeds=7", *study) == []


@pytest.mark.parametrize(
    ("seeds", "words"), [(3, "3 give no intervals"), (4, "4 give no intervals"), (6, "6 is even"), (7, ""), (5, "")]
)
def test_few_and_even_seeds(tmp_path, seeds, words):
    """One line on seeds that give no interval or can tie, none on an odd number of at least five."""
    lines = told(tmp_path, "{name: a, of: {method: imp-ft}, against: dense, test: paired-t}", f"seeds={seeds}")
    assert [words in line for line in lines] == [True] * bool(words)


def test_unequal_pairs_and_mcnemar_are_named(tmp_path):
    """A method that goes on from its dense model agrees with it more; mcnemar asks about these seeds."""
    (pairs,) = told(
        tmp_path, "{name: a, compare: pie-rate, of: {method: imp-ft}, against: rp-ai, test: swap}", "seeds=7"
    )
    assert "imp-ft, which goes on from the dense model of its seed, and rp-ai" in pairs
    (seeds,) = told(tmp_path, "{name: a, of: {method: imp-ft}, against: dense, test: mcnemar}", "seeds=7")
    assert "with these very seeds" in seeds


def test_plan_prints_it(tmp_path):
    """`piesweep plan` has the least p beside the family and a line on what it cannot find."""
    family = "{name: fewer, compare: pie-rate, of: {method: imp-ft}, against: rp-ai, test: swap}"
    shown = CliRunner().invoke(app, ["plan", str(written(tmp_path, declaring(family))), "seeds=3"])
    assert shown.exit_code == 0, shown.output
    assert "least p 0.25" in shown.output
    assert "'fewer' can find nothing: 3 seeds" in shown.output
