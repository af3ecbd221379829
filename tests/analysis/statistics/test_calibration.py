"""On data without any difference, tests and corrections find one as often as they promise, and no more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.relations.database import connect
from analysis.results import Results
from analysis.statistics.corrections import CORRECTIONS
from analysis.statistics.hypothesis_tests import declared, exploratory
from analysis.statistics.mcnemar import mcnemar
from analysis.statistics.paired import bootstrap, paired_t
from tests.analysis.stores import write_plan, write_task, write_trials

ALPHA = 0.05
FAMILIES, TESTS, SEEDS = 2_000, 10, 10


def error(runs: int, rate: float = ALPHA) -> float:
    """Three standard errors of a share over so many independent runs."""
    return 3 * float(np.sqrt(rate * (1 - rate) / runs))


@pytest.fixture(scope="module")
def null_families() -> np.ndarray:
    """Differences of ten pruned cells from one dense cell, all of one mean: (families, tests, seeds)."""
    random = np.random.default_rng(1)
    dense = random.normal(0.9, 0.01, size=(FAMILIES, 1, SEEDS))
    return random.normal(0.9, 0.01, size=(FAMILIES, TESTS, SEEDS)) - dense


def test_the_t_test_errs_as_often_as_it_says(null_families):
    """5 % of single comparisons, within three standard errors; its intervals cover 95 %; it sees a real difference."""
    found = paired_t(null_families[:, 0], ALPHA)
    assert (found.p <= ALPHA).mean() == pytest.approx(ALPHA, abs=error(FAMILIES))
    assert ((found.low <= 0) & (found.high >= 0)).mean() == pytest.approx(1 - ALPHA, abs=error(FAMILIES))
    assert (paired_t(null_families[:, 0] + 0.03, ALPHA).p <= ALPHA).mean() > 0.9


@pytest.mark.parametrize(("seeds", "least"), [(30, ALPHA - error(1_000)), (6, 0.0)])
def test_the_bootstrap_errs_no_more_often_than_it_says(seeds, least):
    """About 5 % over 30 seeds, less over few, where resamples without spread make it careful."""
    differences = np.random.default_rng(2).normal(size=(1_000, seeds))
    found = bootstrap(differences, ALPHA)
    rate = (found.p <= ALPHA).mean()
    assert least <= rate <= ALPHA + error(1_000)
    assert ((found.low <= 0) & (found.high >= 0)).mean() == pytest.approx(1 - rate, abs=0.002)


@pytest.mark.parametrize("differ", [20, 1_000])
def test_exact_mcnemar_errs_at_most_as_said_where_examples_alone_vary(differ):
    """At most 5 %: well below where few examples differ, close to it where many do."""
    only = np.random.default_rng(3).binomial(differ, 0.5, size=20_000)
    rate = (mcnemar(only, differ - only, np.full_like(only, 10 * differ), ALPHA).p <= ALPHA).mean()
    assert rate <= ALPHA + error(20_000)
    assert rate >= {20: 0.03, 1_000: 0.04}[differ]


@pytest.mark.parametrize("name", ["bonferroni", "holm", "bh"])
def test_no_difference_anywhere(name, null_families):
    """Of families without a difference at most 5 % have a finding, where uncorrected more than a quarter do."""
    p = paired_t(null_families, ALPHA).p
    assert (p <= ALPHA).any(axis=-1).mean() > 0.25
    assert (CORRECTIONS[name](p) <= ALPHA).any(axis=-1).mean() <= ALPHA + error(FAMILIES)


def test_some_differences_are_real():
    """Holm keeps the chance of a false finding at 5 %; Benjamini-Hochberg finds more, 5 % of m0 / m of them false."""
    random, real = np.random.default_rng(4), 6
    differences = random.normal(size=(FAMILIES, TESTS, SEEDS))
    differences[:, :real] += 1.2
    p = paired_t(differences, ALPHA).p
    holm, bh = (CORRECTIONS[name](p) <= ALPHA for name in ("holm", "bh"))
    assert holm[:, real:].any(axis=-1).mean() <= ALPHA + error(FAMILIES)
    assert bh[:, :real].mean() > holm[:, :real].mean()
    false = bh[:, real:].sum(axis=-1) / np.maximum(bh.sum(axis=-1), 1)
    assert false.mean() == pytest.approx(ALPHA * (TESTS - real) / TESTS, abs=0.006)
    assert bh[:, real:].any(axis=-1).mean() > ALPHA  # what Benjamini-Hochberg does not promise


def test_from_store_to_verdict(tmp_path: Path) -> None:
    """Real stores whose pruned models are as good as dense ones: few small p-values, no finding after correction."""
    small, findings, comparisons = 0, 0, 0
    for number in range(2):
        results = Results(connect(null_store(tmp_path / str(number), np.random.default_rng(10 + number))))
        for rows in (declared(results), exploratory(results)):
            assert all(row["verdict"] != "not tested" for row in rows)
            small += sum(row["p"] <= ALPHA for row in rows)
            findings += sum(row["corrected_p"] <= ALPHA for row in rows)
            comparisons += len(rows)
    assert comparisons == 2 * (6 + 6 + 6)
    assert small <= 6  # of 36, of which 1.8 are expected
    assert findings <= 1


def null_store(root: Path, random: np.random.Generator) -> Path:
    """Six models, each with a dense and one pruned cell over five seeds, every answer right with one chance."""
    write_task(root, "t", ["a", "b"], [{"split": "test", "example_id": i, "label": "a"} for i in range(40)])
    cells = [
        {"task": "t", "model": f"m{model}", "method": method, "sparsity": sparsity, "seed": seed}
        for model in range(6)
        for method, sparsity in (("dense", 0.0), ("imp-ft", 0.5))
        for seed in range(5)
    ]
    answers = [
        cell | {"split": "test", "example_id": example, "label": "a" if random.random() < 0.8 else "b"}
        for cell in cells
        for example in range(40)
    ]
    write_trials(root, {"t": ["a", "b"]}, answers)
    family = {"against": "dense", "correction": "holm"}
    said = [{"name": "seeds", "test": "bootstrap", **family}, {"name": "votes", "test": "mcnemar", **family}]
    write_plan(root, "null", cells, {"hypotheses": said})
    return root
