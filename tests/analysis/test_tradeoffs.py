"""What every cell gives and takes, across all methods, and the Pareto front of quality and size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from analysis.figures import FIGURES
from analysis.figures.pareto import MOST
from analysis.figures.points import Points
from analysis.report import write_report
from analysis.results import Results
from analysis.statistics.tradeoffs import tradeoffs
from analysis.tables import TABLES
from tests.analysis.quality_stores import Cells, Trained, write_quality
from tests.analysis.stores import write_efficiency

CELLS: Cells = {
    ("dense", 0.0): (18, 18, 17, 18, 18),
    ("imp", 0.5): (18, 17, 17, 16, 17),
    ("imp", 0.9): (12, 11, 12, 12, 12),
    ("pins", 0.5): (18, 18, 19, 18, 18),
    ("pins", 0.9): (16, 15, 15, 16, 15),
}
FRONT = {("pins", 0.5), ("pins", 0.9)}
"""The dense models are worse than PINS at half of their size."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task whose seeds vote and that has classes, and one of numbers with three seeds."""
    few = {key: seeds[:3] for key, seeds in CELLS.items()}
    root = tmp_path_factory.mktemp("tradeoffs") / "store"
    return write_quality(root, Trained(task="glue/sst2", cells=CELLS), Trained(task="glue/stsb", cells=few))


@pytest.fixture(scope="module")
def results(store: Path) -> Results:
    """What the table and the figure are made from."""
    return Results.of(store)


def test_the_front_is_what_nothing_beats(results: Results) -> None:
    """No cell is as good and as small and better or smaller; by weights that are left, where no bytes are known."""
    rows = [row for row in tradeoffs(results) if row["task"] == "glue/sst2"]
    assert {(row["method"], row["sparsity"]) for row in rows if row["on_front"]} == FRONT
    assert {row["sized_by"] for row in rows} == {"weights"}
    assert {row["sparsity"]: row["size"] for row in rows} == {0.0: 1000, 0.5: 500, 0.9: 100}


def test_equal_cells_are_on_the_front_together(tmp_path: Path) -> None:
    """Two methods of one quality and size: neither beats the other, whatever the last digits of their means are."""
    cells = {("dense", 0.0): (10, 11, 13), ("imp", 0.5): (17, 16, 18), ("pins", 0.5): (18, 17, 16)}
    rows = tradeoffs(Results.of(write_quality(tmp_path, Trained(task="glue/sst2", cells=cells))))
    assert [row["method"] for row in rows if row["on_front"]] == ["pins", "imp"]


def test_intervals_are_there_from_five_seeds_on(results: Results) -> None:
    """Student's t, no further than 1; excess and worst class where answers are voted on and have classes."""
    rows = {(row["task"], row["method"], row["sparsity"]): row for row in tradeoffs(results)}
    row = rows["glue/sst2", "imp", 0.9]
    values = np.array(CELLS["imp", 0.9]) / 20
    wanted = stats.t.interval(0.95, 4, values.mean(), stats.sem(values))
    assert (row["low"], row["high"]) == pytest.approx(wanted)
    assert row["excess"] is not None
    assert row["worst_recall"] == pytest.approx(min(row["worst_recall"], 1.0))
    known = {(one["method"], one["sparsity"]): one["worst_recall"] for one in results.fairness}
    assert row["worst_recall"] == known["imp", 0.9]
    few = rows["glue/stsb", "imp", 0.9]
    assert [few[name] for name in ("low", "high", "excess", "worst_recall", "seconds")] == [None] * 5


def test_the_table_has_a_line_a_cell(results: Results) -> None:
    """Quality with the front marked, and a dash where a kind of answer has no votes or classes."""
    table = TABLES["tradeoffs"](results)
    assert table.columns == ("quality", "PIE excess, points", "worst-class recall", "size")
    lines = {(line.keys[0], *line.keys[3:]): [value for (value,) in line.values] for line in table.lines}
    assert {key[1:] for key, values in lines.items() if values[0].marks and key[0] == "glue/sst2"} == {
        ("PINS", "50 %"),
        ("PINS", "90 %"),
    }
    assert [value.text for value in lines["glue/stsb", "PINS", "90 %"]][1:3] == ["\N{EN DASH}"] * 2
    assert lines["glue/sst2", "dense", "0 %"][3].text == "1 thousand weights"


def measured(store: Path, task: str, lacks: tuple[str, float] | None = None) -> None:
    """Bytes of two encodings and a time of every cell but one."""
    rows = []
    for method, sparsity in CELLS:
        if (method, sparsity) != lacks:
            trial = {"task": task, "model": "bert", "method": method, "sparsity": sparsity, "seed": 0}
            trial |= {"embeddings": True, "fp32_bytes": 4000, "machine": "a processor", "threads": 2, "batch": 1}
            extra = 100 * (method == "pins")
            for name, count in (("csr", 3000 - 2000 * sparsity + extra), ("dense-gzip", 2900 + extra)):
                rows.append(trial | {"measure": "storage", "name": name, "bytes": int(count)})
            rows.append(trial | {"measure": "latency", "name": "sparse fp32", "seconds": 1 - sparsity / 2})
    write_efficiency(store, rows)


