"""What tests read from an open page, and from the store beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from analysis.relations.database import connect
from tests.browser.conftest import Tab


def count(page: Tab) -> int:
    """How many examples the page says it has found."""
    return int(page.locator("#count").inner_text().split()[0].replace(",", ""))


def opened_example(page: Tab) -> str:
    """The heading of the example that is open, or nothing."""
    return page.locator("#life h2").inner_text() if page.locator("#life").is_visible() else ""


def rows(report: Path, query: str) -> list[dict[str, Any]]:
    """Rows of the store beside a report."""
    return connect(report.parent.parent / "store").sql(query).to_arrow_table().to_pylist()
