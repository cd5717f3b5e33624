import pytest
import torch
from torch import nn
from torch.testing import assert_close

from lstm_lm.cells import GRU, LSTM, PeepholeLSTM, TorchGRU, TorchLSTM
from lstm_lm.regularization import (
    Dropout,
    EmbeddingDropout,
    LockedDropout,
    WeightDrop,
    activation_regularization,
    temporal_activation_regularization,
)
from toktools.errors import ToktoolsError

DROPOUTS = [Dropout, LockedDropout]


# Activations


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("p", [0.003, 0.3, 0.9])
def test_dropout_drops_as_often_as_asked_and_scales_what_it_keeps(p, dtype):
    torch.manual_seed(3)
    x = torch.ones(1000, 300, dtype=dtype)
    dropped = Dropout(p)(x)
    kept = dropped != 0
    spread = (p * (1 - p) / x.numel()) ** 0.5
    assert kept.double().mean().item() == pytest.approx(1 - p, abs=5 * spread)
    assert dropped.dtype == dtype
    assert dropped[kept].unique().tolist() == [(x[0, 0] / (1 - p)).item()]


@pytest.mark.parametrize("kind", DROPOUTS)
def test_dropout_keeps_the_expectation(kind):
    torch.manual_seed(4)
    dropped = kind(0.4)(torch.ones(4, 500, 200))
    assert sorted(set(dropped.unique().tolist())) == pytest.approx([0.0, 1 / 0.6])
    assert dropped.mean() == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("kind", DROPOUTS)
def test_dropout_is_the_identity_in_evaluation_and_at_rate_zero(kind):
    x_TBH = torch.randn(3, 2, 4)
    before = torch.get_rng_state()
    assert kind(0.7).eval()(x_TBH) is x_TBH
    assert kind(0.0)(x_TBH) is x_TBH
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("kind", DROPOUTS)
def test_the_seed_decides_the_mask_and_every_call_draws_another(kind):
    x_TBH, dropout = torch.ones(3, 4, 50), kind(0.5)
    torch.manual_seed(5)
    first, second = dropout(x_TBH), dropout(x_TBH)
    torch.manual_seed(5)
    assert torch.equal(dropout(x_TBH), first)
    assert not torch.equal(first, second)


def test_locked_dropout_drops_the_same_units_at_every_step_and_others_in_every_row():
    torch.manual_seed(6)
    x_TBH = LockedDropout(0.5)(torch.ones(9, 4, 60))
    assert torch.equal(x_TBH, x_TBH[:1].expand_as(x_TBH))
    assert len({tuple(row) for row in x_TBH[0].tolist()}) == 4


def test_the_gradient_passes_where_the_activation_did():
    x = torch.ones(50, requires_grad=True)
    dropped = Dropout(0.5)(x)
    dropped.sum().backward()
    assert torch.equal(x.grad, dropped)


def test_embedding_dropout_drops_all_occurrences_of_a_word_and_scales_the_others():
    torch.manual_seed(7)
    x_TB = torch.randint(40, (30, 8))
    x_TBE = torch.rand(40, 5)[x_TB] + 1
    ratio_TBE = EmbeddingDropout(0.25, 40)(x_TBE, x_TB) / x_TBE
    seen = {}
    for word, ratio_E in zip(x_TB.flatten().tolist(), ratio_TBE.flatten(0, 1), strict=True):
        seen.setdefault(word, set()).update(round(float(r), 5) for r in ratio_E)
    assert all(len(ratios) == 1 for ratios in seen.values())
    assert set.union(*seen.values()) == {0.0, round(4 / 3, 5)}


def test_embedding_dropout_drops_its_share_of_the_words():
    torch.manual_seed(8)
    x_TB = torch.arange(10_000)[None]
    kept = EmbeddingDropout(0.3, 10_000)(torch.ones(1, 10_000, 1), x_TB) > 0
    assert kept.float().mean() == pytest.approx(0.7, abs=0.02)


def test_embedding_dropout_is_the_identity_in_evaluation():
    x_TBE = torch.randn(3, 2, 4)
    ids_TB = torch.zeros(3, 2, dtype=torch.long)
    assert EmbeddingDropout(0.5, 1).eval()(x_TBE, ids_TB) is x_TBE


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
@pytest.mark.parametrize(
    "make",
    [
        Dropout,
        LockedDropout,
        lambda p: EmbeddingDropout(p, 3),
        lambda p: WeightDrop(LSTM(2, 3), p),
    ],
)
def test_a_rate_outside_0_and_1_is_refused(make, rate):
    with pytest.raises(ToktoolsError, match=r"a dropout rate must be in \[0, 1\), got"):
        make(rate)


# Weights

E, H = 3, 8
LAYERS = [LSTM, GRU, PeepholeLSTM, TorchLSTM, TorchGRU]


