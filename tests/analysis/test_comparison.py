"""Published figures beside a store's own."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.published import figures
from analysis.published.comparison import compare, summary
from analysis.published.figures import ComparisonError, Place, publication
from analysis.relations.database import connect
from analysis.report import write_report
from analysis.results import Results
from analysis.tables import compared
from analysis.tables.formats import TABLE_FORMATS
from analysis.tables.table import Table
from runner.methods import DENSE, METHOD_SETS
from tests.analysis.stores import write_task, write_trials

CELLS = [(DENSE, 0.0), ("imp-ft", 0.5), ("imp-ft", 0.9), ("imp-ft", 0.95), ("rp-ai", 0.5), ("rp-ai", 0.9)]
WRONG = {0.0: 1, 0.5: 2, 0.9: 4, 0.95: 5}


def fill(root: Path, task: str, model: str) -> Path:
    """Ten test examples, two seeds; the first few are answered wrongly, the more the more is removed."""
    names = ["negative", "positive"]
    write_task(root, task, names, [{"split": "test", "example_id": i, "label": names[i % 2]} for i in range(10)])
    rows = []
    for method, sparsity in CELLS:
        for seed in range(2):
            for i in range(10):
                wrong = i < WRONG[sparsity] + (method == "rp-ai")
                cell = {"task": task, "model": model, "method": method, "sparsity": sparsity, "seed": seed}
                rows.append(cell | {"split": "test", "example_id": i, "label": names[(i + wrong) % 2]})
    write_trials(root, {task: names}, rows)
    return root


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """IMDB by a BiLSTM, as far as names go."""
    return fill(tmp_path_factory.mktemp("comparison") / "store", "imdb", "bilstm")


@pytest.fixture(scope="module")
def tables(store: Path) -> dict[str, Table]:
    """The tables of the comparison by name."""
    return {table.name: table for table in compared.build(compare(Results(connect(store), store), "paper"))}


def test_the_published_figures_are_whole() -> None:
    """320 pruned cells and 8 dense ones are there, under our names."""
    paper = publication("paper")
    assert len(paper.tables["pie_percent"]) == 320
    assert len(paper.tables["effectiveness"]) == 2 * 328
    assert len(paper.tables["effectiveness_on_pies"]) == 2 * 320
    assert {place.method for place in paper.tables["pie_percent"]} == {*METHOD_SETS["pie"]}
    dense = Place(task="imdb", model="bert", method=DENSE, what="mean")
    assert paper.tables["effectiveness"][dense] == 0.932
    assert paper.tables["parameters"][Place(task="imdb", model="bert", what="parameters")] == 109_483_778
    assert paper.tables["tasks"][Place(task="reuters", what="train")] == 6737


@pytest.fixture
def of_two_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A paper with as many seeds as the store."""
    known = publication("paper")
    monkeypatch.setitem(figures.PUBLICATIONS, "paper", lambda: replace(known, seeds=2))


def test_votes_of_unequally_many_seeds_are_not_subtracted(tables: dict[str, Table]) -> None:
    """Two seeds here, thirty in the paper: both rates are there, no difference, and the caption says why."""
    table = tables["compared_pie_percent"]
    assert {value[-1].text for line in table.lines for value in line.values} == {"\N{EN DASH}"}
    assert {row["difference"] for row in table.records} == {None}
    assert "of votes of 2 seeds here and 30 there" in table.caption
    assert {row["table"] for row in tables["comparison"].records} == {"effectiveness"}
    assert "of votes of 2 seeds here and 30 there" in tables["comparison"].caption
    assert "of votes" not in tables["compared_effectiveness"].caption


