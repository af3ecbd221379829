"""A cell beside the reference that loses no weight, and cells of which there is nothing to say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.explanation import explain
from analysis.page.cautions import cautions
from analysis.page.distortion_findings import claims
from analysis.page.findings import findings
from analysis.results import Results
from analysis.statistics.distortion_comparisons import slopes_compared
from analysis.tables import TABLES, build_table
from tests.analysis.counted_stores import Counts, Grid, write_counts

SIZES = np.full(4, 50)
SHAPE = np.array([-8, -2, 3, 7])
CELLS = {("mp", 0.9), ("finetuned", 0.0)}


def drawn(random: np.random.Generator, level: int, scale: float = 1.0) -> Counts:
    """Right answers of six seeds for each of four classes."""
    return (level + scale * SHAPE + random.integers(-3, 4, size=(6, 4))).round().astype(np.int64).clip(0, 50)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Models that were trained on, cut a little, and cut a lot; a method from the start; one that collapsed."""
    random = np.random.default_rng(4)
    cells = {
        ("dense", 0.0): drawn(random, 38),
        ("finetuned", 0.0): drawn(random, 39),
        ("dense-4e", 0.0): drawn(random, 40),
        ("mp", 0.5): drawn(random, 39),
        ("mp", 0.9): drawn(random, 28, 1.8),
        ("rp", 0.9): np.tile([50, 0, 0, 0], (6, 1)),
        ("rp-ai", 0.9): drawn(random, 30),
    }
    epochs = {"dense": 2, "finetuned": 4, "dense-4e": 8, "mp": 4, "rp": 4, "rp-ai": 2}
    grid = Grid(cells=cells, sizes=SIZES, orphans=("rp-ai",), epochs=epochs, wrong={"rp": 0})
    return Results.of(write_counts(tmp_path_factory.mktemp("control") / "store", grid))


def test_the_control_is_trained_as_long(results: Results) -> None:
    """One-shot methods stand beside the reference of as many epochs, and beside no other."""
    rows = {(row["method"], row["sparsity"]): row for row in results.recall_distortions}
    assert {key: row["control"] for key, row in rows.items()} == {
        ("finetuned", 0.0): None,
        ("dense-4e", 0.0): None,
        ("mp", 0.5): "finetuned",
        ("mp", 0.9): "finetuned",
        ("rp", 0.9): "finetuned",
        ("rp-ai", 0.9): None,
    }
    light, heavy, control = rows["mp", 0.5], rows["mp", 0.9], rows["finetuned", 0.0]
    assert light["control_difference"] == pytest.approx(light["alpha"] - control["alpha"])
    assert heavy["control_difference"] > 0.5
    assert heavy["corrected_p"] == 2 * heavy["control_p"] < 0.01 < light["corrected_p"]
    assert heavy["cross_difference"] > 0.5
    assert heavy["cross_p"] < 0.01 < light["cross_p"]


def test_explain_gives_a_cells_alpha_and_its_controls(results: Results) -> None:
    """alpha, alpha*, reliability and odds ratio as the tables have them, of the cell and of the reference that was
    trained as long; each query answers the same where it is pasted, and the control's trials stand beside."""
    assert results.store is not None
    found = explain(results.store, "t:test:m:mp:0.9")
    rows = {row["method"]: row for row in results.recall_distortions if (row["method"], row["sparsity"]) in CELLS}
    alpha, star = ({row["method"]: row for row in asked.rows} for asked in found.questions[-2:])
    assert list(alpha) == list(star) == ["mp", "finetuned"]
    for method, row in rows.items():
        assert alpha[method]["alpha"] == pytest.approx(row["alpha"])
        assert alpha[method]["odds_ratio"] == pytest.approx(row["odds_ratio"])
        assert star[method]["alpha_star"] == pytest.approx(row["cross_alpha"])
        assert star[method]["reliability"] == pytest.approx(row["reliability"])
        assert alpha[method]["seeds"] == star[method]["seeds"] == 6
    assert [side.name for side in found.sides] == ["MP at 90 %", "dense", "FINETUNED"]
    for asked in found.questions:
        assert [pytest.approx(row) for row in asked.rows] == results.rows(asked.query)


