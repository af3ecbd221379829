"""The tables: what is marked, and that every format says the same."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.relations.database import VIEWS, connect
from analysis.results import Results
from analysis.tables import TABLES
from analysis.tables.formats import TABLE_FORMATS, csv_text, latex, markdown, plain_text
from analysis.tables.table import Line, Table, Value
from tests.analysis.stores import write_task

OF_CELLS = ("pie_percent", "effectiveness", "effectiveness_on_pies")
"""Tables with one line a method and one column a sparsity, whatever a store records."""


@pytest.fixture(scope="module")
def results(store: Path) -> Results:
    """The store of conftest, opened once."""
    return Results(connect(store))


@pytest.mark.parametrize("name", OF_CELLS)
def test_every_cell_is_in_the_table_and_in_its_numbers(results: Results, name: str) -> None:
    """Two tasks with two methods at two sparsities each are all there, and the CSV has the unrounded numbers."""
    table = TABLES[name](results)
    assert {(line.keys[0], line.keys[-1]) for line in table.lines} == {
        (task, method) for task in ("reviews", "topics") for method in ("IMP-FT", "RP-AI")
    }
    assert table.columns[-2:] == ("50 %", "90 %")
    read = list(csv.DictReader(io.StringIO(csv_text(table))))
    assert len(read) == len(table.records)
    assert {row["task"] for row in read} == {"reviews", "topics"}


def test_incomplete_cells_are_marked(results: Results) -> None:
    """The cell that lacks a seed carries the mark in every table, and no other cell does."""
    for name in OF_CELLS:
        table = TABLES[name](results)
        marked = {
            (line.keys[0], line.keys[-1], column)
            for line in table.lines
            for column, group in zip(table.columns, line.values, strict=True)
            if any("incomplete" in value.marks for value in group)
        }
        assert marked == {("reviews", "RP-AI", "90 %")}


def test_best_and_worst_follow_effectiveness(results: Results) -> None:
    """The PIE table marks the most and the least effective method of each sparsity."""
    table = TABLES["pie_percent"](results)
    means = {(row["task"], row["method"].upper(), row["sparsity"]): row["mean"] for row in results.effectiveness}
    for task in ("reviews", "topics"):
        for place, sparsity in enumerate((0.5, 0.9)):
            found = {line.keys[-1]: line.values[place][0].marks for line in table.lines if line.keys[0] == task}
            best = max(found, key=lambda method: means[task, method, sparsity])
            assert [method for method, marks in found.items() if "best" in marks] == [best]
            assert [method for method, marks in found.items() if "worst" in marks] == [({*found} - {best}).pop()]


def test_printed_numbers_are_the_rounded_ones(results: Results) -> None:
    """PIE percentages have one digit, effectiveness is mean and deviation with n - 1."""
    table = TABLES["pie_percent"](results)
    printed = {
        (line.keys[0], line.keys[-1], i): group[0].text for line in table.lines for i, group in enumerate(line.values)
    }
    for row in results.pie_rate:
        place = (row["task"], row["method"].upper(), (0.5, 0.9).index(row["sparsity"]))
        assert printed[place] == f"{100 * row['pies'] / row['examples']:.1f}"
    assert "0.900 ± 0.072" not in markdown(table)
    assert " ± " in markdown(TABLES["effectiveness"](results))


def test_a_store_without_trials_has_empty_tables(tmp_path: Path) -> None:
    """Nothing committed gives tables without lines, but of the tasks themselves, in every format."""
    write_task(tmp_path, "t", ["a", "b"], [{"split": "test", "example_id": 0, "label": "a"}])
    for name, build in TABLES.items():
        table = build(Results(connect(tmp_path)))
        assert table.lines == () or name == "tasks"
        assert all(isinstance(text(table), str) for text in TABLE_FORMATS.values())


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_whole_in_every_format(results: Results, name: str) -> None:
    """Each line has a value for each column, public views are named, and no format drops a line."""
    table = TABLES[name](results)
    assert table.name == name
    assert table.views
    assert {*table.views} <= {*VIEWS}
    for line in table.lines:
        assert len(line.keys) == len(table.keys)
        assert [len(group) for group in line.values] == [len(table.parts)] * len(table.columns)
    if table.lines:
        rows = [text for text in markdown(table).splitlines() if text.startswith("|")]
        assert len(rows) == len(table.lines) + 2
        assert len({row.replace("\\|", "").count("|") for row in rows}) == 1
        assert latex(table).count(r" \\") == len(table.lines) + (2 if len(table.parts) > 1 else 1)
        told = plain_text(table)
        assert all(line.keys[-1] in told for line in table.lines)


def test_plain_text_says_what_a_terminal_can_show(results: Results) -> None:
    """Numbers stand under their headings, marks are explained, and control characters are spelt out."""
    table = TABLES["pie_percent"](results)
    block = plain_text(table).split("\n\n")[1].splitlines()
    assert block[0] == "reviews · bilstm"
    assert block[1].split() == ["method", "50", "%", "90", "%"]
    assert [line.split()[0] for line in block[2:]] == ["IMP-FT", "RP-AI"]
    assert "*: the most effective method at this sparsity" in plain_text(table)
    assert "\x1b" not in plain_text(replace(table, title="red \x1b[31m"))


def test_names_cannot_break_a_format() -> None:
    """Signs of Markdown and LaTeX in a name are printed as they are."""
    name = r"a|b_c & 100% $x$ \cmd{} #~^"
    line = Line(keys=(name, "imp-ft"), values=((Value("1.0", frozenset({"best", "incomplete"})),),))
    table = Table(
        name="t",
        title="T",
        caption="C",
        keys=("task", "method"),
        columns=("50 %",),
        parts=("",),
        lines=(line,),
        legend={"best": "best", "incomplete": "few"},
        records=({"task": name},),
        views=(),
    )
    assert r"| a\|b\_c &amp; 100% \$x\$ \\cmd{} #\~^ | imp-ft | **1.0** † |" in markdown(table)
    assert r"a|b\_c \& 100\% \$x\$ \textbackslash{}cmd\{\} \#\textasciitilde{}\textasciicircum{} & imp-ft" in latex(
        table
    )
    assert r"\textbf{1.0}$^\dagger$ \\" in latex(table)
    assert next(csv.DictReader(io.StringIO(csv_text(table))))["task"] == name
