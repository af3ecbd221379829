"""The figures of recall distortion: labels, slopes and intervals are those of the rows, panel by panel."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text

from analysis.figures import FIGURES, distortion_scatter
from analysis.figures.points import Points
from analysis.figures.style import vector
from analysis.results import Results
from tests.analysis.counted_stores import Grid, write_counts

NAMES = ("recall_distortion", "distortion_intervals", "distortion_scatter", "distortion_tradeoff")
SIZES = np.full(4, 50)
SHAPE = np.array([-8, -2, 3, 7])


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two networks and two methods, one of which halves balances where the other doubles them."""
    random = np.random.default_rng(4)
    scales = {("dense", 0.0): 1.0, ("finetuned", 0.0): 1.0, ("mp", 0.5): 0.4, ("mp", 0.9): 2.0, ("up", 0.9): 0.4}
    grids = []
    for model in ("small", "large"):
        cells = {
            cell: (38 + scale * SHAPE + random.integers(-1, 2, size=(6, 4))).round().astype(np.int64).clip(0, 50)
            for cell, scale in scales.items()
        }
        grids.append(Grid(cells=cells, sizes=SIZES, model=model))
    return Results.of(write_counts(tmp_path_factory.mktemp("figures") / "store", *grids))


@pytest.mark.parametrize("name", NAMES)
def test_a_sheet_of_every_network_and_of_every_method(
    results: Results, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Methods side by side by network, networks by method; the same bytes again, where points are a picture too."""
    monkeypatch.setattr(distortion_scatter, "MANY", 10)
    drawn = list(FIGURES[name].pictures(name, results))
    assert [picture.place for picture in drawn] == [("t", "large"), ("t", "small"), (), ()]
    again = next(FIGURES[name].pictures(name, results))
    assert vector(drawn[0].figure).file == vector(again.figure).file
    assert ET.fromstring(vector(drawn[-1].figure).file).tag.endswith("svg")


@pytest.mark.parametrize("name", NAMES[:2])
def test_every_panel_has_its_own_labels(results: Results, name: str) -> None:
    """One method distorts less and one more at the same sparsity, and each panel says its own."""
    figure = dict(FIGURES[name].draw(results))["t", "large"]
    labels = {axes.get_title(loc="left"): [text.get_text() for text in axes.texts] for axes in figure.axes}
    assert labels == {"MP": ["<", ">"], "UP": ["<"]}
    rows = {(row["method"], row["sparsity"]): row for row in results.recall_distortions if row["model"] == "large"}
    lines = [list(line.get_ydata()) for line in figure.axes[0].lines]
    assert [rows["finetuned", 0.0]["alpha"]] * 2 in lines
    if name == "distortion_intervals":
        assert [rows["mp", 0.9]["low"], rows["mp", 0.9]["high"]] in lines
        assert [rows["mp", 0.9]["cross_low"], rows["mp", 0.9]["cross_high"]] in lines


def test_a_line_has_the_pooled_slope(results: Results) -> None:
    """And the words beside it say slope, r2, alpha* and accuracy."""
    figure = dict(FIGURES["distortion_scatter"].draw(results))["t", "large"]
    (axes,) = [axes for axes in figure.axes if axes.get_title(loc="left") == "MP\n90 %"]
    (row,) = [
        row
        for row in results.recall_distortions
        if (row["model"], row["method"], row["sparsity"]) == ("large", "mp", 0.9)
    ]
    x, y = axes.lines[1].get_data()
    assert y == pytest.approx(row["pooled"] * np.asarray(x))
    assert f"slope {row['pooled']:.2f}" in axes.texts[0].get_text()
    assert f"accuracy {row['accuracy']:.3f}" in axes.texts[0].get_text()


def test_twin_axes_are_centred(results: Results) -> None:
    """On the accuracy of the parents, and on 1."""
    figure = dict(FIGURES["distortion_tradeoff"].draw(results))["t", "large"]
    (row,) = [one for one in results.recall_distortions if (one["model"], one["method"]) == ("large", "up")]
    assert np.mean(figure.axes[0].get_ylim()) == pytest.approx(row["dense_accuracy"])
    twins = [axes for axes in figure.axes if axes.get_ylabel() == "alpha"]
    assert len(twins) == 2
    assert [float(np.mean(axes.get_ylim())) for axes in twins] == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("name", NAMES)
def test_what_was_asked_as_ratios_is_shown_as_ratios(name: str, tmp_path: Path) -> None:
    """Along the axis, over panels and in the words of points: 2 and 10 of all parameters, no percentages."""
    random = np.random.default_rng(4)
    cells = {
        cell: (38 + SHAPE + random.integers(-1, 2, size=(6, 4))).round().astype(np.int64).clip(0, 50)
        for cell in (("dense", 0.0), ("mp", 0.5), ("mp", 0.9))
    }
    results = Results.of(write_counts(tmp_path, Grid(cells=cells, sizes=SIZES, base="all")))
    (figure,) = dict(FIGURES[name].draw(results)).values()
    shown = [text.get_text() for text in figure.findobj(Text) if text.get_text()]
    assert not any("%" in text for text in shown)
    if name == "distortion_scatter":
        assert {"MP\nratio 2", "MP\nratio 10"} <= set(shown)
    else:
        assert {"2", "10", "all parameters / parameters left"} <= set(shown)
    told = [point.words for points in figure.findobj(Points) for point in points.points]
    assert [words.partition(":")[0] for words in told] == ["MP at ratio 2", "MP at ratio 10"]


def test_a_legend_names_what_is_drawn(tmp_path: Path) -> None:
    """Two seeds have no alpha*: no diamonds, and no word of them."""
    random = np.random.default_rng(4)
    cells = {
        cell: (38 + SHAPE + random.integers(-1, 2, size=(2, 4))).round().astype(np.int64).clip(0, 50)
        for cell in (("dense", 0.0), ("mp", 0.5))
    }
    results = Results.of(write_counts(tmp_path, Grid(cells=cells, sizes=SIZES)))
    for name in ("recall_distortion", "distortion_tradeoff"):
        figure = dict(FIGURES[name].draw(results))["t", "m"]
        assert not any("alpha*" in text.get_text() for text in figure.legends[0].get_texts())
