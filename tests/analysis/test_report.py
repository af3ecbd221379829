"""The report: complete, harmless, repeatable, and never over anything that is not its own."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, unquote

import pytest

from analysis import report
from analysis.figures import FIGURES
from analysis.page.packing import unpacked
from analysis.relations.database import connect
from analysis.report import ReportError, write_report
from analysis.results import Results, Row
from analysis.tables import TABLES
from analysis.tables.formats import TABLE_FORMATS
from runner.store.digest import digest
from tests.analysis.conftest import HOSTILE
from tests.analysis.stores import write_task, write_trials


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
def day() -> Iterator[None]:
    """Reports of these tests are written on the second of January 2020."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1577923200")
        yield


@pytest.fixture(scope="module")
def results(store: Path) -> Results:
    """The numbers of that report."""
    return Results.of(store)


@pytest.fixture(scope="module")
def folder(store: Path, results: Results, tmp_path_factory: pytest.TempPathFactory, day: None) -> Path:
    """One report for all tests that only read it."""
    return write_report(store, tmp_path_factory.mktemp("report") / "out", results=results).parent


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One table and one figure, for tests that are not about what a report holds."""
    monkeypatch.setattr(report, "TABLES", {"pie_percent": TABLES["pie_percent"]})
    monkeypatch.setattr(report, "FIGURES", {"pie_rate": FIGURES["pie_rate"]})


def test_everything_is_there(results: Results, folder: Path) -> None:
    """Every table in three formats, every figure in two, the page, and nothing unlisted."""
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    tables = {
        f"tables/{name}.{ending}" for name, build in TABLES.items() if build(results).lines for ending in TABLE_FORMATS
    }
    figures = {
        f"figures/{picture.name}.{ending}"
        for name, drawing in FIGURES.items()
        for picture in drawing.pictures(name, results)
        for ending in ("svg", "png")
    }
    assert {f"tables/{name}.csv" for name in ("pie_percent", "effectiveness")} <= tables
    assert files == tables | figures | {"index.html", "manifest.json"}
    assert all((folder / name).read_bytes().startswith(b"\x89PNG") for name in figures if name.endswith("png"))


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
        "application/octet-stream",
        None,
    ]
    assert HOSTILE in unpacked(data)[0]["texts"]
    assert HOSTILE not in page
    seal = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{seal}'" in page
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", script)


def test_links_lead_to_one_place(folder: Path) -> None:
    """Ids are unique, and every link of the page leads to one of them."""
    tags = Tags((folder / "index.html").read_text())
    ids = [attributes["id"] for _, attributes in tags.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {str(attributes["href"]) for tag, attributes in tags.found if tag == "a"}
    into_explorer = {link for link in links if "=" in link}
    assert min(len(into_explorer), len(links - into_explorer)) > 10
    assert links - into_explorer <= {f"#{name}" for name in ids}


def test_addresses_of_the_explorer_name_what_it_has(folder: Path) -> None:
    """Every link into the explorer, of the overview and of figures, has filters and examples that its data know."""
    tags = Tags((folder / "index.html").read_text())
    head, arrays = unpacked(tags.scripts[0])
    known = {
        (group["task"], group["split"], group["model"]): ({(cell[0], str(cell[2])) for cell in group["cells"]}, group)
        for group in head["groups"]
    }
    seen = 0
    for tag, attributes in tags.found:
        address = str(attributes.get("href", ""))
        if tag != "a" or "=" not in address:
            continue
        words = parse_qs(address.removeprefix("#"), strict_parsing=True)
        if "example" in words:
            *place, number = map(unquote, words["example"][0].split("/"))
            assert int(number) in arrays[known[tuple(place)][1]["ids"]]
        else:
            cells, _ = known[words["task"][0], words["split"][0], words["model"][0]]
            assert (words["method"][0], words["sparsity"][0]) in cells
        seen += 1
    assert seen > 20


def test_the_page_says_where_it_is_from(store: Path, folder: Path) -> None:
    """Day, command with the folders' names alone, version, and the digest that the rows have."""
    page = (folder / "index.html").read_text()
    assert "<dt>Written</dt><dd>2020-01-02, by piesweep" in page
    assert f"<code>piesweep report {store.name} --out out</code>" in page
    assert f"<code>{digest(store)}</code>" in page
    assert "What do compressed deep neural networks forget?" in page
    assert "<b>IMP-FT</b> Iterative magnitude pruning, fine-tuning" in page


