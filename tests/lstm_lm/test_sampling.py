import pytest
import torch

from lstm_lm.config import ModelConfig
from lstm_lm.config.sampling import STRATEGIES
from lstm_lm.model import LanguageModel
from lstm_lm.sampling.generation import generate
from lstm_lm.sampling.prompts import unknown
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


@pytest.mark.parametrize("strategy", [*STRATEGIES, "top-k+top-p+resample-once"])
def test_a_text_does_not_depend_on_its_companions_in_the_batch(model, tokenizer, strategy):
    together = generate(model, tokenizer, PROMPTS, n_tokens=9, strategy=strategy)
    alone = [generate(model, tokenizer, [p], n_tokens=9, strategy=strategy)[0] for p in PROMPTS]
    assert together == alone


@pytest.mark.parametrize("strategy", [*STRATEGIES, "top-k+top-p+resample-once"])
def test_pad_and_any_are_never_generated(model, tokenizer, strategy):
    texts = generate(
        model, tokenizer, PROMPTS, n_tokens=50, strategy=strategy, k=99, temperature=9.0, p=1.0
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
    assert generate(model, tokenizer, ["a b"], stop_on="3") == ["a b\n\n\n"]


def test_what_the_tokenizer_does_not_know_of_a_prompt_stands_as_it_was(model, tokenizer):
    (text,) = generate(model, tokenizer, ["a wug b"], n_tokens=2)
    assert text.startswith("a wug b ")
    assert unknown(tokenizer, "a wug b zzz") == ["wug", "zzz"]


@pytest.mark.parametrize("training", [True, False])
def test_the_model_s_mode_is_restored(model, tokenizer, training):
    model.train(training)
    generate(model, tokenizer, ["a"], n_tokens=2)
    assert model.training is training


def test_a_banned_token_does_not_come_and_any_comes_if_allowed(model, tokenizer):
    assert " a" in generate(model, tokenizer, ["a b"], strategy="sample", temperature=9.0)[0]
    banned = generate(
        model, tokenizer, ["a b"], strategy="sample", temperature=9.0, ban=("a", "<EOS>")
    )
    assert " a" not in banned[0]
    assert len(banned[0].split()) == 102
    assert generate(model, tokenizer, ["b"], n_tokens=2, allow_any=True) == ["b <ANY> <ANY>"]


def test_a_great_penalty_lets_no_word_come_twice(model, tokenizer):
    with torch.no_grad():
        model.head.bias += 50.0  # a positive logit can fall to 0, but no further
    (text,) = generate(model, tokenizer, ["a b"], n_tokens=6, repetition_penalty=1e9, ban=["<EOS>"])
    assert sorted(text.split()) == list("abcdefgh")


def test_a_penalty_of_1_changes_nothing(model, tokenizer):
    assert generate(model, tokenizer, PROMPTS, repetition_penalty=1.0) == generate(
        model, tokenizer, PROMPTS
    )


def test_more_prompts_than_are_continued_at_once_give_the_same_texts(model, tokenizer, monkeypatch):
    prompts = [*PROMPTS, "a", "a", "b", "a"]
    whole = generate(model, tokenizer, prompts, n_tokens=9, strategy="sample")
    monkeypatch.setattr("lstm_lm.sampling.generation._ROWS", 3)
    assert generate(model, tokenizer, prompts, n_tokens=9, strategy="sample") == whole


def test_no_prompts_give_no_texts(model, tokenizer):
    assert generate(model, tokenizer, []) == []


def test_a_prompt_longer_than_is_read_at_once_is_read_to_its_end(model, tokenizer, monkeypatch):
    prompt = " ".join("abcdefgh"[i * i % 7] for i in range(50))
    whole = generate(model, tokenizer, [prompt], n_tokens=9)
    monkeypatch.setattr("lstm_lm.sampling.stepping._STEPS", 7)
    assert generate(model, tokenizer, [prompt], n_tokens=9) == whole
    assert whole == [argmax_by_hand(model, tokenizer, prompt, 9)]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("strategy", ["argmax", "top-p", "beam"])
def test_weights_that_are_not_numbers_are_told(model, tokenizer, strategy, value):
    torch.nn.init.constant_(model.head.bias, value)
    with pytest.raises(ToktoolsError, match=f"gives {value} for a logit: its weights are damaged"):
        generate(model, tokenizer, ["a"], strategy=strategy)


def test_a_vocabulary_of_which_all_is_banned_is_told(model, tokenizer):
    with pytest.raises(ToktoolsError, match="every token is banned"):
        generate(model, tokenizer, ["a"], ban=["<EOS>", *"abcdefgh"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0.0}, "temperature must be > 0, got 0.0; .* use the strategy argmax"),
        ({"temperature": -1.0}, "temperature must be > 0, got -1.0"),
        ({"temperature": float("nan")}, "temperature must be > 0, got nan"),
        ({"strategy": "topk"}, "did you mean 'top-k'"),
        ({"strategy": "top-k+beam"}, "beam cannot be followed or preceded"),
        ({"strategy": "argmax+top-k"}, "argmax cannot be followed or preceded"),
        ({"k": 0}, "k must be >= 1"),
        ({"p": 0.0}, r"p must be in \(0, 1\], got 0.0"),
        ({"min_p": 1.5}, r"min_p must be in \(0, 1\], got 1.5"),
        ({"n_tokens": 0}, "n_tokens must be >= 1"),
        ({"beams": 0}, "beams must be >= 1"),
        ({"length_power": -1.0}, "length_power must be >= 0"),
        ({"repetition_penalty": 0.0}, "repetition_penalty must be > 0"),
        ({"seed": -1}, "seed must be >= 0"),
        ({"seed": "1"}, "seed must be of type int"),
        ({"stop_on": "EOF"}, "stop_on must be EOS, newline or a number of tokens, got 'EOF'"),
        ({"stop_on": "0"}, "stop_on must be EOS, newline or a number"),
        ({"ban": ("wug",)}, "no token 'wug' to ban"),
    ],
)
def test_settings_out_of_range_are_refused(model, tokenizer, settings, message):
    with pytest.raises(ToktoolsError, match=message):
        generate(model, tokenizer, ["a"], **settings)
