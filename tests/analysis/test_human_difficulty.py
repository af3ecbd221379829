"""PIEs against what people said of the examples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from analysis.figures import FIGURES
from analysis.relations.database import connect
from analysis.results import Results
from analysis.statistics.human_difficulty import correlations, differences, shares
from analysis.statistics.human_ratings import disagreement_column
from analysis.tables import TABLES
from analysis.tables.formats import TABLE_FORMATS, markdown
from tasks import TASKS
from tests.analysis.stores import write_plan, write_task, write_trials

CLASSES = {"t": ["a", "b"]}
EXAMPLES = 200
CELLS = [("dense", 0.0), ("imp-ft", 0.5), ("rp-ai", 0.5), ("rp-ai", 0.9)]


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A store of one seed a cell: magnitude pruning breaks every third example, random pruning what people disagree on.

    At 90 % random pruning breaks three examples only. EL2N rises with disagreement, but for noise.
    """
    root, random = tmp_path_factory.mktemp("human") / "store", np.random.default_rng(3)
    disagreement = np.round(random.gamma(2, 0.4, EXAMPLES), 1)
    broken = {
        ("dense", 0.0): np.zeros(EXAMPLES, bool),
        ("imp-ft", 0.5): np.arange(EXAMPLES) % 3 == 0,
        ("rp-ai", 0.5): random.random(EXAMPLES) < disagreement / 2,
        ("rp-ai", 0.9): np.arange(EXAMPLES) < 3,
    }
    examples = [
        {"split": split, "example_id": i, "label": "a", "human_disagreement": disagreement[i]}
        for split in ("train", "test")
        for i in range(EXAMPLES)
    ]
    write_task(root, "t", CLASSES["t"], examples)
    rows = []
    for (method, sparsity), wrong in broken.items():
        cell = {"task": "t", "model": "m", "method": method, "sparsity": sparsity, "seed": 0}
        rows += [
            cell | {"split": "test", "example_id": i, "label": "b" if wrong[i] else "a", "el2n": ""}
            for i in range(EXAMPLES)
        ]
    scores = disagreement + random.normal(0, 0.3, EXAMPLES)
    dense = {"task": "t", "model": "m", "method": "dense", "sparsity": 0.0, "seed": 0, "split": "train", "label": "a"}
    rows[:0] = [dense | {"example_id": i, "el2n": str(scores[i])} for i in range(EXAMPLES)]
    write_trials(root, CLASSES, rows)
    write_plan(root, "study", [row for row in rows if (row["split"], row["example_id"]) == ("test", 0)])
    return root, np.stack([broken[cell] for cell in CELLS[1:]])


def test_difference_of_every_cell(rated: tuple[Path, np.ndarray]) -> None:
    """Means, AUC and p are those computed directly; only the cell that breaks what people disagree on is marked."""
    root, broken = rated
    results = Results(connect(root))
    rows = differences(results)
    assert [(row["method"], row["sparsity"]) for row in rows] == CELLS[1:]
    disagreement = np.array(
        [r["disagreement"] for r in results.rows("FROM human_disagreement WHERE split = 'test' ORDER BY example_id")]
    )
    for row, is_pie in zip(rows[:2], broken, strict=False):
        members, others = disagreement[is_pie], disagreement[~is_pie]
        assert (row["pies"], row["others"]) == (is_pie.sum(), EXAMPLES - is_pie.sum())
        assert row["difference"] == pytest.approx(members.mean() - others.mean())
        assert row["auc"] == pytest.approx(np.mean(np.sign(members[:, None] - others) / 2 + 0.5))
        assert row["p"] == pytest.approx(stats.mannwhitneyu(members, others, method="asymptotic").pvalue)
        assert row["low"] < row["difference"] < row["high"]
    assert rows[0]["corrected_p"] > 0.05 > rows[1]["corrected_p"] == pytest.approx(3 * rows[1]["p"])
    assert (rows[2]["p"], rows[2]["reason"]) == (None, "fewer than 5 PIEs")


def test_shares_of_tenths(rated: tuple[Path, np.ndarray]) -> None:
    """Every example lies in one tenth; the tenths' PIEs add up to the cell's; ties are never parted."""
    root, broken = rated
    rows = shares(Results(connect(root)))
    for number, (method, sparsity) in enumerate(CELLS[1:]):
        own = [row for row in rows if (row["method"], row["sparsity"]) == (method, sparsity)]
        assert sum(row["examples"] for row in own) == EXAMPLES
        assert sum(row["pies"] for row in own) == broken[number].sum()
    random = [row["share"] for row in rows if (row["method"], row["sparsity"]) == ("rp-ai", 0.5)]
    assert random[-1] > 2 * random[0]


def test_correlations(rated: tuple[Path, np.ndarray]) -> None:
    """With the number of cells that break an example on the test split, and with EL2N on the training split."""
    root, broken = rated
    results = Results(connect(root))
    cells, scores = correlations(results)
    disagreement = [
        r["disagreement"] for r in results.rows("FROM human_disagreement WHERE split = 'test' ORDER BY example_id")
    ]
    assert (cells["split"], cells["measure"]) == ("test", "cells that break it")
    assert cells["rho"] == pytest.approx(stats.spearmanr(disagreement, broken.sum(axis=0)).statistic)
    assert (scores["split"], scores["measure"]) == ("train", "EL2N")
    assert scores["rho"] > 0.7
    assert scores["corrected_p"] == pytest.approx(2 * scores["p"])


def test_tables_and_figure(rated: tuple[Path, np.ndarray]) -> None:
    """One line a method, one figure a task and model; the tables say that their p-values are exploratory."""
    results = Results(connect(rated[0]))
    table = TABLES["human_difficulty"](results)
    assert [line.keys for line in table.lines] == [("t", "m", "IMP-FT"), ("t", "m", "RP-AI")]
    assert [value.text for value in table.lines[1].values[1]] == ["\N{EN DASH}"] * 3
    assert table.lines[1].values[0][0].marks == {"better"}
    for name in ("human_difficulty", "human_correlations"):
        assert "exploratory" in markdown(TABLES[name](results))
        assert all(text(TABLES[name](results)) for text in TABLE_FORMATS.values())
    ((place, figure),) = FIGURES["human_difficulty"].draw(results)
    assert place == ("t", "m")
    (axes,) = figure.axes
    assert len(axes.lines) == 3


def test_a_store_without_ratings(store: Path) -> None:
    """Nothing is shown where nobody was asked."""
    results = Results(connect(store))
    assert differences(results) == shares(results) == correlations(results) == []
    assert TABLES["human_difficulty"](results).lines == TABLES["human_correlations"](results).lines == ()
    assert list(FIGURES["human_difficulty"].draw(results)) == []


def test_the_column_of_a_task() -> None:
    """Registered tasks name theirs; others may have human_disagreement; text is no measure."""
    number, text = pa.float32(), pa.string()
    assert TASKS["movie-snippets"].disagreement == "rating_std"
    assert disagreement_column("movie-snippets", pa.schema([("rating_std", number)])) == "rating_std"
    assert disagreement_column("movie-snippets", pa.schema([("human_disagreement", number)])) is None
    assert disagreement_column("mine", pa.schema([("human_disagreement", number)])) == "human_disagreement"
    assert disagreement_column("mine", pa.schema([("human_disagreement", text)])) is None
    assert disagreement_column("imdb", pa.schema([("text", text)])) is None
