"""Figures hold PIEs against what dense models dispute by equally many seeds: where pruning does nothing, both agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes

from analysis.figures import FIGURES
from analysis.figures.style import DISPUTED_NAME
from analysis.relations.database import connect
from analysis.results import Results
from analysis.statistics.answers import gathered
from analysis.statistics.disputes import crossed_share, disputed_share
from analysis.statistics.human_difficulty import shares
from analysis.statistics.readability_ratios import ratios
from analysis.statistics.two_samples import rank_bins
from tests.analysis.stores import write_scores, write_task, write_trials

CLASSES = ["clear", "odd", "vague"]
CELLS = [("dense", 0.0), ("imp-ft", 0.5), ("rp-ai", 0.9)]
EXAMPLES, SEEDS = 1_000, 7
PEOPLE = "SELECT disagreement FROM human_disagreement"


@pytest.fixture(scope="module")
def null(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Pruning does nothing: all models draw from one distribution, and models of one seed share noise.

    Vague examples lie near the boundary. People disagree on those that do, they are longer, and their EL2N is higher.
    """
    root, random = tmp_path_factory.mktemp("null") / "store", np.random.default_rng(12)
    examples, rows = [], []
    for split in ("train", "test"):
        kind = np.arange(EXAMPLES) % 3
        margin = random.normal(0, 1, EXAMPLES) * np.array([3.0, 1.5, 0.7])[kind] + np.array([2.0, 1.0, 0.3])[kind]
        hard = np.exp(-np.abs(margin)) + random.normal(0, 0.1, EXAMPLES)
        examples += [
            {"split": split, "example_id": i, "label": CLASSES[kind[i]], "text": "x", "human_disagreement": hard[i]}
            for i in range(EXAMPLES)
        ]
        rows += [
            {"task": "t", "model": "m", "method": method, "sparsity": sparsity, "seed": seed, "split": split}
            | {"example_id": i, "label": CLASSES[kind[i] if right else (kind[i] + 1) % 3]}
            | {"el2n": str(hard[i]) if split == "train" else ""}
            for seed in range(SEEDS)
            for shared in [random.normal(0, 0.5, EXAMPLES)]
            for method, sparsity in CELLS
            for i, right in enumerate(margin + shared + random.normal(0, 0.7, EXAMPLES) > 0)
        ]
    write_task(root, "t", CLASSES, examples)
    write_trials(root, {"t": CLASSES}, rows)
    lengths = [{"split": "test", "example_id": i, "tokens": int(10 + 20 * max(hard[i], 0))} for i in range(EXAMPLES)]
    write_scores(root, [{"task": "t", **row} for row in lengths])
    return Results(connect(root), root)


def lines(axes: Axes) -> tuple[list[np.ndarray], np.ndarray]:
    """y of the lines of methods or sparsities, and of the one of dense against dense."""
    found = [(line.get_marker(), np.asarray(line.get_ydata(), float)) for line in axes.lines]
    (reference,) = (y for marker, y in found if marker in ("", "_"))
    return [y for marker, y in found if marker not in ("", "_", "None") and len(y)], reference


def panels(results: Results, name: str) -> dict[str, Axes]:
    """The panels of the one figure by title."""
    ((_, figure),) = FIGURES[name].draw(results)
    return {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_visible()}


NUMBERS = {
    "el2n_bins": (lambda results: results.el2n_bins, "rate", "dispute_rate"),
    "class_distribution": (lambda results: results.class_distribution, "pie_share", "dispute_share"),
    "human_difficulty": (shares, "share", "dispute_share"),
    "readability": (ratios, "ratio", "disputed_ratio"),
}
"""Figure -> its rows, and in them the columns of PIEs of all seeds and of what two dense halves dispute."""


