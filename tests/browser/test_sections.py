"""The report in a real browser: overview, figures, tables and trials, on wide, narrow, dark and paper pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser.conftest import Browser, Opened
from tests.browser.reading import count, opened_example, rows

pytestmark = pytest.mark.browser


def test_it_opens_by_itself(report: Path, opened: Opened) -> None:
    """Opened from disk it shows figures, tables and examples, without an error and without asking for anything."""
    page = opened(report)
    assert page.locator("h1").inner_text() == "small"
    pictures = page.locator("figure svg").all()
    assert pictures
    assert all(picture.bounding_box()["width"] > 100 for picture in pictures)
    assert page.locator("table.sortable").count() >= 3
    broken = "SELECT DISTINCT task, split, model, example_id FROM pies WHERE is_pie"
    assert count(page) == len(rows(report, broken))
    assert (
        page.evaluate("performance.getEntriesByType('resource').filter(one => !one.name.startsWith('data:')).length")
        == 0
    )


def test_tables_sort_and_filter(report: Path, opened: Opened) -> None:
    """A click on a heading sorts the lines of every block, another turns it around; words hide lines."""
    page = opened(report)
    table = "#table-effectiveness table"
    column = 2

    def numbers() -> list[list[float]]:
        texts = "[...body.querySelectorAll('tr:not(.block)')].map(row => row.cells[at].textContent)"
        blocks = page.locator(f"{table} tbody").evaluate_all(f"(all, at) => all.map(body => {texts})", column)
        return [[float(text.split()[0].rstrip("†")) for text in block] for block in blocks]

    page.locator(f"{table} thead button").nth(column).click()
    assert numbers() == [sorted(block, reverse=True) for block in numbers()]
    page.locator(f"{table} thead button").nth(column).click()
    assert numbers() == [sorted(block) for block in numbers()]
    assert page.locator(f"{table} [aria-sort=ascending]").count() == 1
    page.locator("#table-held_out_pies > summary").click()
    page.locator("#table-noise_floor input.lines").fill("topics")
    shown = page.locator("#table-noise_floor tr.block:visible").all_inner_texts()
    assert shown
    assert all("topics" in text for text in shown)


def test_sort_arrows_can_be_seen(report: Path, opened: Opened) -> None:
    """The arrow of a heading that nobody has clicked stands out from the page by 4.5 to 1, in light and in dark."""
    page = opened(report)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(
            "dark => matchMedia('(prefers-color-scheme: dark)').matches === dark", arg=scheme == "dark"
        )
        arrow, ground = page.evaluate("""() => {
            const shown = (one, part) => getComputedStyle(one, part).color.match(/\\d+/g).slice(0, 3).map(Number);
            const body = getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number);
            return [shown(document.querySelector(".sorter"), "::after"), body];
        }""")
        assert contrast(arrow, ground) > 4.5


def contrast(one: list[int], other: list[int]) -> float:
    """The contrast of two colours as WCAG 2 has it."""
    shares = [[part / 255 for part in colour] for colour in (one, other)]
    linear = [[p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in colour] for colour in shares]
    light, dark = sorted((0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in linear), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_a_point_leads_to_its_examples(report: Path, opened: Opened) -> None:
    """A point of the PIE-rate figure says its numbers; a click lists just the PIEs of its cell, in light and dark."""
    page = opened(report)
    cells = rows(report, "SELECT task, method, sparsity, count(*) AS n FROM pies WHERE is_pie GROUP BY ALL")
    points = page.locator("#figure-pie_rate a.point")
    assert points.count() == len(cells) == 8
    for point in points.all():
        words = point.locator("title").text_content()
        point.click()
        chosen = {name: page.input_value(f"#filters [name={name}]") for name in ("task", "method", "sparsity")}
        (cell,) = [one for one in cells if {name: str(one[name]) for name in chosen} == chosen]
        assert words.startswith(f"{cell['method'].upper()} at {cell['sparsity']:.0%}".replace("%", " %"))
        assert count(page) == cell["n"]
        assert page.locator("#lost").is_hidden()
    assert page.locator("#figure-pie_rate svg").evaluate("one => getComputedStyle(one).filter") == "none"
    page.emulate_media(color_scheme="dark")
    assert "invert" in page.locator("#figure-pie_rate svg").evaluate("one => getComputedStyle(one).filter")


def test_the_overview_names_floors_and_examples(report: Path, opened: Opened) -> None:
    """Each cell has its rate and both floors; an example leads to its life, a rate to its list."""
    page = opened(report)
    first = page.locator("#place-1")
    for table in ("PIE rates beside noise floors", "Who pays"):
        assert first.get_by_label(f"{table}: ").locator("tbody tr").count() == 4
    assert "too few seeds to tell from noise" in first.locator(".verdict").first.inner_text()
    assert "right when dense: negative 4/4" in first.locator("blockquote").first.inner_text()
    link = first.locator("blockquote a").first
    name = link.inner_text()
    link.click()
    assert opened_example(page).endswith(name)
    page.keyboard.press("Escape")
    first.locator("tbody a").first.click()
    assert page.input_value("#filters [name=method]") == "imp-ft"


def test_every_trial_is_listed_when_asked_for(report: Path, opened: Opened) -> None:
    """The table of trials is made when it is opened, has a line a trial, and sorts, filters and keeps to one task."""
    page = opened(report)
    assert page.locator("#every-trial table").count() == 0
    page.select_option("#focus", label="topics")
    page.locator("#every-trial > summary").click()
    page.wait_for_selector("#every-trial tbody tr", state="attached")
    lines = page.locator("#every-trial tbody tr")
    assert lines.count() == 39
    assert {line.split("\t")[0] for line in lines.locator("visible=true").all_inner_texts()} == {"topics"}
    page.select_option("#focus", label="everything")
    page.locator("#every-trial thead button").nth(6).click()
    values = page.locator("#every-trial tbody").first.locator("tr td:nth-child(7)").all_inner_texts()
    assert values == sorted(values, reverse=True)
    page.locator("#every-trial input").fill("rp-ai")
    assert {line.split("\t")[2] for line in lines.locator("visible=true").all_inner_texts()} == {"RP-AI"}


def test_the_side_index_opens_what_is_folded(report: Path, opened: Opened) -> None:
    """On a wide screen the index names every table and opens folded ones; on a narrow one it names the sections."""
    page = opened(report, width=1400)
    link = page.locator("nav a[href='#table-churn']")
    assert page.locator("#table-churn").get_attribute("open") is None
    link.click()
    page.wait_for_selector("#table-churn[open]")
    assert opened(report, "#table-churn").locator("#table-churn").get_attribute("open") is not None
    narrow = opened(report, width=400)
    assert not narrow.locator("nav a[href='#table-churn']").is_visible()
    assert narrow.locator("nav a[href='#tables']").is_visible()


def test_one_task_at_a_time(report: Path, opened: Opened) -> None:
    """The choice at the top hides what is of another task, in the overview and in the tables."""
    page = opened(report)
    page.select_option("#focus", label="topics")
    assert page.locator("article.place:visible h3").all_inner_texts() == ["topics · bilstm"]
    assert all("topics" in text for text in page.locator("#table-effectiveness tr.block:visible").all_inner_texts())
    page.select_option("#focus", label="everything")
    assert page.locator("article.place:visible").count() == 2


def test_a_narrow_screen(report: Path, opened: Opened) -> None:
    """At 400 pixels nothing sticks out, with and without an open example; controls are in reach, figures readable."""
    page = opened(report, width=400)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    for picture in page.locator("figure svg").all():
        scale = picture.evaluate("one => one.getBoundingClientRect().width / one.viewBox.baseVal.width")
        assert 9 * scale > 10  # pixels of a letter's height of nine points
    for part in page.locator(".cells td").all():
        place = part.bounding_box()
        assert 0 <= place["x"] <= place["x"] + place["width"] <= 400
    page.locator(".line").first.click()
    box = page.locator("#life").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 400
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.locator("#life .close").click()
    for control in page.locator("#filters label:visible :is(select, input)").all():
        place = control.bounding_box()
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= 400


def test_without_scripts(report: Path, browser: Browser) -> None:
    """With scripts off the page still has its figures and tables, and says how to list the examples."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator("#tables table").first.is_visible()
    assert page.locator("figure svg").first.is_visible()
    assert "piesweep sql" in page.locator("#examples noscript").inner_text()
    context.close()


def test_dark_and_on_paper(report: Path, opened: Opened) -> None:
    """The page is dark where the reader's system is, and prints all tables, but neither controls nor the long lists."""
    page = opened(report)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.emulate_media(media="print", color_scheme="light")
    assert not page.locator("#filters").is_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not page.locator("#list").is_visible()
    assert not page.locator("#every-trial").is_visible()
    assert "listed on the screen alone" in page.locator(".on-paper").inner_text()
    assert all(table.is_visible() for table in page.locator("#tables table").all())
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#table-churn").get_attribute("open") is None
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) < 20
