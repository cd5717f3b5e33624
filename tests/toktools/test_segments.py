"""Text in the parts that are shown."""

from __future__ import annotations

from hypothesis import given, settings

from tests.toktools.conftest import tricky_text
from toktools import ByteTokenizer, Tokenizer, train_character, train_word
from toktools.metrics.segments import Segment, segments, visible


def test_white_space_that_is_in_no_token_stands_between():
    words = train_word(["a b"], min_count=1)
    assert segments(words, " b  c ") == [
        Segment(" ", 0, 1),
        Segment("b", 1, 2, 4, "b"),
        Segment("  ", 2, 4),
        Segment("c", 4, 5, 2, "<ANY>", unknown=True),
        Segment(" ", 5, 6),
    ]


def test_tokens_that_share_a_character_show_their_bytes():
    parts = segments(ByteTokenizer(), "né")
    assert [part.shown for part in parts] == ["n", "<C3>", "<A9>"]
    assert [(part.start, part.end) for part in parts] == [(0, 1), (1, 2), (1, 2)]


def test_characters_that_move_the_cursor_are_shown_as_pictures():
    parts = segments(train_character(["a\x1b\n\u202e"]), "a\x1b\n\u202e")
    assert [part.shown for part in parts] == ["a", "␛", "↵", "<U+202E>"]


def test_lowercased_text_is_shown_as_it_was():
    words = train_word(["one"], min_count=1, lowercase=True)
    assert [(part.shown, part.token) for part in segments(words, "ONE")] == [("ONE", "one")]


@settings(max_examples=50, deadline=None)
@given(text=tricky_text)
def test_parts_cover_the_text_in_order(tokenizers: dict[str, Tokenizer], text: str):
    for tokenizer in tokenizers.values():
        parts = segments(tokenizer, text)
        assert [part.id for part in parts if part.id is not None] == tokenizer.encode(text)
        position = 0
        for part in parts:
            assert part.start <= position <= part.end
            position = part.end
        assert position == len(text)


@settings(max_examples=50, deadline=None)
@given(text=tricky_text)
def test_parts_of_characters_joined_are_the_text(tokenizers: dict[str, Tokenizer], text: str):
    parts = segments(tokenizers["character"], text)
    assert "".join(part.shown for part in parts) == visible(text)
