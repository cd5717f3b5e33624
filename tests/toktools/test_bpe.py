"""BPE: by hand on a few words, and merge by merge against the Hugging Face trainer."""

from __future__ import annotations

import json

import pytest
import tokenizers as hf
from tokenizers import Regex, models, pre_tokenizers, trainers

from toktools import SpecialTokens, ToktoolsError, Vocabulary, train_bpe
from toktools.bpe import BPETokenizer

GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
HUGS = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}


def train_with_library(documents: list[str], vocab_size: int, byte_level: bool, **options) -> dict:
    """Return the model that the library trains with the settings that are our defaults."""
    special = ["<PAD>", "<EOS>"] if byte_level else ["<PAD>", "<EOS>", "<ANY>"]
    tokenizer = hf.Tokenizer(models.BPE(unk_token=None if byte_level else "<ANY>"))
    tokenizer.pre_tokenizer = (
        pre_tokenizers.ByteLevel(add_prefix_space=False)
        if byte_level
        else pre_tokenizers.Split(Regex(GPT2), "isolated")
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet() if byte_level else [],
        show_progress=False,
        **options,
    )
    tokenizer.train_from_iterator(documents, trainer)
    return json.loads(tokenizer.to_str())["model"]


def assert_same_model(ours: BPETokenizer, theirs: dict) -> None:
    """Compare merge by merge, so that a failure names the first divergence."""
    merges = [tuple(merge) for merge in theirs["merges"]]
    for rank, (mine, other) in enumerate(zip(ours.merges, merges, strict=False)):
        assert mine == other, f"merge {rank} differs"
    assert len(ours.merges) == len(merges)
    assert ours.get_vocab() == theirs["vocab"]


@pytest.mark.oracle
@pytest.mark.parametrize("vocab_size", [300, 1000, 8000, 30_000])
@pytest.mark.parametrize("source", ["prose", "code"])
@pytest.mark.parametrize("byte_level", [True, False], ids=["bytes", "characters"])
def test_merges_and_ids_are_those_of_the_library(
    source: str, vocab_size: int, byte_level: bool, request: pytest.FixtureRequest
):
    documents = request.getfixturevalue(source)
    ours = train_bpe(documents, vocab_size=vocab_size, byte_level=byte_level)
    assert_same_model(ours, train_with_library(documents, vocab_size, byte_level))


@pytest.mark.oracle
def test_min_frequency_stops_where_the_library_stops(prose: list[str]):
    ours = train_bpe(prose, vocab_size=8000, min_frequency=40)
    assert 258 < ours.n_vocab < 8000
    assert_same_model(ours, train_with_library(prose, 8000, True, min_frequency=40))


def test_the_most_frequent_pair_is_merged_first_by_hand():
    # ug: 10 + 5 + 5 = 20, then un: 12 + 4 = 16, then h+ug: 10 + 5 = 15
    tokenizer = train_bpe(HUGS, vocab_size=259, special_tokens=SpecialTokens.none())
    assert tokenizer.merges == (("u", "g"), ("u", "n"), ("h", "ug"))


def test_merges_are_applied_in_the_order_learned():
    tokenizer = train_bpe(HUGS, vocab_size=259, special_tokens=SpecialTokens.none())
    tokens = [tokenizer.id_to_token(id) for id in tokenizer.encode("hugun")]
    assert tokens == ["hug", "un"]


def test_ids_are_specials_then_bytes_then_merges():
    tokenizer = train_bpe(HUGS, vocab_size=259)
    tokens = tokenizer.vocabulary.tokens
    assert tokens[:3] == ("<PAD>", "<EOS>", "!")
    assert tokens[-1] == "ug"
    assert tokenizer.unk_id is None


def test_a_corpus_without_more_pairs_gives_fewer_tokens():
    assert train_bpe(["ab"], vocab_size=1000).n_vocab == 259


def test_the_order_of_documents_does_not_matter(prose: list[str]):
    forward = train_bpe(prose[:500], vocab_size=600)
    backward = train_bpe(prose[:500][::-1], vocab_size=600)
    assert forward.merges == backward.merges
    assert forward.training == backward.training


def test_too_small_a_vocabulary_is_refused_with_the_least_that_works():
    with pytest.raises(ToktoolsError, match=r"must be >= 258 \(2 special tokens .* 256\), got 100"):
        train_bpe(["text"], vocab_size=100)


def test_a_bare_str_is_refused_with_both_remedies():
    with pytest.raises(TypeError, match=r"pass \[text\].*pathlib.Path"):
        train_bpe("text", vocab_size=300)  # type: ignore[arg-type]


def test_an_empty_corpus_is_refused():
    with pytest.raises(ToktoolsError, match="got no documents"):
        train_bpe([], vocab_size=300)


def test_a_merge_of_an_absent_token_is_refused():
    vocabulary = Vocabulary([*"ab", "ab", "<ANY>"], SpecialTokens(pad=None, eos=None))
    with pytest.raises(ToktoolsError, match="needs the token 'c'"):
        BPETokenizer(vocabulary, [("a", "c")], byte_level=False)


def test_an_unknown_character_is_one_any_and_keeps_its_place():
    tokenizer = train_bpe(["abab"], vocab_size=20, byte_level=False)
    ids, spans = tokenizer.encode_with_offsets("ab漢🙂ab")
    assert [tokenizer.id_to_token(id) for id in ids] == ["ab", "<ANY>", "<ANY>", "ab"]
    assert spans == [(0, 2), (2, 3), (3, 4), (4, 6)]
