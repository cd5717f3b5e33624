"""Beam search against all texts there are."""

import itertools
import math

import pytest
import torch

from lstm_lm.config import ModelConfig
from lstm_lm.model import LanguageModel
from lstm_lm.sampling.generation import generate
from toktools.word import train_word

PAD, EOS, ANY = 0, 1, 2
N_TOKENS = 4


@pytest.fixture(scope="module")
def tokenizer():
    return train_word(["a b c"], min_count=1)


@pytest.fixture(scope="module", params=range(4))
def model(request, tokenizer):
    torch.manual_seed(request.param)
    model = LanguageModel(tokenizer.n_vocab, ModelConfig(embedding_size=5, hidden_size=6))
    for parameter in model.parameters():
        torch.nn.init.uniform_(parameter, -1.5, 1.5)
    return model.eval()


def log_p(model, prompt_ids, new_ids):
    """Return log P of the new ids, PAD and ANY left out of the distribution."""
    ids = [EOS, *prompt_ids, *new_ids]
    with torch.no_grad():
        logits_TBV, _ = model(torch.tensor(ids[:-1])[:, None], model.init_state(1))
    logits_TV = logits_TBV[:, 0].double()
    logits_TV[:, [PAD, ANY]] = -math.inf
    log_p_TV = logits_TV.log_softmax(-1)
    return sum(log_p_TV[t, ids[t + 1]].item() for t in range(len(prompt_ids), len(ids) - 1))


def all_texts(n_vocab):
    """Yield every way to go on: ended by EOS, or of full length."""
    words = [i for i in range(n_vocab) if i not in (PAD, EOS, ANY)]
    for n in range(N_TOKENS + 1):
        for text in itertools.product(words, repeat=n):
            yield [*text, EOS] if n < N_TOKENS else [*text]


@pytest.mark.parametrize("length_power", [0.0, 0.7, 1.0])
def test_a_beam_as_wide_as_all_texts_finds_the_best(model, tokenizer, length_power):
    prompt_ids = tokenizer.encode("a c")
    best = max(
        all_texts(tokenizer.n_vocab),
        key=lambda text: log_p(model, prompt_ids, text) / len(text) ** length_power,
    )
    (text,) = generate(
        *(model, tokenizer, ["a c"]),
        strategy="beam",
        beams=4**N_TOKENS,
        length_power=length_power,
        n_tokens=N_TOKENS,
    )
    assert text == tokenizer.decode([*prompt_ids, *best])


def test_a_beam_of_one_is_argmax(model, tokenizer):
    prompts = ["", "a", "b c b"]
    narrow = generate(model, tokenizer, prompts, strategy="beam", beams=1, n_tokens=9)
    assert narrow == generate(model, tokenizer, prompts, n_tokens=9)


def test_length_normalisation_prefers_longer_texts(tokenizer):
    torch.manual_seed(0)
    model = LanguageModel(tokenizer.n_vocab, ModelConfig(embedding_size=5, hidden_size=6))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.head.bias[EOS] = 1.0  # P(EOS) = 0.475: short and likely; each word 0.175
        model.head.bias[3] = 0.9
    short, long = (
        generate(model, tokenizer, ["a"], strategy="beam", beams=8, n_tokens=6, length_power=power)[
            0
        ]
        for power in (0.0, 3.0)
    )
    assert short == "a"
    assert long.split() == ["a"] * 6  # one, five more, and the end
