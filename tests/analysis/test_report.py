"""The report: complete, harmless, repeatable, and never over anything that is not its own."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analysis import report
from analysis.figures import FIGURES
from analysis.report import ReportError, write_report
from analysis.tables import TABLES
from tests.analysis.conftest import HOSTILE
from tests.analysis.stores import write_task


class Tags(HTMLParser):
    """The elements of a page, with their attributes, and the text of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._in_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._in_script = tag == "script"

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts.append(data)
            self._in_script = False


@pytest.fixture(scope="module")
def folder(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One report for all tests that only read it."""
    return write_report(store, tmp_path_factory.mktemp("report") / "out").parent


def test_everything_is_there(folder: Path) -> None:
    """Every table in three formats, every figure in two, the page, and nothing unlisted."""
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    tables = {f"tables/{name}.{ending}" for name in TABLES for ending in ("md", "csv", "tex")}
    figures = {f"figures/{name}.{ending}" for name in FIGURES for ending in ("svg", "png")}
    assert files == tables | figures | {"index.html", "manifest.json"}


def test_the_page_needs_nothing_else(folder: Path) -> None:
    """No element loads anything: references lead inside the page, and the policy forbids the rest."""
    page = (folder / "index.html").read_text()
    tags = Tags(page)
    for tag, attributes in tags.found:
        for name in ("src", "href", "xlink:href", "action", "data", "srcset"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, attributes)
    assert not re.search(r"@import|url\((?!#)", page.partition('id="data"')[0])
    assert "default-src 'none'" in page


def test_texts_of_a_data_set_cannot_run(folder: Path) -> None:
    """A text with a script in it stays a text: two script elements, ours sealed by its hash, data that reads back."""
    page = (folder / "index.html").read_text()
    tags = Tags(page)
    data, script = tags.scripts
    assert [dict(attributes).get("type") for tag, attributes in tags.found if tag == "script"] == [
        "application/json",
        None,
    ]
    assert "img" not in {tag for tag, _ in tags.found}
    assert HOSTILE in [text for text, _ in json.loads(data)["texts"]]
    seal = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{seal}'" in page
    assert not {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("} & set(
        re.findall(r"[\w.]+\(?", script)
    )


def test_ids_are_unique(folder: Path) -> None:
    """Figures that stand in one page do not share ids, so that none draws with another's shapes."""
    tags = Tags((folder / "index.html").read_text())
    ids = [attributes["id"] for _, attributes in tags.found if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_listed_examples_are_the_pies(store: Path, folder: Path) -> None:
    """The page lists every PIE with its gold label, dense vote, pruned vote and cell."""
    from analysis.database import connect

    data = json.loads(Tags((folder / "index.html").read_text()).scripts[0])
    listed = {
        (
            data["names"][task],
            example,
            tuple(data["sets"][dense]),
            *data["cells"][cells[i]][::2],
            tuple(data["sets"][cells[i + 1]]),
        )
        for task, _, _, example, _, _, dense, cells in data["items"]
        for i in range(0, len(cells), 2)
    }
    rows = connect(store).sql("SELECT * FROM pies WHERE is_pie").to_arrow_table().to_pylist()
    assert listed == {
        (
            row["task"],
            row["example_id"],
            tuple(row["dense_vote"]),
            row["method"],
            row["sparsity"],
            tuple(row["pruned_vote"]),
        )
        for row in rows
    }


def test_completeness_is_on_the_page(folder: Path) -> None:
    """The cell that lacks a seed is named as such."""
    page = (folder / "index.html").read_text()
    assert "<strong>39</strong> of 40 planned trials committed" in re.sub(r"\s+", " ", page)
    assert "3 of 4†" in page


def test_again_gives_the_same_bytes(store: Path, folder: Path, tmp_path: Path) -> None:
    """A report over a former one replaces it, and the same store gives the same report."""
    out = tmp_path / "out"
    for _ in range(2):
        write_report(store, out)
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
    for path in folder.rglob("*"):
        if path.is_file():
            assert (out / path.relative_to(folder)).read_bytes() == path.read_bytes()


def test_other_peoples_files_are_left_alone(store: Path, tmp_path: Path) -> None:
    """A folder with anything but a former report in it is refused, and keeps what it has."""
    (tmp_path / "thesis.tex").write_text("ten years of work")
    with pytest.raises(ReportError, match=r"thesis\.tex"):
        write_report(store, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_notes_added_to_a_report_are_kept(store: Path, tmp_path: Path) -> None:
    """A former report to which somebody added a file is not replaced."""
    out = tmp_path / "out"
    write_report(store, out)
    (out / "tables" / "notes.md").write_text("mine")
    with pytest.raises(ReportError, match=r"notes\.md"):
        write_report(store, out)
    assert (out / "tables" / "notes.md").read_text() == "mine"


@pytest.mark.parametrize("place", ["data", "data/report", "commits", "tasks/x/y"])
def test_the_stores_folders_are_refused(store: Path, place: str) -> None:
    """No report lands among the rows or the records."""
    with pytest.raises(ReportError, match="inside the store"):
        write_report(store, store / place)


def test_a_failed_report_leaves_nothing(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error on the way removes what was written aside, and a former report stays."""
    out = tmp_path / "out"
    write_report(store, out)
    before = (out / "index.html").read_bytes()

    def fail(_: object) -> bytes:
        raise OSError("disk full")

    monkeypatch.setattr(report, "png", fail)
    with pytest.raises(OSError, match="disk full"):
        write_report(store, out)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (out / "index.html").read_bytes() == before


def test_a_store_without_trials_has_a_report(tmp_path: Path) -> None:
    """Before the first commit the page says that there is nothing yet."""
    write_task(tmp_path / "store", "t", ["a", "b"], [{"split": "test", "example_id": 0, "label": "a"}])
    page = write_report(tmp_path / "store", tmp_path / "out").read_text()
    assert "No committed trials for this table yet." in page