def test_explain_says_why_a_cell_has_no_alpha(results: Results) -> None:
    """A method from the start has no parent; it has no control either, and its slope over other seeds no rows."""
    assert results.store is not None
    alpha, star = explain(results.store, "t:test:m:rp-ai:0.9").questions[-2:]
    assert [(row["method"], row["alpha"], row["seeds"]) for row in alpha.rows] == [("rp-ai", None, 0)]
    assert alpha.rows[0]["note"] == "no parent: it does not go on from a dense trial"
    assert star.rows == ()


def test_explain_follows_levels_down(tmp_path: Path) -> None:
    """A level goes on from the one below it: the slope is that on the dense trial at the end of the line."""
    random = np.random.default_rng(5)
    cells = {
        ("dense", 0.0): drawn(random, 38),
        ("lth", 0.2): drawn(random, 37),
        ("lth", 0.36): drawn(random, 33, 1.4),
        ("mp", 0.5): drawn(random, 37),
    }
    store = write_counts(tmp_path, Grid(cells=cells, sizes=SIZES, below={("lth", 0.36): ("lth", 0.2)}))
    (row,) = [row for row in Results.of(store).recall_distortions if row["sparsity"] == 0.36]
    alpha, star = explain(store, "t:test:m:lth:0.36").questions[-2:]
    assert [one["alpha"] for one in alpha.rows] == [pytest.approx(row["alpha"])]
    assert [one["alpha_star"] for one in star.rows] == [pytest.approx(row["cross_alpha"])]


def test_a_method_from_the_start_has_no_alpha_and_says_why(results: Results) -> None:
    """It goes on from no dense trial, and the one of its seed is not taken for its parent."""
    (row,) = [row for row in results.recall_distortions if row["method"] == "rp-ai"]
    assert (row["alpha"], row["seeds"], row["undefined"], row["label"]) == (None, 0, 6, "")
    assert row["note"] == "no parent: it does not go on from a dense trial"
    assert row["accuracy"] is not None


def test_collapsed_trials_are_counted(results: Results) -> None:
    """All answers one class: the slope says which class that is, and the cell says that its trials collapsed."""
    (row,) = [row for row in results.recall_distortions if row["method"] == "rp"]
    assert row["collapsed"] == 6
    assert row["alpha_precision"] is None


def test_methods_of_other_dense_trials_are_no_pairs() -> None:
    """Two methods whose trials go on from other dense trials are not paired by their seeds."""
    row = slopes_compared({"a": 1.0, "b": 2.0}, {"c": 1.0, "d": 1.5}, is_paired=True, alternative="two-sided")
    assert (row["p"], row["reason"]) == (None, "no pairs: the two sides go on from other dense trials")
    assert slopes_compared({"a": 1.0}, {"a": 2.0}, is_paired=True, alternative="less")["p"] is None


def test_the_tables_show_the_control_and_what_has_no_alpha(results: Results) -> None:
    """A pruned cell above its control is marked; a method without parents has no line; a comparison of methods is."""
    table = TABLES["recall_distortion"](results)
    lines = {line.keys[2:]: line.values for line in table.lines}
    assert set(lines) == {(name, at) for name, at in (
        ("FINETUNED", "0 %"), ("DENSE-4E", "0 %"), ("MP", "50 %"), ("MP", "90 %"), ("RP", "90 %"))}  # fmt: skip
    assert lines["MP", "90 %"][3][0].marks == {"worst"}
    assert "Collapsed trials (RP at 90 %)" in table.caption
    assert [line.keys for line in TABLES["distortion_by_method"](results).lines] == [("t", "m", "MP against RP")]
    assert TABLES["distortion_by_task"](results).lines == TABLES["distortion_by_model"](results).lines == ()