@pytest.mark.parametrize(
    ("name", "noise", "error"),
    [
        ("el2n_bins", 0.03, 0.04),
        ("class_distribution", 0.02, 0.03),
        ("human_difficulty", 0.03, 0.04),
        ("readability", 0.02, 0.04),
    ],
)
def test_where_pruning_does_nothing_pies_are_what_dense_models_dispute(null: Results, name, noise, error) -> None:
    """The drawn lines differ from the dotted one by noise, on average; PIEs of all seeds, as it was, by more."""
    drawn = panels(null, name)
    drawn = {"Length in tokens": drawn["Length in tokens"]} if name == "readability" else drawn
    gaps = [np.abs(y - dotted[: len(y)]).mean() for ys, dotted in map(lines, drawn.values()) for y in ys]
    assert len(gaps) == len(CELLS) - 1
    assert np.mean(gaps) <= noise
    rows, of_all, reference = NUMBERS[name]
    own = [row for row in rows(null) if row.get("score", "tokens") == "tokens"]
    assert np.mean([abs(row[of_all] - row[reference]) for row in own]) >= error


def test_what_is_drawn_is_what_halves_dispute(null: Results) -> None:
    """Means of crossed and of disputed shares over bins, tenths and classes, counted from the answers themselves."""
    for name, split in (("el2n_bins", "train"), ("human_difficulty", "test"), ("class_distribution", "test")):
        found = gathered(null.connection, "t", split, {("m", *cell) for cell in CELLS})
        assert found is not None
        dense, pruned = found.cells["m", *CELLS[0]], found.cells["m", *CELLS[1]]
        share = {"own": crossed_share(None, dense, pruned), "dotted": disputed_share(None, dense)}
        hard = [row["disagreement"] for row in null.rows(f"{PEOPLE} WHERE split = '{split}' ORDER BY example_id")]
        groups = {
            "el2n_bins": np.searchsorted(np.percentile(np.float32(hard), np.arange(5, 100, 5)), np.float32(hard)),
            "human_difficulty": rank_bins(np.array(hard), 10),
            "class_distribution": np.arange(EXAMPLES) % 3,
        }[name]
        sizes = np.bincount(groups)
        expected = {
            key: np.bincount(groups, one) / (one.sum() if name == "class_distribution" else sizes)
            for key, one in share.items()
        }
        drawn = panels(null, name)
        ys, dotted = lines(drawn.get("IMP-FT") or drawn[""])
        assert ys[0] == pytest.approx(expected["own"])
        assert dotted == pytest.approx(expected["dotted"])


def test_figures_say_what_they_draw(null: Results) -> None:
    """Axes, legends and captions say that PIEs are of halves."""
    for name in ("el2n_bins", "class_distribution", "human_difficulty", "readability"):
        ((_, figure),) = FIGURES[name].draw(null)
        words = [text.get_text() for text in figure.legends[0].get_texts()]
        assert DISPUTED_NAME in words
        assert any("PIEs of halves" in word for word in [*words, *(axes.get_ylabel() for axes in figure.axes)])
        assert "As many seeds vote on either side" in FIGURES[name].caption


def test_without_halves_pies_of_all_seeds_stand_alone(tmp_path: Path) -> None:
    """Of one dense and one pruned seed there are no halves: what is drawn are PIEs, beside nothing."""
    write_task(
        tmp_path, "t", CLASSES, [{"split": "train", "example_id": i, "label": "odd", "text": "x"} for i in range(40)]
    )
    rows = [
        {"task": "t", "model": "m", "method": method, "sparsity": sparsity, "seed": 0, "split": "train"}
        | {"example_id": i, "label": "vague" if sparsity and i % 2 else "odd", "el2n": str(i)}
        for method, sparsity in CELLS
        for i in range(40)
    ]
    write_trials(tmp_path, {"t": CLASSES}, rows)
    results = Results(connect(tmp_path))
    axes = panels(results, "el2n_bins")["IMP-FT"]
    assert axes.get_ylabel() == "PIEs in the bin"
    assert [list(line.get_ydata()) for line in axes.lines if len(line.get_ydata())] == [[0.5] * 20]
    (odd,) = (row for row in results.class_distribution if (row["class"], row["method"]) == ("odd", "imp-ft"))
    assert (odd["pie_share"], odd["halves_share"], odd["dispute_share"]) == (1.0, None, None)
