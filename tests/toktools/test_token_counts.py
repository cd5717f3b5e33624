"""Counts of tokens: what `np.bincount` gives for every kind of tokenizer."""

from __future__ import annotations

import numpy as np
import pytest

from toktools import Tokenizer, ToktoolsError, count_tokens, train_character, train_word
from toktools.training.token_counts import write_token_counts


def test_counts_are_those_of_the_encoded_documents(tokenizer: Tokenizer, prose: list[str]):
    documents = [*prose[:60], "Ünseen 漢字 <EOS>", "", *prose[:5]]
    ids = tokenizer.encode_documents(documents).ids
    expected = np.bincount(ids, minlength=tokenizer.n_vocab)
    counts = count_tokens(tokenizer, documents)
    assert counts.dtype == np.int64
    np.testing.assert_array_equal(counts, expected)


def test_counts_of_pretokens_are_weights():
    tokenizer = train_word({"a": 2, "b": 1}, min_count=1)
    assert count_tokens(tokenizer, {"a": 1 << 62, "c": 5}).tolist() == [0, 0, 5, 1 << 62, 0]


def test_a_count_too_large_for_64_bits_is_refused():
    tokenizer = train_word({"a": 1}, min_count=1)
    with pytest.raises(ToktoolsError, match=r"must be < 2\*\*63, got 9223372036854775808"):
        count_tokens(tokenizer, {"a": 1 << 63})


def test_an_empty_corpus_is_refused():
    with pytest.raises(ToktoolsError, match="got no documents"):
        count_tokens(train_word(["a"], min_count=1), [])


def test_the_table_has_one_line_a_token_whatever_the_token(tmp_path):
    tokenizer = train_character(["a\n\ta\\"])
    write_token_counts(tokenizer, ["a\n\ta\\"], tmp_path / "counts.tsv")
    assert (tmp_path / "counts.tsv").read_text().splitlines() == [
        *("id\ttoken\tcount", "0\t<PAD>\t0", "1\t<EOS>\t0", "2\t<ANY>\t0"),
        *("3\ta\t2", "4\t\\t\t1", "5\t\\n\t1", "6\t\\\\\t1"),
    ]
