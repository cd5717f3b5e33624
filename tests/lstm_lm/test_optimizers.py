import copy

import pytest
import torch
from torch import nn

from lstm_lm.config import TrainingConfig
from lstm_lm.training.optimizers import (
    NTASGD,
    make_optimizer,
    optimizer_tensors,
    set_optimizer_tensors,
)
from toktools.errors import ToktoolsError


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()


def steps(model, optimizer, n, seed=1):
    """Yield the weights after each of n steps down a noisy loss."""
    random = torch.Generator().manual_seed(seed)
    for _ in range(n):
        x = torch.randn(5, 3, generator=random, dtype=torch.float64)
        optimizer.zero_grad()
        (model(x) - x[:, :2] ** 2).square().mean().backward()
        optimizer.step()
        yield [p.detach().clone() for p in model.parameters()]


def mean(weights):
    return [torch.stack(ws).mean(0) for ws in zip(*weights, strict=True)]


def averages(model, optimizer):
    with optimizer.averaged():
        return [p.detach().clone() for p in model.parameters()]


def assert_close(a, b, rtol=1e-12):
    for x, y in zip(a, b, strict=True):
        torch.testing.assert_close(x, y, rtol=rtol, atol=rtol / 100)


@pytest.mark.parametrize("begin", [0, 1, 7])
def test_nt_asgd_gives_the_mean_of_all_weights_since_the_trigger(begin):
    model = network()
    optimizer = NTASGD(model.parameters(), lr=0.1, weight_decay=0.02)
    seen = [[p.detach().clone() for p in model.parameters()], *steps(model, optimizer, begin)]
    optimizer.begin_averaging()
    seen += steps(model, optimizer, 12, seed=2)
    assert_close(averages(model, optimizer), mean(seen[begin:]))
    assert_close(list(model.parameters()), seen[-1])


@pytest.mark.oracle
def test_nt_asgd_is_torch_s_asgd_whose_average_leaves_out_the_first_weights():
    ours, theirs = network(), network()
    rate = 0.125  # torch keeps rate and shares in single precision
    asgd = torch.optim.ASGD(theirs.parameters(), lr=rate, lambd=0.0, t0=0, weight_decay=0.02)
    last = list(steps(theirs, asgd, 9))[-1]
    optimizer = NTASGD(ours.parameters(), lr=rate, weight_decay=0.02)
    for step, _ in enumerate(steps(ours, optimizer, 9), 1):
        if step == 2:  # torch's average begins with the weights after its second step
            optimizer.begin_averaging()
    assert_close(list(ours.parameters()), last)
    expected = [asgd.state[p]["ax"] for p in theirs.parameters()]
    assert_close(averages(ours, optimizer), expected, rtol=1e-7)


@pytest.mark.oracle
def test_until_the_trigger_nt_asgd_is_sgd():
    ours, theirs = network(), network()
    last = list(steps(ours, NTASGD(ours.parameters(), lr=0.3, weight_decay=0.1), 8))[-1]
    sgd = torch.optim.SGD(theirs.parameters(), 0.3, weight_decay=0.1)
    assert_close(last, list(steps(theirs, sgd, 8))[-1])


def test_a_second_trigger_changes_nothing_and_before_the_first_there_is_no_average():
    model = network()
    optimizer = NTASGD(model.parameters(), lr=0.1)
    assert_close(averages(model, optimizer), list(model.parameters()))
    optimizer.begin_averaging()
    list(steps(model, optimizer, 3))
    before = averages(model, optimizer)
    optimizer.begin_averaging()
    assert_close(averages(model, optimizer), before)


@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        ("adam", torch.optim.Adam, {}),
        ("adamw", torch.optim.AdamW, {}),
        ("sgd", torch.optim.SGD, {"momentum": 0.8}),
        ("rmsprop", torch.optim.RMSprop, {"momentum": 0.8}),
        ("adagrad", torch.optim.Adagrad, {}),
    ],
)
def test_each_name_is_torch_s_optimiser_with_the_options_given(name, kind, options):
    ours, theirs = network(), network()
    config = TrainingConfig(optimizer=name, learning_rate=0.02, weight_decay=0.03, **options)
    optimizer = make_optimizer(ours.parameters(), config)
    expected = kind(theirs.parameters(), lr=0.02, weight_decay=0.03, **options)
    assert_close(list(steps(ours, optimizer, 5))[-1], list(steps(theirs, expected, 5))[-1])


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop", "adagrad", "nt-asgd"])
def test_an_optimiser_given_its_tensors_back_goes_on_bit_by_bit(name):
    momentum = 0.9 if name in ("sgd", "rmsprop") else 0.0
    config = TrainingConfig(optimizer=name, learning_rate=0.05, momentum=momentum)
    model = network()
    optimizer = make_optimizer(model.parameters(), config)
    if isinstance(optimizer, NTASGD):
        optimizer.begin_averaging()
    list(steps(model, optimizer, 4))
    saved = {name: tensor.clone() for name, tensor in optimizer_tensors(optimizer).items()}
    other = copy.deepcopy(model)
    again = make_optimizer(other.parameters(), config)
    set_optimizer_tensors(again, saved)
    pairs = (steps(model, optimizer, 4, seed=3), steps(other, again, 4, seed=3))
    last, last_again = (list(each)[-1] for each in pairs)
    assert all(torch.equal(a, b) for a, b in zip(last, last_again, strict=True))
    assert saved
    for name, tensor in optimizer_tensors(optimizer).items():
        assert torch.equal(tensor, optimizer_tensors(again)[name]), name


def test_momentum_with_an_optimiser_that_has_none_is_refused():
    with pytest.raises(
        ToktoolsError, match="momentum is for sgd and rmsprop, got optimizer 'adam'"
    ):
        TrainingConfig(momentum=0.9)
