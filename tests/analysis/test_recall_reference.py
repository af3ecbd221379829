"""The numbers of recall distortion against a reference, to ten digits, through a store."""

from __future__ import annotations

import pytest

from analysis.results import Results
from tests.analysis.counted_stores import write_counts
from tests.analysis.recall_reference import RATIOS, SIZES, expected, grid

CASES = [(case, ratio) for case in SIZES for ratio in RATIOS]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A store of both cases."""
    return Results.of(write_counts(tmp_path_factory.mktemp("recall") / "store", *map(grid, SIZES)))


def exactly(value: object) -> object:
    """Equal to ten digits."""
    return pytest.approx(value, rel=1e-10)


@pytest.mark.parametrize(("case", "ratio"), CASES)
def test_alpha_of_every_trial(results: Results, case: str, ratio: str) -> None:
    """The view has the slope of every model, balances before and after as pairs of one parent."""
    rows = results.rows("FROM recall_distortion WHERE task = ? AND sparsity = ? ORDER BY seed", case, RATIOS[ratio][1])
    assert [row["alpha"] for row in rows] == exactly(expected(case)[ratio]["alpha"])
    assert {row["is_balanced"] for row in rows} == {case == "balanced"}
    if case == "balanced":
        assert [row["alpha_macro"] for row in rows] == exactly(expected(case)[ratio]["alpha"])
    else:
        assert [row["alpha_macro"] for row in rows] != exactly(expected(case)[ratio]["alpha"])


@pytest.mark.parametrize(("case", "ratio"), CASES)
def test_intensification_of_every_class(results: Results, case: str, ratio: str) -> None:
    """The view has the ratio of every class of a model."""
    query = "FROM intensification WHERE task = ? AND sparsity = ? AND seed = 0 ORDER BY class_index"
    found = [row["intensification"] for row in results.rows(query, case, RATIOS[ratio][1])]
    assert found == exactly(expected(case)[ratio]["I_model0"])


@pytest.mark.parametrize(("case", "ratio"), CASES)
def test_recall_variance(results: Results, case: str, ratio: str) -> None:
    """The mean over models of the variance over classes, by n - 1."""
    query = "SELECT avg(variance) AS variance FROM recall_variance WHERE task = ? AND sparsity = ?"
    assert results.rows(query, case, RATIOS[ratio][1])[0]["variance"] == exactly(
        expected(case)[ratio]["recall_variance_ddof1"]
    )
    assert results.rows(query, case, 0.0)[0]["variance"] == exactly(expected(case)["recall_variance_before_ddof1"])


@pytest.mark.parametrize("case", SIZES)
def test_balances_add_up_to_nothing(results: Results, case: str) -> None:
    """Weighted by the examples of a class they always do; unweighted only where classes are equal, or as macro."""
    (row,) = results.rows(
        """SELECT max(abs(weighted)) AS weighted, max(abs(plain)) AS plain, max(abs(macro)) AS macro FROM (
            SELECT sum(support * balance) AS weighted, sum(normalised) AS plain, sum(macro_normalised) AS macro
            FROM recall_balance WHERE task = ? GROUP BY method, sparsity, seed)""",
        case,
    )
    assert row["weighted"] == pytest.approx(0, abs=1e-9)
    assert row["macro"] == pytest.approx(0, abs=1e-12)
    assert (row["plain"] < 1e-12) is (case == "balanced")


NAMES = {
    "mean_alpha": "alpha",
    "sd_alpha": "deviation",
    "label": "label",
    "alpha_hat": "pooled",
    "r2_through_origin": "pooled_r2",
    "mean_accuracy": "accuracy",
    "norm_ratio_mean": "length_ratio",
    "cross_seed_alpha": "cross_alpha",
    "inherited_slope_kappa": "kappa",
    "error_odds_ratio_mean": "odds_ratio",
}


@pytest.mark.parametrize(("case", "ratio"), CASES)
def test_numbers_of_a_cell(results: Results, case: str, ratio: str) -> None:
    """Mean, interval, label, pooled slope, and what stands beside alpha."""
    (row,) = [row for row in results.recall_distortions if (row["task"], row["sparsity"]) == (case, RATIOS[ratio][1])]
    told = expected(case)[ratio]
    assert {name: row[ours] for name, ours in NAMES.items()} == {
        name: told[name] if name == "label" else exactly(told[name]) for name in NAMES
    }
    assert [row["low"], row["high"]] == exactly(told["ci99"])
    middle, error = (row["cross_low"] + row["cross_high"]) / 2, row["cross_high"] - row["cross_low"]
    assert middle == exactly(told["cross_seed_jackknife_mean"])
    assert error / (row["high"] - row["low"]) * row["deviation"] / 5**0.5 == exactly(told["cross_seed_jackknife_se"])
    assert row["dense_accuracy"] == exactly(expected(case)["mean_accuracy_before"])
    assert row["reliability"] == exactly(expected(case)["reliability_lambda"])
    assert row["dense_alpha"] == exactly(expected(case)["dense_vs_dense_alpha"])
    assert (row["seeds"], row["undefined"]) == (5, 0)
