"""WordPiece: both criteria by hand, frequency against the library, greedy longest match."""

from __future__ import annotations

import json
from functools import cache

import pytest
import tokenizers as hf
from hypothesis import given, settings
from tokenizers import models, pre_tokenizers, trainers

from tests.toktools.conftest import tricky_text
from toktools import SpecialTokens, ToktoolsError, Vocabulary, train_wordpiece
from toktools.formats.tokenizer_json import to_json
from toktools.unicode.byte_alphabet import ALPHABET as BYTE_ALPHABET
from toktools.wordpiece import Criterion, WordPieceTokenizer

HUGS = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}
ALPHABET = [*"bghnpsu", "##g", "##n", "##s", "##u"]


def learned(criterion: Criterion, n: int) -> list[str]:
    tokenizer = train_wordpiece(HUGS, vocab_size=len(ALPHABET) + n + 3, criterion=criterion)
    assert list(tokenizer.vocabulary.tokens[3:14]) == ALPHABET
    return list(tokenizer.vocabulary.tokens[14:])


def test_frequency_merges_by_hand():
    # ##u ##g: 20; then ##u ##n: 16; then h ##ug: 15; then p ##un: 12
    assert learned("frequency", 4) == ["##ug", "##un", "hug", "pun"]


def test_likelihood_merges_by_hand():
    # ##g ##s: 5 / (20 * 5) = 0.05, ahead of every pair with ##u (n / (n * 36) = 1/36).
    # Then all pairs x ##u stand at 1/36: the most frequent, p ##u (17), goes first; then h ##u
    # (15 / (15 * 19) = 1/19), b ##u (4 / (4 * 4) = 1).
    assert learned("likelihood", 4) == ["##gs", "pu", "hu", "bu"]


@pytest.mark.oracle
@pytest.mark.parametrize("split", ["whitespace", "punctuation"])
@pytest.mark.parametrize("source", ["prose", "code"])
@pytest.mark.parametrize("vocab_size", [1000, 8000, 30_000])
def test_frequency_vocabulary_is_the_librarys_given_its_alphabet_order(
    source: str, vocab_size: int, split: str, request: pytest.FixtureRequest
):
    # The library numbers the "##x" symbols in hash order, anew in each run, and breaks ties by
    # number. Given its order, there is nothing left to differ in.
    documents = request.getfixturevalue(source)
    theirs = hf.Tokenizer(models.WordPiece(unk_token="<ANY>"))
    theirs.pre_tokenizer = (
        pre_tokenizers.WhitespaceSplit()
        if split == "whitespace"
        else pre_tokenizers.BertPreTokenizer()
    )
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size, special_tokens=["<PAD>", "<EOS>", "<ANY>"], show_progress=False
    )
    theirs.train_from_iterator(documents, trainer)
    vocabulary = theirs.get_vocab()
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    alphabet = [t for t in tokens[3:] if len(t) == 1 or (t.startswith("##") and len(t) == 3)]
    ours = train_wordpiece(documents, vocab_size=vocab_size, split=split, alphabet=alphabet)
    assert list(ours.vocabulary.tokens) == tokens


def test_the_order_of_documents_does_not_matter(prose: list[str]):
    for criterion in ("frequency", "likelihood"):
        forward = train_wordpiece(prose[:300], vocab_size=500, criterion=criterion)
        backward = train_wordpiece(prose[:300][::-1], vocab_size=500, criterion=criterion)
        assert forward.vocabulary.tokens == backward.vocabulary.tokens


def test_encoding_takes_the_longest_piece_from_the_left():
    tokenizer = train_wordpiece(HUGS, vocab_size=18)
    tokens = [tokenizer.id_to_token(id) for id in tokenizer.encode("hugs bugs pu")]
    assert tokens == ["hug", "##s", "b", "##ug", "##s", "p", "##u"]


def test_a_word_that_cannot_be_spelled_is_one_any_with_its_whole_span():
    tokenizer = train_wordpiece(HUGS, vocab_size=18)
    ids, spans = tokenizer.encode_with_offsets("hug hux hug")
    assert [tokenizer.id_to_token(id) for id in ids] == ["hug", "<ANY>", "hug"]
    assert spans == [(0, 3), (4, 7), (8, 11)]


def test_a_word_of_more_than_a_hundred_characters_is_any():
    tokenizer = train_wordpiece(HUGS, vocab_size=18)
    assert tokenizer.encode("g" * 100) != [tokenizer.unk_id]
    assert tokenizer.encode("g" * 101) == [tokenizer.unk_id]


