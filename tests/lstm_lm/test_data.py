import tempfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_lm.data import encoded
from lstm_lm.data.encoded import EncodedSplit, count_words_touched, encode_split, token_counts
from lstm_lm.data.splits import encode_splits
from toktools.byte import ByteTokenizer, train_byte
from toktools.character import train_character
from toktools.errors import ToktoolsError
from toktools.vocabulary import SpecialTokens
from toktools.word import train_word

ONE = np.ones(1, np.int64)
DOCUMENTS = ["the cat sat", "", "the über cat", "naïve\tcat  sat"]


def test_bytes_and_characters_come_from_the_source_and_are_equal_for_every_tokenizer():
    word = train_word(["the cat"], min_count=1, lowercase=True)
    for tokenizer in (ByteTokenizer(), word, train_character(["the"])):
        split = encode_split(tokenizer, DOCUMENTS)
        assert split.n_bytes.tolist() == [12, 1, 14, 16]
        assert split.n_characters.tolist() == [12, 1, 13, 15]


def test_every_document_ends_with_eos_and_ids_take_four_bytes():
    split = encode_split(ByteTokenizer(), DOCUMENTS)
    assert split.ids[split.starts[1:] - 1].tolist() == [1, 1, 1, 1]
    assert split.ids.dtype == np.uint32
    assert split.n_tokens == split.total_bytes  # a byte is a token here


def test_hidden_spellings_are_those_of_the_source_in_order():
    tokenizer = train_word(["the cat"], min_count=1, lowercase=True)
    split = encode_split(tokenizer, ["The DOG cat", "the", "ÜBER cat dog"])
    assert split.hidden == ("DOG", "ÜBER", "dog")
    assert len(split.hidden) == (split.ids == tokenizer.unk_id).sum()


def test_a_word_counts_once_as_hidden_however_many_characters_of_it_are():
    split = encode_split(train_character(["abc "]), ["xyz abc axb", "abc\t"])
    assert split.hidden == ("x", "y", "z", "x", "\t")
    assert (split.n_words, split.n_words_hidden) == (4, 2)


@pytest.mark.parametrize(
    ("spans", "touched"),
    [([], 0), ([(2, 3)], 0), ([(0, 6)], 2), ([(0, 1), (1, 2), (4, 5)], 2), ([(6, 8)], 1)],
)
def test_words_touched_by_spans(spans, touched):
    assert count_words_touched("ab cde f", spans) == touched


def test_documents_reproduced_counts_exact_round_trips_only():
    tokenizer = train_word(["the cat sat"], min_count=1)
    documents = ["the cat", "the  cat", "the dog", " cat"]
    assert encode_split(tokenizer, documents, check=True).n_reproduced == 2
    assert encode_split(ByteTokenizer(), documents, check=True).n_reproduced == 4
    assert encode_split(tokenizer, documents).n_reproduced is None


def test_an_iterator_is_encoded_like_a_list():
    tokenizer = train_word(["the cat"], min_count=1)
    once = encode_split(tokenizer, iter(DOCUMENTS), check=True)
    assert once.digest() == encode_split(tokenizer, DOCUMENTS).digest()
    assert once.hidden == ("sat", "über", "naïve", "sat")


def test_no_documents_is_an_error_that_names_the_text():
    with pytest.raises(ToktoolsError, match="the test split: got no documents"):
        encode_split(ByteTokenizer(), [], name="the test split")


def test_a_tokenizer_without_eos_is_refused():
    tokenizer = train_byte([], special_tokens=SpecialTokens.none())
    with pytest.raises(ToktoolsError, match="no end-of-document token"):
        encode_split(tokenizer, ["a"])


def test_ids_in_a_file_are_those_in_memory_and_the_file_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    texts = ["one two one", "", "two wug two"]
    tokenizer = train_word(texts[:2], min_count=1)
    split, mapped = (encode_split(tokenizer, texts, in_file=kind) for kind in (False, True))
    assert isinstance(mapped.ids, np.memmap)
    assert mapped.ids.dtype == np.uint16
    assert list(tmp_path.iterdir()) == []
    assert mapped.ids.tolist() == split.ids.tolist()
    assert mapped.summary() == split.summary()
    assert (mapped.hidden, mapped.n_bytes.tolist()) == (split.hidden, split.n_bytes.tolist())


def test_the_training_split_is_the_one_in_a_file():
    texts = {"train": ["ab", "c"], "validation": ["ab"]}
    splits = encode_splits(ByteTokenizer(), texts, {})
    assert [isinstance(splits[name].ids, np.memmap) for name in texts] == [True, False]


@given(st.lists(st.integers(0, 6), max_size=40), st.integers(1, 9))
def test_counts_and_digest_do_not_depend_on_the_blocks_that_are_read(ids, size):
    split = EncodedSplit(
        ids=np.array(ids, np.uint32), starts=np.array([0]), n_bytes=ONE, n_characters=ONE
    )
    counts, digest = token_counts(split.ids, 7), split.digest()
    assert counts.tolist() == [ids.count(id) for id in range(7)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoded, "_BLOCK", size)
        assert token_counts(split.ids, 7).tolist() == counts.tolist()
        assert split.digest() == digest
