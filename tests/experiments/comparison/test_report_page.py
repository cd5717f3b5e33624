"""The report of a comparison, opened in a browser: it loads, draws, sorts, fits, prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from experiments.comparison.report import write_report
from tests.browser import Visit, chromium, needs_chromium, visit
from tests.experiments.comparison.made_results import full_results, old_results

pytestmark = needs_chromium
N_TOKENIZERS = 11


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def full(tmp_path_factory) -> str:
    return _written(tmp_path_factory.mktemp("full"), full_results())


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> str:
    """The report of results that have no more than they had at first."""
    return _written(tmp_path_factory.mktemp("old"), old_results(("word", "bpe:1000"), n_seeds=1))


def _written(folder: Path, results: dict) -> str:
    write_report(results, folder / "report.html")
    return (folder / "report.html").as_uri()


def _draw_all(visited: Visit) -> list[str]:
    """Scroll to every chart until it is drawn, and return their names."""
    charts = visited.page.locator(".chart")
    for number in range(charts.count()):
        charts.nth(number).scroll_into_view_if_needed()
        charts.nth(number).locator(".live .scatterlayer .trace").first.wait_for(state="attached")
    return [charts.nth(number).get_attribute("id") or "" for number in range(charts.count())]


def _column(visited: Visit, number: int) -> list[str]:
    cells = visited.page.locator(".lead").first.locator(f"tbody td:nth-child({number})")
    return cells.all_inner_texts()


def test_it_loads_without_errors_or_requests_and_draws_every_chart(browser: Browser, full: str):
    with visit(full, browser=browser) as visited:
        assert _draw_all(visited) == [
            *("differences", "compute-seconds", "vocabulary"),
            *("learning-bytes-seen", "learning-seconds", "learning-flops", "learning-rates"),
            *("pays-word-frequency", "pays-position-in-the-word", "pays-character-class"),
        ]
        traces = visited.page.locator("#pays-word-frequency .scatterlayer .trace")
        assert traces.count() == N_TOKENIZERS
        assert visited.page.locator("#differences .errorbar").count() == N_TOKENIZERS - 1
        assert visited.errors == []
        assert visited.asked == [full]


def test_charts_far_below_the_window_are_not_drawn_yet(browser: Browser, full: str):
    with visit(full, browser=browser) as visited:
        visited.page.locator("#differences .main-svg").first.wait_for()
        assert visited.page.locator("#pays-character-class .main-svg").count() == 0
        assert visited.page.locator("#pays-character-class > svg").is_visible()


def test_a_click_sorts_the_table_up_and_then_down(browser: Browser, full: str):
    with visit(full, browser=browser) as visited:
        heading = visited.page.get_by_role("columnheader", name="vocabulary")
        heading.get_by_role("button").click()
        sizes = [int(text.replace(",", "")) for text in _column(visited, 5)]
        assert sizes == sorted(sizes)
        assert len(set(sizes)) > 3
        assert heading.get_attribute("aria-sort") == "ascending"
        heading.get_by_role("button").click()
        down = [int(text.replace(",", "")) for text in _column(visited, 5)]
        assert down == sorted(sizes, reverse=True)
        assert heading.get_attribute("aria-sort") == "descending"
        assert visited.page.locator(".lead tr.best td").first.inner_text() == "word"


def test_enter_sorts_words_as_words(browser: Browser, full: str):
    with visit(full, browser=browser) as visited:
        visited.page.get_by_role("columnheader", name="tokenizer").first.get_by_role(
            "button"
        ).focus()
        visited.page.keyboard.press("Enter")
        assert _column(visited, 1)[:4] == ["BPE 1,000", "BPE 16,000", "BPE 4,000", "byte"]


@pytest.mark.parametrize("which", ["full", "small"])
def test_nothing_stands_out_of_a_phones_window(
    browser: Browser, which: str, request: pytest.FixtureRequest
):
    with visit(request.getfixturevalue(which), browser=browser, width=375, height=700) as visited:
        assert _draw_all(visited)
        for summary in visited.page.locator("summary").all():
            summary.click()
        assert visited.overflow() == []
        assert visited.errors == []


def test_old_results_give_a_report_of_what_they_have(browser: Browser, small: str):
    with visit(small, browser=browser) as visited:
        names = _draw_all(visited)
        assert names == [
            *("compute-seconds", "vocabulary", "learning-bytes-seen", "learning-seconds"),
        ]
        headings = visited.page.locator("h2").all_inner_texts()
        assert "Where each tokenizer pays" not in headings
        assert "How sure is the order?" not in headings
        assert visited.errors == []


def test_a_title_in_the_legend_hides_its_points_in_all_charts(browser: Browser, full: str):
    with visit(full, browser=browser) as visited:
        _draw_all(visited)
        points = visited.page.locator("#pays-word-frequency .scatterlayer .point")
        before = points.count()
        button = visited.page.locator("#compute-seconds").locator(
            "xpath=ancestor::div[@class='charts']/preceding-sibling::div[@class='legend'][1]"
        )
        button.get_by_role("button", name="character").click()
        pressed = visited.page.locator(".legend button[data-title=character]")
        assert {each.get_attribute("aria-pressed") for each in pressed.all()} == {"false"}
        visited.page.wait_for_function(
            "n => document.querySelectorAll('#pays-word-frequency .point').length < n", arg=before
        )
        assert points.count() == before - before // N_TOKENIZERS
        assert visited.errors == []


def test_a_chart_tells_its_figures_where_one_points_and_zooms(browser: Browser, full: str):
    with visit(full, browser=browser) as visited:
        chart = visited.page.locator("#vocabulary")
        chart.scroll_into_view_if_needed()
        chart.locator(".point").first.hover(force=True)
        said = chart.locator(".hoverlayer text").first
        said.wait_for()
        assert "word" in said.inner_html()
        assert "1,967 tokens" in said.inner_html()
        before = chart.locator(".ytick text").all_inner_texts()
        box = chart.locator(".nsewdrag").first.bounding_box()
        assert box is not None
        visited.page.mouse.move(box["x"] + 40, box["y"] + 20)
        visited.page.mouse.down()
        visited.page.mouse.move(box["x"] + 200, box["y"] + 90, steps=5)
        visited.page.mouse.up()
        visited.page.wait_for_timeout(500)
        assert chart.locator(".ytick text").all_inner_texts() != before


def test_it_is_dark_where_the_reader_asks_for_it(browser: Browser, full: str):
    seen = {}
    for dark in (False, True):
        with visit(full, browser=browser, dark=dark) as visited:
            visited.page.locator("#differences .xtick text").first.wait_for()
            seen[dark] = visited.page.evaluate(
                """() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(
                document.querySelector('#differences .xtick text')).fill]"""
            )
    assert seen[False] == ["rgb(255, 255, 255)", "rgb(28, 28, 28)"]
    assert seen[True] == ["rgb(24, 24, 24)", "rgb(232, 232, 232)"]


def test_on_paper_stand_the_still_pictures_in_dark_on_white(browser: Browser, full: str):
    with visit(full, browser=browser, dark=True) as visited:
        visited.page.locator("#differences .main-svg").first.wait_for()
        visited.page.emulate_media(media="print")
        for chart in visited.page.locator(".chart").all():
            assert chart.locator("> svg").is_visible()
            assert not chart.locator(".live").is_visible()
        colours = "() => [getComputedStyle(document.body).backgroundColor, "
        colours += "getComputedStyle(document.body).color]"
        assert visited.page.evaluate(colours) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]


def test_without_scripts_the_still_pictures_and_the_table_are_there(browser: Browser, full: str):
    with visit(full, browser=browser, scripts=False) as visited:
        assert visited.page.locator(".chart > svg").first.is_visible()
        assert visited.page.locator(".lead tbody tr").count() == N_TOKENIZERS


def test_text_of_a_run_is_text_on_the_page(browser: Browser, full: str):
    with visit(full, browser=browser) as visited:
        assert visited.page.locator("b").count() == 0
        assert visited.page.get_by_text("The with statement is <b>bold</b>").count() > 0
        assert visited.page.locator(".piece.any").first.inner_text() == "<ANY>"
