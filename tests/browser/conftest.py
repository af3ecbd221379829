"""One headless Chromium for all tests of this folder, and the pages that they open in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from analysis.page.explorer import explorer
from analysis.page.page import Page, render
from analysis.page.provenance import provenance
from analysis.report import write_report
from analysis.results import Results
from analysis.tables import TABLES
from tests.analysis.conftest import fill
from tests.browser.hostile_store import write_hostile_store
from tests.browser.large_store import write_large_store

playwright = pytest.importorskip("playwright.sync_api", reason="the package playwright drives the browser")

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Dialog
    from playwright.sync_api import Page as Tab
else:
    Browser, Tab = playwright.Browser, playwright.Page
Opened = Callable[..., Tab]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; skipped where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no chromium on the PATH (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a small store: two tasks, two methods, two sparsities."""
    root = tmp_path_factory.mktemp("small")
    return write_report(fill(root / "store"), root / "report")


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a store in which every name and text is an attack."""
    root = tmp_path_factory.mktemp("hostile")
    return write_report(write_hostile_store(root / "store"), root / "report")


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a store with 25,000 texts and 41 cells, with its explorer and one table."""
    root = tmp_path_factory.mktemp("large")
    results = Results.of(write_large_store(root / "store"))
    tables = [TABLES["pie_percent"](results)]
    written = provenance(root / "store", root, None, results)
    page = Page(
        studies=("large",), results=results, tables=tables, drawn=[], explorer=explorer(results), provenance=written
    )
    path = root / "index.html"
    path.write_text(render(page), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    """Opens a page from disk, once its examples are there; in the end nothing may have gone wrong or left the file.

    opened(path, hash="", width=1280): errors of the console and of scripts, failed and foreign requests fail the test.
    """
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def open_page(path: Path, hash: str = "", width: int = 1280) -> Tab:  # noqa: A002 - the address calls it so
        context = browser.new_context(viewport={"width": width, "height": 800}, reduced_motion="reduce")
        contexts.append(context)
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        page.on("dialog", refused)
        page.on("request", lambda request: complaints.append(request.url[:200]) if foreign(request.url) else None)
        page.goto(path.as_uri() + hash)
        page.wait_for_selector("#examples[data-ready]", state="attached")
        return page

    def refused(dialog: Dialog) -> None:
        complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def foreign(address: str) -> bool:
        return not address.startswith(("file:", "data:"))

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
