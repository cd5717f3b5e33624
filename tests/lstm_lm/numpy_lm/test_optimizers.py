"""The optimisers and clipping in NumPy against torch's."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_lm.numpy_lm.clipping import clip_norm, clip_value
from lstm_lm.numpy_lm.optimizers import SGD, Adagrad, Adam

SHAPES = {"a": (4, 3), "b": (5,)}
PAIRS = [
    (lambda p: SGD(p, 0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
    (lambda p: SGD(p, 0.1, momentum=0.9), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
    (lambda p: Adagrad(p, 0.1), lambda p: torch.optim.Adagrad(p, lr=0.1)),
    (lambda p: Adam(p, 0.1), lambda p: torch.optim.Adam(p, lr=0.1)),
    (
        lambda p: Adam(p, 0.1, betas=(0.8, 0.95), epsilon=1e-5),
        lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.8, 0.95), eps=1e-5),
    ),
]


def random_arrays(random):
    return {name: random.normal(size=shape) for name, shape in SHAPES.items()}


@pytest.mark.parametrize("changing_rate", [False, True])
@pytest.mark.parametrize(("own", "theirs"), PAIRS)
def test_ten_steps_agree_with_torch(own, theirs, changing_rate):
    random = np.random.default_rng(0)
    parameters = random_arrays(random)
    tensors = {name: torch.from_numpy(p.copy()) for name, p in parameters.items()}
    optimizer, reference = own(parameters), theirs(list(tensors.values()))
    for step in range(10):
        gradients = random_arrays(random)
        for name, tensor in tensors.items():
            tensor.grad = torch.from_numpy(gradients[name].copy())
        if changing_rate:
            optimizer.learning_rate = reference.param_groups[0]["lr"] = 0.1 / (step + 1)
        optimizer.step(gradients)
        reference.step()
        for name, p in parameters.items():
            np.testing.assert_allclose(p, tensors[name].numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("own", [pair[0] for pair in PAIRS])
def test_an_optimizer_taken_up_in_the_middle_goes_on_bit_by_bit(own):
    random = np.random.default_rng(0)
    whole = random_arrays(random)
    gradients = [random_arrays(random) for _ in range(6)]
    parts = {name: p.copy() for name, p in whole.items()}
    optimizer, first = own(whole), own(parts)
    for g in gradients:
        optimizer.step(g)
    for g in gradients[:3]:
        first.step(g)
    second = own(parts)
    second.load_state(first.state(), first.n_steps)
    for g in gradients[3:]:
        second.step(g)
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)


values = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8)


@given(values, values, st.floats(1e-3, 1e3))
def test_clipping_by_norm_keeps_the_direction_and_agrees_with_torch(a, b, largest):
    gradients = {"a": np.array(a), "b": np.array(b)}
    tensors = [torch.zeros(len(g), dtype=torch.float64, requires_grad=True) for g in (a, b)]
    for tensor, g in zip(tensors, (a, b), strict=True):
        tensor.grad = torch.tensor(g, dtype=torch.float64)
    before = clip_norm(gradients, largest)
    assert before == pytest.approx(float(torch.nn.utils.clip_grad_norm_(tensors, largest)))
    for tensor, g in zip(tensors, gradients.values(), strict=True):
        np.testing.assert_allclose(g, tensor.grad.numpy(), atol=2e-6)  # it adds 1e-6 to the norm
    assert np.linalg.norm(np.concatenate(list(gradients.values()))) <= largest * (1 + 1e-9)


@given(values, st.floats(1e-3, 1e3))
def test_clipping_by_value_moves_only_what_is_too_large_to_the_bound(a, largest):
    gradients = {"a": np.array(a)}
    clip_value(gradients, largest)
    assert gradients["a"].tolist() == [max(-largest, min(largest, x)) for x in a]
