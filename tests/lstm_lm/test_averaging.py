"""The average of weights: what it is the mean of, and that nothing else is touched."""

import copy

import pytest
import torch
from torch import nn

from lstm_lm.config import TrainingConfig
from lstm_lm.training.averaging import WeightAverage
from lstm_lm.training.schedules import averaging_begins
from tests.lstm_lm.test_optimizers import assert_close, network, steps
from toktools.errors import ToktoolsError


def weights(model):
    return [p.detach().clone() for p in model.parameters()]


def mean(seen):
    return [torch.stack(ws).mean(0) for ws in zip(*seen, strict=True)]


def averaged(model, average):
    with average.in_place():
        return weights(model)


def sgd(model, **options):
    return torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.02, **options)


@pytest.mark.parametrize("begin", [0, 1, 7])
def test_it_is_the_mean_of_all_weights_since_it_began(begin):
    model = network()
    average, optimizer = WeightAverage(model.parameters()), sgd(model)
    seen, walk = [weights(model)], steps(model, optimizer, begin + 12)
    for step in range(begin + 12):
        if step == begin:
            average.begin()
        seen.append(next(walk))
        average.update()
    assert_close(averaged(model, average), mean(seen[begin:]))
    assert_close(weights(model), seen[-1])


@pytest.mark.oracle
def test_it_is_that_of_torch_s_asgd_which_leaves_out_the_first_weights():
    ours, theirs = network(), network()
    rate = 0.125  # torch keeps rate and shares in single precision
    asgd = torch.optim.ASGD(theirs.parameters(), lr=rate, lambd=0.0, t0=0, weight_decay=0.02)
    last = list(steps(theirs, asgd, 9))[-1]
    average = WeightAverage(ours.parameters())
    optimizer = torch.optim.SGD(ours.parameters(), lr=rate, weight_decay=0.02)
    for step, _ in enumerate(steps(ours, optimizer, 9), 1):
        average.update()
        if step == 2:  # torch's average begins with the weights after its second step
            average.begin()
    assert_close(weights(ours), last)
    expected = [asgd.state[p]["ax"] for p in theirs.parameters()]
    assert_close(averaged(ours, average), expected, rtol=1e-7)


@pytest.mark.oracle
def test_once_it_is_old_it_is_torch_s_exponential_average():
    model, decay = network(), 0.8
    average = WeightAverage(model.parameters(), decay=decay)
    average.begin()
    theirs, n_young = None, 5  # 1 / (1 - 0.8)
    for step, _ in enumerate(steps(model, sgd(model), 20), 1):
        average.update()
        if step == n_young:
            theirs = torch.optim.swa_utils.AveragedModel(
                model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(decay)
            )
            with average.in_place():
                theirs.update_parameters(model)  # its first update copies
        elif theirs is not None:
            theirs.update_parameters(model)
    assert theirs is not None
    assert_close(averaged(model, average), list(theirs.module.parameters()))


def test_while_it_is_young_the_exponential_average_is_the_mean():
    model = network()
    average = WeightAverage(model.parameters(), decay=0.9)
    average.begin()
    seen = [weights(model)]
    for newest in steps(model, sgd(model), 9):
        average.update()
        seen.append(newest)
    assert_close(averaged(model, average), mean(seen))


def test_a_second_beginning_changes_nothing_and_before_the_first_there_is_no_average():
    model = network()
    average, optimizer = WeightAverage(model.parameters()), sgd(model)
    average.update()
    assert not average.has_begun
    assert average.tensors() == {}
    assert_close(averaged(model, average), weights(model))
    average.begin()
    for _ in steps(model, optimizer, 3):
        average.update()
    before = averaged(model, average)
    average.begin()
    assert_close(averaged(model, average), before)


def test_an_average_given_its_tensors_back_goes_on_bit_by_bit():
    model = network()
    average = WeightAverage(model.parameters(), decay=0.7)
    average.begin()
    for _ in steps(model, sgd(model), 4):
        average.update()
    saved = {name: tensor.clone() for name, tensor in average.tensors().items()}
    other = copy.deepcopy(model)
    again = WeightAverage(other.parameters(), decay=0.7)
    again.set_tensors(saved)
    for network_, each in ((model, average), (other, again)):
        for _ in steps(network_, sgd(network_), 4, seed=3):
            each.update()
    pairs = zip(averaged(model, average), averaged(other, again), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_a_tied_matrix_is_averaged_once():
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = first.weight
    model = nn.Sequential(first, second)
    average = WeightAverage(model.parameters())
    average.begin()
    with torch.no_grad():
        first.weight += 1.0
    average.update()
    expected = first.weight.detach() - 0.5
    with average.in_place():
        assert second.weight is first.weight
        torch.testing.assert_close(second.weight.detach(), expected)


def slowly(losses, n):
    """The trigger as the paper's algorithm reads."""
    return any(losses[k] > min(losses[: k - n]) for k in range(n + 1, len(losses)))


def test_the_trigger_is_that_of_the_paper_s_algorithm():
    random = torch.Generator().manual_seed(5)
    found = set()
    for n in (0, 1, 3):
        for _ in range(100):
            length = int(torch.randint(0, 9, (), generator=random))
            losses = torch.rand(length, generator=random).sort(descending=True).values.tolist()
            if length > 4:
                losses[-1] = losses[length // 3]
            found.add(slowly(losses, n))
            assert averaging_begins(losses, n) == slowly(losses, n)
    assert found == {True, False}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ema": 1.0}, r"ema must be in \(0, 1\), got 1.0"),
        ({"average_last": 0.0}, r"average_last must be in \(0, 1\], got 0.0"),
        ({"ema": 0.9, "average_last": 0.5}, "one way only, got ema and average_last"),
        ({"optimizer": "nt-asgd", "ema": 0.9}, "one way only, got optimizer nt-asgd and ema"),
    ],
)
def test_averages_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ToktoolsError, match=message):
        TrainingConfig(**settings)
