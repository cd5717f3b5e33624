import copy

import pytest
import torch
from torch import nn

from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.data.batching import Chunk
from lstm_lm.model import LanguageModel
from lstm_lm.training.learner import Learner
from lstm_lm.training.losses import CrossEntropy
from lstm_lm.training.optimizers import make_optimizer, optimizer_tensors, set_optimizer_tensors
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


def assert_close(a, b, rtol=1e-12):
    for x, y in zip(a, b, strict=True):
        torch.testing.assert_close(x, y, rtol=rtol, atol=rtol / 100)


@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        ("adam", torch.optim.Adam, {}),
        ("adamw", torch.optim.AdamW, {}),
        ("sgd", torch.optim.SGD, {"momentum": 0.8}),
        ("nt-asgd", torch.optim.SGD, {}),
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


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop", "adagrad"])
def test_an_optimiser_given_its_tensors_back_goes_on_bit_by_bit(name):
    momentum = 0.9 if name in ("sgd", "rmsprop") else 0.0
    config = TrainingConfig(optimizer=name, learning_rate=0.05, momentum=momentum)
    model = network()
    optimizer = make_optimizer(model.parameters(), config)
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


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("weight_dropout", [0.0, 0.3])
def test_embedding_and_head_learn_at_a_rate_of_their_own(tied, weight_dropout):
    shape = ModelConfig(
        embedding_size=6, hidden_size=6, tied=tied, weight_dropout=weight_dropout, dropout=0.0
    )
    torch.manual_seed(0)
    model = LanguageModel(9, shape)
    x_TB, y_TB = torch.randint(0, 9, (2, 5, 3))
    chunk = Chunk(x_TB=x_TB, y_TB=y_TB, n_tokens=15, fresh=True)
    moved = []
    for scale in (1.0, 0.25):
        config = TrainingConfig(optimizer="sgd", vocabulary_rate=scale, clip_norm=1e9)
        learner = Learner(copy.deepcopy(model), config, CrossEntropy())
        torch.manual_seed(1)
        learner.update(chunk, 0.5)
        assert learner.optimizer.param_groups[0]["lr"] == 0.5  # what is logged
        after = learner.model.named_parameters()
        moved.append({name: p.detach() - dict(model.named_parameters())[name] for name, p in after})
    for name, step in moved[0].items():
        share = 1.0 if "recurrent" in name else 0.25
        torch.testing.assert_close(moved[1][name], share * step, msg=name, rtol=1e-4, atol=1e-7)
        assert step.abs().max() > 1e-4


def test_a_rate_of_nothing_is_refused():
    with pytest.raises(ToktoolsError, match="vocabulary_rate must be > 0 and finite, got 0"):
        TrainingConfig(vocabulary_rate=0.0)
