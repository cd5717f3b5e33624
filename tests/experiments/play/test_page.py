"""The playground in a browser: it loads, shows what is typed as it is cut, and models write."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import lstm_lm
from experiments.play.cutting import cut_by_all, readable
from tests.browser import needs_chromium, visit
from toktools.metrics.segments import visible

pytestmark = needs_chromium
WAIT = 60_000  # milliseconds, for a machine that is busy


@dataclass
class Server:
    """The playground's process: its address, what it printed, what its slow model wrote."""

    process: subprocess.Popen
    address: str
    errors: Path
    slow_log: Path

    @property
    def port(self) -> int:
        return int(self.address.rstrip("/").rpartition(":")[2])


@pytest.fixture(scope="module")
def server(runs, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    errors, slow_log = folder / "errors.txt", folder / "slow.txt"
    slow_log.touch()
    arguments = [str(runs[0]), "character", str(runs[1]), "-c", "human-numbers", "--limit", "240"]
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.experiments.play.served", *arguments),
                *("--port", "0", "--no-browser"),
            ],
            stderr=stderr,
            env={**os.environ, "OMP_NUM_THREADS": "1", "SLOW_LOG": str(slow_log)},
        )
    try:
        yield Server(process, wait_for_address(process, errors), errors, slow_log)
    finally:
        process.kill()
        process.wait()


def wait_for_address(process: subprocess.Popen, errors: Path) -> str:
    """Return the address that the command prints, once it is answered there."""
    for _ in range(1200):
        found = re.search(r"playground: (http://127\.0\.0\.1:\d+/)", errors.read_text())
        if found:
            return found[1]
        assert process.poll() is None, errors.read_text()
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(errors.read_text())


def type_text(page: Page, text: str) -> None:
    page.locator("#text textarea").fill(text)


def card(page: Page, part: str, name: str):
    return page.locator(f'#{part} .card[data-name="{name}"]')


def wait_for_cut(page: Page, entries, text: str) -> None:
    """Wait until each card shows the ids of `text`."""
    for cut in cut_by_all(entries, readable(text)[0]):
        ids = " ".join(str(part.id) for part in cut.segments if part.id is not None)
        where = card(page, "cuts", cut.name)
        expect(where.locator(".figures b").first).to_have_text(f"{cut.n_tokens:,}", timeout=WAIT)
        if ids:
            expect(where.locator(".ids")).to_have_text(ids, timeout=WAIT)


@pytest.mark.parametrize(
    ("width", "dark"), [(1280, False), (375, False), (375, True)], ids=["desktop", "phone", "dark"]
)
def test_the_page_loads_without_errors_or_requests_elsewhere_and_fits(server, width, dark):
    with visit(server.address, width=width, dark=dark) as visited:
        expect(visited.page.locator("#cuts .card")).to_have_count(4, timeout=WAIT)
        expect(visited.page.locator("#next .card")).to_have_count(3)
        visited.page.wait_for_load_state("networkidle")
        assert len(visited.asked) > 10
        assert (visited.errors, visited.outside, visited.overflow()) == ([], [], [])


def test_what_is_typed_is_cut_by_each_tokenizer(server, entries):
    text = "One hundred wug\nand 漢 é"
    with visit(server.address) as visited:
        page = visited.page
        page.locator("#text textarea").fill("")
        page.locator("#text textarea").press_sequentially(text, delay=5)
        wait_for_cut(page, entries, text)
        for cut in cut_by_all(entries, text):
            pieces = card(page, "cuts", cut.name).locator(".text .token").all_text_contents()
            assert [piece.replace("↵\n", "↵") for piece in pieces] == [
                part.shown for part in cut.segments
            ]
            red = card(page, "cuts", cut.name).locator(".text .unknown").all_text_contents()
            assert len(red) == cut.n_replaced
        assert visited.errors == []


def test_no_text_is_passed_over_when_each_is_typed_as_the_last_one_is_answered(server, entries):
    with visit(server.address) as visited:
        for text in ("", "one", "one two", "one two three é") * 10:
            type_text(visited.page, text)
            wait_for_cut(visited.page, entries, text)


def test_the_likeliest_tokens_follow_what_is_typed(server, entries):
    with visit(server.address) as visited:
        type_text(visited.page, "one hundred")
        for entry in (entries[0], entries[2]):
            for row, token in enumerate(entry.run.next_tokens("one hundred", 8)):
                shown = card(visited.page, "next", entry.name).locator("tr").nth(row)
                expect(shown).to_have_attribute(
                    "title", f"id {token.id}, token {visible(token.token)}", timeout=WAIT
                )
                assert f"{100 * token.probability:.1f}%" in shown.inner_text()


