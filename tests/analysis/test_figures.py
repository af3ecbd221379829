"""The figures: drawn from a store, from an empty one, and to the same bytes each time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from analysis.database import connect
from analysis.figures import FIGURES
from analysis.figures.style import COLOURS, looks, png, svg
from analysis.results import Results
from runner.methods import METHODS
from tests.analysis.stores import trial_id, write_task, write_trials
from tests.runner.store import tampering


@pytest.mark.parametrize("name", ["effectiveness", "pie_rate"])
def test_one_panel_per_task_and_one_line_per_method(store: Path, name: str) -> None:
    """The figure of two tasks has two panels, and each draws both methods at both sparsities."""
    ((_, figure),) = FIGURES[name].draw(Results(connect(store)))
    panels = [axes for axes in figure.axes if axes.lines]
    assert [axes.get_title(loc="left").split(" · ")[0] for axes in panels] == ["reviews", "topics"]
    for axes in panels:
        assert sum(list(line.get_xdata()) == [0, 1] and line.get_marker() != "None" for line in axes.lines) == 2
        assert [label.get_text() for label in axes.get_xticklabels()] == ["50 %", "90 %"]


@pytest.mark.parametrize("name", FIGURES)
def test_same_rows_same_bytes(store: Path, name: str) -> None:
    """Drawing twice gives the same SVG, which is well-formed, and a PNG."""
    results = Results(connect(store))
    first, second = ([svg(one.figure) for one in FIGURES[name].pictures(name, results)] for _ in range(2))
    assert first == second
    assert all(ET.fromstring(picture).tag.endswith("svg") for picture in first)
    assert all(png(one.figure).startswith(b"\x89PNG") for one in FIGURES[name].pictures(name, results))


@pytest.mark.parametrize("name", FIGURES)
def test_a_store_without_trials_has_no_figures(tmp_path: Path, name: str) -> None:
    """Nothing committed gives no picture."""
    write_task(tmp_path, "t", ["a", "b"], [{"split": "test", "example_id": 0, "label": "a"}])
    assert list(FIGURES[name].draw(Results(connect(tmp_path)))) == []


@pytest.mark.parametrize("name", FIGURES)
def test_names_are_text_and_not_formulas(tmp_path: Path, name: str) -> None:
    """Dollar signs, underscores and markup in the names of ingested models are drawn as they are."""
    write_task(tmp_path, "t", ["a", "b"], [{"split": "test", "example_id": 0, "label": "a"}])
    fixed = {"task": "t", "model": r"$\frac{$ --><script>", "seed": 0, "split": "test", "example_id": 0, "label": "a"}
    rows = [fixed | {"method": "dense", "sparsity": 0.0}, fixed | {"method": "$my_method^$", "sparsity": 0.5}]
    for row in rows:
        row["model"] = str(row["model"]).replace("/", "")
    write_trials_named(tmp_path, rows)
    for picture in FIGURES[name].pictures(name, Results(connect(tmp_path))):
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
    """Every known method has a colour and a marker of its own, whatever others a store has."""
    known = looks(list(METHODS))
    assert len({look.colour for look in known.values()}) == len(METHODS) == len(COLOURS)
    assert len({look.marker for look in known.values()}) == len(METHODS)
    assert looks(["rp-ai", "mine"])["rp-ai"] == known["rp-ai"]
    assert looks(["rp-ai", "mine"])["mine"] not in known.values()


def test_figures_speak_of_the_test_split_where_there_is_one():
    """The test split comes before all others, wherever splits are ordered."""
    from analysis.order import split_key

    assert sorted(["validation", "train", "other", "test"], key=split_key) == ["test", "train", "validation", "other"]
