"""Extending: what was there stays, in every kind of tokenizer, and the library agrees."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import tokenizers as hf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toktools.conftest import NAMED, tricky_text
from toktools import (
    BPETokenizer,
    ByteTokenizer,
    SpecialTokens,
    Tokenizer,
    ToktoolsError,
    Vocabulary,
    load,
    open_corpus,
    train_bpe,
    train_character,
    train_word,
    train_wordpiece,
)
from toktools.changing.extending import extend
from toktools.unicode.byte_alphabet import ALPHABET

WORDS = ["one two three ninety nine", "seven seventy seven", "eleven twelve"]
NEW = ["naïve café seventeen oneness", "the nineteenth, the tenth", "cafés: ünseen 漢字 twofold"]
MAKERS: dict[str, Callable[[], Tokenizer]] = {
    "bpe": lambda: train_bpe(WORDS, vocab_size=275),
    "bpe-named-specials": lambda: train_bpe(WORDS, vocab_size=275, special_tokens=NAMED),
    "bpe-character": lambda: train_bpe(WORDS, vocab_size=30, byte_level=False),
    "bpe-marked": lambda: train_bpe(
        WORDS,
        vocab_size=60,
        byte_level=False,
        continuing_subword_prefix="@@",
        end_of_word_suffix="</w>",
    ),
    "wordpiece": lambda: train_wordpiece(WORDS, vocab_size=45),
    "wordpiece-bytes": lambda: train_wordpiece(WORDS, vocab_size=530, byte_complete=True),
    "wordpiece-likelihood": lambda: train_wordpiece(
        WORDS, vocab_size=40, criterion="likelihood", lowercase=True, special_tokens=NAMED
    ),
    "word": lambda: train_word(WORDS, min_count=1),
    "character": lambda: train_character(WORDS),
}
each = pytest.mark.parametrize("name", MAKERS)


@cache
def old(name: str) -> Tokenizer:
    return MAKERS[name]()


@cache
def extended(name: str) -> Tokenizer:
    return extend(old(name), NEW, vocab_size=old(name).n_vocab + 40)


by_merges = pytest.mark.parametrize("name", ["bpe", "bpe-named-specials", "bpe-character"])


@each
def test_every_old_token_keeps_its_id(name: str):
    before, after = old(name).vocabulary, extended(name).vocabulary
    assert after.tokens[: len(before)] == before.tokens
    assert len(before) < len(after) <= len(before) + 40
    assert after.special == before.special


@pytest.mark.parametrize("name", [name for name in MAKERS if name.startswith("bpe")])
def test_the_merges_begin_with_the_old_ones(name: str):
    before, after = old(name), extended(name)
    assert isinstance(before, BPETokenizer)
    assert isinstance(after, BPETokenizer)
    assert after.merges[: len(before.merges)] == before.merges
    assert len(after.merges) > len(before.merges)


def test_the_next_merge_is_the_best_of_the_old_cut_by_hand():
    # With u+g merged, the new words are h ug s and b ug s: ug+s counts 6, then h+ugs 4.
    before = train_bpe({"hug": 10, "pug": 5}, vocab_size=259)
    new = extend(before, {"hugs": 4, "bugs": 2}, vocab_size=261)
    assert new.merges == (("u", "g"), ("ug", "s"), ("h", "ugs"))
    assert new.encode("hugs") == [260]


@by_merges
@settings(max_examples=30)
@given(text=tricky_text | st.text("onetwhrsv ,é"))
def test_a_bpe_token_boundary_may_go_but_none_comes(name: str, text: str):
    before = old(name).encode_with_offsets(text).spans
    after = extended(name).encode_with_offsets(text).spans
    assert {start for start, _ in after} <= {start for start, _ in before}
    assert {end for _, end in after} <= {end for _, end in before}


@each
@settings(max_examples=30)
@given(text=tricky_text | st.text("onetwhrsv ,é") | st.sampled_from(WORDS + NEW))
def test_text_without_a_new_token_keeps_its_segmentation(name: str, text: str):
    before, after = old(name), extended(name)
    fresh = [token.strip() for token in after.token_bytes[before.n_vocab :]]
    for piece in before.pretokenizer.split(text):
        if not any(token in piece.encode() for token in fresh):
            assert after.encode_piece(piece) == before.encode_piece(piece)


def test_text_without_a_new_token_is_not_a_rarity():
    assert extended("bpe").encode("one two") == old("bpe").encode("one two")
    assert len(extended("bpe").encode(NEW[0])) < len(old("bpe").encode(NEW[0]))


@pytest.mark.parametrize("name", ["bpe", "bpe-named-specials"])
@settings(max_examples=30)
@given(text=tricky_text)
def test_round_trips_are_kept(name: str, text: str):
    assert extended(name).decode(extended(name).encode(text)) == text


@pytest.mark.parametrize("name", ["bpe-character", "wordpiece", "character", "word"])
def test_what_was_unknown_is_spelled_now(name: str):
    assert old(name).unk_id in old(name).encode("naïve café")
    new = extended(name)
    assert new.unk_id not in new.encode("naïve café")
    assert new.decode(new.encode("naïve café")) == "naïve café"


def test_new_characters_stand_before_the_first_new_merge_by_code_point():
    new = extend(train_bpe(["ab"], vocab_size=6, byte_level=False), ["dcdc"], vocab_size=9)
    assert new.vocabulary.tokens[6:] == ("c", "d", "dc")


@pytest.mark.oracle
@each
@settings(max_examples=30)
@given(text=tricky_text | st.sampled_from(WORDS + NEW))
def test_the_library_gives_the_same_ids_for_the_saved_file(name: str, text: str, files: Path):
    library = hf.Tokenizer.from_file(str(files / f"{name}.json"))
    ours = extended(name)
    expected = library.encode(text, add_special_tokens=False).ids
    assert ours.encode(text, allowed_special="all") == expected


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """The extended tokenizers, saved."""
    folder = tmp_path_factory.mktemp("extended")
    for name in MAKERS:
        extended(name).save(folder / f"{name}.json")
    return folder


@each
def test_an_extended_tokenizer_is_saved_and_loaded_with_its_record(name: str, files: Path):
    loaded = load(files / f"{name}.json")
    assert loaded.vocabulary.tokens == extended(name).vocabulary.tokens
    assert loaded.training["changes"] == extended(name).training["changes"]
    assert [loaded.encode(t) for t in NEW] == [extended(name).encode(t) for t in NEW]


@pytest.mark.parametrize("name", ["bpe", "wordpiece-bytes"])
def test_extending_by_nothing_gives_the_same_tokenizer(name: str):
    assert extend(old(name), NEW, vocab_size=old(name).n_vocab) is old(name)


def test_extending_on_text_with_nothing_to_learn_gives_the_same_tokenizer():
    assert extend(old("bpe"), ["a", "b"], vocab_size=1000) is old("bpe")


def test_the_record_keeps_the_first_training_and_appends_each_extension():
    before = train_bpe(open_corpus("human-numbers", limit=50), vocab_size=270)
    once = extend(before, ["seven seven"], vocab_size=273)
    twice = extend(once, ["the the"], vocab_size=275, min_frequency=2)
    assert twice.training["options"] == before.training["options"]
    assert twice.training["corpus"] == before.training["corpus"]
    first, second = twice.training["changes"]
    assert first == once.training["changes"][0]
    assert (first["change"], first["n_vocab"], first["n_merges"]) == ("extend", 270, 12)
    assert second["n_vocab"] == once.n_vocab
    assert second["options"] == {"vocab_size": 275, "min_frequency": 2}
    assert second["corpus"]["n_documents"] == 1


def test_no_new_merge_spells_an_old_token():
    special = SpecialTokens.none()
    tokens = [*ALPHABET, "ab", "zab"]  # no merge makes "zab"; z + ab would, and ties with ab + q
    before = BPETokenizer(Vocabulary(tokens, special), [("a", "b")])
    after = extend(before, {"zabq": 3}, vocab_size=260)
    assert after.merges == (("a", "b"), ("ab", "q"), ("z", "abq"))


def test_min_frequency_leaves_rare_words_out():
    new = extend(train_word(["a"], min_count=1), ["b b c"], vocab_size=10, min_frequency=2)
    assert new.vocabulary.tokens[3:] == ("a", "b")


def test_new_words_come_by_count_and_no_more_than_there_is_room_for():
    new = extend(train_word(["a"], min_count=1), ["b c c d d d"], vocab_size=6)
    assert new.vocabulary.tokens[3:] == ("a", "d", "c")


def test_a_smaller_vocabulary_is_refused():
    with pytest.raises(ToktoolsError, match=r"must be >= 275 .* got 270; pruning"):
        extend(old("bpe"), NEW, vocab_size=270)


def test_too_little_room_for_new_characters_is_refused_with_the_least_that_works():
    before = train_bpe(["ab"], vocab_size=6, byte_level=False)
    with pytest.raises(ToktoolsError, match=r"must be >= 8 \(6 tokens and 2 characters new"):
        extend(before, ["cd"], vocab_size=7)


def test_a_special_token_among_the_new_characters_is_refused():
    before = train_bpe(
        ["ab"], vocab_size=6, byte_level=False, special_tokens=SpecialTokens(any="?", eos="!")
    )
    with pytest.raises(ToktoolsError, match="special token '!' is a character of the text"):
        extend(before, ["ab!"], vocab_size=9)


def test_a_tokenizer_that_learned_nothing_is_refused():
    with pytest.raises(ToktoolsError, match="can be extended, got a ByteTokenizer"):
        extend(ByteTokenizer(), NEW, vocab_size=300)