def test_each_model_continues_the_text_as_its_run_does(server, runs):
    with visit(server.address) as visited:
        page = visited.page
        type_text(page, "One hundred")
        page.get_by_label("Length, in tokens").first.fill("12")
        page.get_by_label("Seed").fill("5")
        page.click("#continue")
        expect(page.locator("#state")).to_have_text("Done: top-k, k = 5, seed 5.", timeout=WAIT)
        for path in runs:
            run = lstm_lm.load(path)
            expected = run.stream("one hundred", strategy="top-k", k=5, n_tokens=12, seed=5)
            written = card(page, "written", str(path)).locator(".written")
            assert written.text_content() == "".join(expected)
        assert card(page, "written", "slow").locator(".written").text_content() == " tick" * 12
        assert visited.errors == []


def test_a_strategy_shows_the_numbers_that_it_reads(server):
    with visit(server.address) as visited:
        page = visited.page
        expect(page.get_by_label("k: draw from so many").first).to_be_visible(timeout=WAIT)
        page.get_by_label("Strategy").click()
        page.get_by_role("option", name="top-p").click()
        expect(page.get_by_label("p: probability kept").first).to_be_visible(timeout=WAIT)
        expect(page.get_by_label("k: draw from so many")).to_have_count(0)
        assert visited.errors == []


def test_writing_can_be_stopped_and_other_windows_are_answered_meanwhile(server, entries):
    with visit(server.address) as visited:
        page, already = visited.page, server.slow_log.stat().st_size
        page.get_by_label("Length, in tokens").first.fill("500")  # 50 seconds
        page.click("#continue")
        written = card(page, "written", "slow").locator(".written")
        expect(written).to_contain_text("tick tick", timeout=WAIT)
        assert page.context.browser is not None
        second = page.context.browser.new_page()
        second.goto(server.address)
        type_text(second, "two hundred")
        wait_for_cut(second, entries, "two hundred")
        before = written.text_content()
        expect(page.locator("#state")).to_have_text("Writing …")
        page.click("#stop")
        expect(page.locator("#state")).to_have_text("Stopped.", timeout=WAIT)
        assert settled(page, server.slow_log) - already < 500
        text = written.text_content()
        assert text is not None
        assert before is not None
        assert text.startswith(before)
        type_text(page, "three hundred")  # the page goes on
        wait_for_cut(page, entries, "three hundred")
        page.get_by_label("Length, in tokens").first.fill("3")
        page.click("#continue")
        expect(page.locator("#state")).to_contain_text("Done", timeout=WAIT)
        assert written.text_content() == " tick" * 3
        assert visited.errors == []


def settled(page: Page, log: Path) -> int:
    """Return the size of a file once it has not grown for a second: ten pieces of the model."""
    for _ in range(100):
        before = log.stat().st_size
        page.wait_for_timeout(1000)
        if log.stat().st_size == before:
            return before
    raise AssertionError("the model is asked for more and more")


def test_odd_and_big_input_does_no_harm(server, entries):
    with visit(server.address) as visited:
        page = visited.page
        for text in (
            "",
            "<script>window.bad = 1</script><img src=x onerror='window.bad = 1'>${bad()}{{ x }}",
            "\x01\x1b[31m\u202eabc\u200b\ufeff\u00a0",
            "👩\u200d👩\u200d👧 שלום hello مرحبا Z" + "\u0301" * 200,
        ):
            type_text(page, text)
            wait_for_cut(page, entries, text)
        paste(page, "'The quick brown fox. '.repeat(50000)")
        note = page.locator("#cuts .note")
        expect(note).to_have_text(
            "Only the first 5,000 of 1,050,000 characters are read.", timeout=WAIT
        )
        paste(page, "'one' + String.fromCharCode(0xd800)")
        expect(note).to_contain_text("1 lone surrogate", timeout=WAIT)
        wait_for_cut(page, entries, "one\ufffd")
        assert page.evaluate("window.bad") is None
        assert (visited.errors, visited.outside, visited.overflow()) == ([], [], [])


def paste(page: Page, javascript: str) -> None:
    """Put what an expression gives into the field, at once."""
    page.evaluate(
        """(text) => {
          const field = document.querySelector('#text textarea');
          field.value = eval(text);
          field.dispatchEvent(new Event('input', { bubbles: true }));
        }""",
        javascript,
    )


def test_requests_in_the_name_of_another_machine_are_refused(server):
    for host, status in ((f"127.0.0.1:{server.port}", 200), ("example.org", 400)):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", "/config", headers={"Host": host})
        response = connection.getresponse()
        response.read()
        connection.close()
        assert response.status == status


def test_the_server_asked_nothing_of_elsewhere_and_ends_when_interrupted(server):
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(30) == 0
    said = server.errors.read_text().splitlines()
    assert said == [
        "character: training on human-numbers",
        f"playground: {server.address} (Ctrl-C ends it)",
    ]
