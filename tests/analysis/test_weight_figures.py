"""Figures of learning curves and of weights: each draws the numbers of its view."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import duckdb
import pytest

from analysis.figures import FIGURES
from analysis.figures.loss_by_step import far_apart
from analysis.figures.matrix_places import PLACES
from analysis.figures.method_lines import strokes
from analysis.figures.style import pdf, vector
from analysis.figures.weight_values import BINS, density, reach_of
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
        ("left_by_layer", [([0], [0.75])]),
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
    assert reach_of(rows) == pytest.approx(1, abs=0.01)
    points = density(rows, 1.0)
    width = 2 / BINS
    assert sum(point["y"] for point in points) * width == pytest.approx(1)
    assert sum(point["y"] * width for point in points if point["x"] > 0.4) == pytest.approx(0.75, abs=0.01)
    assert not any(-0.48 < point["x"] < 0.48 for point in points)


def test_a_matrix_has_one_place_whatever_else_a_method_prunes() -> None:
    """Biases between matrices take no place, and a method that leaves a matrix out moves none of the others."""
    database = duckdb.connect()
    database.execute(
        "CREATE TABLE layers (trial_id TEXT, task TEXT, model TEXT, layer TEXT, layer_no INT, outputs INT)"
    )
    whole = ["a", "a.bias", "b", "b.bias", "c"]
    for trial, layers in {"biased": whole, "plain": ["a", "b", "c"], "spared": ["b", "c"]}.items():
        for number, name in enumerate(layers):
            row = [trial, "t", "m", name, number, 1 if "bias" in name else 4]
            database.execute("INSERT INTO layers VALUES (?, ?, ?, ?, ?, ?)", row)
    found = database.execute(f"{PLACES} SELECT DISTINCT layer, place FROM matrices ORDER BY ALL").fetchall()
    assert found == [("a", 0), ("b", 1), ("c", 2)]


def test_lines_of_one_colour_differ_in_their_stroke() -> None:
    """Whatever names a study gives its methods, no two of three are drawn alike."""
    names = ["pins", *(f"own-{number}" for number in range(16))]
    drawn = strokes(names)
    assert len({str(drawn[name]) for name in names}) == len(names)


def test_losses_are_logarithmic_where_one_would_hide_the_others() -> None:
    """As a penalty does; not where a loss is zero, which has no logarithm."""
    losses = {"imp": [0.5, 0.3, 0.2], "smvp": [0.7, 100.0, 60.0]}
    rows = [{"method": method, "y": loss} for method, own in losses.items() for loss in own]
    assert far_apart(rows)
    assert not far_apart(rows[:3])
    assert not far_apart([*rows, {"method": "imp", "y": 0.0}])


@pytest.mark.parametrize("name", FOLDERS)
def test_same_rows_same_bytes(tmp_path: Path, name: str) -> None:
    """Drawing twice gives the same SVG and PDF, which are well-formed."""
    store = write_store(tmp_path, FOLDERS[name])
    first, second = ([(vector(f).file, pdf(f)) for f in [drawn(name, store)]] for _ in range(2))
    assert first == second
    assert ET.fromstring(first[0][0]).tag.endswith("svg")
