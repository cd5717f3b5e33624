"""Any text can be typed; what is shown of it is what the tokenizers do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.play.cutting import MAX_CHARACTERS, cut_by_all, readable
from experiments.play.opening import Entry
from toktools import (
    ByteTokenizer,
    UnsupportedError,
    train_bpe,
    train_character,
    train_word,
    train_wordpiece,
)

TEXT = ["the quick brown fox", "jumps over the lazy dog"] * 3
TOKENIZERS = {
    "byte": ByteTokenizer(),
    "bpe": train_bpe(TEXT, vocab_size=270),
    "character": train_character(TEXT),
    "word": train_word(TEXT, min_count=1),
    "wordpiece": train_wordpiece(TEXT, vocab_size=60),
}
ENTRIES = [Entry(name=name, tokenizer=tokenizer) for name, tokenizer in TOKENIZERS.items()]
any_text = st.text(st.characters(exclude_categories=()), max_size=60)  # surrogates too
typed = st.one_of(any_text, st.text(st.sampled_from("the foxzé漢👩\u200d\n\t "), max_size=60))


@given(typed)
def test_what_is_read_can_be_encoded_and_only_surrogates_are_changed(text):
    read, notes = readable(text)
    lone = [c for c in text if "\ud800" <= c <= "\udfff"]
    assert read.encode("utf-8").decode("utf-8") == read
    assert len(read) == len(text)
    assert all(a == b or b == "\ufffd" for a, b in zip(text, read, strict=True))
    assert bool(notes) == bool(lone)


def test_a_long_text_is_cut_at_the_length_that_is_said():
    text, notes = readable("ab" * 500_000)
    assert text == "ab" * (MAX_CHARACTERS // 2)
    assert notes == ["Only the first 5,000 of 1,000,000 characters are read."]
    assert readable("a" * MAX_CHARACTERS) == ("a" * MAX_CHARACTERS, [])


@given(typed)
def test_ids_counts_and_replaced_pieces_are_those_of_the_tokenizer(text):
    text, _ = readable(text)
    for entry, cut in zip(ENTRIES, cut_by_all(ENTRIES, text), strict=True):
        ids = entry.tokenizer.encode(text)
        assert cut.name == entry.name
        assert [part.id for part in cut.segments if part.id is not None] == ids
        assert cut.n_tokens == len(ids)
        assert cut.n_bytes == len(text.encode())
        assert cut.n_replaced == ids.count(entry.tokenizer.unk_id)
        assert (cut.bytes_per_token is None) == (not ids)
        assert not cut.error
        if ids:
            assert cut.bytes_per_token == pytest.approx(len(text.encode()) / len(ids))


@given(typed)
def test_segments_cover_the_whole_text_in_order(text):
    text, _ = readable(text)
    for cut in cut_by_all(ENTRIES, text):
        covered = {i for part in cut.segments for i in range(part.start, part.end)}
        assert covered == set(range(len(text)))
        starts = [part.start for part in cut.segments]
        assert starts == sorted(starts)


def test_replaced_pieces_are_named_once_and_counted_each_time():
    [cut] = cut_by_all([ENTRIES[3]], "the wug saw the wug " + "y" * 100)
    assert cut.replaced == ("wug", "saw", "y" * 100)
    assert (cut.n_replaced, cut.unknown_token) == (4, "<ANY>")
    assert cut.first_replaced == ("wug", "saw", "y" * 39 + "…")
    many = cut_by_all([ENTRIES[3]], " ".join(f"w{i}" for i in range(20)))[0]
    assert (len(many.first_replaced), many.more_replaced, many.n_replaced) == (12, 8, 20)


def test_a_text_that_was_rewritten_is_cut_so_and_that_is_said():
    entry = Entry(name="a", tokenizer=TOKENIZERS["word"], rewriting=("lowercase", "whitespace"))
    [changed], [same] = cut_by_all([entry], " The fox "), cut_by_all([entry], "the fox")
    assert changed.segments == same.segments
    assert changed.note.endswith("rewritten: lowercase, whitespace.")
    assert same.note == ""


class Refusing(ByteTokenizer):
    """As an adapter whose library gives no offsets for a text."""

    def encode_with_offsets(self, text, **options):
        raise UnsupportedError("no offsets for this text")


def test_a_tokenizer_that_cannot_says_so_and_does_not_stop_the_others():
    failed, good = cut_by_all([Entry(name="a", tokenizer=Refusing()), ENTRIES[0]], "xyz")
    assert failed.error == "no offsets for this text"
    assert failed.segments == ()
    assert good.n_tokens == 3
