import numpy as np
import pytest
import torch
from torch.testing import assert_close

from lstm_lm.config import ModelConfig
from lstm_lm.model import LanguageModel
from lstm_lm.sampling.generation import draw, forbid, generate, keep_top_k, softmax, unknown
from toktools.errors import ToktoolsError
from toktools.word import train_word

PAD, EOS, ANY = 0, 1, 2


@pytest.fixture(scope="module")
def tokenizer():
    return train_word(["a b c d e f g h"], min_count=1)


@pytest.fixture
def model(tokenizer):
    torch.manual_seed(3)
    model = LanguageModel(tokenizer.n_vocab, ModelConfig(embedding_size=6, hidden_size=8))
    for parameter in model.parameters():
        torch.nn.init.uniform_(parameter, -1.5, 1.5)
    with torch.no_grad():
        model.head.bias[[PAD, ANY]] = 50.0  # would always win
        model.head.bias[EOS] = -4.0
    return model.train()


def argmax_by_hand(model, tokenizer, prompt, n_tokens):
    """Read the whole text anew for every token."""
    model.eval()
    ids = [EOS, *tokenizer.encode(prompt)]
    for _ in range(n_tokens):
        logits_TBV, _ = model(torch.tensor(ids)[:, None], model.init_state(1))
        logits_V = logits_TBV[-1, 0].tolist()
        ids.append(max(range(len(logits_V)), key=lambda i: (i not in (PAD, ANY), logits_V[i])))
    return tokenizer.decode(ids[1 : ids.index(EOS, 1) if EOS in ids[1:] else None])


PROMPTS = ["a b c", "", "h", "d d d d d"]


def test_argmax_agrees_with_reading_the_whole_text_anew_for_every_token(model, tokenizer):
    expected = [argmax_by_hand(model, tokenizer, prompt, 12) for prompt in PROMPTS]
    assert generate(model, tokenizer, PROMPTS, n_tokens=12) == expected
    assert len(set(expected)) == len(PROMPTS)


@pytest.mark.parametrize("strategy", ["argmax", "top-k", "sample"])
def test_a_text_does_not_depend_on_its_companions_in_the_batch(model, tokenizer, strategy):
    together = generate(model, tokenizer, PROMPTS, n_tokens=9, strategy=strategy)
    alone = [generate(model, tokenizer, [p], n_tokens=9, strategy=strategy)[0] for p in PROMPTS]
    assert together == alone


@pytest.mark.parametrize("strategy", ["argmax", "top-k", "sample"])
def test_pad_and_any_are_never_generated(model, tokenizer, strategy):
    texts = generate(
        model, tokenizer, PROMPTS, n_tokens=50, strategy=strategy, k=99, temperature=9.0
    )
    assert not any("<" in text for text in texts)


def test_the_same_seed_gives_the_same_text_and_another_another(model, tokenizer):
    def sample(seed):
        return generate(model, tokenizer, ["a"], n_tokens=20, strategy="sample", seed=seed)

    assert sample(1) == sample(1)
    assert sample(1) != sample(2)


def test_a_prompt_given_twice_gets_two_texts(model, tokenizer):
    first, second = generate(model, tokenizer, ["a", "a"], n_tokens=20, strategy="sample")
    assert first != second


def test_two_prompts_do_not_share_their_draws(model, tokenizer):
    torch.nn.init.zeros_(model.head.weight)  # the state has no say: only the draws differ
    a, b = generate(model, tokenizer, ["a", "b"], n_tokens=20, strategy="sample")
    assert a[2:] != b[2:]


def test_top_1_is_argmax_and_a_k_above_the_vocabulary_is_all(model, tokenizer):
    def texts(**settings):
        return generate(model, tokenizer, PROMPTS, n_tokens=9, **settings)

    assert texts(strategy="top-k", k=1) == texts()
    assert texts(strategy="top-k", k=1000) == texts(strategy="sample")


def test_a_low_temperature_comes_down_to_argmax_without_overflow(model, tokenizer):
    cold = generate(model, tokenizer, PROMPTS, n_tokens=9, strategy="sample", temperature=1e-9)
    assert cold == generate(model, tokenizer, PROMPTS, n_tokens=9)


def test_a_text_ends_at_eos_or_goes_on_in_a_new_line(model, tokenizer):
    with torch.no_grad():
        model.head.bias[EOS] = 60.0
    assert generate(model, tokenizer, ["a b"], n_tokens=3) == ["a b"]
    assert generate(model, tokenizer, ["a b"], n_tokens=3, stop_at_eos=False) == ["a b\n\n\n"]


def test_what_the_tokenizer_does_not_know_of_a_prompt_stands_as_it_was(model, tokenizer):
    (text,) = generate(model, tokenizer, ["a wug b"], n_tokens=2)
    assert text.startswith("a wug b ")
    assert unknown(tokenizer, "a wug b zzz") == ["wug", "zzz"]


@pytest.mark.parametrize("training", [True, False])
def test_the_model_s_mode_is_restored(model, tokenizer, training):
    model.train(training)
    generate(model, tokenizer, ["a"], n_tokens=2)
    assert model.training is training


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0.0}, "temperature must be > 0, got 0.0; .* use the strategy argmax"),
        ({"strategy": "topk"}, "did you mean 'top-k'"),
        ({"k": 0}, "k must be >= 1"),
        ({"n_tokens": 0}, "n_tokens must be >= 1"),
    ],
)
def test_settings_out_of_range_are_refused(model, tokenizer, settings, message):
    with pytest.raises(ToktoolsError, match=message):
        generate(model, tokenizer, ["a"], **settings)


def test_draws_follow_the_probabilities():
    p_BV = torch.tensor([[0.0, 0.25, 0.0, 0.75, 0.0]], dtype=torch.float64).expand(40_000, -1)
    u_B = torch.from_numpy(np.random.default_rng(0).random(40_000))
    shares = draw(p_BV, u_B).bincount(minlength=5) / 40_000
    assert shares.tolist() == pytest.approx([0, 0.25, 0, 0.75, 0], abs=0.01)
    ends = draw(p_BV[:2], torch.tensor([0.0, 1 - 2**-53], dtype=torch.float64))
    assert ends.tolist() == [1, 3]


def test_the_steps_on_logits_worked_by_hand():
    logits_BV = torch.tensor([[1.0, 3.0, 2.0], [0.0, 0.0, -1.0]])
    inf = float("inf")
    assert keep_top_k(logits_BV, 2)[0].tolist() == [-inf, 3.0, 2.0]
    assert (keep_top_k(logits_BV, 1) > -inf).sum(-1).tolist() == [1, 1]  # exactly k, ties or not
    assert forbid(logits_BV, {1})[:, 1].tolist() == [-inf, -inf]
    assert_close(softmax(logits_BV, 0.5), torch.softmax(logits_BV * 2, -1))
