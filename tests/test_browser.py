"""The helper of the browser tests sees what it is there to see."""

from pathlib import Path

from tests.browser import needs_chromium, visit

PAGE = """<!doctype html><title>bad</title><link rel="icon" href="data:,">
<div style="overflow-x:auto"><p style="width:900px">scrolls by itself</p></div>
{body}"""


def _page(tmp_path: Path, body: str) -> str:
    path = tmp_path / "page.html"
    path.write_text(PAGE.format(body=body))
    return path.as_uri()


@needs_chromium
def test_errors_requests_and_overflow_are_seen(tmp_path: Path) -> None:
    body = """<p style="width:600px">too wide</p><img src="https://example.org/x.png">
    <script>console.error("said"); undefined_name()</script>"""
    with visit(_page(tmp_path, body), width=375) as visited:
        assert visited.outside == ["https://example.org/x.png"]
        assert "error: said" in visited.errors
        assert any("undefined_name" in error for error in visited.errors)
        assert visited.overflow()[0].startswith("<P")


@needs_chromium
def test_a_good_page_has_none_of_them(tmp_path: Path) -> None:
    with visit(_page(tmp_path, "<p>fine</p>"), width=375) as visited:
        assert (visited.errors, visited.outside, visited.overflow()) == ([], [], [])
