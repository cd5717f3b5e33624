import math

import pytest
import torch

from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.data.batching import make_batches
from lstm_lm.data.encoded import encode_split
from lstm_lm.model import LanguageModel
from lstm_lm.training.learner import Learner
from lstm_lm.training.losses import CrossEntropy
from lstm_lm.training.rate_finder import RateSearch, find_learning_rate, save_search, search_on
from toktools.errors import ToktoolsError

MODEL = ModelConfig(embedding_size=8, hidden_size=12, n_layers=1, dropout=0.0)
CONFIG = TrainingConfig(batch_size=8, bptt=10)


def valley(n=101, bottom=60):
    """Losses over rates 1e-6 ... 1e4 that are lowest at the given update."""
    rates = [10 ** (-6 + i / 10) for i in range(n)]
    return RateSearch(rates=rates, losses=[2 + (i - bottom) ** 2 / 1000 for i in range(n)])


def test_the_suggestion_is_a_quarter_of_the_rate_at_the_lowest_loss():
    assert valley(bottom=60).rates[60] == pytest.approx(1.0)
    assert valley(bottom=60).suggestion == pytest.approx(0.25)
    assert valley(bottom=40).suggestion == pytest.approx(0.0025)


def test_one_lucky_update_does_not_decide():
    search = valley()
    search.losses[20] = 1.9
    assert search.losses[20] == min(search.losses)
    assert search.suggestion == valley().suggestion


def test_rates_grow_by_equal_factors_and_each_is_what_the_update_used(texts, word):
    split = encode_split(word, texts["train"])
    torch.manual_seed(0)
    learner = Learner(LanguageModel(word.n_vocab, MODEL), CONFIG, CrossEntropy())
    used = []
    update = learner.update
    learner.update = lambda chunk, rate: used.append(rate) or update(chunk, rate)
    batches = make_batches(split, CONFIG, eos_id=word.eos_id)
    search = find_learning_rate(learner, batches, lowest=1e-4, highest=1e-2, n_updates=21)
    assert search.rates == used
    assert used == pytest.approx([10 ** (-4 + i / 10) for i in range(21)])


def test_the_search_ends_when_the_loss_blows_up(texts, word):
    config = TrainingConfig(batch_size=8, bptt=10, optimizer="sgd", clip_norm=1e9)
    search = search_on(texts["train"], word, MODEL, config, lowest=1e-2, highest=1e6)
    assert len(search.rates) < 90
    assert search.losses[-1] > 1.5 * min(search.losses)
    assert search.rates[0] < search.suggestion < search.rates[-1]


def test_training_with_the_suggestion_beats_a_hundredth_and_a_hundred_times_it(texts, word):
    suggestion = search_on(texts["train"], word, MODEL, CONFIG).suggestion
    final = {}
    for factor in (0.01, 1, 100):
        torch.manual_seed(0)
        learner = Learner(LanguageModel(word.n_vocab, MODEL), CONFIG, CrossEntropy())
        batches = make_batches(encode_split(word, texts["train"]), CONFIG, eos_id=word.eos_id)
        losses = [
            float(learner.update(chunk, factor * suggestion).nats)
            for epoch in range(4)
            for chunk in batches.epoch(epoch)
        ]
        final[factor] = sum(losses[-12:])
    assert final[1] < 0.9 * final[0.01]
    assert not final[1] > 0.9 * final[100]


def test_a_search_repeats_itself_and_leaves_the_caller_s_random_numbers_alone(texts, word):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = search_on(texts["train"], word, MODEL, CONFIG, n_updates=12)
    assert torch.equal(torch.rand(3), expected)
    assert search_on(texts["train"], word, MODEL, CONFIG, n_updates=12) == first


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lowest": 1.0, "highest": 0.1}, "0 < lowest < highest, got 1.0 and 0.1"),
        ({"n_updates": 3}, "n_updates must be >= 10"),
        ({"lowest": 1e5, "highest": 1e6}, r"blew up after \d updates; lower --lowest"),
    ],
)
def test_a_search_that_cannot_be_is_refused(texts, word, settings, message):
    config = TrainingConfig(batch_size=8, bptt=10, optimizer="sgd", clip_norm=1e9)
    with pytest.raises(ToktoolsError, match=message):
        search_on(texts["train"], word, MODEL, config, **settings)


def test_the_picture_is_a_png(tmp_path):
    save_search(valley(), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert math.isclose(valley().as_dict()["suggestion"], 0.25)
