"""The softmax over a part of the vocabulary: right in the mean, exact if the part is the whole."""

import dataclasses

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import lstm_lm
from lstm_lm import TrainingConfig
from lstm_lm.data.batching import IGNORED
from lstm_lm.training.losses import CrossEntropy
from lstm_lm.training.sampled import SampledWords
from toktools.errors import ToktoolsError


@given(st.integers(2, 60), st.integers(2, 70), st.integers(0, 10_000))
def test_a_part_stands_for_all_words_and_holds_every_target(n_vocab, n_words, seed):
    torch.manual_seed(seed)
    counts_V = torch.randint(0, 9, (n_vocab,))
    y_N = torch.randint(0, n_vocab, (7,))
    y_N[2] = IGNORED
    part = SampledWords(counts_V, n_words).draw(y_N)
    stands_for_S = part.bias_S.exp()
    assert stands_for_S.sum().item() == pytest.approx(n_vocab, rel=1e-5)
    assert (part.ids_S.diff() > 0).all()
    counted_N = y_N != IGNORED
    assert torch.equal(part.y_N == IGNORED, ~counted_N)
    assert torch.equal(part.ids_S[part.y_N[counted_N]], y_N[counted_N])
    certain = torch.cat(
        [y_N[counted_N], counts_V.argsort(descending=True, stable=True)[: n_words // 2]]
    )
    assert set(certain.tolist()) <= set(part.ids_S[part.bias_S == 0].tolist())


def test_the_sum_of_exponentials_is_right_in_the_mean():
    torch.manual_seed(0)
    logits_V, y_N = torch.randn(40), torch.tensor([3, 5])
    sampled = SampledWords(torch.arange(40), 12)
    parts = [sampled.draw(y_N) for _ in range(4000)]
    sums = torch.stack([(logits_V[p.ids_S] + p.bias_S).exp().sum() for p in parts])
    error = sums.std() / len(sums) ** 0.5
    assert error > 0
    assert abs(sums.mean() - logits_V.exp().sum()) < 4 * error
    assert sums.log().mean() < logits_V.exp().sum().log()  # what a logarithm does to it


@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_and_gradients_are_the_whole_softmaxs_where_every_word_is_drawn(weighted):
    torch.manual_seed(0)
    head, h_TBH = nn.Linear(5, 11), torch.randn(3, 2, 5)
    y_TB = torch.tensor([[1, 2], [IGNORED, 4], [10, 1]])
    weights_V = torch.rand(11) if weighted else None
    results = []
    for sampled in (None, SampledWords(torch.ones(11), 18)):
        loss = CrossEntropy(weights_V, sampled=sampled).of_features(h_TBH, head, y_TB, watched=True)
        gradients = torch.autograd.grad(loss.objective, list(head.parameters()))
        results.append((loss.objective, loss.nats, loss.probability, *gradients))
    for whole, part in zip(*results, strict=True):
        torch.testing.assert_close(part, whole)


def test_a_model_learns_from_parts_and_a_run_that_was_stopped_goes_on_the_same(
    tmp_path, texts, word, small_model, small_training
):
    training = dataclasses.replace(small_training, sampled_words=8)
    for name in ("whole", "stopped"):
        stop = iter([False] * 7 + [True]).__next__ if name == "stopped" else None
        arguments = (tmp_path / name, texts, word)
        options = {"model": small_model, "training": training}
        if stop:
            with pytest.raises(lstm_lm.TrainingInterrupted):
                lstm_lm.train(*arguments, **options, stop=stop)
        lstm_lm.train(*arguments, **options, resume=stop is not None)
    whole, stopped = (lstm_lm.load(tmp_path / name) for name in ("whole", "stopped"))
    for a, b in zip(whole.model.parameters(), stopped.model.parameters(), strict=True):
        assert torch.equal(a, b)
    losses = [
        line["validation_loss_nats"] for line in whole.metrics if "validation_loss_nats" in line
    ]
    assert losses[-1] < losses[0]


def test_too_few_words_are_refused():
    with pytest.raises(ToktoolsError, match="sampled_words"):
        TrainingConfig(sampled_words=1)
