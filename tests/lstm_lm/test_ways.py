"""Scores by models that adapt: what they must equal, and what they must never see."""

import math

import numpy as np
import pytest
import torch

from lstm_lm.config import ModelConfig, ScoringConfig, TrainingConfig
from lstm_lm.data.batching import make_batches
from lstm_lm.data.encoded import encode_split
from lstm_lm.evaluation.cache import NeuralCache
from lstm_lm.evaluation.dynamic import gradient_rms
from lstm_lm.evaluation.mc_dropout import dropping, mean_reader
from lstm_lm.evaluation.scoring import score, score_by
from lstm_lm.evaluation.segments import Segment
from lstm_lm.evaluation.ways import score_by_way
from lstm_lm.model import LanguageModel
from toktools.character import train_character
from toktools.errors import ToktoolsError

DOCUMENTS = ["abc abc abd", "", "abc abd abc abc", "xyz", "abc abc xyz"]
TRAINING = ["abd xyz abc " * 30, "xyz abd"]
TOKENIZER = train_character([*DOCUMENTS, *TRAINING, "QQQ something else"])
EOS = TOKENIZER.require_eos()


def make(cell="lstm", *, tied=False):
    torch.manual_seed(3)
    config = ModelConfig(
        embedding_size=6, hidden_size=6, dropout=0.5, weight_dropout=0.3, cell=cell, tied=tied
    )
    model = LanguageModel(TOKENIZER.n_vocab, config)
    for parameter in model.parameters():
        torch.nn.init.uniform_(parameter, -0.7, 0.7)
    return model.train()


def scores(model, documents=DOCUMENTS, *, batching="stream", **settings):
    return score_by_way(
        *(model, encode_split(TOKENIZER, documents), ScoringConfig(**settings)),
        eos_id=EOS,
        training=TrainingConfig(batching=batching),
        train_split=encode_split(TOKENIZER, TRAINING),
    )


@pytest.mark.parametrize("batching", ["stream", "sentence"])
@pytest.mark.parametrize(
    "settings",
    [
        {"cache": True, "cache_lambda": 0.0},
        {"dynamic": True, "dynamic_rate": 0.0},
        {"dynamic": True, "dynamic_rate": 0.0, "dynamic_rule": "sgd", "dynamic_segment": 3},
        {"dynamic": True, "dynamic_rate": 0.0, "cache": True, "cache_lambda": 0.0},
        {},
    ],
)
def test_what_adapts_by_nothing_scores_plainly(settings, batching):
    model = make()
    plain = score(
        *(model, encode_split(TOKENIZER, DOCUMENTS)),
        eos_id=EOS,
        n_shards=1,
        alone=batching == "sentence",
    )
    assert scores(model, batching=batching, **settings) == pytest.approx(plain, abs=1e-5)


def test_a_cache_of_no_weight_changes_no_bit():
    model = make()
    assert np.array_equal(scores(model), scores(model, cache=True, cache_lambda=0.0))


ADAPTING = [
    {"cache": True, "cache_theta": 0.3, "cache_window": 7},
    {"dynamic": True, "dynamic_rule": "sgd", "dynamic_rate": 0.3},
    {"dynamic": True, "dynamic_rate": 0.01, "dynamic_segment": 4},
    {"dynamic": True, "dynamic_rate": 0.01, "cache": True},
]


@pytest.mark.parametrize("settings", ADAPTING)
@pytest.mark.parametrize("batching", ["stream", "sentence"])
def test_later_text_never_changes_earlier_scores(settings, batching):
    model = make()
    changed = [*DOCUMENTS[:3], "QQQ", "something else"]
    n_same = sum(len(d) + 1 for d in DOCUMENTS[:3])
    before, after = (scores(model, d, batching=batching, **settings) for d in (DOCUMENTS, changed))
    assert before[:n_same] == pytest.approx(after[:n_same], abs=1e-6)
    assert abs(before - scores(model, batching=batching)).max() > 1e-3  # it does adapt


@pytest.mark.parametrize("settings", ADAPTING)
def test_the_weights_and_the_mode_are_those_of_before(settings):
    model = make(tied=True)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    first = scores(model, **settings)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert model.training
    assert all(w.grad is None for w in model.parameters())
    assert np.array_equal(first, scores(model, **settings))


