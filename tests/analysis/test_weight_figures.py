"""Figures of learning curves and of weights: each draws the numbers of its view."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from analysis.figures import FIGURES
from analysis.figures.style import pdf, vector
from analysis.figures.weight_values import density
from analysis.relations.database import connect
from analysis.results import Results
from tests.analysis.stores import write_store

CASES = Path(__file__).parent / "sql"
LAYERS, CURVES = CASES / "layers" / "what_is_left_of_two_layers", CASES / "curves" / "a_loss_that_is_no_number"
FOLDERS = {
    "sparsity_pattern": LAYERS,
    "rank_by_layer": LAYERS,
    "loss_by_step": CURVES,
    "weight_values": LAYERS,
    "left_by_layer": LAYERS,
}


def drawn(name: str, folder: Path):
    """The one figure of a store that is made of a folder's rows."""
    ((place, figure),) = FIGURES[name].draw(Results(connect(folder)))
    assert place[:1] == ("t",)
    return figure


@pytest.fixture
def of(tmp_path: Path):
    """Draws a figure of the rows that belong to it."""
    return lambda name: drawn(name, write_store(tmp_path, FOLDERS[name]))


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("rank_by_layer", [([0], [1.0])]),
        ("left_by_layer", [([0, 1], [0.75, 0.5])]),
        ("loss_by_step", [([4], [0.75]), ([8], [0.5])]),
    ],
)
def test_lines_have_the_numbers_of_their_view(of, name: str, lines) -> None:
    """A vector has no rank, a loss that is no number no point, and the dense model its own line."""
    (axes, *_) = of(name).axes
    found = [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines if len(line.get_xdata())]
    assert found == lines


def test_a_pattern_is_drawn_as_it_was_kept(of) -> None:
    """Rows from the top, columns from the left; dark where much stays."""
    (axes, *_) = of("sparsity_pattern").axes
    (image,) = axes.images
    assert image.get_array().tolist() == [[1, 1, 1, 0], [1, 0, 1, 1]]


def test_values_are_a_density() -> None:
    """Of two layers with bins of their own: all values together, and the whole is 1."""
    place = {"task": "t", "model": "m", "method": "imp", "sparsity": 0.5}
    rows = [
        {**place, "low": -1.0, "high": 1.0, "histogram": [5, 0, 0, 5]},
        {**place, "low": 0.5, "high": 0.5, "histogram": [10, 0, 0, 0]},
    ]
    points = density(rows)
    width = 2 * 0.75 / 65
    assert sum(point["y"] for point in points) * width == pytest.approx(1)
    assert sum(point["y"] * width for point in points if point["x"] > 0.4) == pytest.approx(0.75)
    assert np.sign([point["x"] for point in points]).tolist() == [-1.0, 1.0, 1.0]


@pytest.mark.parametrize("name", FOLDERS)
def test_same_rows_same_bytes(tmp_path: Path, name: str) -> None:
    """Drawing twice gives the same SVG and PDF, which are well-formed."""
    store = write_store(tmp_path, FOLDERS[name])
    first, second = ([(vector(f).file, pdf(f)) for f in [drawn(name, store)]] for _ in range(2))
    assert first == second
    assert ET.fromstring(first[0][0]).tag.endswith("svg")
