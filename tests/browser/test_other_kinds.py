"""The explorer of spans and of tags: answers stand there as texts and words, and are right by any gold answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.report import write_report
from tests.analysis import test_span_store as spans
from tests.analysis import test_tagging_store as tags
from tests.browser.conftest import Opened, Tab
from tests.runner.store.test_ingest import change


def line(page: Tab, at: int) -> str:
    """What one line of the list says of gold answer and votes."""
    return page.locator(f"#line-{at} .facts-line").inner_text()


@pytest.fixture(scope="module")
def of_spans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a store of spans, the gold answer that the dense vote has the second of the first question."""
    root = tmp_path_factory.mktemp("spans")
    known = change(spans.examples(), 0, gold_spans=[[8, 11], [4, 11]])
    return write_report(spans.take_in(root, spans.predictions(), known), root / "report")


@pytest.fixture(scope="module")
def of_tags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a store of tags."""
    root = tmp_path_factory.mktemp("tags")
    return write_report(tags.committed(root / "store"), root / "report")


def test_spans_stand_as_texts(of_spans: Path, opened: Opened) -> None:
    """Characters beyond the basic plane count as one; a vote that encloses nothing says its characters."""
    page = opened(of_spans)
    assert line(page, 0) == "gold cat, old cat · dense old cat 2/3 → characters 8 to 3 1/3"
    assert line(page, 1) == "gold Paris · dense Paris 2/3 → in Paris 2/3"
    page.locator("[name=change]").select_option("harm")
    assert page.locator("#count").inner_text().startswith("2 ")


def test_disputed_words_stand_with_their_tags(of_tags: Path, opened: Opened) -> None:
    """Words on which everybody agrees are left out, in the list and in the life of an example."""
    page = opened(of_tags, "#example=t/test/net/0")
    assert line(page, 0) == "gold w1 I-it's, w3 B-B · dense w1 I-it's, w3 B-B 2/3 → w1 O, w3 O 1/3"
    assert "+w1 O +w3 O 1/3" in page.locator("#life tbody").inner_text()
