"""The notebook runs as it stands, and what it shows is what the store says."""

from __future__ import annotations

import nbformat
import pytest

from analysis.examples.first_look import NOTEBOOK, answered, notebook


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The notebook, run now."""
    return answered(tmp_path_factory.mktemp("notebook"))


def shown(book, number):
    """What a cell printed last, as text."""
    return book.cells[number].outputs[-1]["data"]["text/plain"]


def test_the_notebook_is_the_one_of_its_cells():
    """Nothing was changed by hand, and every cell of code was run."""
    kept = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(kept)
    assert [(cell.cell_type, cell.id, cell.source) for cell in kept.cells] == [
        (cell.cell_type, cell.id, cell.source) for cell in notebook().cells
    ], "run python -m analysis.examples.first_look"
    counts = [cell.execution_count for cell in kept.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_it_shows_what_it_says(run):
    """PIE rates of both sparsities, accuracies, an image that all five dense networks get right, a row a digit."""
    tables = [cell for cell in run.cells if cell.cell_type == "code" and cell.outputs]
    rates, accuracies, life, slices = (cell.outputs[-1]["data"]["text/plain"] for cell in tables)
    assert [line.split()[4:7] for line in rates.splitlines()[1:]] == [
        ["magnitude", "0.5", "540"],
        ["magnitude", "0.8", "540"],
    ]
    assert len(accuracies.splitlines()) == 4
    dense = life.splitlines()[1].split()
    assert (dense[1], dense[2], dense[4]) == ("dense", "0.0", "5")
    assert [line.split()[1] for line in slices.splitlines()[1:]] == list("0123456789")


def test_it_tells_nothing_of_the_machine():
    """What is kept has no path, no user and no warning in it."""
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert "/tmp" not in text
    assert "/home" not in text
    assert '"stderr"' not in text
