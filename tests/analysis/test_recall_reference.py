"""The numbers of recall distortion against a reference, to ten digits, through a store."""

from __future__ import annotations

import pytest

from analysis.results import Results
from analysis.statistics.cell_keys import place
from analysis.statistics.distortion_comparisons import by_cell, comparisons, slopes_compared
from analysis.statistics.hypothesis_tests import declared
from analysis.tables import TABLES
from tests.analysis.counted_stores import write_counts
from tests.analysis.recall_reference import RATIOS, SIZES, expected, grid
from tests.analysis.stores import write_plan

CASES = [(case, ratio) for case in SIZES for ratio in RATIOS]

PAIRS = [{"of": {"sparsity": one}, "against": {"sparsity": other}} for one, other in ((0.5, 0.9), (0.9, 0.98))]
STEPS = {"pairs": PAIRS, "test": "paired-t", "alternative": "less", "correction": "bonferroni"}
OTHER_TASK = {"of": {"task": "balanced"}, "against": {"task": "unbalanced_mnist_sizes"}, "test": "welch-t"}
BALANCED = {"of": {"task": "balanced"}, "against": "dense", "test": "paired-t"}
FAMILIES = [
    *({"name": f"steps-{case}", "compare": "alpha", "of": {"task": case}, **STEPS} for case in SIZES),
    {"name": "star", "compare": "alpha-star", "of": {"task": "balanced"}, **STEPS},
    {"name": "tasks", "compare": "alpha", **OTHER_TASK},
    {
        "name": "variance",
        "compare": "recall-variance",
        "of": {"task": "balanced"},
        "against": "dense",
        "test": "paired-t",
    },
    {"name": "worst", "compare": "worst-recall", **BALANCED},
]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A store of both cases, with families of hypotheses about alpha."""
    root = write_counts(tmp_path_factory.mktemp("recall") / "store", *map(grid, SIZES))
    trials = [
        {"task": case, "model": "m", "method": method, "sparsity": sparsity, "seed": seed}
        for case in SIZES
        for method, sparsity in grid(case).cells
        for seed in range(5)
    ]
    write_plan(root, "study", trials, {"hypotheses": FAMILIES})
    return Results.of(root)


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


@pytest.mark.parametrize("case", SIZES)
def test_tests_of_ratios(results: Results, case: str) -> None:
    """Paired and independent t-tests of alpha, and Bonferroni's correction over the two pairs of ratios."""
    told = expected(case)["tests"]
    cells = {key: rows for key, rows in by_cell(results.distortion_trials, place).items() if key[0] == case}
    light, heavy = comparisons(cells, {}, "sparsity")
    for row, name in ((light, "paired one-sided 2<10"), (heavy, "paired one-sided 10<50")):
        assert [row["statistic"], row["freedom"], row["p"]] == exactly([told[name][part] for part in ("t", "df", "p")])
        assert row["corrected_p"] == exactly(told[name]["p_bonferroni_2_rows"])
    values = [
        {row["parent_id"]: row["alpha"] for row in cells[case, "test", "m", *RATIOS[ratio]]} for ratio in ("t2", "t10")
    ]
    two_sided = slopes_compared(*values, is_paired=True, alternative="two-sided")
    assert two_sided["p"] == exactly(told["paired two-sided 2 vs 10"]["p"])
    welch, wanted = (
        slopes_compared(*values, is_paired=False, alternative="less"),
        told["independent one-sided 2<10 welch"],
    )
    assert [welch["statistic"], welch["freedom"], welch["p"]] == exactly([wanted[part] for part in ("t", "df", "p")])


def test_tables_of_the_reference(results: Results) -> None:
    """Every cell has its line, with interval and label; the case of unequal classes says what fails there."""
    table = TABLES["recall_distortion"](results)
    assert [line.keys[-1] for line in table.lines] == ["50 %", "90 %", "98 %"] * 2
    assert table.lines[1].values[1][0].text == "1.307 (1.040 to 1.574) >"
    assert "Classes of unbalanced_mnist_sizes have unequally many examples" in table.caption
    measures = {line.keys: line.values for line in TABLES["distortion_measures"](results).lines}
    (recall,), (macro,) = measures["unbalanced_mnist_sizes", "m", "MP", "90 %"][:2]
    assert recall.text == "1.306"
    assert recall.text != macro.text
    accuracy = TABLES["accuracy_before_pruning"](results).lines[0]
    assert [value[0].text for value in accuracy.values] == ["0.888", "0.889", "0.857", "0.605"]
    variance = TABLES["recall_variance"](results).lines[0]
    assert [value[0].text for value in variance.values] == ["0.00368", "0.00315", "0.00639", "0.01892"]


def test_declared_families_of_distortion(results: Results) -> None:
    """Families of alpha give the reference's p, corrected within each; alpha*, variance and worst recall are theirs."""
    rows = declared(results)
    by_family = {name: [row for row in rows if row["family"] == name] for name in {row["family"] for row in rows}}
    for case in SIZES:
        told = expected(case)["tests"]
        names = ("paired one-sided 2<10", "paired one-sided 10<50")
        family = by_family[f"steps-{case}"]
        assert [row["p"] for row in family] == exactly([told[name]["p"] for name in names])
        assert [row["corrected_p"] for row in family] == exactly([told[name]["p_bonferroni_2_rows"] for name in names])
        assert {row["verdict"] for row in family} == {"lower"}
    assert {row["verdict"] for row in by_family["star"]} == {"lower"}
    assert [(row["verdict"], row["pairs"]) for row in by_family["tasks"]] == [("no difference shown", 5)] * 3
    variance = by_family["variance"]
    told = expected("balanced")
    assert [row["estimate"] for row in variance] == exactly(
        [told[ratio]["recall_variance_ddof1"] - told["recall_variance_before_ddof1"] for ratio in RATIOS]
    )
    assert [row["verdict"] for row in by_family["worst"]][1:] == ["lower", "lower"]
    lines = {line.keys[:2]: line for line in TABLES["hypotheses"](results).lines}
    assert any("alpha, paired-t (less), bonferroni" in test for _, test in lines)
    keys = [line.keys for line in TABLES["hypotheses"](results).lines if line.keys[0] == "tasks"]
    assert keys[0][-1] == "MP 50 % against unbalanced_mnist_sizes m MP 50 %"
