"""Quality by task, method and sparsity: the tables of Ren and Zhu 2023 from any store that has the cells."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from analysis.results import Results
from analysis.statistics.qualities import qualities
from analysis.tables import TABLES
from analysis.tables.formats import csv_text
from analysis.tables.table import Table
from analysis.tables.task_quality import GLUE, SHAPES
from runner.store.verify import broken_invariants
from tasks import TASKS
from tasks.kinds import KINDS
from tasks.metric_choice import check_metrics
from tests.analysis.quality_stores import Trained, write_quality

CELLS = {("dense", 0.0): (19, 18), ("imp", 0.8): (14, 13), ("pins", 0.8): (17, 16)}


def printed(table: Table) -> dict[tuple[str, ...], list[str]]:
    """The texts of every line."""
    return {line.keys: [value.text for (value,) in line.values] for line in table.lines}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of GLUE, but for one task under one method; a task of every other kind; and three objectives on one task."""
    whole = [Trained(task=column.task, cells=CELLS) for column in GLUE if column.task != "glue/qqp"]
    lacking = Trained(task="glue/qqp", cells={key: value for key, value in CELLS.items() if key[0] != "imp"})
    others = [Trained(task=task, cells=CELLS) for task in ("squad", "conll2003")]
    written = Trained(
        task="e2e", cells=CELLS, model="gpt2", architecture="decoder", further={"meteor": 0.4567, "bleurt": -0.1789}
    )
    objectives = Trained(
        task="glue/rte",
        cells={("pins-erm", 0.8): (15, 15), ("pins-kd", 0.8): (15, 17), ("pins", 0.9): (12, 12)},
    )
    return write_quality(tmp_path_factory.mktemp("quality") / "store", *whole, lacking, *others, written, objectives)


@pytest.fixture(scope="module")
def results(store: Path) -> Results:
    """What the tables are made from."""
    return Results.of(store)


def test_the_store_is_sound(store: Path) -> None:
    """What its trials say of themselves is what their rows say; only their ids are made up, and nobody planned them."""
    known = ("with settings that name another trial", "no study of this store planned it")
    assert not [line for line in broken_invariants(store) if not any(one in line for one in known)]


def test_every_task_has_its_own_metrics() -> None:
    """The columns are metrics by which a task may be scored; of GLUE all of a task's, its headline first."""
    for shape in SHAPES.values():
        for column in shape.columns:
            check_metrics(column.task, TASKS[column.task].kind, (*column.metrics,), TASKS[column.task].classes)
    for column in GLUE:
        task = TASKS[column.task]
        scored = task.metrics or KINDS[task.kind].metrics
        assert tuple(column.metrics) == scored[: len(column.metrics)]


def test_glue_has_a_mean_where_all_eight_are_there(results: Results) -> None:
    """Of PINS and the dense model, but not of IMP, which lacks QQP; the paper's figure first, the other beside it."""
    table = TABLES["quality_glue"](results)
    assert table.columns == (
        *("RTE Acc", "MRPC F1 / Acc", "STS-B Pearson / Spearman", "CoLA Mcc", "SST-2 Acc", "QNLI Acc", "MNLI Acc"),
        *("QQP Acc / F1", "Avg."),
    )
    lines = printed(table)
    assert lines["bert", "0 %", "dense"][0] == "92.5"
    assert lines["bert", "80 %", "IMP"][-2:] == ["\N{EN DASH}", "\N{EN DASH}"]
    found = qualities(results)
    firsts = [found[column.task, "bert", "pins", 0.8][next(iter(column.metrics))].mean for column in GLUE]
    assert lines["bert", "80 %", "PINS"][-1] == f"{100 * sum(firsts) / 8:.1f}"
    mnli = found["glue/mnli", "bert", "pins", 0.8]["accuracy-by-part"].mean
    assert mnli == pytest.approx(sum((1 + (right - 5) / 15) / 2 for right in (17, 16)) / 2)
    marked = {line.keys[2] for line in table.lines if "best" in line.values[1][0].marks}
    assert marked == {"PINS"}
    assert "Means of 2 seeds." in table.caption


def test_spans_entities_and_texts_have_theirs(results: Results) -> None:
    """F1 and exact matches; precision, recall and F1; BLEU, ROUGE-L and, where measured, Meteor and BLEURT."""
    assert TABLES["quality_squad"](results).columns == ("SQuAD F1 / EM",)
    assert printed(TABLES["quality_squad"](results))["bert", "80 %", "PINS"] == ["94.2 / 82.5"]
    entities = TABLES["quality_conll2003"](results)
    assert entities.columns == ("P", "R", "F1")
    assert printed(entities)["bert", "80 %", "PINS"] == ["100.0", "80.0", "88.9"]
    texts = TABLES["quality_data_to_text"](results)
    assert texts.columns == ("E2E BLEU", "E2E ROUGE-L", "E2E METEOR", "E2E BLEURT")
    assert printed(texts)["gpt2", "80 %", "PINS"][2:] == ["45.7", "-0.18"]
    assert "BLEURT as it is, the mean of the best over the references" in texts.caption


def test_objectives_stand_beside_each_other(results: Results) -> None:
    """Three of them where any but PINS itself is there, at that sparsity alone."""
    table = TABLES["quality_objectives"](results)
    assert table.columns == ("RTE Acc",)
    assert printed(table) == {
        ("bert", "80 %", "PINS"): ["82.5"],
        ("bert", "80 %", "PINS-ERM"): ["75.0"],
        ("bert", "80 %", "PINS-KD"): ["80.0"],
    }


def test_the_csv_has_every_metric(results: Results) -> None:
    """A row a cell and metric, unrounded, with its seeds; and the averages."""
    rows = list(csv.DictReader(io.StringIO(csv_text(TABLES["quality_glue"](results)))))
    (row,) = [row for row in rows if (row["task"], row["method"], row["metric"]) == ("glue/stsb", "imp", "spearman")]
    assert row["seeds"] == "2"
    assert {row["method"] for row in rows if row["metric"] == "average"} == {"dense", "pins"}


def test_another_store_has_none(tmp_path: Path) -> None:
    """Of other tasks nothing is printed."""
    results = Results.of(write_quality(tmp_path, Trained(task="movie-snippets", cells=CELLS)))
    assert [name for name in SHAPES if TABLES[name](results).lines] == []


def test_unequal_seeds_are_said(tmp_path: Path) -> None:
    """A cell with fewer seeds than another: the caption says so, and the CSV how many each has."""
    cells = {("dense", 0.0): (19, 18, 17), ("pins", 0.8): (17, 16)}
    table = TABLES["quality_glue"](Results.of(write_quality(tmp_path, Trained(task="glue/stsb", cells=cells))))
    assert "Means of 2 to 3 seeds: unequally many" in table.caption
    assert {row["method"]: row["seeds"] for row in table.records} == {"dense": 3, "pins": 2}
