"""Other definitions of what pruning breaks, against their words and against SciPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from analysis.relations.database import connect
from analysis.statistics.answers import panels
from analysis.statistics.definitions import agreements, definitions_of, flips, holste, votes
from analysis.statistics.survey import survey
from tests.analysis.statistics.small_panels import answers, panel, write_store
from tests.analysis.stores import write_task, write_trials

CELLS = (("dense", 0.0), ("rp-ai", 0.5))


def test_ties_go_where_the_definition_says() -> None:
    """Two seeds that disagree vote for the lower class, and for the higher one under the rule of Hooker et al."""
    dense = answers(np.array([[0, 2, 1], [2, 2, 1]]), "dense", 0.0)
    pruned = answers(np.array([[0, 1, 1], [0, 2, 1]]), "x", 0.5)
    both = panel(dense, pruned)
    assert votes(both, dense).tolist() == [0, 2, 1]
    assert votes(both, dense, highest=True).tolist() == [2, 2, 1]
    rows = {row["definition"]: row for row in definitions_of(both, pruned, None)}
    assert (rows["pies"]["rate"], rows["hooker"]["rate"]) == pytest.approx((1 / 3, 1 / 3))
    assert (rows["pies"]["jaccard"], rows["hooker"]["jaccard"]) == (1, 0)  # as many, and none of them the same


def test_half_of_the_votes_is_a_class_under_the_higher_rule_alone() -> None:
    """A label that one of two seeds gives is no part of the vote, but is one if ties go to yes."""
    sets = np.array([[False, False], [True, False]])
    one = answers(np.array([[0, 1], [1, 1]]), "dense", 0.0)
    both = panel(one, one, sets=sets)
    assert votes(both, one).tolist() == [[False, False], [True, False]]
    assert votes(both, one, highest=True).tolist() == [[True, False], [True, False]]


def test_flips_are_those_of_the_view(tmp_path: Path) -> None:
    """Per seed, the answers that differ are as many as the view counts; a seed without a partner is left out."""
    random = np.random.default_rng(2)
    cells = {
        ("dense", 0.0): {seed: random.integers(0, 3, 25) for seed in (0, 1, 2)},
        ("imp-ft", 0.9): {seed: random.integers(0, 3, 25) for seed in (1, 2, 5)},
    }
    connection = connect(write_store(tmp_path, cells, random.integers(0, 3, 25)))
    (one,) = panels(connection)
    assert one.dense is not None
    counted = connection.sql("SELECT all_flips FROM flips ORDER BY seed").fetchall()
    assert flips(one.dense, one.pruned[0]).sum(axis=1).tolist() == [row[0] for row in counted]
    ((share,),) = connection.sql("SELECT avg(all_rate) FROM flips").fetchall()
    rows = {row["definition"]: row for row in survey(connection, resamples=10).definitions}
    assert rows["flips"]["rate"] == pytest.approx(share)


def test_the_lowest_twentieth_is_chosen() -> None:
    """Five per cent, rounded down, of the lowest agreements; equal ones are never parted; undefined ones never are."""
    agreement = np.ones(45)
    agreement[[7, 9, 11]] = (0.2, np.nan, -0.5)
    assert np.flatnonzero(holste(agreement)).tolist() == [7, 11]
    assert holste(np.full(19, 0.5)).sum() == 0
    assert holste(np.full(40, 0.5)).sum() == 0
    assert np.flatnonzero(holste(np.array([0.1, *[0.2] * 5, *[0.9] * 34]))).tolist() == [0]
    assert holste(np.full(40, np.nan)).sum() == 0


def write_probabilities(root: Path, cells: dict[tuple[str, float], np.ndarray], *, recorded: bool) -> None:
    """A store of these cells by their probabilities [seed, example, class], which it keeps if they are `recorded`."""
    classes = [f"c{number}" for number in range(next(iter(cells.values())).shape[2])]
    examples = next(iter(cells.values())).shape[1]
    write_task(root, "t", classes, [{"split": "test", "example_id": i, "label": "c0"} for i in range(examples)])
    rows = [
        {"task": "t", "model": "m", "method": method, "sparsity": sparsity, "seed": seed, "split": "test"}
        | {"example_id": i, "label": classes[int(one.argmax())]}
        | ({"probabilities": "|".join(map(str, one))} if recorded else {})
        for (method, sparsity), seeds in cells.items()
        for seed, answer in enumerate(seeds)
        for i, one in enumerate(answer)
    ]
    write_trials(root, {"t": classes}, rows)


def test_agreement_is_the_rank_correlation_of_mean_probabilities(tmp_path: Path) -> None:
    """Spearman's correlation as SciPy has it, of probabilities averaged over seeds; NaN where a side has no order."""
    random = np.random.default_rng(4)
    cells = {cell: random.dirichlet(np.ones(5), (3, 12)).round(3) for cell in CELLS}
    cells["rp-ai", 0.5][:, 4] = 0.2
    write_probabilities(tmp_path, cells, recorded=True)
    connection = connect(tmp_path)
    (one,) = panels(connection)
    found = agreements(connection, one)["rp-ai", 0.5]
    means = [cell.mean(axis=0).astype(np.float32) for cell in cells.values()]
    expected = [spearmanr(left, right).statistic for left, right in zip(*means, strict=True) if np.ptp(right) > 1e-6]
    assert np.isnan(found[4])
    assert np.delete(found, 4) == pytest.approx(expected)
    assert "holste" in {row["definition"] for row in survey(connection, resamples=10).definitions}


def test_without_probabilities_there_is_no_rank_correlation(tmp_path: Path) -> None:
    """A study that recorded none has the other definitions and not this one."""
    random = np.random.default_rng(5)
    write_probabilities(tmp_path, {cell: random.dirichlet(np.ones(3), (2, 20)) for cell in CELLS}, recorded=False)
    rows = survey(connect(tmp_path), resamples=10).definitions
    assert {row["definition"] for row in rows} == {"pies", "hooker", "flips"}


def test_a_cell_without_dense_models_has_no_definitions() -> None:
    """There is nothing to differ from."""
    pruned = answers(np.array([[0, 1]]), "x", 0.5)
    assert list(definitions_of(panel(None, pruned), pruned, None)) == []
