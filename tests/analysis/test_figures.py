"""The figures: drawn from a store, from an empty one, and to the same bytes each time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from analysis.figures import FIGURES
from analysis.figures.points import Point
from analysis.figures.style import COLOURS, looks, pdf, svg, vector
from analysis.figures.vector import Vector
from analysis.relations.database import connect
from analysis.results import Results
from runner.methods import METHOD_SETS, METHODS, REFERENCES
from tests.analysis.statistics.small_panels import write_store
from tests.analysis.stores import trial_id, write_task, write_trials
from tests.runner.store import tampering


def test_one_panel_per_task_and_one_line_per_method(store: Path) -> None:
    """The figure of two tasks has two panels, and each draws both methods at both sparsities."""
    ((_, figure),) = FIGURES["effectiveness"].draw(Results(connect(store)))
    panels = [axes for axes in figure.axes if axes.lines]
    assert [axes.get_title(loc="left").split(" · ")[0] for axes in panels] == ["reviews", "topics"]
    for axes in panels:
        assert sum(list(line.get_xdata()) == [0, 1] and line.get_marker() != "None" for line in axes.lines) == 2
        assert [label.get_text() for label in axes.get_xticklabels()] == ["50 %", "90 %"]


def cells(deviating: float) -> dict[tuple[str, float], dict[int, np.ndarray]]:
    """Seven dense and seven pruned seeds of which so large a share of the pruned answers is 0."""
    random = np.random.default_rng(5)
    gold = np.arange(80) % 2
    return {
        (method, sparsity): {
            seed: np.where(random.random(80) < share, 0, np.where(random.random(80) < 0.15, 1 - gold, gold))
            for seed in range(7)
        }
        for method, sparsity, share in (("dense", 0.0, 0.0), ("mp-ai", 0.9, deviating))
    }


@pytest.mark.parametrize(("share", "filled"), [(0.0, False), (1.0, True)])
def test_a_rate_stands_beside_its_floors(tmp_path: Path, share: float, filled: bool) -> None:
    """The rate with its interval, hollow unless beyond seed noise, the dense floor dotted, the pruned one a dash."""
    results = Results.of(write_store(tmp_path, cells(share), np.arange(80) % 2))
    ((_, figure),) = FIGURES["pie_rate"].draw(results)
    (row,) = results.survey.intervals
    lines = {line.get_marker(): line for line in figure.axes[0].lines if line.get_marker() != "None"}
    assert lines["_"].get_ydata() == [row["pruned_floor"]]
    assert list(lines[""].get_ydata()) == [row["noise_floor"]] * 2
    point = lines[looks(["mp-ai"])["mp-ai"].marker]
    assert point.get_ydata() == [row["rate"]]
    assert (point.get_markerfacecolor() == point.get_color()) is filled
    bounds = [list(line.get_ydata()) for line in figure.axes[0].lines if len(set(line.get_xdata())) == 1]
    assert [row["two_way_low"], row["two_way_high"]] in bounds


@pytest.fixture(scope="module")
def results(store: Path) -> Results:
    """Those of the store that all tests only read."""
    return Results(connect(store))


@pytest.mark.parametrize("name", FIGURES)
def test_same_rows_same_bytes(results: Results, name: str) -> None:
    """Drawing twice gives the same SVG, well-formed by itself and within a page; and a PDF without addresses."""
    first, second = ([one.figure for one in FIGURES[name].pictures(name, results)] for _ in range(2))
    for figure, again in zip(first, second, strict=True):
        drawn = vector(figure)
        assert drawn == vector(again)
        assert ET.fromstring(drawn.file).tag.endswith("svg")
        assert ET.fromstring(drawn.inline(1, "a title")).tag.endswith("svg")
        assert "#point-" not in drawn.file
        paper = pdf(figure)
        assert paper.startswith(b"%PDF")
        assert b"/URI" not in paper


def test_a_pdf_tells_no_time(results: Results) -> None:
    """Drawn again, it has the same bytes, as the SVG of every figure and the PNG files of a report have."""
    first, second = (FIGURES["pie_rate"].pictures("pie_rate", results) for _ in range(2))
    assert [pdf(one.figure) for one in first] == [pdf(one.figure) for one in second]


def test_points_say_their_numbers_and_lead_to_their_examples(results: Results) -> None:
    """In the page every cell is a link to the explorer's list of it; by itself the picture says the same words."""
    (picture,) = FIGURES["pie_rate"].pictures("pie_rate", results)
    drawn = vector(picture.figure)
    page = ET.fromstring(drawn.inline(3, "PIEs"))
    links = {link.get("href"): link[0].text for link in page.iter("{http://www.w3.org/2000/svg}a")}
    for row in results.pie_rate:
        place = f"#task={row['task']}&split=test&model=bilstm&method={row['method']}&sparsity={row['sparsity']}"
        assert f"{row['rate'] * 100:.1f} % PIEs" in str(links.pop(place))
    assert links == {}
    assert all(one.get("id", "f3-").startswith("f3-") for one in page.iter())
    alone = ET.fromstring(drawn.file)
    assert sum(one.tag.endswith("title") and "% PIEs" in str(one.text) for one in alone.iter()) == 8