def test_bytes_count_where_every_cell_has_them(tmp_path: Path) -> None:
    """The smallest encoding that all have; larger files of a better method put another one on the front."""
    store = write_quality(tmp_path, Trained(task="glue/sst2", cells=CELLS))
    measured(store, "glue/sst2")
    results = Results.of(store)
    rows = {(row["method"], row["sparsity"]): row for row in tradeoffs(results)}
    assert {row["sized_by"] for row in rows.values()} == {"bytes"}
    assert (rows["imp", 0.9]["size"], rows["imp", 0.9]["encoding"]) == (1200, "csr")
    assert (rows["dense", 0.0]["size"], rows["dense", 0.0]["encoding"]) == (2900, "dense-gzip")
    assert {key for key, row in rows.items() if row["on_front"]} == FRONT | {("imp", 0.9), ("imp", 0.5)}
    table = TABLES["tradeoffs"](results)
    assert table.columns[-1] == "ms a text"
    assert "one text at a time, on a processor, 2 threads." in table.caption
    assert {line.keys[3:]: line.values[-1][0].text for line in table.lines}["IMP", "90 %"] == "550"


@pytest.mark.parametrize(("larger", "front"), [(1010, ["pins"]), (1020, ["pins", "imp"])])
def test_a_few_bytes_put_nobody_on_the_front(larger: int, front: list[str], tmp_path: Path) -> None:
    """A worse network of as many weights is not smaller because its file happens to be, by 1.5 % at most."""
    cells = {("dense", 0.0): (10, 11, 13), ("imp", 0.5): (12, 12, 12), ("pins", 0.5): (18, 17, 16)}
    store = write_quality(tmp_path, Trained(task="glue/sst2", cells=cells))
    sizes = {"dense": 2000, "imp": 1000, "pins": larger}
    trials = [{"model": "bert", "method": method, "sparsity": sparsity, "seed": 0} for method, sparsity in cells]
    storage = {"task": "glue/sst2", "measure": "storage", "name": "csr", "embeddings": True, "fp32_bytes": 4000}
    storage |= {"machine": "", "threads": 0}
    write_efficiency(store, [trial | storage | {"bytes": sizes[str(trial["method"])]} for trial in trials])
    assert [row["method"] for row in tradeoffs(Results.of(store)) if row["on_front"]] == front


def test_one_cell_without_bytes_leaves_weights(tmp_path: Path) -> None:
    """Sizes of one task and model are of one measure."""
    store = write_quality(tmp_path, Trained(task="glue/sst2", cells=CELLS))
    measured(store, "glue/sst2", lacks=("imp", 0.5))
    assert {row["sized_by"] for row in tradeoffs(Results.of(store))} == {"weights"}


def test_the_figure_shows_every_cell_and_the_front(results: Results) -> None:
    """One of each task and model; points answer in words, cells of one size stand apart, the step rises before them."""
    pictures = {picture.place: picture.figure for picture in FIGURES["pareto"].pictures("pareto", results)}
    assert set(pictures) == {("glue/sst2", "bert"), ("glue/stsb", "bert")}
    (axes,) = pictures["glue/sst2", "bert"].axes
    (points,) = [artist for artist in axes.collections if isinstance(artist, Points)]
    at = {point.words.partition(":")[0]: (point.x, point.y) for point in points.points}
    assert len(at) == len(CELLS)
    assert len({x for x, _ in at.values()}) == len(CELLS)
    assert sum("on the Pareto front" in point.words for point in points.points) == len(FRONT)
    (step,) = [line for line in axes.lines if line.get_drawstyle() == "steps-post"]
    xs, ys = (np.asarray(data) for data in step.get_data())
    assert ys.tolist() == sorted(ys)
    for name, (x, y) in at.items():
        assert y <= ys[np.searchsorted(xs, x) - 1] + 1e-9, f"{name} is above the front"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.1", "0.5", "1"]
    assert axes.get_xlabel() == "thousand weights left (not to scale)"


def test_many_sizes_stand_on_a_logarithmic_scale(tmp_path: Path) -> None:
    """More than stand evenly apart: each where its size is, and the front above all."""
    cells: Cells = {("dense", 0.0): (19,)} | {
        ("lth", round(1 - 0.8**level, 6)): (max(19 - level // 2, 1),) for level in range(1, MOST + 2)
    }
    results = Results.of(write_quality(tmp_path, Trained(task="glue/sst2", cells=cells)))
    ((_, figure),) = FIGURES["pareto"].draw(results)
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "thousand weights left (log scale)"
    ticks = axes.get_xticks()
    assert 2 < len(ticks) < len(cells)


def test_a_report_has_both(store: Path, tmp_path: Path) -> None:
    """A file of the table and of each figure, and both on the page."""
    page = write_report(store, tmp_path / "report")
    assert (page.parent / "tables" / "tradeoffs.csv").exists()
    assert len(list((page.parent / "figures").glob("pareto-*.svg"))) == 2
    assert "What each method gives and takes" in page.read_text()


def test_dense_models_alone_are_no_tradeoff(tmp_path: Path) -> None:
    """Nothing to weigh up: no table, no figure."""
    results = Results.of(write_quality(tmp_path, Trained(task="glue/sst2", cells={("dense", 0.0): (19, 18)})))
    assert TABLES["tradeoffs"](results).lines == ()
    assert list(FIGURES["pareto"].draw(results)) == []
