"""The HTML says what is there, and nothing that was typed becomes part of the page."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from experiments.play.continuing import Continuation, expect
from experiments.play.cutting import cut_by_all, readable
from experiments.play.fragments import (
    continuations_html,
    cuts_html,
    expectations_html,
    marked,
)
from experiments.play.opening import Entry
from toktools import ByteTokenizer, train_word

TAGS = {"div", "p", "section", "h3", "b", "span", "table", "tr", "td"}
ENTRIES = [
    Entry(name="<b>bytes</b>", tokenizer=ByteTokenizer()),
    Entry(name="words", tokenizer=train_word(["a b c"], min_count=1)),
]


class Reader(HTMLParser):
    """Keeps the tags of a page, and what stands in elements of each class."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(dict(attrs).get("class") or tag)

    def handle_endtag(self, tag):
        self.open.pop()

    def handle_data(self, data):
        self.texts.append((tuple(self.open), data))

    def inside(self, name: str) -> str:
        """The text in elements of that class."""
        return "".join(text for path, text in self.texts if any(name in c.split() for c in path))


hostile = st.one_of(
    st.text(st.sampled_from("<>&\"'ab c/=\n${}"), max_size=40),
    st.sampled_from(["<script>bad()</script>", '"><img src=x onerror=bad()>', "${1+1}", "{{ x }}"]),
    st.text(max_size=40),
)


@given(hostile)
def test_a_marked_text_reads_as_it_is_shown_and_copied(text):
    read = Reader(str(marked(text)))
    plain = "".join(piece for _, piece in read.texts)
    assert read.tags <= {"span"}
    if text.isprintable() and text.isascii():
        assert plain == text
        assert read.inside("space") == " " * text.count(" ")


@given(hostile)
def test_what_is_typed_never_becomes_markup(text):
    text, notes = readable(text)
    pages = [
        cuts_html(cut_by_all(ENTRIES, text), [*notes, text]),
        continuations_html([Continuation(name=text, prompt=text, text=text)], text),
    ]
    for page in pages:
        read = Reader(page)
        assert read.tags <= TAGS
        assert read.attributes <= {
            *{"class", "id", "dir", "title", "data-name", "tabindex", "aria-label"}
        }
        assert read.open == []


def test_the_page_of_cuts_shows_tokens_ids_counts_and_what_was_replaced():
    read = Reader(cuts_html(cut_by_all(ENTRIES, "a b wug"), ["A note."]))
    assert read.inside("note") == "A note."
    assert read.inside("h3") == "<b>bytes</b>words"
    byte_ids = ByteTokenizer().encode("a b wug")
    word_ids = ENTRIES[1].tokenizer.encode("a b wug")
    assert read.inside("ids").split() == [str(id) for id in byte_ids + word_ids]
    figures = read.inside("figures")
    assert "7 tokens" in figures
    assert "1.00 bytes per token" in figures
    assert "3 tokens" in figures
    assert "2.33 bytes per token" in figures
    assert read.inside("unknown") == "wug" * 2  # in its place, and in the list
    assert "1 replaced by <ANY>:" in read.inside("quiet")
    assert read.inside("lost") == "  "


def test_all_kinds_of_space_are_marked_and_what_has_no_width_is_named():
    read = Reader(str(marked("a \u00a0\u3000b\tc\nd\u200be\u200f")))
    assert read.inside("space") == " \u00a0\u3000"
    assert "".join(text for _, text in read.texts) == "a \u00a0\u3000b⇥c↵\nd<U+200B>e<U+200F>"


def test_the_page_of_expectations_shows_each_token_with_its_probability(entries):
    expectations = expect(entries, "one hundred", n=4)
    read = Reader(expectations_html(expectations))
    numbers = [f"{100 * t.probability:.1f}%" for one in expectations for t in one.likely]
    shown = read.inside("number").replace("%", "% ").split()
    assert shown == numbers
    assert len(numbers) == 8
    assert expectations[0].likely[0].shown in read.inside("piece")


def test_an_error_is_shown_in_the_place_of_what_failed():
    page = continuations_html([Continuation(name="a", prompt="", going=False, error="it broke")])
    assert Reader(page).inside("error") == "it broke"
    assert Reader(continuations_html([], "k must be >= 1")).inside("error") == "k must be >= 1"