def test_words_of_points_stay_words() -> None:
    """Names in a point's words and address are escaped, whatever they are."""
    name = '"><script>\\1'
    point = Point(x=0, y=0, words=name, filters={"task": name})
    drawn = Vector(
        drawn='<svg width="1" height="1" viewBox="0 0 1 1"><a xlink:href="#point-0"> </a></svg>', points=(point,)
    )
    page = ET.fromstring(drawn.inline(1, name).replace("xlink:", ""))
    assert page.get("aria-label") == name
    assert page[0][0].text == name
    assert unquote(str(page[0].get("href"))) == f"#task={name}"


def test_many_classes_are_named_and_the_rest_is_said(tmp_path: Path) -> None:
    """Of 120 classes the 100 most frequent are drawn, each by its name, and the axis says how many there are."""
    gold = np.concatenate([np.arange(120), np.arange(100)])
    names = [f"class {number}" for number in range(120)]
    examples = [{"split": "test", "example_id": at, "label": names[label]} for at, label in enumerate(gold)]
    write_task(tmp_path, "t", names, examples)
    fixed = {"task": "t", "model": "m", "seed": 0}
    dense = [row | fixed | {"method": "dense", "sparsity": 0.0} for row in examples]
    pruned = [row | fixed | {"method": "mp-ai", "sparsity": 0.9, "label": names[0]} for row in examples]
    write_trials(tmp_path, {"t": names}, dense + pruned)
    ((_, figure),) = FIGURES["class_distribution"].draw(Results(connect(tmp_path)))
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == names[:100]
    assert figure.axes[0].get_xlabel() == "the 100 most frequent of 120 classes"


def test_a_store_without_trials_has_no_figures(tmp_path: Path) -> None:
    """Nothing committed gives no picture."""
    write_task(tmp_path, "t", ["a", "b"], [{"split": "test", "example_id": 0, "label": "a"}])
    results = Results(connect(tmp_path))
    assert {name: list(drawing.draw(results)) for name, drawing in FIGURES.items()} == {name: [] for name in FIGURES}


@pytest.fixture(scope="module")
def odd_names(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A store whose model and method are called what no file could be, opened."""
    tmp_path = tmp_path_factory.mktemp("odd") / "store"
    write_task(tmp_path, "t", ["a", "b"], [{"split": "test", "example_id": 0, "label": "a"}])
    fixed = {"task": "t", "model": r"$\frac{$ --><script>", "seed": 0, "split": "test", "example_id": 0, "label": "a"}
    rows = [fixed | {"method": "dense", "sparsity": 0.0}, fixed | {"method": "$my_method^$", "sparsity": 0.5}]
    for row in rows:
        row["model"] = str(row["model"]).replace("/", "")
    write_trials_named(tmp_path, rows)
    return Results(connect(tmp_path))


@pytest.mark.parametrize("name", FIGURES)
def test_names_are_text_and_not_formulas(odd_names: Results, name: str) -> None:
    """Dollar signs, underscores and markup in the names of ingested models are drawn as they are."""
    for picture in FIGURES[name].pictures(name, odd_names):
        drawn = svg(picture.figure)
        assert re.fullmatch(r"[\w.-]+", picture.name)
        assert "<script>" not in drawn
        assert ET.fromstring(drawn) is not None


def write_trials_named(root: Path, rows: list[dict[str, object]]) -> None:
    """Commit rows whose model's name could not be part of a file's name."""
    plain = [row | {"model": "model", "method": f"m{number}"} for number, row in enumerate(rows)]
    write_trials(root, {"t": ["a", "b"]}, plain)
    for number, row in enumerate(rows):
        named = {"model": row["model"], "method": row["method"]}
        path = root / "commits" / f"{trial_id(plain[number])}.json"
        tampering.rewrite(path, lambda record, named=named: record["settings"].update(named))


def test_methods_look_different_and_always_the_same() -> None:
    """Every known method has a look of its own, whatever others a store has; those of one paper differ in colour."""
    known = looks(list(METHODS))
    assert len({(look.colour, look.marker) for look in known.values()}) == len(METHODS)
    for methods in METHOD_SETS.values():
        assert len({known[name].colour for name in methods}) == len({known[name].marker for name in methods})
        assert len({known[name].colour for name in methods}) == min(len(methods), len(COLOURS))
    assert looks(["rp-ai", "mine"])["rp-ai"] == known["rp-ai"]
    assert looks(["rp-ai", "mine"])["mine"] not in known.values()
    assert not {look.colour for look in looks(list(REFERENCES)).values()} & {look.colour for look in known.values()}


def test_figures_speak_of_the_test_split_where_there_is_one():
    """The test split comes before all others, wherever splits are ordered."""
    from analysis.display_names import split_key

    assert sorted(["validation", "train", "other", "test"], key=split_key) == ["test", "train", "validation", "other"]