def test_a_level_is_compared_with_the_dense_trial_at_the_end_of_its_line(tmp_path: Path) -> None:
    """However many levels lie between; a line that ends in no dense trial, or goes in a circle, has no alpha."""
    random = np.random.default_rng(5)
    levels = {("lth", sparsity): drawn(random, 35) for sparsity in (0.2, 0.36, 0.488)}
    lost = {("cut", 0.5): drawn(random, 35), ("round", 0.5): drawn(random, 35)}
    below = {("lth", 0.36): ("lth", 0.2), ("lth", 0.488): ("lth", 0.36)}
    below |= {("cut", 0.5): ("nowhere", 0.5), ("round", 0.5): ("round", 0.5)}
    dense = drawn(random, 38)
    cells = {("dense", 0.0): dense, **levels, **lost}
    results = Results.of(write_counts(tmp_path / "store", Grid(cells=cells, sizes=SIZES, below=below)))
    found = results.connection.sql("FROM recall_distortion").fetchall()
    rows = [dict(zip(results.connection.sql("FROM recall_distortion").columns, row, strict=True)) for row in found]
    assert len(rows) == 5 * 6
    for row in rows:
        if row["method"] != "lth":
            assert (row["alpha"], row["dense_accuracy"]) == (None, None)
            assert row["note"] in ("its parent is not in the store", "no parent: it does not go on from a dense trial")
            continue
        before, after = (
            counts[row["seed"]] / counts[row["seed"]].mean() - 1 for counts in (dense, levels["lth", row["sparsity"]])
        )
        assert row["alpha"] == pytest.approx((before @ after) / (before @ before))


def test_sentences_say_which_claims_survive(results: Results) -> None:
    """What alpha shows, and what alpha* and models that lost no weight leave of it; and where classes lie apart."""
    (found,) = findings(results)
    (claim,) = [one for one in found.sentences if one.startswith("Recall distortion")]
    assert "in 2 cells" in claim
    assert "the claim survives in MP at 90 %" in claim
    assert "intensification (alpha above 1) in 1, of which 1 is so by alpha*" in claim
    (gap,) = [one for one in found.sentences if one.startswith("Best and worst class")]
    assert "RP at 90 %: recall of “c1” is 0.000, 100.0 points below that of “c0”" in gap


def test_without_a_control_nothing_is_said_to_be_of_pruning() -> None:
    """Alpha below 1 alone is no claim that survives, and the sentence says what is missing."""
    row = {"method": "mp", "sparsity": 0.5, "label": "<", "cross_label": "<", "cross_alpha": 0.9, "alpha_by_odds": 1.0}
    row["collapsed"] = 0
    row |= {"control": None, "control_difference": None, "corrected_p": None}
    (told,) = claims([row])
    assert list(claims([row | {"collapsed": 1}])) == []
    assert "whether it is pruning's cannot be said" in told
    assert "the store lacks models that are trained on as long and lose no weight" in told
    assert list(claims([])) == []


def test_the_table_of_fairness_has_every_pruned_cell(results: Results) -> None:
    """The worst class of a collapsed method, and the one that loses most, marked."""
    lines = {line.keys[2:]: line.values for line in TABLES["fairness"](results).lines}
    assert ("RP-AI", "90 %") in lines
    worst, recall, *_, loser, change = (value for (value,) in lines["RP", "90 %"])
    assert (worst.text, recall.text) == ("c1", "0.000")
    assert loser.text == "c3"
    assert change.marks == {"worst"}


@pytest.mark.parametrize("base", ["prunable", "all", "with-biases"])
def test_compressions_are_told_of(tmp_path: Path, base: str) -> None:
    """Under every table and on the page's first screen: what percentages are of, and which ratios they are."""
    random = np.random.default_rng(6)
    cells = {("dense", 0.0): drawn(random, 38), ("mp", 0.5): drawn(random, 35), ("mp", 0.95): drawn(random, 35)}
    results = Results.of(write_counts(tmp_path / "store", Grid(cells=cells, sizes=SIZES, base=base)))
    sentence = (
        "Percentages removed are of all parameters, not of the prunable weights: "
        "50 % a compression of 2, 95 % a compression of 20."
    )
    for text in (build_table("effectiveness", results).caption, " ".join(cautions(results))):
        assert (sentence in text) == (base != "prunable")
        assert ("less went than that" in text) == (base == "with-biases")
    assert results.connection.sql("SELECT DISTINCT base FROM trials WHERE sparsity > 0").fetchall() == [(base,)]


def test_every_table_says_what_it_shows() -> None:
    """A builder that is made for an axis has a sentence of its own, as `list tables` prints it."""
    assert [name for name, build in TABLES.items() if not (build.__doc__ or "").strip()] == []