def test_probabilities_of_all_tokens_sum_to_one_with_the_cache():
    text = "abcabcabca"
    split = encode_split(TOKENIZER, [text])
    model, totals = make().double(), []
    for place in (0, 1, 6, 10):
        p = []
        for id in range(TOKENIZER.n_vocab):
            split.ids[place] = id
            log_p = score_by_way(
                *(model, split, ScoringConfig(cache=True, cache_window=4, cache_lambda=0.4)),
                eos_id=EOS,
                training=TrainingConfig(),
            )
            p.append(math.exp(log_p[place]))
        totals.append(sum(p))
        split.ids[place] = encode_split(TOKENIZER, [text]).ids[place]
    assert totals == pytest.approx([1.0] * 4, abs=1e-6)


def cache_oracle(h_NH, ids, log_p, *, window, theta, share):
    """Mix in the cache one token at a time."""
    mixed = []
    for t, id in enumerate(ids):
        kept = range(max(0, t - window), t)
        weights = [math.exp(theta * float(h_NH[t] @ h_NH[i])) for i in kept]
        hits = sum(w for w, i in zip(weights, kept, strict=True) if ids[i] == id)
        p = math.exp(log_p[t])
        mixed.append(math.log((1 - share) * p + share * hits / sum(weights)) if t else log_p[t])
    return mixed


@pytest.mark.parametrize("window", [1, 5, 100])
def test_the_cache_agrees_with_one_token_at_a_time(window):
    random = np.random.default_rng(4)
    h_NH, ids = random.normal(size=(40, 3)), random.integers(0, 5, 40)
    log_p = np.log(random.uniform(0.1, 0.9, 40))
    config = ScoringConfig(cache=True, cache_window=window, cache_theta=0.7, cache_lambda=0.3)
    segments = [
        Segment(*(torch.from_numpy(a[s : s + 7])[:, None] for a in (h_NH, ids, log_p)))
        for s in range(0, 40, 7)
    ]
    mixed = torch.cat(list(NeuralCache(config).mix(segments)))[:, 0]
    expected = cache_oracle(h_NH, ids, log_p, window=window, theta=0.7, share=0.3)
    assert mixed.tolist() == pytest.approx(expected, abs=1e-9)


def dynamic_oracle(model, ids, *, rule, rate, decay, n, rms):
    """Adapt by autograd on plain logits, updating each matrix as the formula reads."""
    model.eval()
    trained = [w.detach().clone() for w in model.parameters()]
    mean = sum(float(r.mean()) for r in rms) / len(rms)
    state, log_p, x = model.init_state(1), [], [EOS, *ids]
    for t in range(0, len(ids), n):
        y = torch.tensor(ids[t : t + n])
        logits, state = model(torch.tensor(x[t : t + len(y)])[:, None], state)
        state = tuple(s.detach() for s in state)
        nats = torch.nn.functional.cross_entropy(logits[:, 0], y, reduction="none")
        log_p += (-nats).tolist()
        model.zero_grad()
        nats.mean().backward()
        with torch.no_grad():
            for w, w_0, r in zip(model.parameters(), trained, rms, strict=True):
                step = rate * w.grad if rule == "sgd" else rate * w.grad / (r + 2e-5)
                pull = decay if rule == "sgd" else torch.minimum(decay * r / mean, torch.ones(()))
                w += pull * (w_0 - w) - step
    return log_p


@pytest.mark.parametrize("rule", ["sgd", "rms"])
@pytest.mark.parametrize("tied", [True, False])
def test_dynamic_evaluation_agrees_with_the_formulas(rule, tied):
    settings = {"rate": 0.002 if rule == "rms" else 0.3, "decay": 0.4}
    split = encode_split(TOKENIZER, DOCUMENTS)
    training = TrainingConfig(batch_size=100, bptt=4)
    chunks = make_batches(encode_split(TOKENIZER, TRAINING), training, eos_id=EOS).epoch(0)
    model = make(tied=tied)
    rms = gradient_rms(model, chunks)
    actual = scores(
        model,
        dynamic=True,
        dynamic_rule=rule,
        dynamic_segment=4,
        dynamic_rate=settings["rate"],
        dynamic_decay=settings["decay"],
    )
    expected = dynamic_oracle(model, split.ids.tolist(), rule=rule, n=4, rms=rms, **settings)
    assert actual == pytest.approx(expected, abs=5e-4)
    assert abs(actual - scores(make(tied=tied))).max() > 0.05


