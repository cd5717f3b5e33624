"""Updates and the state between them: what is carried, how far gradients reach, what is clipped."""

import copy

import pytest
import torch
from torch.nn import functional

from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.data.batching import Chunk
from lstm_lm.model import LanguageModel
from lstm_lm.training.carried import CarriedState
from lstm_lm.training.learner import Learner, clip
from lstm_lm.training.losses import CrossEntropy

CONFIG = TrainingConfig(optimizer="sgd", learning_rate=0.1, clip_norm=1e9)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return LanguageModel(9, ModelConfig(embedding_size=4, hidden_size=5, dropout=0.0)).double()


@pytest.fixture
def text_TB():
    """30 steps of 3 rows; inputs are all but the last, targets all but the first."""
    return torch.randint(0, 9, (31, 3), generator=torch.Generator().manual_seed(1))


def chunks(text_TB, length):
    x_TB, y_TB = text_TB[:-1], text_TB[1:]
    for start in range(0, len(x_TB), length):
        targets = y_TB[start : start + length]
        yield Chunk(
            x_TB=x_TB[start : start + length],
            y_TB=targets,
            n_tokens=targets.numel(),
            fresh=start == 0,
        )


def n_nodes(tensor):
    """The number of nodes of the graph that a backward pass would walk."""
    seen, todo = set(), [tensor.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            todo += [parent for parent, _ in node.next_functions]
    return len(seen)


def test_the_carried_state_is_that_of_reading_the_whole_text_at_once(model, text_TB):
    carried = CarriedState(1)
    for chunk in chunks(text_TB, 7):
        carried.read(model, chunk.x_TB, fresh=chunk.fresh)
    _, expected = model(text_TB[:-1], model.init_state(3))
    for tensor, whole in zip(carried.state, expected, strict=True):
        torch.testing.assert_close(tensor, whole)
        assert not tensor.requires_grad


@pytest.mark.parametrize("reach", [1, 3])
def test_the_graph_does_not_grow_with_the_chunks_read(model, text_TB, reach):
    carried = CarriedState(reach)
    sizes = [n_nodes(carried.read(model, c.x_TB, fresh=c.fresh).sum()) for c in chunks(text_TB, 2)]
    assert len(sizes) == 15
    assert len(set(sizes[reach - 1 :])) == 1
    if reach > 1:
        assert sizes[reach - 1] > sizes[0]


def test_without_detaching_the_graph_would_grow(model, text_TB):
    state, sizes = model.init_state(3), []
    for chunk in chunks(text_TB, 10):
        logits_TBV, state = model(chunk.x_TB, state)
        sizes.append(n_nodes(logits_TBV.sum()))
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("reach", [1, 2, 3])
def test_gradients_reach_back_over_as_many_chunks_as_asked(model, text_TB, reach):
    carried = CarriedState(reach)
    parts = list(chunks(text_TB, 5))
    for chunk in parts[:4]:
        logits_TBV = model.head(carried.read(model, chunk.x_TB, fresh=chunk.fresh))
    loss = functional.cross_entropy(logits_TBV.flatten(0, 1), parts[3].y_TB.flatten())
    ours = torch.autograd.grad(loss, list(model.parameters()))

    _, state = model(text_TB[: 5 * (4 - reach)], model.init_state(3)) if reach < 4 else (0, ())
    state = tuple(tensor.detach() for tensor in state)
    logits_TBV, _ = model(text_TB[5 * (4 - reach) : 20], state)
    loss = functional.cross_entropy(logits_TBV[-5:].flatten(0, 1), text_TB[16:21].flatten())
    for a, b in zip(ours, torch.autograd.grad(loss, list(model.parameters())), strict=True):
        torch.testing.assert_close(a, b)


def test_a_reach_of_one_and_of_two_give_other_weights(model, text_TB):
    weights = []
    for reach in (1, 2):
        config = TrainingConfig(optimizer="sgd", clip_norm=1e9, detach_every=reach)
        learner = Learner(copy.deepcopy(model), config, CrossEntropy())
        for chunk in chunks(text_TB, 5):
            learner.update(chunk, 0.1)
        weights.append(learner.model.head.weight.detach())
    assert not torch.equal(*weights)
    torch.testing.assert_close(*weights, atol=0.02, rtol=0)


def test_a_fresh_chunk_is_read_from_zeros_whatever_was_carried(model, text_TB):
    learner = Learner(model, CONFIG, CrossEntropy())
    first, second = list(chunks(text_TB, 15))
    learner.update(first, 0.1)
    learner.update(second, 0.1)
    assert all(tensor.any() for tensor in learner.carried.before)
    learner.update(first, 0.1)
    assert not any(tensor.any() for tensor in learner.carried.before)


def test_an_update_is_one_step_of_the_optimiser_down_the_gradient_of_the_loss(model, text_TB):
    (chunk,) = chunks(text_TB, 30)
    before = [p.detach().clone() for p in model.parameters()]
    logits_TBV, _ = model(chunk.x_TB, model.init_state(3))
    loss = functional.cross_entropy(logits_TBV.flatten(0, 1), chunk.y_TB.flatten())
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    update = Learner(model, CONFIG, CrossEntropy()).update(chunk, 0.25)
    for p, old, gradient in zip(model.parameters(), before, gradients, strict=True):
        torch.testing.assert_close(p.detach(), old - 0.25 * gradient)
    torch.testing.assert_close(update.nats, loss.detach())
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    torch.testing.assert_close(update.norm, flat.norm())


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"clip_norm": 5.0}, [3.0, -4.0]),
        ({"clip_norm": 1.0}, [0.6, -0.8]),
        ({"clip_value": 3.5}, [3.0, -3.5]),
        ({"clip_value": 0.5, "clip_norm": 0.1}, [0.5, -0.5]),
    ],
)
def test_gradients_are_clipped_by_norm_or_by_value(options, expected):
    model = torch.nn.Linear(2, 1, bias=False).double()
    model.weight.grad = torch.tensor([[3.0, -4.0]], dtype=torch.float64)
    norm = clip(model, TrainingConfig(**options))
    assert norm.item() == pytest.approx(5)
    assert model.weight.grad[0].tolist() == pytest.approx(expected, rel=1e-5)


def test_many_to_many_and_many_to_one_give_the_same_logits(model, text_TB):
    model.eval()
    many_TBV, _ = model(text_TB, model.init_state(3))
    state = model.init_state(3)
    for t in range(len(text_TB)):
        one_1BV, state = model(text_TB[t : t + 1], state)
        prefix_TBV, _ = model(text_TB[: t + 1], model.init_state(3))
        torch.testing.assert_close(one_1BV[0], many_TBV[t])
        torch.testing.assert_close(prefix_TBV[-1], many_TBV[t])
