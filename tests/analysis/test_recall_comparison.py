"""A store's recall distortion beside the tables of Good et al. 2022."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.published.figures import ComparisonError
from analysis.published.recall_figures import TESTS, Side, published
from analysis.results import Results
from analysis.tables.beside_papers import NAMES, tables_beside
from analysis.tables.layout import MISSING
from analysis.tables.table import Table
from runner.studies import load
from runner.studies.grid import GridCell
from tests.analysis.counted_stores import Grid, write_counts

SIZES = np.full(10, 40)
RATIOS = {2: 0.5, 4: 0.75, 10: 0.9, 20: 0.95, 50: 0.98}


def grid(task: str, model: str, methods: tuple[str, ...]) -> Grid:
    """Six seeds of a dense network and of every method and ratio; the more is removed, the further recalls part."""
    random = np.random.default_rng(2)
    shape = np.linspace(-6, 6, 10)

    def drawn(level: float, scale: float) -> np.ndarray:
        return (level + scale * shape + random.integers(-1, 2, size=(6, 10))).round().astype(np.int64).clip(0, 40)

    cells = {("dense", 0.0): drawn(33, 1.0)}
    cells |= {(name, at): drawn(33 - 3 * n, 1 + 0.3 * n) for name in methods for n, at in enumerate(RATIOS.values())}
    return Grid(task=task, model=model, cells=cells, sizes=SIZES)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    """Two networks on CIFAR-10, one of them with two methods, and LeNet on MNIST, as far as names go."""
    grids = [
        grid("cifar10", "resnet-44", ("mp", "up")),
        grid("cifar10", "resnet-56", ("mp", "up")),
        grid("mnist", "lenet", ("mp",)),
    ]
    results = Results.of(write_counts(tmp_path_factory.mktemp("papers") / "store", *grids))
    return {table.name: table for table in tables_beside(results, "paper")}


def test_the_published_figures_are_whole() -> None:
    """Thirteen tables, a figure a line; what is not to be trusted says why."""
    figures = published()
    assert {one.table for one in figures} == set(range(1, 14))
    counts = [20, 20, 16, 16, 20, 20, 15, 30, 25, 16, 66, 41, 9]
    assert [sum(one.table == number for one in figures) for number in range(1, 14)] == counts
    doubted = {(one.table, one.side.task) for one in figures if one.doubt}
    assert doubted == {(8, "cifar10"), (9, "cifar10"), (11, "mnist"), (11, "cifar100")}


def test_every_table_that_the_store_has_cells_for(tables: dict[str, Table]) -> None:
    """Ratios, networks, data sets, methods, accuracy and variance; nothing of lottery tickets and filters."""
    assert set(tables) == {"comparison_recall", *(f"compared_recall_{number}" for number in range(1, 12))}
    assert set(tables) < set(NAMES)
    lines = {name: len(table.lines) for name, table in tables.items()}
    assert [lines[f"compared_recall_{number}"] for number in range(1, 12)] == [8, 8, 8, 8, 5, 5, 5, 5, 10, 5, 24]
    ratios = {line.keys[1:4]: line.values for line in tables["compared_recall_1"].lines}
    ((here,), (there,), (verdict,)) = ratios["resnet-56", "MP", "20 against 50"]
    assert (there.text, verdict.text) == ("<0.001", "same")
    assert here.text == "< 0.001" or float(here.text) <= 0.05


def test_what_is_not_to_be_trusted_is_marked(tables: dict[str, Table]) -> None:
    """Impossible variances, contradictory p-values and pairs of other networks, each with its reason."""
    variance = tables["compared_recall_11"]
    marked = {line.keys[0] for line in variance.lines if line.values[1][0].marks}
    assert marked == {"mnist"}
    assert "have a variance of at most .0012" in variance.caption
    methods = {line.keys[3]: line.values[1][0] for line in tables["compared_recall_8"].lines}
    assert [at for at, value in methods.items() if value.marks] == ["10 against UP"]
    assert "contradict each other" in tables["compared_recall_8"].caption
    networks = {line.keys[1] for line in tables["compared_recall_9"].lines if line.values[1][0].marks}
    assert networks == {"resnet-44", "resnet-56"}


def test_nothing_in_common_is_refused(tmp_path: Path) -> None:
    """A store of another task says what both papers have."""
    results = Results.of(write_counts(tmp_path, grid("films", "bilstm-x", ("mp",))))
    with pytest.raises(ComparisonError, match=r"Good et al\. 2022 cifar10, mnist"):
        tables_beside(results, "paper")


def test_the_families_are_the_columns_of_the_paper() -> None:
    """The study `recall` declares every published comparison, in families of their size."""
    study = load("recall", elsewhere=True)
    declared: dict[tuple[GridCell, GridCell | None], tuple[int, bool, str]] = {}
    for choice in study.hypotheses:
        pairs = choice.comparisons(study.cells)
        if choice.compare == "alpha" and choice.correction == "bonferroni":
            for pair in pairs:
                declared.setdefault(pair, (len(pairs), choice.test == "paired-t", choice.alternative))

    def cell(side: Side | None) -> GridCell | None:
        return None if side is None else GridCell(side.task, side.model, side.method, round(1 - 1 / side.ratio, 6))

    told = {(cell(one.side), cell(one.other)): TESTS[one.table] for one in reversed(published()) if one.table < 10}
    assert set(declared) == set(told)
    for pair, (size, is_paired, alternative) in declared.items():
        test = told[pair]
        assert (is_paired, alternative) == (test.is_paired, test.alternative)
        assert size in (test.family, 25)


def test_filters_stand_beside_table_13(tmp_path: Path) -> None:
    """By the ratio that was reached, which is near the published one and not it; before pruning, the dense networks."""
    whole = grid("cifar10", "resnet-56", ("mp",)).cells
    reached = dict(zip((1.752, 3.334, 8.234, 19.14), [cells for key, cells in whole.items() if key[1]], strict=False))
    cells = {("dense", 0.0): whole["dense", 0.0]} | {("chip", 1 - 1 / at): one for at, one in reached.items()}
    store = write_counts(tmp_path, Grid(task="cifar10", model="resnet-56", cells=cells, sizes=SIZES))
    tables = {table.name: table for table in tables_beside(Results.of(store), "paper")}
    lines = {line.keys[2:]: line.values for line in tables["compared_recall_13"].lines}
    asked = ("1.75", "3.33", "8.27", "19.11")
    assert list(lines) == [
        ("CHIP", "1", "accuracy"),
        *(("CHIP", ratio, figure) for ratio in asked for figure in ("accuracy", "alpha")),
    ]
    assert lines["CHIP", "19.11", "alpha"][1][0].text == "1.494"
    assert all(values[0] != (MISSING,) for values in lines.values())
