"""The bits of single tokens: their sum is that of the evaluation, their spans are the text's."""

import math

import pytest
import torch

import lstm_lm
from toktools.errors import ToktoolsError

TEXT = "one hundred wug two"


def test_the_bits_add_up_to_those_of_the_evaluation_of_the_same_text(trained):
    scores, whole = trained.score(TEXT), trained.evaluate([TEXT])
    assert whole.n_any > 0
    assert math.fsum(scores.bits) == pytest.approx(whole.model_bits, rel=1e-6)
    assert math.fsum(scores.spelling_bits) == pytest.approx(whole.spelling_bits, rel=1e-12)
    assert scores.n_bytes == whole.n_bytes
    assert scores.bits_per_byte == pytest.approx(whole.bits_per_byte, rel=1e-6)


def test_each_token_has_its_characters_its_bits_and_the_price_of_its_spelling(trained):
    scores = trained.score(TEXT)
    assert scores.tokens == ("one", "hundred", "<ANY>", "two", "<EOS>")
    assert [TEXT[a:b] for a, b in scores.spans] == ["one", "hundred", "wug", "two", ""]
    assert all(bits > 0 for bits in scores.bits)
    assert [bits > 0 for bits in scores.spelling_bits] == [False, False, True, False, False]


def test_a_token_costs_what_its_probability_after_those_before_it_says(trained):
    model, tokenizer = trained.model, trained.tokenizer
    ids = [tokenizer.eos_id, *tokenizer.encode(TEXT)]
    with torch.no_grad():
        logits_T1V, _ = model(torch.tensor(ids)[:, None], model.init_state(1))
    bits = -logits_T1V[:, 0].log_softmax(-1) / math.log(2)
    expected = [float(bits[t, id]) for t, id in enumerate([*ids[1:], tokenizer.eos_id])]
    assert trained.score(TEXT).bits == pytest.approx(expected, abs=1e-4)


def test_the_beginning_of_a_text_is_scored_without_its_end(trained):
    whole, beginning = trained.score(TEXT), trained.score(TEXT, end=False)
    assert beginning.bits == pytest.approx(whole.bits[:-1], abs=1e-5)
    assert beginning.n_bytes == whole.n_bytes - 1
    nothing = trained.score("", end=False)
    assert (nothing.bits, nothing.total_bits, nothing.bits_per_byte) == ((), 0, 0)
    assert trained.score("").tokens == ("<EOS>",)


def test_weights_that_are_not_numbers_are_told_in_one_line(trained):
    run = lstm_lm.load(trained.path)
    torch.nn.init.constant_(run.model.head.bias, float("nan"))
    with pytest.raises(ToktoolsError, match="gives NaN for a probability: its weights are damaged"):
        run.score(TEXT)
