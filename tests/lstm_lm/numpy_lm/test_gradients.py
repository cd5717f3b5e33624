"""The backward passes against finite differences in float64, and against torch's autograd."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from lstm_lm.data.encoded import IGNORED
from lstm_lm.numpy_lm.config import CELLS, NumpyModelConfig
from lstm_lm.numpy_lm.model import NumpyLanguageModel
from lstm_lm.numpy_lm.softmax import cross_entropy

V, E, H = 5, 2, 3
TORCH = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}


def make(cell, n_layers, *, seed=0, **settings):
    """Return a model in float64 with no parameter at zero."""
    sizes = {"embedding_size": E, "hidden_size": H, "n_layers": n_layers, "dtype": "float64"}
    model = NumpyLanguageModel(V, NumpyModelConfig(cell=cell, **{**sizes, **settings}))
    random = np.random.default_rng(seed)
    for p in model.parameters.values():
        p[...] = random.normal(0, 0.6, p.shape)
    return model


def batch(model, lengths, *, seed=1):
    """Return ids, targets ignored after each row's length, a random state and random weights of
    the last state in the loss."""
    random = np.random.default_rng(seed)
    shape = (max(lengths), len(lengths))
    x_TB, y_TB = random.integers(0, V, shape), random.integers(0, V, shape)
    for b, length in enumerate(lengths):
        y_TB[length:, b] = IGNORED
    state, weights = (
        tuple(random.normal(size=s.shape) for s in model.init_state(len(lengths))) for _ in range(2)
    )
    return x_TB, y_TB, state, weights


def loss_of(model, x, y_TB, state, weights):
    """Return a loss to which every target and every element of the last state contributes."""
    logits_TBV, last, _ = model.forward(x, state)
    nats_TB, _ = cross_entropy(logits_TBV, y_TB)
    return nats_TB.sum() / (y_TB != IGNORED).sum() + sum(
        (w * s).sum() for w, s in zip(weights, last, strict=True)
    )


def backward(model, x, y_TB, state, weights):
    """Return the hand-written derivatives of `loss_of`: by parameters, inputs and first state."""
    logits_TBV, _, cache = model.forward(x, state)
    return model.backward(cross_entropy(logits_TBV, y_TB)[1], cache, weights)


def finite_differences(array, loss, epsilon=1e-5):
    """Return (loss(a + e) - loss(a - e)) / 2e for every element, changing `array` in place."""
    slopes = np.empty_like(array)
    for index in np.ndindex(array.shape):
        value = array[index]
        array[index] = value + epsilon
        above = loss()
        array[index] = value - epsilon
        slopes[index] = (above - loss()) / (2 * epsilon)
        array[index] = value
    return slopes


def relative_error(a, b):
    return np.linalg.norm(a - b) / max(np.linalg.norm(b), 1e-30)


@pytest.mark.parametrize("lengths", [(4, 4), (5, 2, 1), (3,)])
@pytest.mark.parametrize("n_layers", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_every_derivative_agrees_with_finite_differences(cell, n_layers, lengths):
    model = make(cell, n_layers)
    x_TB, y_TB, state, weights = batch(model, lengths)
    x_TBE = np.random.default_rng(2).normal(size=(*x_TB.shape, E))
    gradients, dx_TBE, dstate = backward(model, x_TBE, y_TB, state, weights)

    def loss():
        return loss_of(model, x_TBE, y_TB, state, weights)

    derivatives = {**gradients, "x": dx_TBE, **{f"state {i}": d for i, d in enumerate(dstate)}}
    arrays = {**model.parameters, "x": x_TBE, **{f"state {i}": s for i, s in enumerate(state)}}
    del derivatives["embedding.weight"]  # was not read
    for name, derivative in derivatives.items():
        measured = finite_differences(arrays[name], loss)
        assert relative_error(derivative, measured) < 1e-6, name
        assert np.abs(derivative - measured).max() < 1e-8, name


@pytest.mark.parametrize("cell", CELLS)
def test_the_embedding_s_gradient_agrees_with_finite_differences(cell):
    model = make(cell, 1)
    arguments = batch(model, (4, 2, 3))
    gradients, _, _ = backward(model, *arguments)
    weight_VE = model.parameters["embedding.weight"]
    measured = finite_differences(weight_VE, lambda: loss_of(model, *arguments))
    assert relative_error(gradients["embedding.weight"], measured) < 1e-6


@pytest.mark.parametrize("cell", CELLS)
def test_the_gradients_of_a_one_hot_model_agree_with_finite_differences(cell):
    model = make(cell, 2, input_encoding="one-hot")
    arguments = batch(model, (4, 2))
    gradients, _, _ = backward(model, *arguments)
    for name, p in model.parameters.items():
        measured = finite_differences(p, lambda: loss_of(model, *arguments))
        assert relative_error(gradients[name], measured) < 1e-6, name


def test_the_derivative_of_cross_entropy_by_the_logits_agrees_with_finite_differences():
    random = np.random.default_rng(3)
    logits_TBV, y_TB = random.normal(0, 3, (3, 2, V)), np.array([[1, 4], [0, IGNORED], [2, 2]])
    measured = finite_differences(logits_TBV, lambda: cross_entropy(logits_TBV, y_TB)[0].sum() / 5)
    derivative = cross_entropy(logits_TBV, y_TB)[1]
    assert relative_error(derivative, measured) < 1e-6
    assert not derivative[1, 1].any()


# torch's autograd


class Coupled(torch.nn.Module):
    """The CIFG equations one step at a time, for autograd to differentiate."""

    def __init__(self, n_inputs, n_units, n_layers):
        super().__init__()
        for i in range(n_layers):
            for name, *shape in (
                ("weight_ih", n_units if i else n_inputs),
                ("weight_hh", n_units),
                ("bias_ih",),
                ("bias_hh",),
            ):
                self.register_parameter(
                    f"{name}_l{i}", torch.nn.Parameter(torch.empty(3 * n_units, *shape))
                )
        self.n_layers = n_layers

    def forward(self, x_TBE, state):
        last = []
        for n in range(self.n_layers):
            h, c = (s[n] for s in state)
            p = {k[:-3]: v for k, v in self.named_parameters() if k.endswith(f"l{n}")}
            outputs = []
            for x in x_TBE:
                a = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
                i, g, o = a.chunk(3, dim=-1)
                f = 1 - i.sigmoid()
                c = f * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
                outputs.append(h)
            x_TBE = torch.stack(outputs)
            last.append((h, c))
        return x_TBE, tuple(torch.stack(s) for s in zip(*last, strict=True))


class TorchModel(torch.nn.Module):
    def __init__(self, cell, n_layers):
        super().__init__()
        self.embedding = torch.nn.Embedding(V, E)
        self.recurrent = TORCH.get(cell, Coupled)(E, H, n_layers)
        self.head = torch.nn.Linear(H, V)

    def forward(self, x_TB, state):
        if not isinstance(self.recurrent, (torch.nn.LSTM, Coupled)):
            (state,) = state
        h_TBH, last = self.recurrent(self.embedding(x_TB), state)
        return self.head(h_TBH), last if isinstance(last, tuple) else (last,)


def torch_twin(model):
    """Return torch's modules with the same weights: the names and shapes are the same."""
    twin = TorchModel(model.config.cell, model.config.n_layers).double()
    tensors = {name: torch.from_numpy(p.copy()) for name, p in model.parameters.items()}
    twin.load_state_dict(tensors, strict=True)
    return twin


