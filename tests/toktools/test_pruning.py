"""Pruning: what stays is cut as before, nothing else is lost but where the vocabulary says so."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
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
    WordPieceTokenizer,
    load,
    train_bpe,
    train_character,
    train_word,
    train_wordpiece,
)
from toktools.changing.pruning import Pruned, prune, remap_rows
from toktools.unicode.byte_alphabet import ALPHABET

TRAIN = ["one two three ninety nine eleven twelve", "seven seventy seventh seven", "twenty-one é"]
USED = ["one two seven nine", "ninety-nine é"]
MAKERS: dict[str, Callable[[], Tokenizer]] = {
    "bpe": lambda: train_bpe(TRAIN, vocab_size=310),
    "bpe-named-specials": lambda: train_bpe(TRAIN, vocab_size=310, special_tokens=NAMED),
    "bpe-ignore-merges": lambda: ignoring_merges(),
    "bpe-character": lambda: train_bpe(TRAIN, vocab_size=65, byte_level=False),
    "bpe-marked": lambda: train_bpe(
        TRAIN,
        vocab_size=75,
        byte_level=False,
        continuing_subword_prefix="@@",
        end_of_word_suffix="</w>",
    ),
    "wordpiece": lambda: train_wordpiece(TRAIN, vocab_size=80),
    "wordpiece-bytes": lambda: train_wordpiece(TRAIN, vocab_size=550, byte_complete=True),
    "word": lambda: train_word(TRAIN, min_count=1),
    "character": lambda: train_character(TRAIN),
}
each = pytest.mark.parametrize("name", MAKERS)
texts = tricky_text | st.text("onetwhrsvyf -é") | st.sampled_from(TRAIN + USED)


def ignoring_merges() -> BPETokenizer:
    """A tokenizer with a token that no merge makes, as Llama 3's file has it."""
    trained = train_bpe(TRAIN, vocab_size=268)
    vocabulary = Vocabulary([*trained.vocabulary.tokens, "Ġnine"], trained.vocabulary.special)
    return BPETokenizer(vocabulary, trained.merges, ignore_merges=True)


@cache
def old(name: str) -> Tokenizer:
    return MAKERS[name]()


@cache
def pruned(name: str, min_count: int = 1) -> Pruned:
    return prune(old(name), corpus=USED, min_count=min_count)


@each
def test_the_corpus_is_encoded_as_the_same_tokens_renumbered(name: str):
    new, id_map = pruned(name)
    assert new.n_vocab < old(name).n_vocab
    for text in USED:
        assert new.encode(text) == id_map[old(name).encode(text)].tolist()


@each
@pytest.mark.parametrize("min_count", [1, 3])
@settings(max_examples=30)
@given(text=texts)
def test_a_piece_whose_tokens_all_stay_is_cut_as_before(name: str, min_count: int, text: str):
    new, id_map = pruned(name, min_count)
    for piece in old(name).pretokenizer.split(text):
        ids = id_map[old(name).encode_piece(piece)]
        if (ids >= 0).all():
            assert new.encode_piece(piece) == ids.tolist()


@each
def test_kept_tokens_are_numbered_densely_in_their_old_order(name: str):
    new, id_map = pruned(name)
    assert id_map.dtype == np.int64
    assert id_map.shape == (old(name).n_vocab,)
    kept = np.flatnonzero(id_map >= 0)
    assert id_map[kept].tolist() == list(range(new.n_vocab))
    assert new.vocabulary.tokens == tuple(old(name).vocabulary.tokens[id] for id in kept)


@each
def test_special_tokens_stay(name: str):
    new, id_map = pruned(name)
    assert new.vocabulary.special == old(name).vocabulary.special
    assert (id_map[list(old(name).vocabulary.special_ids)] >= 0).all()


@pytest.mark.parametrize("name", ["bpe", "bpe-named-specials", "bpe-ignore-merges"])
@settings(max_examples=30)
@given(text=tricky_text)
def test_any_text_still_round_trips(name: str, text: str):
    new = pruned(name, 3).tokenizer
    assert new.decode(new.encode(text)) == text


@pytest.mark.parametrize(
    "name", ["bpe-character", "bpe-marked", "wordpiece", "wordpiece-bytes", "bpe"]
)
@settings(max_examples=30)
@given(text=texts)
def test_nothing_becomes_unknown_that_was_not(name: str, text: str):
    before, after = old(name), pruned(name, 3).tokenizer
    for piece in before.pretokenizer.split(text):
        assert after.encode_piece(piece).count(after.unk_id or -1) == before.encode_piece(
            piece
        ).count(before.unk_id or -1)


@pytest.mark.parametrize("name", ["word", "character"])
def test_removed_words_and_characters_become_any(name: str):
    assert pruned(name).tokenizer.decode(pruned(name).tokenizer.encode("w x")) != "w x"
    assert old(name).unk_id not in old(name).encode("three")
    assert pruned(name).tokenizer.unk_id in pruned(name).tokenizer.encode("three")


def test_what_a_kept_token_is_made_of_stays_by_hand():
    # "hug" is h + ug: ug is used nowhere, but hug needs it. pug and pu go.
    before = train_bpe({"hug": 9, "pug": 5, "pu": 4}, vocab_size=261)
    after = prune(before, corpus=["hug"]).tokenizer
    assert isinstance(after, BPETokenizer)
    assert before.merges == (("u", "g"), ("h", "ug"), ("p", "ug"))
    assert after.merges == (("u", "g"), ("h", "ug"))
    assert after.vocabulary.tokens == before.vocabulary.tokens[:-1]