@pytest.mark.usefixtures("of_two_seeds")
def test_what_both_have_stands_side_by_side(store: Path) -> None:
    """PIE percentages of the shared sparsities, with the difference; 95 % has no counterpart and is not there."""
    found = compared.build(compare(Results(connect(store), store), "paper"))
    table = next(table for table in found if table.name == "compared_pie_percent")
    assert (table.columns, table.parts) == (("50 %", "90 %"), ("here", "published", "difference"))
    printed = {line.keys[-1]: [[value.text for value in group] for group in line.values] for line in table.lines}
    assert printed == {
        "IMP-FT": [["10.0", "5", "+5.0"], ["30.0", "5", "+25.0"]],
        "RP-AI": [["20.0", "4", "+16.0"], ["40.0", "9", "+31.0"]],
    }


def test_effectiveness_has_the_dense_model_in_every_line(tables: dict[str, Table]) -> None:
    """The dense column is the same for all methods, mean and deviation on both sides."""
    table = tables["compared_effectiveness"]
    assert table.columns == ("dense", "50 %", "90 %")
    assert [[value.text for value in line.values[0]] for line in table.lines] == [
        ["0.900 ± 0.000", "0.879 ± 0.016", "+0.021"]
    ] * 2
    read = list(csv.DictReader(io.StringIO(TABLE_FORMATS["csv"](table))))
    assert {(row["figure"], row["method"]) for row in read} >= {("mean", "dense"), ("std", "imp-ft")}


@pytest.mark.usefixtures("of_two_seeds")
def test_the_summary_counts_pruned_cells(store: Path) -> None:
    """Mean absolute difference over the four shared cells, and how alike their order is."""
    rows = {row["table"]: row for row in summary(compare(Results(connect(store), store), "paper"))}
    pies = rows["pie_percent"]
    assert pies["compared"] == 4
    assert pies["mean_absolute_difference"] == pytest.approx((5 + 25 + 16 + 31) / 4)
    # 10 30 20 40 against 5 5 4 9: ranks 1 3 2 4 and 2.5 2.5 1 4.
    assert pies["rank_correlation"] == pytest.approx(3 / (5 * 4.5) ** 0.5)


def test_what_has_no_counterpart_is_said(tables: dict[str, Table]) -> None:
    """The caption names the sparsity that the paper lacks, and its data sets that the store lacks."""
    caption = tables["comparison"].caption
    assert "Not in the paper: sparsity 0.95." in caption
    assert "IMDB with BERT" in caption
    assert "IMDB with BiLSTM" not in caption


def test_a_model_is_known_by_its_architecture(tmp_path: Path) -> None:
    """A model of another name is compared with the paper's of its architecture, under its own name."""
    results = Results(connect(fill(tmp_path / "store", "imdb", "bilstm")))
    results.connection.execute(
        "CREATE OR REPLACE VIEW trials AS SELECT 'mine' AS model, * EXCLUDE model FROM internal.trial"
    )
    results.__dict__["pie_rate"] = [row | {"model": "mine"} for row in results.pie_rate]
    places = {pair.place.model for pair in compare(results, "paper").pairs if pair.table == "pie_percent"}
    assert places == {"mine"}


def test_nothing_in_common_is_refused(tmp_path: Path) -> None:
    """A store of other data says what it has and what the paper has; an unknown name says what is allowed."""
    root = fill(tmp_path / "store", "films", "net")
    results = Results(connect(root))
    with pytest.raises(ComparisonError, match=r"the store has films with net, .* imdb, snli, reuters, aapd"):
        compare(results, "paper")
    with pytest.raises(ComparisonError, match="unknown comparison 'papers', did you mean 'paper'"):
        compare(results, "papers")
    with pytest.raises(ComparisonError):
        write_report(root, tmp_path / "out", "paper")
    assert not (tmp_path / "out").exists()


def test_the_report_has_them(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --compare the tables are files of the report and stand on its page."""
    monkeypatch.setattr("analysis.report.FIGURES", {})  # which are the store's own
    page = write_report(store, tmp_path / "out", "paper")
    assert {"comparison.md", "compared_pie_percent.csv"} <= {path.name for path in (tmp_path / "out/tables").iterdir()}
    assert "This store beside Tropeano et al. 2025" in page.read_text()
