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
TOKENIZERS = ("word", "character", "bpe:1000", "bpe:16000", "wordpiece:4000,criterion=likelihood")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def full(tmp_path_factory) -> str:
    return _written(tmp_path_factory.mktemp("full"), full_results(TOKENIZERS))


@pytest.fixture(scope="module")
def opened(browser: Browser, full: str) -> Iterator[Visit]:
    """The report at desktop width, every chart drawn. Tests leave it as they found it."""
    with visit(full, browser=browser) as visited:
        _draw_all(visited)
        yield visited


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


def test_it_loads_without_errors_or_requests_and_draws_every_chart(opened: Visit, full: str):
    assert _draw_all(opened) == [
        *("differences", "compute-seconds", "vocabulary"),
        *("learning-bytes-seen", "learning-seconds", "learning-flops", "learning-rates"),
        *("pays-word-frequency", "pays-position-in-the-word", "pays-character-class"),
    ]
    traces = opened.page.locator("#pays-word-frequency .scatterlayer .trace")
    assert traces.count() == len(TOKENIZERS)
    assert opened.page.locator("#differences .errorbar").count() == len(TOKENIZERS) - 1
    assert opened.errors == []
    assert opened.asked == [full]


def test_charts_far_below_the_window_are_not_drawn_yet(browser: Browser, full: str):
    with visit(full, browser=browser) as visited:
        visited.page.locator("#differences .main-svg").first.wait_for()
        assert visited.page.locator("#pays-character-class .main-svg").count() == 0
        assert visited.page.locator("#pays-character-class > svg").is_visible()


def test_a_click_sorts_the_table_up_and_then_down(opened: Visit):
    heading = opened.page.get_by_role("columnheader", name="vocabulary")
    heading.get_by_role("button").click()
    sizes = [int(text.replace(",", "")) for text in _column(opened, 5)]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == len(TOKENIZERS)
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.get_by_role("button").click()
    down = [int(text.replace(",", "")) for text in _column(opened, 5)]
    assert down == sorted(sizes, reverse=True)
    assert heading.get_attribute("aria-sort") == "descending"
    assert opened.page.locator(".lead tr.best td").first.inner_text() == "word"


def test_enter_sorts_words_as_words(opened: Visit):
    heading = opened.page.locator(".lead th").first
    heading.get_by_role("button").focus()
    opened.page.keyboard.press("Enter")
    assert _column(opened, 1)[:3] == ["BPE 1,000", "BPE 16,000", "character *"]


def test_a_title_in_the_legend_hides_its_points_in_all_charts(opened: Visit):
    points = opened.page.locator("#pays-word-frequency .point")
    before = points.count()
    buttons = opened.page.locator(".legend button[data-title=character]")
    assert buttons.count() == 4
    wait = "n => document.querySelectorAll('#pays-word-frequency .point').length === n"
    buttons.first.click()
    assert {each.get_attribute("aria-pressed") for each in buttons.all()} == {"false"}
    opened.page.wait_for_function(wait, arg=before - before // len(TOKENIZERS))
    buttons.last.click()
    assert {each.get_attribute("aria-pressed") for each in buttons.all()} == {"true"}
    opened.page.wait_for_function(wait, arg=before)
    assert opened.errors == []


def test_a_chart_tells_its_figures_where_one_points_and_zooms(opened: Visit):
    chart = opened.page.locator("#vocabulary")
    chart.scroll_into_view_if_needed()
    chart.locator(".point").first.hover(force=True)
    said = chart.locator(".hoverlayer text").first
    said.wait_for()
    assert "1,967 tokens" in said.inner_html()
    ends = "() => document.querySelector('#vocabulary .live').layout.yaxis.range.map(Number)"
    low, high = opened.page.evaluate(ends)
    box = chart.locator(".nsewdrag").first.bounding_box()
    assert box is not None
    opened.page.mouse.move(box["x"] + 40, box["y"] + 20)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + 200, box["y"] + 90, steps=5)
    opened.page.mouse.up()
    opened.page.wait_for_function(
        f"([low, high]) => {{ const [a, b] = ({ends})(); return a > low && b < high; }}",
        arg=[low, high],
    )
    assert opened.errors == []


def test_text_of_a_run_is_text_on_the_page(opened: Visit):
    assert opened.page.locator("b").count() == 0
    assert opened.page.get_by_text("The with statement is <b>bold</b>").count() > 0
    assert opened.page.locator(".piece.any").first.inner_text() == "<ANY>"


_COLOURS = """() => [getComputedStyle(document.body).backgroundColor,
getComputedStyle(document.querySelector('#differences .xtick text')).fill]"""


def test_it_is_dark_where_the_reader_asks_for_it_charts_too(opened: Visit):
    assert opened.page.evaluate(_COLOURS) == ["rgb(255, 255, 255)", "rgb(28, 28, 28)"]
    opened.page.emulate_media(color_scheme="dark")
    dark = ["rgb(24, 24, 24)", "rgb(232, 232, 232)"]
    opened.page.wait_for_function(
        f"([a, b]) => {{ const [c, d] = ({_COLOURS})(); return a === c && b === d; }}", arg=dark
    )
    opened.page.emulate_media(color_scheme="light")


def test_on_paper_stand_the_still_pictures_dark_on_white(opened: Visit):
    opened.page.emulate_media(media="print", color_scheme="dark")
    for chart in opened.page.locator(".chart").all():
        assert chart.locator("> svg").is_visible()
        assert not chart.locator(".live").is_visible()
    colours = "() => [getComputedStyle(document.body).backgroundColor, "
    colours += "getComputedStyle(document.body).color]"
    assert opened.page.evaluate(colours) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    opened.page.set_viewport_size({"width": 700, "height": 900})  # A4 with narrow margins
    assert opened.overflow() == []
    opened.page.set_viewport_size({"width": 1280, "height": 900})
    opened.page.emulate_media(media="screen", color_scheme="light")


def test_nothing_stands_out_of_a_phones_window(browser: Browser, full: str):
    with visit(full, browser=browser, width=375, height=700) as visited:
        assert _draw_all(visited)
        for summary in visited.page.locator("summary").all():
            summary.click()
        assert visited.overflow() == []
        assert visited.errors == []


def test_old_results_give_a_report_of_what_they_have(browser: Browser, tmp_path: Path):
    old = _written(tmp_path, old_results(("word", "bpe:1000"), n_seeds=1))
    with visit(old, browser=browser, width=375) as visited:
        names = ["compute-seconds", "vocabulary", "learning-bytes-seen", "learning-seconds"]
        assert _draw_all(visited) == names
        headings = visited.page.locator("h2").all_inner_texts()
        assert "Where each tokenizer pays" not in headings
        assert "How sure is the order?" not in headings
        assert (visited.errors, visited.overflow()) == ([], [])


def test_without_scripts_the_still_pictures_and_the_table_are_there(browser: Browser, full: str):
    with visit(full, browser=browser, scripts=False) as visited:
        assert visited.page.locator(".chart > svg").first.is_visible()
        assert visited.page.locator(".lead tbody tr").count() == len(TOKENIZERS)
