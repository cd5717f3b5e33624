"""Batches as arrays: the Hugging Face library's padding and truncation, told apart by a mask."""

from __future__ import annotations

import numpy as np
import pytest
import tokenizers as hf
from hypothesis import given
from hypothesis import strategies as st

from toktools import ByteTokenizer, SpecialTokens, Tokenizer, ToktoolsError, train_word

WORD = train_word(["a b c d"], min_count=1)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory) -> hf.Tokenizer:
    path = tmp_path_factory.mktemp("pad") / "tokenizer.json"
    WORD.save(path)
    return hf.Tokenizer.from_file(str(path))


@pytest.mark.oracle
@given(
    texts=st.lists(st.text("ab ", max_size=12), min_size=1, max_size=4),
    max_length=st.none() | st.integers(1, 7),
    pad_to=st.none() | st.integers(7, 9),
    multiple_of=st.none() | st.integers(1, 4),
    side=st.sampled_from(["right", "left"]),
    truncate=st.sampled_from(["right", "left"]),
    add_eos=st.booleans(),
)
def test_rows_are_those_of_the_library(
    theirs: hf.Tokenizer, texts, max_length, pad_to, multiple_of, side, truncate, add_eos
):
    end = " <EOS>" if add_eos else ""
    theirs.post_processor = hf.processors.TemplateProcessing(f"$A{end}", None, [("<EOS>", 1)])
    theirs.enable_padding(
        direction=side, pad_id=0, pad_token="<PAD>", length=pad_to, pad_to_multiple_of=multiple_of
    )
    theirs.no_truncation()
    if max_length is not None:
        theirs.enable_truncation(max_length, direction=truncate, strategy="longest_first")
    expected = theirs.encode_batch(texts)
    ids, lengths, mask = WORD.encode_padded(
        texts,
        max_length=max_length,
        truncate=truncate,
        pad_to=pad_to,
        multiple_of=multiple_of,
        side=side,
        add_eos=add_eos,
    )
    assert ids.tolist() == [row.ids for row in expected]
    assert mask.astype(int).tolist() == [row.attention_mask for row in expected]
    assert lengths.tolist() == [sum(row.attention_mask) for row in expected]


def test_the_rows_of_every_tokenizer_are_its_ids(tokenizer: Tokenizer):
    texts = ["the end", "", "a 漢 of it"]
    batch = tokenizer.encode_padded(texts, pad_id=0, side="left", multiple_of=8)
    assert batch.ids.shape[1] % 8 == 0
    rows = [row[keep].tolist() for row, keep in zip(batch.ids, batch.mask, strict=True)]
    assert rows == tokenizer.encode_batch(texts)


def test_the_types_are_those_that_embeddings_and_masks_take():
    batch = WORD.encode_padded(["a b", "c"])
    assert [part.dtype for part in batch] == [np.int64, np.int64, np.bool_]
    assert [part.shape for part in WORD.encode_padded([])] == [(0, 0), (0,), (0, 0)]


def test_the_end_of_a_document_is_never_cut_off():
    batch = WORD.encode_padded(["a b c d", "a"], max_length=3, truncate="left", add_eos=True)
    c, d = WORD.encode("c d")
    assert batch.ids.tolist() == [[c, d, 1], [*WORD.encode("a"), 1, 0]]
    assert WORD.encode_padded(["a b"], max_length=1, add_eos=True).ids.tolist() == [[1]]


def test_without_padding_token_the_error_names_one_that_will_do():
    tokenizer = ByteTokenizer(special_tokens=SpecialTokens(pad=None))
    with pytest.raises(ToktoolsError, match=r"no padding token; .*pad_id=tokenizer\.eos_id"):
        tokenizer.encode_padded(["ab", "c"])
    batch = tokenizer.encode_padded(["ab", "c"], pad_id=tokenizer.eos_id)
    assert batch.ids[1, 1] == tokenizer.eos_id
    assert batch.mask.tolist() == [[True, True], [True, False]]


def test_special_tokens_count_as_in_encode():
    batch = WORD.encode_padded(["a <EOS>"], allowed_special="all")
    assert batch.ids.tolist() == [WORD.encode("a <EOS>", allowed_special="all")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_length": 2, "truncate": False}, "text 1 has 3 tokens and max_length leaves .* 2;"),
        (
            {"max_length": 3, "truncate": False, "add_eos": True},
            "text 1 has 3 tokens and max_length leaves room for 2",
        ),
        ({"pad_to": 2}, "must hold the longest text, got 2 for text 1 of 3 tokens; max_length=2"),
        ({"pad_id": 99}, r"token id must be in 0\.\.6, got 99"),
        ({"max_length": 0}, "max_length must be >= 1, got 0"),
        ({"multiple_of": 0}, "multiple_of must be >= 1, got 0"),
        ({"side": "top"}, "side must be 'right' or 'left', got 'top'"),
        ({"truncate": True}, "truncate must be 'right' or 'left', got True"),
    ],
)
def test_what_cannot_be_is_refused(options, message: str):
    with pytest.raises(ToktoolsError, match=message):
        WORD.encode_padded(["a", "a b c", "b"], **options)
