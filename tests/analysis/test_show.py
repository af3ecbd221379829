"""One table or figure by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.figures import FIGURES
from analysis.relations.database import connect
from analysis.results import Results
from analysis.show import FORMATS, ShowError, one_table, write_figures
from analysis.tables import TABLES


def test_a_table_is_that_of_the_report(store: Path) -> None:
    """The same lines and numbers, and every format prints."""
    table = one_table(store, "pie_percent")
    assert table == TABLES["pie_percent"](Results(connect(store)))
    assert all("IMP-FT" in text(table) or "imp-ft" in text(table) for text in FORMATS.values())


def test_a_figure_is_written_by_its_ending(store: Path, tmp_path: Path) -> None:
    """One picture takes the name given; several take task and model behind it."""
    assert write_figures(store, "pie_rate", tmp_path / "a.png") == [tmp_path / "a.png"]
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    paths = write_figures(store, "accuracy_on_pies", tmp_path / "deep" / "b.SVG")
    assert [path.name for path in paths] == ["b-reviews-bilstm.SVG", "b-topics-bilstm.SVG"]
    assert all("<svg" in path.read_text() for path in paths)


def test_what_cannot_be_had_is_refused(store: Path, tmp_path: Path) -> None:
    """Unknown names come with the nearest, other endings with those allowed, and gaps with what is lacking."""
    with pytest.raises(ShowError, match="did you mean 'pie_percent'"):
        one_table(store, "pie_percnt")
    with pytest.raises(ShowError, match="did you mean 'el2n_bins'"):
        write_figures(store, "el2n_bin", tmp_path / "a.svg")
    with pytest.raises(ShowError, match=r"\.svg, \.png, \.pdf, not as 'a\.gif'"):
        write_figures(store, "pie_rate", tmp_path / "a.gif")
    with pytest.raises(ShowError, match="made of the view el2n_bins"):
        write_figures(store, "el2n_bins", tmp_path / "a.svg")
    with pytest.raises(ShowError, match="made of the view trials"):
        one_table(store, "parameters")
    assert list(tmp_path.iterdir()) == []


def test_every_drawing_names_public_views() -> None:
    """What a figure's numbers come from can be asked by anybody."""
    from analysis.relations.database import VIEWS

    assert all(drawing.views and {*drawing.views} <= {*VIEWS} for drawing in FIGURES.values())
