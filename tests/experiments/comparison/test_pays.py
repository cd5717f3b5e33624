"""Where a tokenizer pays: bits divided over characters, beside a slow and obvious count."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.comparison.pays import (
    CLASSES,
    END,
    SPACE,
    Text,
    bits_of_characters,
    class_of,
    count_words,
    where_it_pays,
)
from experiments.comparison.token_log import TokenLog
from lstm_lm import encode_split
from lstm_lm.evaluation.spelling import SpellingModel
from toktools import train_bpe, train_character, train_word, train_wordpiece
from toktools.errors import ToktoolsError

TRAINING = ["the cat sat on the mat", "Die Katze saß 12 mal", "猫が好き"] * 12
TOKENIZERS = {
    "word": train_word(TRAINING, min_count=2),
    "character": train_character(TRAINING),
    "bpe": train_bpe(TRAINING, vocab_size=290),
    "wordpiece": train_wordpiece(TRAINING, vocab_size=60),
}
DOCUMENT = st.one_of(
    st.sampled_from(["the cat", "", " the  emu\t", "saß\u2028 99 mal", "猫 猫好き", "a\x1cb"]),
    st.text(max_size=12),
)


def log_of(tokenizer, documents: list[str], seed: int = 0) -> TokenLog:
    split = encode_split(tokenizer, documents)
    log_p_N = np.log(np.random.default_rng(seed).uniform(0.01, 1, split.n_tokens))
    return TokenLog.of(log_p_N, split, SpellingModel(), tokenizer.unk_id)


def slowly(tokenizer, log: TokenLog, documents: list[str]) -> list[float]:
    """The bits of each character, one token at a time."""
    bits = iter(log.bits().tolist())
    found: list[float] = []
    for document in documents:
        sizes = [len(c.encode()) for c in document] + [1]
        own = [0.0] * len(sizes)
        spans = tokenizer.encode_with_offsets(document)[1]
        for start, end in [*spans, (len(document), len(document))]:
            covered = range(start, max(end, start + 1))
            total = next(bits)
            for i in covered:
                own[i] += total * sizes[i] / sum(sizes[j] for j in covered)
        found += own
    return found


@pytest.mark.parametrize("kind", TOKENIZERS)
@settings(max_examples=40, deadline=None)
@given(documents=st.lists(DOCUMENT, min_size=1, max_size=5))
def test_bits_are_divided_as_one_token_after_another_would_be(kind, documents):
    tokenizer = TOKENIZERS[kind]
    log = log_of(tokenizer, documents)
    bits_C = bits_of_characters(Text(documents), tokenizer, log)
    assert bits_C.tolist() == pytest.approx(slowly(tokenizer, log, documents), abs=1e-9)


@pytest.mark.parametrize("kind", TOKENIZERS)
@settings(max_examples=40, deadline=None)
@given(documents=st.lists(DOCUMENT, min_size=1, max_size=5))
def test_groups_add_up_to_all_bits_and_bytes_and_are_the_same_for_every_tokenizer(kind, documents):
    log = log_of(TOKENIZERS[kind], documents)
    pays = where_it_pays(TOKENIZERS[kind], log, documents, count_words(TRAINING))
    other = TOKENIZERS["character"]
    by_characters = where_it_pays(other, log_of(other, documents), documents, count_words(TRAINING))
    for way, groups in pays.items():
        assert sum(group["bits"] for group in groups) == pytest.approx(log.bits().sum())
        assert sum(group["n_bytes"] for group in groups) == log.document_bytes.sum()
        assert [(g["group"], g["n_bytes"], g["n_units"]) for g in groups] == [
            (g["group"], g["n_bytes"], g["n_units"]) for g in by_characters[way]
        ]


def test_words_stand_in_the_group_of_their_frequency():
    documents = ["rare twice the the", "the"]
    counts = Counter({"twice": 2, "the": 1000})
    pays = where_it_pays(TOKENIZERS["bpe"], log_of(TOKENIZERS["bpe"], documents), documents, counts)
    sizes = {g["group"]: (g["n_units"], g["n_bytes"]) for g in pays["word frequency"]}
    assert sizes == {
        "not in the training text": (1, 4),
        "2-9 times": (1, 5),
        "1,000 times or more": (3, 9),
        SPACE: (3, 3),
        END: (2, 2),
    }


def test_characters_stand_in_the_group_of_their_position():
    documents = ["a longest"]
    pays = where_it_pays(
        TOKENIZERS["bpe"], log_of(TOKENIZERS["bpe"], documents), documents, Counter()
    )
    sizes = {g["group"]: g["n_units"] for g in pays["position in the word"]}
    assert sizes == {
        **{"1st character": 2, "2nd": 1, "3rd": 1, "4th-6th": 3, "later": 1},
        **{SPACE: 1, END: 1},
    }


@given(st.characters())
def test_every_character_has_a_class(character):
    assert class_of(ord(character)) in CLASSES
    assert (class_of(ord(character)) == SPACE) == character.isspace()


def test_a_log_of_another_text_is_refused():
    log = log_of(TOKENIZERS["bpe"], ["the cat"])
    with pytest.raises(ToktoolsError, match="document 0 is not cut as in the log"):
        where_it_pays(TOKENIZERS["bpe"], log, ["the mat"], Counter())
