"""The pictures of examples in a real browser: the very pixels, enlarged without smoothing, named for who cannot see."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.page.explorer import explorer
from analysis.page.page import Page, render
from analysis.page.provenance import provenance
from analysis.results import Results
from tests.analysis.picture_stores import CLASSES, EXAMPLES, colours, write_pictures
from tests.browser.conftest import Opened, Tab

pytestmark = pytest.mark.browser

PIXELS = """one => {
    const made = Object.assign(document.createElement("canvas"), { width: 2, height: 2 });
    const context = made.getContext("2d");
    context.drawImage(one, 0, 0);
    return [...context.getImageData(0, 0, 2, 2).data];
}"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a store of pictures, without tables and figures."""
    root = tmp_path_factory.mktemp("pictures")
    results = Results.of(write_pictures(root / "store"))
    written = provenance(root / "store", root, None, results)
    page = Page(studies=(), results=results, tables=[], drawn=[], explorer=explorer(results), provenance=written)
    path = root / "index.html"
    path.write_text(render(page), encoding="utf-8")
    return path


def pixels(number: int) -> list[int]:
    """What a browser should have of an example: red, green, blue and full opacity of every pixel."""
    return [value for pixel in colours(2, 2)[number].reshape(-1, 3).tolist() for value in (*pixel, 255)]


def width(page: Tab, selector: str) -> float:
    """How wide the first of these elements is on the screen."""
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return float(box["width"])


@pytest.mark.parametrize("wide", [1280, 400])
def test_pictures_are_seen_pixel_by_pixel(seen: Path, opened: Opened, wide: int) -> None:
    """The overview, the list and an open example show the bytes of the store, each pixel a square, and no script."""
    page = opened(seen, width=wide)
    first = page.locator(".place img.picture").first
    assert first.evaluate(PIXELS) == pixels(EXAMPLES - 1)
    assert first.get_attribute("alt") == f"gold {CLASSES[0]}, test example {EXAMPLES - 1}"
    page.select_option("#filters [name=task]", "patches")
    page.fill("#filters [name=text]", "#1")
    line = page.locator(".line canvas").first
    assert line.evaluate(PIXELS) == pixels(1)
    assert line.get_attribute("aria-label") == f"gold {CLASSES[0]}, test example 1"
    line.click()
    assert page.locator("#life canvas").evaluate(PIXELS) == pixels(1)
    page.keyboard.press("ArrowRight")
    assert page.locator("#life canvas").count() == 1
    assert [width(page, place) for place in (".place .picture", ".line .picture", "#life .picture")] == [84, 84, 252]
    smooth = "all => all.filter(one => getComputedStyle(one).imageRendering !== 'pixelated').length"
    assert page.locator(".picture").evaluate_all(smooth) == 0
    assert page.locator("script").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= wide