def read(module, seed):
    torch.manual_seed(seed)
    x_TBE, state = torch.randn(5, 2, E), module.init_state(2)
    return module(x_TBE, tuple(torch.randn_like(tensor) for tensor in state))


@pytest.mark.parametrize("kind", LAYERS)
def test_weight_drop_is_the_module_with_some_recurrent_weights_at_zero(kind):
    torch.manual_seed(9)
    module = kind(E, H)
    state = tuple(torch.randn_like(tensor) for tensor in module.init_state(2))
    x_TBE, dropping = torch.randn(5, 2, E), WeightDrop(module, 0.5)
    (name,) = dropping.names
    torch.manual_seed(10)
    y_TBH, _ = dropping(x_TBE, state)
    torch.manual_seed(10)
    by_hand = kind(E, H)
    torch.manual_seed(10)
    dropped = Dropout(0.5)(module.get_parameter(name)).detach()
    by_hand.load_state_dict({**module.state_dict(), name: dropped})
    assert 0.3 < (dropped == 0).float().mean() < 0.7
    assert_close(y_TBH, by_hand(x_TBE, state)[0], rtol=0, atol=1e-6)
    assert (y_TBH - module(x_TBE, state)[0]).abs().max() > 0.01


@pytest.mark.parametrize("kind", LAYERS)
def test_weight_drop_leaves_the_weights_whole_and_gives_dropped_ones_no_gradient(kind):
    torch.manual_seed(11)
    module = kind(E, H)
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    dropping = WeightDrop(module, 0.5)
    y_TBH, _ = read(dropping, 12)
    y_TBH.square().sum().backward()
    for name, parameter in module.named_parameters():
        assert torch.equal(parameter, before[name])
        share = (parameter.grad == 0).float().mean()
        assert (0.3 < share < 0.7) if name in dropping.names else share < 0.05
    assert len(list(dropping.parameters())) == len(before)


@pytest.mark.parametrize("kind", LAYERS)
def test_weight_drop_uses_one_mask_for_all_steps_and_another_each_call(kind):
    dropping, seen = WeightDrop(kind(E, H), 0.5), []
    forward = dropping.dropout.forward
    dropping.dropout.forward = lambda x: seen.append(forward(x)) or seen[-1]
    for seed in (13, 14):
        read(dropping, seed)
    assert len(seen) == 2  # not once a time step
    assert not torch.equal(*seen)


@pytest.mark.parametrize("kind", LAYERS)
def test_weight_drop_does_nothing_in_evaluation_or_at_rate_zero(kind):
    module = kind(E, H)
    expected = read(module, 15)
    assert torch.equal(read(WeightDrop(module, 0.9).eval(), 15)[0], expected[0])
    assert torch.equal(read(WeightDrop(module, 0.0).train(), 15)[0], expected[0])


def test_weight_drop_needs_weights_of_that_name():
    with pytest.raises(ToktoolsError, match="Linear has no weight with 'weight_hh' in its name"):
        WeightDrop(nn.Linear(2, 3), 0.5)


# Penalties


def test_ar_is_the_mean_square_times_alpha():
    h_TBH = torch.tensor([[[1.0, -2.0]], [[3.0, 0.0]]])
    assert activation_regularization(h_TBH, 2.0) == pytest.approx(2 * (1 + 4 + 9) / 4)


def test_tar_is_the_mean_square_of_the_changes_times_beta():
    h_TBH = torch.tensor([[[1.0, -2.0]], [[3.0, 0.0]], [[3.0, 1.0]]])
    expected = 0.5 * (2**2 + 2**2 + 0 + 1) / 4
    assert temporal_activation_regularization(h_TBH, 0.5) == pytest.approx(expected)


def test_one_step_alone_does_not_change():
    assert temporal_activation_regularization(torch.randn(1, 3, 4), 2.0) == 0


def test_penalties_do_not_depend_on_padding():
    torch.manual_seed(16)
    h_TBH = torch.randn(6, 2, 4)
    counted_TB = torch.ones(6, 2, dtype=torch.bool)
    counted_TB[4:, 1] = False
    for penalty in (activation_regularization, temporal_activation_regularization):
        other_TBH = h_TBH.clone()
        other_TBH[4:, 1] = 9.0
        value = penalty(h_TBH, 1.0, counted_TB)
        assert value == penalty(other_TBH, 1.0, counted_TB)
        assert value != penalty(h_TBH, 1.0)
        parts = [h_TBH[:, :1], h_TBH[:4, 1:]]
        sizes = [
            p.diff(dim=0).numel() if "temporal" in penalty.__name__ else p.numel() for p in parts
        ]
        apart = sum(n * penalty(p, 1.0) for n, p in zip(sizes, parts, strict=True)) / sum(sizes)
        assert_close(value, apart)
