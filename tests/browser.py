"""Pages opened in headless Chromium, and what they did there: errors, requests, overflow.

Chromium is the machine's own, driven by Playwright; nothing is downloaded. Requests that leave the
machine are refused, and kept, so that a test can say that there were none.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, sync_playwright

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)
LOCAL_SCHEMES = ("file", "data", "blob", "about")
LOOPBACK = ("127.0.0.1", "localhost", "::1")

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@dataclass
class Visit:
    """A page in the browser. `errors` and `outside` (addresses asked for) fill as it lives."""

    page: Page
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def overflow(self) -> list[str]:
        """What stands out of the window to the right, other than inside what scrolls by itself."""
        return self.page.evaluate(_OVERFLOW)


_OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  const clipped = (e) => {
    for (let p = e.parentElement; p && p !== document.body; p = p.parentElement)
      if (getComputedStyle(p).overflowX !== 'visible') return true;
    return false;
  };
  const found = [...document.body.querySelectorAll('*')]
    .filter((e) => e.getBoundingClientRect().right > width + 1 && !clipped(e))
    .map((e) => `<${e.tagName} class="${e.getAttribute('class')}">`);
  if (document.documentElement.scrollWidth > width) found.push('the page scrolls sideways');
  return found;
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser, for as many visits as one likes."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(
    url: str,
    *,
    browser: Browser | None = None,
    width: int = 1280,
    height: int = 900,
    dark: bool = False,
    scripts: bool = True,
) -> Iterator[Visit]:
    """Open `url` and yield the visit; the page is closed at the end.

    Args: url: file:// or an address on the loopback; requests to any other are refused.
          browser: one that runs; without it, one is started for this visit alone.
          width, height: of the window, in CSS pixels.
          dark: what the page hears of `prefers-color-scheme`.
          scripts: whether those of the page are run.
    """
    if browser is None:
        with (
            chromium() as own,
            visit(
                url, browser=own, width=width, height=height, dark=dark, scripts=scripts
            ) as visited,
        ):
            yield visited
        return
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
    )
    try:
        visited = Visit(page)
        _watch(visited)
        page.goto(url)
        yield visited
    finally:
        page.close()


def _watch(visited: Visit) -> None:
    """Keep what the page complains of and asks for; refuse what would leave the machine."""

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            visited.errors.append(f"{message.type}: {message.text}")

    def on_request(route: Route) -> None:
        address = urlsplit(route.request.url)
        visited.asked.append(route.request.url)
        if address.scheme in LOCAL_SCHEMES or address.hostname in LOOPBACK:
            route.continue_()
        else:
            visited.outside.append(route.request.url)
            route.abort()

    visited.page.on("console", on_console)
    visited.page.on("pageerror", lambda error: visited.errors.append(str(error)))
    visited.page.route("**/*", on_request)
