"""Word-level and character-level vocabularies."""

from __future__ import annotations

import pytest
import tokenizers as hf

from toktools import SpecialTokens, ToktoolsError, load, train_character, train_word
from toktools.word import WordReport

SENTENCES = ["the cat sat", "the dog sat", "a cat", "the emu"]


def test_words_are_ordered_by_count_then_code_point():
    tokenizer = train_word(SENTENCES, min_count=1)
    assert tokenizer.vocabulary.tokens[3:] == ("the", "cat", "sat", "a", "dog", "emu")


def test_words_seen_fewer_than_three_times_become_any_by_default():
    tokenizer = train_word(SENTENCES)
    assert tokenizer.vocabulary.tokens == ("<PAD>", "<EOS>", "<ANY>", "the")
    assert tokenizer.encode("the cat sat", add_eos=True) == [3, 2, 2, 1]


def test_max_vocab_keeps_the_most_frequent():
    assert train_word(SENTENCES, min_count=1, max_vocab=5).vocabulary.tokens[3:] == ("the", "cat")


def test_the_report_counts_words_replaced_and_sentences_kept():
    report = WordReport(**train_word(SENTENCES, min_count=2).training["report"])
    assert report == WordReport(
        words=10, types=6, words_replaced=3, types_replaced=3, documents=4, documents_with_any=3
    )


def test_counts_can_be_given_instead_of_text():
    tokenizer = train_word({"the": 3, "cat": 2}, min_count=3)
    assert tokenizer.vocabulary.tokens[3:] == ("the",)
    assert tokenizer.training["report"]["words_replaced"] == 2


def test_lowercase_merges_counts():
    tokenizer = train_word(["The the THE"], lowercase=True)
    assert tokenizer.encode("tHe") == [3]


def test_lowercase_spans_point_into_the_text_as_given():
    tokenizer = train_word(["i̇ the the the"], lowercase=True)
    assert tokenizer.encode_with_offsets("İİ the").spans == [(0, 2), (3, 6)]


def test_punctuation_is_cut_off_on_request():
    tokenizer = train_word(["stop. stop! stop?"] * 3, split="punctuation")
    assert set(tokenizer.vocabulary.tokens[3:]) == {"stop", ".", "!", "?"}


def test_special_tokens_can_be_named():
    special = SpecialTokens(pad="[PAD]", eos="[END]", any="[ANY]")
    tokenizer = train_word(SENTENCES, special_tokens=special)
    assert tokenizer.decode(tokenizer.encode("the cat")) == "the [ANY]"


def test_a_word_spelled_like_a_special_token_is_any():
    tokenizer = train_word(["<EOS> " * 9], min_count=1)
    assert tokenizer.encode("<EOS>") == [tokenizer.unk_id]


def test_characters_are_ordered_by_count_then_code_point():
    assert train_character(["banana"]).vocabulary.tokens[3:] == ("a", "n", "b")


def test_an_unseen_character_is_any():
    tokenizer = train_character(["banana"])
    assert tokenizer.encode("nab!") == [4, 3, 5, 2]


@pytest.mark.parametrize("train", [train_word, train_character])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_count": 0}, "min_count must be >= 1"),
        ({"max_vocab": 3}, r"max_vocab must be > 3 \(the special tokens\), got 3"),
        ({"special_tokens": SpecialTokens(any=None)}, "needs an ANY token"),
    ],
)
def test_impossible_options_are_refused(train, options: dict, message: str):
    with pytest.raises(ToktoolsError, match=message):
        train(SENTENCES, **options)


@pytest.mark.parametrize("counts", [{}, {"a": 0}, {"a": 1.5}])
def test_impossible_counts_are_refused(counts: dict):
    with pytest.raises(ToktoolsError, match=r"got no counts|must be a positive int"):
        train_word(counts)


def test_words_are_cut_and_rewritten_as_one_likes():
    tokenizer = train_word(
        ["In 2019", "IN 2020"],
        min_count=1,
        pretokenizer=["whitespace", "digits"],
        normalizer="lowercase",
    )
    assert tokenizer.vocabulary.tokens[3:] == ("0", "2", "in", "1", "9")
    assert tokenizer.training["options"]["normalizer"] == "Lowercase()"


@pytest.mark.oracle
def test_words_with_their_spaces_are_put_together_without_more(tmp_path):
    tokenizer = train_word(["so  it is\n"], min_count=1, pretokenizer="gpt2")
    tokenizer.save(tmp_path / "tokenizer.json")
    library = hf.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for text in ("so  it is\n", "is so", " it\nso"):
        ids = tokenizer.encode(text)
        assert ids == library.encode(text).ids == load(tmp_path).encode(text)
    ids = tokenizer.encode("so  it is\n")
    assert tokenizer.decode(ids) == library.decode(ids) == "so  it is\n"
    assert tokenizer.lossless == "words outside the vocabulary"


def test_split_and_pretokenizer_together_are_refused():
    with pytest.raises(ToktoolsError, match="say the same thing; give one of them"):
        train_word(SENTENCES, split="punctuation", pretokenizer="gpt2")