def test_decoding_joins_pieces_and_separates_words():
    tokenizer = train_wordpiece(HUGS, vocab_size=18)
    assert tokenizer.decode(tokenizer.encode("hugs  pun\tbugs")) == "hugs pun bugs"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"criterion": "entropy"}, "criterion must be 'frequency' or 'likelihood', got 'entropy'"),
        ({"split": "gpt2"}, "split must be 'whitespace' or 'punctuation'"),
        ({"vocab_size": 5}, r"must be >= 14 \(3 special tokens and an alphabet of 11\), got 5"),
        ({"special_tokens": SpecialTokens.none()}, "needs an ANY token"),
        ({"split": "whitespace", "pretokenizer": "gpt2"}, "give one of them"),
        ({"continuing_subword_prefix": ""}, "must not be empty"),
        ({"byte_complete": True, "vocab_size": 513}, r"must be >= 514 \(2 special .* 512\)"),
    ],
)
def test_impossible_options_are_refused(options: dict, message: str):
    with pytest.raises(ToktoolsError, match=message):
        train_wordpiece(HUGS, **options)


BYTES = {"hug": 10, "pug": 5, "é漢": 3}


def byte_complete(**options) -> WordPieceTokenizer:
    return train_wordpiece(BYTES, vocab_size=530, byte_complete=True, **options)


def test_a_byte_complete_vocabulary_begins_with_every_byte_twice():
    tokens = byte_complete().vocabulary.tokens
    assert tokens[:2] == ("<PAD>", "<EOS>")
    assert list(tokens[2:514]) == [*BYTE_ALPHABET, *("##" + byte for byte in BYTE_ALPHABET)]
    assert tokens[514] == "##ug"


def test_a_character_never_seen_is_spelled_in_bytes_that_all_stand_for_it():
    tokenizer = byte_complete()
    ids, spans = tokenizer.encode_with_offsets("hug x🙂")
    tokens = [tokenizer.id_to_token(id) for id in ids]
    assert tokens == ["hug", "x", "##ð", "##Ł", "##Ļ", "##Ĥ"]
    assert spans == [(0, 3), (4, 5), *[(5, 6)] * 4]
    assert tokenizer.decode(ids) == "hug x🙂"


VARIANTS = {
    "whitespace": {},
    "punctuation-lower": {"split": "punctuation", "lowercase": True},
    "bert": {"pretokenizer": "punctuation", "normalizer": "bert"},
    "gpt2": {"pretokenizer": "gpt2"},
    "gpt2-nfkc": {"pretokenizer": ["gpt2", "digits"], "normalizer": "nfkc"},
    "another-prefix": {"pretokenizer": "o200k", "continuing_subword_prefix": "▁▁"},
    "likelihood": {"criterion": "likelihood", "min_frequency": 4},
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", VARIANTS)
@settings(deadline=None)
@given(text=tricky_text)
def test_byte_complete_knows_every_text_as_the_library_does(name: str, text: str):
    tokenizer, library = variants()[name]
    ids, spans = tokenizer.encode_with_offsets(text)
    expected = library.encode(text, add_special_tokens=False)
    assert ids == expected.ids
    assert spans == expected.offsets
    assert tokenizer.decode(ids) == library.decode(ids)
    assert tokenizer.unk_id is None


@cache
def variants() -> dict[str, tuple[WordPieceTokenizer, hf.Tokenizer]]:
    """Tokenizers without special tokens, which the library would find in the text."""
    made = {}
    for name, options in VARIANTS.items():
        ours = byte_complete(special_tokens=SpecialTokens.none(), **options)
        made[name] = ours, hf.Tokenizer.from_str(json.dumps(to_json(ours)))
    return made


@settings(deadline=None)
@given(text=tricky_text)
def test_with_a_cut_that_keeps_all_and_a_prefix_that_is_no_byte_nothing_is_lost(text: str):
    tokenizer = variants()["another-prefix"][0]
    assert tokenizer.lossless is True
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_what_byte_complete_loses_is_said():
    assert byte_complete().lossless == (
        "the white space between words, and '##' at the beginning of a word"
    )
    tokenizer = byte_complete()
    assert tokenizer.decode(tokenizer.encode("hug  ##x")) == "hugx"


def test_a_word_of_any_length_is_spelled_over_bytes():
    tokenizer = byte_complete()
    ids = tokenizer.encode("🙂" * 5000)
    assert len(ids) == 20_000
    assert tokenizer.decode(ids) == "🙂" * 5000


def test_a_byte_complete_vocabulary_without_a_byte_is_refused():
    vocabulary = Vocabulary(BYTE_ALPHABET, SpecialTokens.none())
    with pytest.raises(ToktoolsError, match=r"needs every byte as a piece.* got no '##!'"):
        WordPieceTokenizer(vocabulary, byte_level=True)


def test_a_limit_on_the_length_of_words_needs_an_any_even_over_bytes():
    with pytest.raises(ToktoolsError, match="needs an ANY token"):
        WordPieceTokenizer(byte_complete().vocabulary, byte_level=True, max_word_characters=100)


def test_an_unknown_word_that_begins_with_the_prefix_is_restored_whole():
    tokenizer = train_wordpiece(HUGS, vocab_size=18)
    assert tokenizer.decode(tokenizer.encode("hug ##!"), hidden=["##!"]) == "hug ##!"