def test_every_committed_trial_is_in_the_page(store: Path, folder: Path) -> None:
    """Seed, metric, seconds and device of each, as SQL has them."""
    trials = unpacked(Tags((folder / "index.html").read_text()).scripts[0])[0]["trials"]
    found = connect(store).sql("FROM effectiveness WHERE split = 'test'").to_arrow_table().to_pylist()
    assert len(trials) == len(found) == 39
    values = {(row["task"], row["method"].upper(), f"{row['sparsity'] * 100:g} %", row["seed"]): row for row in found}
    for task, model, method, removed, seed, metric, value, seconds, device in trials:
        row = values[task, method.upper(), removed, seed]
        assert (metric, value, model, seconds, device) == (row["metric"], row["value"], "bilstm", None, None)


def test_completeness_is_on_the_page(folder: Path) -> None:
    """The cell that lacks a seed is named as such."""
    page = (folder / "index.html").read_text()
    assert "<strong>39</strong> of 40 planned trials committed" in re.sub(r"\s+", " ", page)
    assert "3 of 4†" in page


def test_again_gives_the_same_bytes(store: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report over a former one replaces it, and the same store gives the same report.

    Also where a query without an order gives its rows in another one, as DuckDB may at any time.
    """
    rows = Results.rows

    def reversed_unless_ordered(self: Results, query: str, *values: object) -> list[Row]:
        found = rows(self, query, *values)
        return found if re.search(r"\bORDER BY[^)]*$", query) else found[::-1]

    monkeypatch.setattr(Results, "rows", reversed_unless_ordered)
    out = shutil.copytree(folder, tmp_path / "out")
    (out / "index.html").write_text("an older page")
    write_report(store, out)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    for path in folder.rglob("*"):
        if path.is_file():
            assert (out / path.relative_to(folder)).read_bytes() == path.read_bytes()


@pytest.mark.usefixtures("quick")
def test_other_peoples_files_are_left_alone(store: Path, tmp_path: Path) -> None:
    """A folder with anything but a former report in it is refused, and keeps what it has."""
    (tmp_path / "thesis.tex").write_text("ten years of work")
    with pytest.raises(ReportError, match=r"thesis\.tex"):
        write_report(store, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.usefixtures("quick")
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


@pytest.mark.usefixtures("quick")
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
    assert "No committed trials yet." in page


def test_ids_of_any_size_take_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples with ids near two thousand million, in a store of an earlier version: the report of any other."""
    monkeypatch.setattr(report, "FIGURES", {"pie_rate": FIGURES["pie_rate"]})  # all draw numbers of cells alone
    monkeypatch.setattr(report, "png", lambda figure: b"")  # its SVG has the same points
    found = {}
    for first in (0, 2_000_000_000):
        store = tmp_path / f"store-{first}"
        examples = [{"split": "test", "example_id": first + 7 * at, "label": "ab"[at % 2]} for at in range(12)]
        write_task(store, "t", ["a", "b"], examples)
        rows = [
            {"task": "t", "model": "m", "method": method, "sparsity": sparsity, "seed": seed}
            | one
            | {"label": "ab"[(at + seed * (at % 5 == 0) * (sparsity > 0)) % 2]}
            for method, sparsity in (("dense", 0.0), ("imp-ft", 0.5))
            for seed in range(3)
            for at, one in enumerate(examples)
        ]
        write_trials(store, {"t": ["a", "b"]}, rows)
        assert write_report(store, tmp_path / f"report-{first}").is_file()
        found[first] = Results.of(store).survey.intervals
    assert found[0] == found[2_000_000_000]
    assert found[0][0]["halves_rate"] > 0
