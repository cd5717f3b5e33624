"""WordPiece: both criteria by hand, frequency against the library, greedy longest match."""

from __future__ import annotations

import pytest
import tokenizers as hf
from tokenizers import models, pre_tokenizers, trainers

from toktools import SpecialTokens, ToktoolsError, train_wordpiece
from toktools.wordpiece import Criterion

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
    ],
)
def test_impossible_options_are_refused(options: dict, message: str):
    with pytest.raises(ToktoolsError, match=message):
        train_wordpiece(HUGS, **options)