@pytest.mark.parametrize("lengths", [(7, 7, 7), (6, 1, 4, 2)])
@pytest.mark.parametrize("n_layers", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_everything_agrees_with_torch_s_modules_and_autograd(cell, n_layers, lengths):
    model = make(cell, n_layers)
    x_TB, y_TB, state, weights = batch(model, lengths)
    twin = torch_twin(model)
    first = tuple(torch.from_numpy(s).requires_grad_() for s in state)
    logits_TBV, last = twin(torch.from_numpy(x_TB), first)
    loss = functional.cross_entropy(logits_TBV.flatten(0, 1), torch.from_numpy(y_TB).flatten())
    for w, s in zip(weights, last, strict=True):
        loss = loss + (torch.from_numpy(w) * s).sum()
    loss.backward()

    own_logits_TBV, own_last, _ = model.forward(x_TB, state)
    gradients, _, dstate = backward(model, x_TB, y_TB, state, weights)
    pairs = [
        (own_logits_TBV, logits_TBV),
        (np.array(loss_of(model, x_TB, y_TB, state, weights)), loss),
        *zip(own_last, last, strict=True),
        *((gradients[name], p.grad) for name, p in twin.named_parameters()),
        *((d, s.grad) for d, s in zip(dstate, first, strict=True)),
    ]
    for own, theirs in pairs:
        np.testing.assert_allclose(own, theirs.detach().numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("cell", CELLS)
def test_reading_in_two_parts_with_the_state_carried_is_reading_at_once(cell):
    model = make(cell, 2)
    x_TB, _, state, _ = batch(model, (9, 9))
    whole_TBV, last, _ = model.forward(x_TB, state)
    first_TBV, middle, _ = model.forward(x_TB[:4], state)
    second_TBV, end, _ = model.forward(x_TB[4:], middle)
    np.testing.assert_allclose(np.concatenate([first_TBV, second_TBV]), whole_TBV, atol=1e-12)
    for a, b in zip(end, last, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_forward_leaves_its_inputs_and_the_results_of_earlier_calls_alone(cell):
    model = make(cell, 2)
    x_TB, y_TB, state, weights = batch(model, (5, 5))
    before = [s.copy() for s in state]
    logits_TBV, last, cache = model.forward(x_TB, state)
    kept = [logits_TBV.copy(), *(s.copy() for s in last)]
    gradients, _, _ = model.backward(cross_entropy(logits_TBV, y_TB)[1], cache, weights)
    model.forward(x_TB[::-1], last)
    again, _, _ = model.backward(cross_entropy(logits_TBV, y_TB)[1], cache, weights)
    assert all(np.array_equal(a, b) for a, b in zip(before, state, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(kept, [logits_TBV, *last], strict=True))
    assert all(np.array_equal(gradients[name], again[name]) for name in gradients)
