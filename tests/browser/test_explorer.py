"""The page's explorer in a real browser: what a reader does with it, and what a data set must not do to it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from runner.printable import printable
from tests.browser.conftest import Opened
from tests.browser.hostile_store import CLASSES, COLUMN, METHOD, MODEL, STUDY, TASK, TEXTS
from tests.browser.large_store import EXAMPLES
from tests.browser.reading import count, opened_example, rows

pytestmark = pytest.mark.browser


def test_filters_agree_with_sql(report: Path, opened: Opened) -> None:
    """For every task, method and sparsity the page lists as many examples as SQL finds PIEs."""
    page = opened(report)
    cells = rows(report, "SELECT task, method, sparsity, count(*) AS n FROM pies WHERE is_pie GROUP BY ALL")
    assert len(cells) == 8
    for cell in cells:
        for name in ("task", "method", "sparsity"):
            page.select_option(f"#filters [name={name}]", str(cell[name]))
        assert count(page) == cell["n"], cell
    page.click("#clear")
    harmed = """SELECT DISTINCT task, model, example_id FROM pies JOIN examples USING (task, split, example_id)
        WHERE is_pie AND dense_vote = coalesce(labels, [label])"""
    page.select_option("#filters [name=change]", "harm")
    assert count(page) == len(rows(report, harmed))
    page.select_option("#filters [name=class]", "negative")
    of_class = f"SELECT DISTINCT example_id FROM ({harmed.replace('example_id FROM', 'example_id, label FROM')})"
    assert count(page) == len(rows(report, f"{of_class} WHERE label = 'negative'"))


def test_words_are_searched_as_they_are_typed(report: Path, opened: Opened) -> None:
    """Each key stroke narrows the list to texts with all words; a phrase and a number are found too."""
    page = opened(report)
    everything = count(page)
    page.type("#filters [name=text]", "FILM 2")
    found = page.locator(".line .excerpt").all_inner_texts()
    assert found
    assert all("film" in text and "2" in text for text in found)
    assert count(page) < everything
    page.fill("#filters [name=text]", '"film 2"')
    assert all(text.startswith("film 2") for text in page.locator(".line .excerpt").all_inner_texts())
    page.fill("#filters [name=text]", "#7")
    assert {text.split()[-1] for text in page.locator(".line .where").all_inner_texts()} == {"7"}
    page.fill("#filters [name=text]", "nowhere to be found")
    assert count(page) == 0
    page.click("#clear")
    assert count(page) == everything


def test_examples_sort_and_keep_to_bins(report: Path, opened: Opened) -> None:
    """By length the longest text comes first, lowest first turns that around, and a bin narrows the list."""
    page = opened(report)
    page.select_option("#filters [name=task]", "reviews")
    page.select_option("#filters [name=sort]", "characters")
    lengths = [len(text) for text in page.locator(".line .excerpt").all_inner_texts()]
    assert lengths == sorted(lengths, reverse=True)
    page.check("#filters [name=reverse]")
    lengths = [len(text) for text in page.locator(".line .excerpt").all_inner_texts()]
    assert lengths == sorted(lengths)
    everything = count(page)
    page.select_option("#filters [name=measure]", "characters")
    page.select_option("#filters [name=bin]", "20-20")
    assert 0 < count(page) < everything


def test_the_life_of_an_example(report: Path, opened: Opened) -> None:
    """The grid of an open example shows the vote of every cell that SQL has, a dot where it is the dense vote."""
    page = opened(report, "#example=reviews/test/bilstm/3")
    assert opened_example(page) == "reviews · bilstm · test example 3"
    votes = rows(report, "FROM pies WHERE task = 'reviews' AND example_id = 3 ORDER BY method, sparsity")
    counts = rows(report, "FROM majority_vote WHERE task = 'reviews' AND example_id = 3 ORDER BY method, sparsity")
    seeds = [f"{row['votes'][0]}/{row['seeds']}" for row in counts if row["method"] != "dense"]
    expected = [
        f"{row['pruned_vote'][0] if row['is_pie'] else '·'} {behind}" for row, behind in zip(votes, seeds, strict=True)
    ]
    found = page.locator("#life tbody tr").evaluate_all(
        "all => all.map(row => [...row.cells].slice(0, 3).map(one => one.textContent))"
    )
    assert [vote for line in sorted(found) for vote in line[1:]] == expected
    assert "film 3" in page.locator("#life .body").inner_text()


@pytest.mark.parametrize("width", [1280, 400])
def test_texts_of_a_data_set_stay_texts(hostile: Path, opened: Opened, width: int) -> None:
    """Scripts in texts, classes, tasks, models, methods and columns show as text, run nowhere and break no layout."""
    page = opened(hostile, width=width)
    assert page.locator("h1").inner_text() == STUDY
    assert count(page) == len(TEXTS)
    options = page.locator("#filters option").all_text_contents()
    assert {METHOD, COLUMN, *CLASSES} <= set(options)
    seen = set()
    page.locator("#list").focus()
    page.keyboard.press("Enter")
    for _ in TEXTS:
        assert page.locator("#life h2").text_content().startswith(f"{TASK} · {MODEL} · test example ")
        seen |= set(page.locator("#life .text").all_text_contents())
        page.locator("#life td.flip").first.hover()
        page.keyboard.press("ArrowRight")
    assert seen == {printable(text, block=True) for text in TEXTS}
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("Escape")
    handlers = "[...document.all].flatMap(one => one.getAttributeNames()).filter(name => name.startsWith('on'))"
    assert page.evaluate(handlers) == []
    page.fill("#filters [name=text]", "<script>")
    assert count(page) == sum("<script>" in text or "<script>" in TEXTS[-1 - at] for at, text in enumerate(TEXTS))
    assert page.evaluate("window.ran") is None
    assert page.locator("script").count() == 1
    assert page.locator("main img, #life img, :is(.place, #list, #life, table) svg").count() == 0
    assert page.locator("svg :is(script, foreignObject, image)").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_by_keyboard_alone(report: Path, opened: Opened) -> None:
    """/ goes to the search, down into the list, arrows move in it, Enter opens, arrows turn, Escape leads back."""
    page = opened(report)
    page.keyboard.press("/")
    page.keyboard.type("film")
    assert page.evaluate("document.activeElement.name") == "text"
    assert page.locator(".line").first.evaluate("one => one.getBoundingClientRect().bottom <= innerHeight")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.id") == "list"
    assert page.locator("#list").get_attribute("aria-activedescendant") == "line-0"
    page.keyboard.press("ArrowDown")
    active = page.locator("#list").get_attribute("aria-activedescendant")
    chosen = page.locator(f"#{active}")
    assert chosen.get_attribute("aria-selected") == "true"
    number = chosen.locator(".where").inner_text().split()[-1]
    page.keyboard.press("Enter")
    assert opened_example(page).endswith(f"example {number}")
    page.keyboard.press("ArrowRight")
    assert not opened_example(page).endswith(f"example {number}")
    page.keyboard.press("ArrowLeft")
    assert opened_example(page).endswith(f"example {number}")
    page.keyboard.press("Escape")
    assert opened_example(page) == ""
    assert page.evaluate("document.activeElement.id") == "list"
    page.keyboard.press("End")
    assert page.locator(".line[aria-selected=true]").get_attribute("aria-posinset") == str(count(page))


def test_addresses_lead_back(report: Path, opened: Opened) -> None:
    """The address of filters and an open example shows the same in a fresh page; back closes the example."""
    page = opened(report)
    page.select_option("#filters [name=task]", "reviews")
    page.select_option("#filters [name=sparsity]", "0.9")
    page.fill("#filters [name=text]", "film 1")
    page.locator(".line").first.click()
    found, heading = count(page), opened_example(page)
    other = opened(report, page.evaluate("location.hash"))
    assert opened_example(other) == heading
    assert count(other) == found
    assert other.input_value("#filters [name=text]") == "film 1"
    page.go_back()
    page.wait_for_selector("#life", state="hidden")
    assert count(page) == found


def test_an_address_of_what_is_not_there_says_so(report: Path, opened: Opened) -> None:
    """An example or a filter that the page does not have is named; the next choice takes the words away."""
    page = opened(report, "#example=nothing/like/this/0")
    assert opened_example(page) == ""
    assert "nothing · like · this example 0" in page.locator("#lost").inner_text()
    page = opened(report, "#task=reviews&method=gone&sparsity=0.9")
    assert "method “gone”" in page.locator("#lost").inner_text()
    assert page.input_value("#filters [name=sparsity]") == "0.9"
    page.select_option("#filters [name=method]", "rp-ai")
    assert page.locator("#lost").is_hidden()
    assert "section “gone”" in opened(report, "#gone").locator("#lost").inner_text()
    assert opened(report, "#tables").locator("#lost").is_hidden()


def test_votes_have_counts_and_squares_have_names(report: Path, opened: Opened) -> None:
    """A card says how many seeds stand behind both votes, and each of its squares of which cell it is and its vote."""
    page = opened(report)
    page.select_option("#filters [name=task]", "reviews")
    counts = [
        float(text.split("·")[1].split("→")[0].split()[-1].split("/")[0])
        for text in page.locator(".facts-line").all_inner_texts()
    ]
    assert counts == sorted(counts, reverse=True)
    page.fill("#filters [name=text]", "#0")
    votes = rows(
        report,
        "FROM majority_vote WHERE task = 'reviews' AND example_id = 0 AND method <> 'dense' ORDER BY method, sparsity",
    )
    card = page.locator(".line").first
    assert "gold negative · dense negative 4/4 → positive 4/4" in card.locator(".facts-line").inner_text()
    squares = card.locator(".squares i:not(.between)").evaluate_all("all => all.map(one => one.title)")
    assert squares == [
        f"{row['method'].upper()} {row['sparsity'] * 100:g} %: {row['vote'][0]} {row['votes'][0]}/{row['seeds']}"
        for row in votes
    ]
    assert "IMP-FT 50 %, IMP-FT 90 %, RP-AI 50 %" in card.locator(".squares").get_attribute("aria-label")
    card.click()
    assert page.locator("#life tbody tr").first.locator("td").first.inner_text() == squares[0].split(": ")[1]


def test_a_large_page(large: Path, opened: Opened) -> None:
    """25,000 texts and 41 cells open in seconds, and every key stroke of a search is answered at once."""
    start = time.monotonic()
    page = opened(large)
    page.wait_for_selector(".line", state="attached")
    seconds = time.monotonic() - start
    assert count(page) > 0.9 * EXAMPLES
    assert page.locator(".line").count() < 60
    took = page.evaluate("""async () => {
        await new Promise((done) => setTimeout(done, 500));
        const field = document.querySelector("#filters [name=text]"), took = [];
        for (let length = 1; length <= 10; length++) {
            const before = performance.now();
            field.value = "review 123".slice(0, length);
            field.dispatchEvent(new Event("input", { bubbles: true }));
            took.push(performance.now() - before);
        }
        return took;
    }""")
    size = large.stat().st_size / 1e6
    print(f"{size:.1f} MB, ready after {seconds:.1f} s, key strokes {[round(one) for one in took]} ms")
    assert 0 < count(page) < 2_000
    assert seconds < 30
    assert sorted(took)[len(took) // 2] < 300
