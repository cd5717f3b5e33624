"""Audits: honest vocabularies pass, and each kind of tampering is told for what it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.toktools.conftest import hf_byte_level, hf_wordpiece
from toktools import (
    BPETokenizer,
    ByteTokenizer,
    SpecialTokens,
    Tokenizer,
    ToktoolsError,
    Vocabulary,
    WordPieceTokenizer,
    load,
    open_corpus,
    train_bpe,
    train_character,
    train_word,
    train_wordpiece,
)
from toktools.changing.auditing import audit
from toktools.changing.extending import extend
from toktools.changing.pruning import prune
from toktools.changing.rebuilding import rebuild
from toktools.formats.tokenizer_json import from_json
from toktools.training.trace import merge_steps

COUNTS = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}
NUMBERS = open_corpus("human-numbers", limit=300)
HONEST: dict[str, Callable[..., Tokenizer]] = {
    "bpe": lambda corpus: train_bpe(corpus, vocab_size=330),
    "bpe-short-tokens": lambda corpus: train_bpe(corpus, vocab_size=330, max_token_length=4),
    "bpe-character": lambda corpus: train_bpe(corpus, vocab_size=90, byte_level=False),
    "bpe-few-characters": lambda corpus: train_bpe(
        corpus, vocab_size=60, byte_level=False, limit_alphabet=12
    ),
    "bpe-marked": lambda corpus: train_bpe(
        corpus,
        vocab_size=90,
        byte_level=False,
        continuing_subword_prefix="@@",
        end_of_word_suffix="</w>",
    ),
    "wordpiece": lambda corpus: train_wordpiece(corpus, vocab_size=90),
    "wordpiece-bytes": lambda corpus: train_wordpiece(corpus, vocab_size=560, byte_complete=True),
    "wordpiece-likelihood": lambda corpus: train_wordpiece(
        corpus, vocab_size=90, criterion="likelihood", min_frequency=3
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_vocabulary_passes_on_the_corpus_that_it_names(name: str):
    tokenizer = HONEST[name](NUMBERS)
    found = audit(tokenizer)
    assert found.passed
    assert (found.unreachable, found.not_replayed) == ((), "")
    (replay,) = found.replays
    n_learned = len(getattr(tokenizer, "merges", ())) or len(replay.merges)
    assert len(replay.merges) == n_learned > 10


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_extension_passes_on_both_corpora(name: str):
    extended = extend(
        HONEST[name](NUMBERS), open_corpus("human-numbers", split="validation"), vocab_size=600
    )
    found = audit(extended)
    assert found.passed
    assert len(found.replays) == 2
    assert found.replays[1].merges


@pytest.mark.oracle
@pytest.mark.parametrize("make", [hf_byte_level, hf_wordpiece], ids=["bpe", "wordpiece"])
def test_what_the_library_trained_passes(make: Callable[..., Any], prose: list[str]):
    tokenizer = from_json(json.loads(make(tuple(prose)).to_str()))
    assert isinstance(tokenizer, BPETokenizer | WordPieceTokenizer)
    found = audit(tokenizer, prose)
    assert found.passed
    assert len(found.replays[0].merges) > 300


@given(
    st.dictionaries(
        st.text("abc", min_size=1, max_size=7), st.integers(1, 9), min_size=1, max_size=8
    ),
)
def test_counts_and_ties_are_those_of_counting_everything_anew(counts: dict[str, int]):
    tokenizer = train_bpe(counts, vocab_size=100, byte_level=False)
    replayed = audit(tokenizer, counts).replays[0].merges
    steps = list(merge_steps(counts))
    assert [(m.pair, m.count, m.n_tied) for m in replayed] == [
        (step.pair, step.count, step.ties) for step in steps
    ]


def trained() -> BPETokenizer:
    """ug 20, un 16, h+ug 15, p+un 12: no two counts are the same."""
    tokenizer = train_bpe(COUNTS, vocab_size=260, special_tokens=SpecialTokens.none())
    assert tokenizer.merges == (("u", "g"), ("u", "n"), ("h", "ug"), ("p", "un"))
    return tokenizer


def test_two_merges_swapped_are_told_with_both_pairs_and_counts():
    first, second, *rest = trained().merges
    swapped = rebuild(trained(), merges=[second, first, *rest])
    (fault,) = audit(swapped, COUNTS).faults
    assert fault == ("merge 0 ('u' + 'n', count 16) is not a best one: 'u' + 'g' has count 20")


def test_a_merge_left_out_with_its_token_is_told():
    tokens = [token for token in trained().vocabulary.tokens if token != "un"]
    without = BPETokenizer(Vocabulary(tokens[:-1], SpecialTokens.none()), [("u", "g"), ("h", "ug")])
    (fault,) = audit(without, COUNTS).faults
    assert fault == "merge 1 ('h' + 'ug', count 15) is not a best one: 'u' + 'n' has count 16"


def test_a_wrong_merge_is_told():
    tokens = [*trained().vocabulary.tokens, "xy"]
    merges = [*trained().merges, ("x", "y")]
    wrong = BPETokenizer(Vocabulary(tokens, SpecialTokens.none()), merges)
    (fault,) = audit(wrong, COUNTS).faults
    assert fault == "merge 4 ('x' + 'y', count 0) is not a best one: 'p' + 'ug' has count 5"


def test_a_merge_after_the_corpus_ran_out_is_told():
    tokenizer = train_bpe({"ab": 3}, vocab_size=257, special_tokens=SpecialTokens.none())
    tokens = [*tokenizer.vocabulary.tokens, "xy"]
    wrong = rebuild(
        tokenizer,
        vocabulary=Vocabulary(tokens, SpecialTokens.none()),
        merges=[("a", "b"), ("x", "y")],
    )
    (fault,) = audit(wrong, {"ab": 3}).faults
    assert fault == "merge 1 ('x' + 'y', count 0) is not a best one: no pair is left to merge"


@pytest.mark.parametrize("criterion", ["frequency", "likelihood"])
def test_wordpieces_swapped_or_left_out_are_told(criterion: Any):
    tokenizer = train_wordpiece(COUNTS, vocab_size=18, criterion=criterion)
    assert audit(tokenizer, COUNTS).passed
    tokens = list(tokenizer.vocabulary.tokens)
    for changed in (
        [*tokens[:14], tokens[15], tokens[14], *tokens[16:]],
        tokens[:14] + tokens[15:],
    ):
        vocabulary = Vocabulary(changed, tokenizer.vocabulary.special)
        (fault,) = audit(rebuild(tokenizer, vocabulary=vocabulary), COUNTS).faults
        assert fault.startswith(f"token 14 ({tokens[15]!r}, count ")
        assert "is not a best pair's: " in fault


def test_a_part_that_is_made_too_late_is_told_without_a_corpus():
    a, b, c, d = trained().merges
    found = audit(rebuild(trained(), merges=[c, a, b, d], training={}))
    assert found.faults == ("merge 0 ('h' + 'ug') needs 'ug', which merge 1 makes, after it",)
    assert found.not_replayed == "its structure is at fault"


def test_a_part_that_no_merge_makes_is_told():
    found = audit(rebuild(trained(), merges=trained().merges[1:], training={}))
    assert found.faults == ("merge 1 ('h' + 'ug') needs 'ug', which no merge makes",)


def test_a_merge_that_comes_twice_is_told():
    a, b, *rest = trained().merges
    found = audit(rebuild(trained(), merges=[a, b, a, *rest], training={}))
    assert "merge 2 ('u' + 'g') is there already as merge 0" in found.faults


def test_a_merge_that_spells_a_special_token_is_told_when_it_is_opened():
    special = SpecialTokens(pad="ug", eos=None, any=None)
    vocabulary = Vocabulary(trained().vocabulary.tokens, special)
    with pytest.raises(ToktoolsError, match=r"merge 0 .* needs the token 'ug', which is special"):
        rebuild(trained(), vocabulary=vocabulary, training={})


def test_a_token_removed_from_a_file_is_told_when_it_is_opened(tmp_path: Path):
    trained().save(tmp_path / "t.json")
    document = json.loads((tmp_path / "t.json").read_text())
    del document["model"]["vocab"]["pun"]
    (tmp_path / "t.json").write_text(json.dumps(document))
    with pytest.raises(ToktoolsError, match=r"merge 3 .* needs the token 'pun'"):
        load(tmp_path / "t.json")


def test_tokens_that_nothing_makes_are_listed_and_are_no_fault():
    # bug: u + g comes first, so that b + ug would have to make it, not bu + g.
    tokens = [*trained().vocabulary.tokens, "bu", "bug"]
    merges = [*trained().merges, ("b", "u"), ("bu", "g")]
    found = audit(BPETokenizer(Vocabulary(tokens, SpecialTokens.none()), merges))
    assert found.unreachable == ("bug",)
    assert found.passed


def test_a_token_that_is_a_whole_piece_is_reached_where_merges_are_ignored():
    vocabulary = Vocabulary([*trained().vocabulary.tokens, "xyz"], SpecialTokens.none())
    whole = BPETokenizer(vocabulary, trained().merges, ignore_merges=True)
    assert audit(whole).unreachable == ()
    assert audit(rebuild(whole, ignore_merges=False)).unreachable == ("xyz",)


def test_unreachable_pieces_and_words_are_listed():
    special = SpecialTokens(pad=None, eos=None)
    # "abc" is ab + ##c, and ##bc after ab would make a word of four characters.
    pieces = Vocabulary(["<ANY>", "a", "ab", "##c", "##bc", "##d"], special)
    assert audit(WordPieceTokenizer(pieces)).unreachable == ()
    short = WordPieceTokenizer(pieces, max_word_characters=3)
    assert audit(short).unreachable == ("##bc",)
    words = Vocabulary(["<ANY>", "a", "a b"], special)
    assert audit(rebuild(train_word(["a"], min_count=1), vocabulary=words)).unreachable == ("a b",)


@pytest.mark.parametrize("train", [train_word, train_character])
def test_words_and_characters_have_a_structure_but_no_merges(train: Callable[..., Tokenizer]):
    found = audit(train(["a b a b a b"]))
    assert found.passed
    assert found.not_replayed.endswith("vocabulary has no merges")


def test_a_pruned_vocabulary_is_not_replayed():
    found = audit(prune(trained(), corpus=["hug"]).tokenizer, COUNTS)
    assert found.passed
    assert found.not_replayed.startswith("it was pruned")


def test_without_its_corpus_a_vocabulary_is_not_replayed():
    assert audit(trained()).not_replayed == "the training corpus is not on record; pass it"


def test_a_corpus_that_has_changed_is_told(tmp_path: Path):
    (tmp_path / "text").write_text("one two\n")
    tokenizer = train_bpe(tmp_path / "text", vocab_size=260)
    assert audit(tokenizer).not_replayed == ""
    (tmp_path / "text").write_text("one three\n")
    assert "has changed, its digest is" in audit(tokenizer).not_replayed


def test_another_corpus_than_the_one_on_record_is_refused():
    with pytest.raises(ToktoolsError, match="must be the one trained on, its digest is"):
        audit(trained(), ["hug"])


def test_a_tokenizer_that_learned_nothing_is_refused():
    with pytest.raises(ToktoolsError, match="can be audited, got a ByteTokenizer"):
        audit(ByteTokenizer())
