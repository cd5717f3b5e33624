import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_lm.config import ModelConfig
from lstm_lm.data.encoded import encode_split
from lstm_lm.evaluation.scoring import Evaluation, evaluate, score, shard_cuts
from lstm_lm.evaluation.spelling import SpellingModel
from lstm_lm.model import LanguageModel
from toktools.byte import ByteTokenizer
from toktools.word import train_word

DOCUMENTS = [
    "a lot of bytes",
    "b",
    "",
    "élan",
    "a longer document than the others " * 3,
    "x y",
    "z",
]


def make(n_vocab, *, uniform=False):
    torch.manual_seed(2)
    model = LanguageModel(n_vocab, ModelConfig(embedding_size=5, hidden_size=6, dropout=0.5))
    for parameter in model.parameters():
        torch.nn.init.uniform_(parameter, -1, 1)
    if uniform:
        torch.nn.init.zeros_(model.head.weight)
        torch.nn.init.constant_(model.head.bias, 3.0)
    return model.train()


def oracle(model, split, cuts, eos_id):
    """Score one token at a time, one shard after the other."""
    model.eval()
    scores = []
    for first, last in itertools.pairwise(cuts):
        state, previous = model.init_state(1), eos_id
        for id in split.ids[split.starts[first] : split.starts[last]].tolist():
            with torch.no_grad():
                logits_TBV, state = model(torch.tensor([[previous]]), state)
            scores.append(logits_TBV[0, 0].double().log_softmax(-1)[id].item())
            previous = id
    model.train()
    return scores


@pytest.mark.parametrize("n_shards", [1, 2, 3, 32])
def test_scores_agree_with_one_token_at_a_time(n_shards, monkeypatch):
    monkeypatch.setattr("lstm_lm.evaluation.segments.ROWS_AT_ONCE", 7 * 3)  # several chunks
    tokenizer = ByteTokenizer()
    split, model = encode_split(tokenizer, DOCUMENTS), make(tokenizer.n_vocab)
    cuts = shard_cuts(split.n_bytes, n_shards)
    log_p = score(model, split, eos_id=1, n_shards=n_shards)
    assert log_p == pytest.approx(oracle(model, split, cuts, 1), abs=1e-5)


@pytest.mark.parametrize("n_documents", [1, 2, 7, 65, 131])
@pytest.mark.parametrize("alone", [True, False])
def test_every_token_is_scored_once_for_odd_sizes(n_documents, alone):
    tokenizer = ByteTokenizer()
    split = encode_split(tokenizer, ["ab" * (i % 5) for i in range(n_documents)])
    model = make(tokenizer.n_vocab, uniform=True)
    log_p = score(model, split, eos_id=1, alone=alone)
    assert log_p == pytest.approx(np.full(split.n_tokens, -math.log(258)), abs=1e-5)


def test_alone_does_not_depend_on_the_number_of_shards_and_is_one_shard_a_document():
    tokenizer = ByteTokenizer()
    split, model = encode_split(tokenizer, DOCUMENTS), make(tokenizer.n_vocab)
    results = [score(model, split, eos_id=1, n_shards=n, alone=True) for n in (1, 3, 32)]
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])
    each = oracle(model, split, range(len(DOCUMENTS) + 1), 1)
    assert results[0] == pytest.approx(each, abs=1e-5)


def test_what_stands_before_a_document_matters_within_a_shard():
    tokenizer = ByteTokenizer()
    split, model = encode_split(tokenizer, DOCUMENTS), make(tokenizer.n_vocab)
    one, alone = (score(model, split, eos_id=1, n_shards=n) for n in (1, 32))
    assert abs(one[-2:] - alone[-2:]).max() > 1e-3


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=60), st.integers(1, 40))
def test_shards_are_contiguous_cover_all_and_are_nearly_equal(n_bytes, n_shards):
    cuts = shard_cuts(np.array(n_bytes), n_shards)
    assert cuts[0] == 0
    assert cuts[-1] == len(n_bytes)
    assert all(a < b for a, b in itertools.pairwise(cuts))
    assert len(cuts) - 1 <= n_shards
    sizes = [sum(n_bytes[a:b]) for a, b in itertools.pairwise(cuts)]
    assert max(sizes) <= sum(n_bytes) / n_shards + max(n_bytes)


def test_uniform_logits_give_log_v_and_a_perplexity_of_v():
    tokenizer = ByteTokenizer()
    split = encode_split(tokenizer, DOCUMENTS)
    model = make(tokenizer.n_vocab, uniform=True)
    evaluation = evaluate(model, split, SpellingModel(), eos_id=1)
    assert evaluation.loss_nats == pytest.approx(math.log(258), rel=1e-6)
    assert evaluation.perplexity == pytest.approx(258, rel=1e-5)
    assert evaluation.bits_per_byte == pytest.approx(8.0112, abs=1e-4)  # log2(258), byte = token
    assert evaluation.bits_per_character > evaluation.bits_per_byte  # é is two bytes


def test_the_spelling_is_charged_once_for_each_hidden_span():
    tokenizer = train_word(["the cat sat"], min_count=1)
    split = encode_split(tokenizer, ["the dog sat", "dog", "emu cat"], check=True)
    spelling = SpellingModel.fit(["dog", "dig"])
    e = evaluate(make(tokenizer.n_vocab, uniform=True), split, spelling, eos_id=1)
    extra = 2 * spelling.bits("dog") + spelling.bits("emu")
    n_bytes = len("the dog sat" + "dog" + "emu cat") + 3
    assert e.n_any == 3
    assert e.bits_per_byte_uncharged == pytest.approx(9 * math.log2(6) / n_bytes, rel=1e-6)
    assert (e.bits_per_byte - e.bits_per_byte_uncharged) * n_bytes == pytest.approx(extra)
    assert (e.bits_per_character - e.bits_per_character_uncharged) * n_bytes == pytest.approx(extra)
    assert e.oov_rate == pytest.approx(3 / 6)
    assert e.caveat == ""


def test_lost_text_is_said_in_words():
    tokenizer = train_word(["the cat sat"], min_count=1)
    split = encode_split(tokenizer, ["the  cat", "the cat", "cat "], check=True)
    e = evaluate(make(tokenizer.n_vocab), split, SpellingModel(), eos_id=1)
    assert e.documents_reproduced == 1
    assert e.caveat.startswith("2 of 3 documents cannot be rebuilt")


def test_the_model_is_scored_in_evaluation_mode_and_given_back_in_its_own():
    tokenizer = ByteTokenizer()
    split, model = encode_split(tokenizer, DOCUMENTS), make(tokenizer.n_vocab)
    twice = [score(model, split, eos_id=1) for _ in range(2)]
    assert np.array_equal(*twice)
    assert model.training


def test_figures_come_back_from_their_dict():
    values = {"n_documents": 1, "n_tokens": 4, "n_bytes": 8, "n_characters": 7, "n_words": 2}
    e = Evaluation(**values, n_words_hidden=1, n_any=1, total_nats=1e4, spelling_bits=2.5)
    assert e.perplexity == math.inf
    assert Evaluation.from_dict(e.as_dict()) == e
