"""The stored price of every token: what can be added up again, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.comparison.token_log import TokenLog
from lstm_lm import encode_split
from lstm_lm.evaluation.scoring import evaluation_of
from lstm_lm.evaluation.spelling import SpellingModel
from toktools import train_word
from toktools.errors import ToktoolsError

DOCUMENTS = ["the cat sat", "", "the emu sat on the gnu", "  sat"]
TOKENIZER = train_word(["the cat sat on the mat"] * 3, min_count=1)
SPELLING = SpellingModel.fit(["emu", "elk", "auk"])


def log_of(documents: list[str], seed: int = 0) -> tuple[TokenLog, np.ndarray]:
    split = encode_split(TOKENIZER, documents)
    log_p_N = np.log(np.random.default_rng(seed).uniform(0.01, 1, split.n_tokens))
    return TokenLog.of(log_p_N, split, SPELLING, TOKENIZER.unk_id), log_p_N


@given(st.lists(st.sampled_from(DOCUMENTS), min_size=1), st.integers(0, 100))
def test_the_bits_of_documents_add_up_to_those_of_the_evaluation(documents, seed):
    log, log_p_N = log_of(documents, seed)
    evaluation = evaluation_of(log_p_N, encode_split(TOKENIZER, documents), SPELLING)
    bits = evaluation.model_bits + evaluation.spelling_bits
    assert log.document_bits().sum() == pytest.approx(bits, rel=1e-12)
    uncharged = log.document_bits(charged=False).sum()
    assert uncharged == pytest.approx(evaluation.model_bits, rel=1e-12)
    assert log.document_bytes.sum() == evaluation.n_bytes


def test_each_hidden_word_is_charged_where_it_stands():
    log, _ = log_of(DOCUMENTS)
    charged = np.flatnonzero(log.spelling_nats)
    assert (log.ids[charged] == TOKENIZER.unk_id).all()
    expected = [SPELLING.bits(word) * math.log(2) for word in ("emu", "gnu")]
    assert log.spelling_nats[charged].tolist() == pytest.approx(expected)


def test_what_was_written_is_read_bit_by_bit(tmp_path: Path):
    log, _ = log_of(DOCUMENTS)
    log.save(tmp_path / "test.npz")
    again = TokenLog.load(tmp_path / "test.npz")
    for name in ("ids", "nats", "spelling_nats", "document_starts", "document_bytes"):
        kept, read = getattr(log, name), getattr(again, name)
        assert kept.dtype == read.dtype
        assert np.array_equal(kept, read)


def test_a_log_that_is_no_log_is_refused(tmp_path: Path):
    path = tmp_path / "test.npz"
    with pytest.raises(ToktoolsError, match="no such file"):
        TokenLog.load(path)
    log, _ = log_of(DOCUMENTS)
    log.save(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ToktoolsError, match="damaged"):
        TokenLog.load(path)
    np.savez(path, ids=log.ids)
    with pytest.raises(ToktoolsError, match="damaged"):
        TokenLog.load(path)
    names = ("ids", "nats", "spelling_nats", "document_starts", "document_bytes")
    arrays: dict[str, Any] = {name: getattr(log, name) for name in names}
    np.savez(path, **{**arrays, "nats": log.nats[:-1]})
    with pytest.raises(ToktoolsError, match="one price a token"):
        TokenLog.load(path)
    np.savez(path, **{**arrays, "nats": log.nats.astype(np.float32)})
    with pytest.raises(ToktoolsError, match="nats must be one row of float64"):
        TokenLog.load(path)