def test_a_removed_token_becomes_the_two_that_it_was_made_of():
    before = train_bpe({"hug": 9, "pug": 5}, vocab_size=261)
    after = prune(before, corpus={"hug": 9, "pug": 1}, min_count=2).tokenizer
    assert [after.id_to_token(id) for id in after.encode("pug")] == ["p", "ug"]


def test_the_uses_of_a_removed_token_pass_on_to_its_parts():
    before = train_bpe({"hug": 9, "pug": 5}, vocab_size=261)
    assert before.merges[-1] == ("p", "ug")
    after, id_map = prune(before, corpus={"hug": 2, "pug": 2}, min_count=3)
    assert id_map[before.vocabulary.ids["ug"]] >= 0  # 2 + 2 uses, once hug and pug are gone
    assert {"hug", "pug"}.isdisjoint(after.get_vocab())


def test_vocab_size_removes_the_least_used_first_and_exactly_so_many():
    before = train_word({"a": 1, "b": 1, "c": 1}, min_count=1)
    after = prune(before, corpus={"a": 5, "b": 2, "c": 3}, vocab_size=5).tokenizer
    assert after.vocabulary.tokens[3:] == ("a", "c")


@pytest.mark.parametrize("vocab_size", [258, 270, 299])
def test_vocab_size_is_met_without_a_corpus_by_undoing_the_last_merges(vocab_size: int):
    before = train_bpe(TRAIN, vocab_size=310)
    after = prune(before, vocab_size=vocab_size).tokenizer
    assert isinstance(after, BPETokenizer)
    assert after.merges == train_bpe(TRAIN, vocab_size=vocab_size).merges


@pytest.mark.parametrize("vocab_size", [260, 264, 270])
def test_pruning_on_the_training_corpus_undoes_training(vocab_size: int):
    # The uses of the last token, passed on to its parts, are the count that its pair had.
    counts = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5, "spun": 3, "burst": 7, "rust": 6}
    full = train_bpe(counts, vocab_size=300)
    after = prune(full, corpus=counts, vocab_size=vocab_size).tokenizer
    assert isinstance(after, BPETokenizer)
    assert after.merges == train_bpe(counts, vocab_size=vocab_size).merges


def test_tokens_to_keep_stay_with_what_they_are_made_of():
    before = train_bpe({"hug": 9, "pug": 5}, vocab_size=261)
    after, _ = prune(before, keep=["hug"])
    assert after.vocabulary.tokens[258:] == ("ug", "hug")


def test_pieces_that_characters_cannot_spell_are_never_removed():
    special = SpecialTokens(pad=None, eos=None)
    tokens = ["<ANY>", "a", "##b", "ab", "xy", "##ab"]  # neither x, nor ##y, nor ##a
    after, _ = prune(WordPieceTokenizer(Vocabulary(tokens, special)), corpus=["a"])
    assert after.vocabulary.tokens == ("<ANY>", "a", "##b", "xy", "##ab")


@pytest.mark.oracle
@each
@settings(max_examples=30)
@given(text=texts)
def test_the_library_gives_the_same_ids_for_the_saved_file(name: str, text: str, files: Path):
    library = hf.Tokenizer.from_file(str(files / f"{name}.json"))
    ours = pruned(name).tokenizer.encode(text, allowed_special="all")
    assert ours == library.encode(text, add_special_tokens=False).ids


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """The pruned tokenizers, saved."""
    folder = tmp_path_factory.mktemp("pruned")
    for name in MAKERS:
        pruned(name).tokenizer.save(folder / f"{name}.json")
    return folder


def test_a_pruned_tokenizer_is_saved_and_loaded_with_its_record(files: Path):
    loaded = load(files / "bpe.json")
    assert loaded.vocabulary.tokens == pruned("bpe").tokenizer.vocabulary.tokens
    (change,) = loaded.training["changes"]
    assert (change["change"], change["n_vocab"]) == ("prune", old("bpe").n_vocab)
    assert change["options"] == {"vocab_size": None, "min_count": 1, "keep": []}
    assert change["corpus"]["n_documents"] == 2
    assert loaded.training["options"] == old("bpe").training["options"]


def test_rows_follow_their_tokens():
    new, id_map = pruned("bpe")
    matrix = np.random.default_rng(0).normal(size=(old("bpe").n_vocab, 3))
    rows = remap_rows(matrix, id_map)
    for token, id in new.get_vocab().items():
        assert (rows[id] == matrix[old("bpe").vocabulary.ids[token]]).all()


def test_rows_of_another_vocabulary_are_refused():
    with pytest.raises(ToktoolsError, match=r"each of the 2 old tokens, got shape \(3, 4\)"):
        remap_rows(np.zeros((3, 4)), np.array([0, -1]))


def test_nothing_to_go_by_is_refused():
    with pytest.raises(ToktoolsError, match="needs a corpus, tokens to keep or a vocab_size"):
        prune(old("bpe"))


def test_a_vocab_size_below_what_must_stay_is_refused_with_the_least_that_works():
    with pytest.raises(ToktoolsError, match=r"must be >= 258 .* got 100"):
        prune(old("bpe"), vocab_size=100)


def test_keeping_what_is_no_token_is_refused_with_the_nearest():
    with pytest.raises(ToktoolsError, match=r"'sevem' is not a token .* nearest is 'seven'"):
        prune(train_word(TRAIN, min_count=1), keep=["sevem"])


def test_a_tokenizer_of_bytes_alone_is_refused():
    with pytest.raises(ToktoolsError, match="can be pruned, got a ByteTokenizer"):
        prune(ByteTokenizer(), corpus=USED)


def test_bytes_stay_whatever_is_used():
    assert set(ALPHABET) <= set(prune(old("bpe"), keep=["one"]).tokenizer.get_vocab())