def test_the_gradients_statistics_are_those_of_autograd_without_dropout():
    training = TrainingConfig(batch_size=4, bptt=50)
    chunks = list(make_batches(encode_split(TOKENIZER, TRAINING), training, eos_id=EOS).epoch(0))
    assert len(chunks) == 2
    model = make()
    rms = gradient_rms(model, chunks)
    assert model.training
    model.eval()
    state, squares = model.init_state(4), []
    for chunk in chunks:
        model.zero_grad()
        logits_TBV, after = model(chunk.x_TB, state)
        torch.nn.functional.cross_entropy(logits_TBV.flatten(0, 1), chunk.y_TB.flatten()).backward()
        squares.append([w.grad.square() for w in model.parameters() if w.grad is not None])
        state = tuple(s.detach() for s in after)
    for r, *pair in zip(rms, *squares, strict=True):
        torch.testing.assert_close(r.square(), sum(pair) / 2, rtol=1e-4, atol=1e-9)


def test_a_rate_that_is_too_high_is_said_to_be():
    with pytest.raises(ToktoolsError, match="no numbers, with dynamic_rate 1e\\+38; lower it"):
        scores(make(), dynamic=True, dynamic_rule="sgd", dynamic_rate=1e38)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cache_window": 10}, "cache_window needs cache"),
        ({"dynamic_rate": 0.1}, "dynamic_rate needs dynamic"),
        ({"cache": True, "cache_lambda": 1.0}, r"cache_lambda must be in \[0, 1\), got 1.0"),
        ({"cache": True, "cache_window": 0}, "cache_window must be >= 1, got 0"),
        ({"dynamic": True, "dynamic_rate": -1.0}, "dynamic_rate must be >= 0"),
        ({"dynamic": True, "dynamic_rule": "rsm"}, "rms"),
        ({"mc_dropout": 0}, "mc_dropout must be >= 1, got 0"),
        ({"mc_dropout": 2, "cache": True}, "leave out dynamic and cache"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ToktoolsError, match=message):
        ScoringConfig(**settings)


def dropped(model, n, **options):
    return score_by_way(
        *(model, encode_split(TOKENIZER, DOCUMENTS), ScoringConfig(mc_dropout=n)),
        eos_id=EOS,
        training=TrainingConfig(**options),
    )


@pytest.mark.parametrize("batching", ["stream", "sentence"])
def test_mc_dropout_of_nothing_is_plain_scoring(batching):
    torch.manual_seed(3)
    sizes = {"embedding_size": 6, "hidden_size": 6, "ar_alpha": 2.0}
    model = LanguageModel(TOKENIZER.n_vocab, ModelConfig(**sizes, dropout=0.0))
    alone = batching == "sentence"
    plain = score(model, encode_split(TOKENIZER, DOCUMENTS), eos_id=EOS, alone=alone)
    assert dropped(model, 3, batching=batching) == pytest.approx(plain, abs=1e-6)
    with pytest.raises(RuntimeError, match="after a forward pass in training"):
        model.penalty()  # no pass of scoring is left to be penalised


def test_mc_dropout_is_the_mean_of_the_probabilities_of_single_draws():
    model, split = make(), encode_split(TOKENIZER, DOCUMENTS)
    with dropping(model, seed=0):
        read = mean_reader(model, 1)
        single = [np.exp(score_by(read, split, eos_id=EOS)) for _ in range(3)]
    assert abs(single[0] - single[1]).max() > 1e-3
    assert np.exp(dropped(model, 3)) == pytest.approx(sum(single) / 3, rel=1e-6)


def test_mc_dropout_repeats_itself_and_leaves_random_numbers_and_mode_alone():
    model = make().eval()
    before = torch.get_rng_state()
    assert np.array_equal(dropped(model, 2), dropped(model, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert not any(part.training for part in model.modules())


def test_thirty_draws_cost_less_than_one():
    assert dropped(make(), 30).sum() > dropped(make(), 1).sum()
