"""The model in NumPy: equations by hand, features in and posteriors out, weights from torch."""

import math

import numpy as np
import pytest
import torch

from lstm_lm.config import ModelConfig
from lstm_lm.data.encoded import IGNORED
from lstm_lm.model import LanguageModel
from lstm_lm.numpy_lm.cifg import CoupledLSTMCell
from lstm_lm.numpy_lm.config import CELLS, NumpyModelConfig
from lstm_lm.numpy_lm.initialization import orthogonal, xavier
from lstm_lm.numpy_lm.lstm import LSTMCell
from lstm_lm.numpy_lm.model import NumpyLanguageModel
from lstm_lm.numpy_lm.optimizers import OPTIMIZERS
from lstm_lm.numpy_lm.softmax import cross_entropy, log_probabilities, softmax
from toktools.errors import ToktoolsError

V = 7


def make(**settings):
    sizes = {"embedding_size": 3, "hidden_size": 4, "n_layers": 2}
    return NumpyLanguageModel(V, NumpyModelConfig(**{**sizes, **settings}), seed=1)


# One step by hand: one input, one unit; every weight is written down, every result worked out.


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


def test_one_step_of_the_lstm_is_the_one_worked_out_by_hand():
    # a_i = 0.5*2 + 0.25*-1 + 0.25 = 1, a_f = -1*2 + 1*-1 + 1 = -2, a_g = 1*2 + 2*-1 + 0 = 0,
    # a_o = 0 + 0 + ln 3, so that o = 3/4. With c = 4: c' = f*4 + i*tanh(0) = 4 sigmoid(-2).
    cell = LSTMCell(
        {
            "weight_ih": np.array([[0.5], [-1.0], [1.0], [0.0]]),
            "weight_hh": np.array([[0.25], [1.0], [2.0], [0.0]]),
            "bias_ih": np.array([0.25, 0.0, 0.0, math.log(3)]),
            "bias_hh": np.array([0.0, 1.0, 0.0, 0.0]),
        }
    )
    state = np.array([[-1.0]]), np.array([[4.0]])
    y_TBH, (h_BH, c_BH), _ = cell.forward(np.array([[[2.0]]]), state)
    assert c_BH.item() == pytest.approx(0.4768116880884703, rel=1e-12)  # 4 / (1 + e^2)
    assert h_BH.item() == pytest.approx(0.75 * math.tanh(0.4768116880884703), rel=1e-12)
    assert y_TBH.item() == h_BH.item()


def test_one_step_of_the_coupled_lstm_forgets_what_it_writes():
    # a_i = ln 3: i = 3/4, f = 1/4. a_g = 0.5: g = tanh 0.5. a_o = 0: o = 1/2. c = -2.
    cell = CoupledLSTMCell(
        {
            "weight_ih": np.array([[math.log(3)], [1.0], [0.0]]),
            "weight_hh": np.array([[0.0], [0.5], [0.0]]),
            "bias_ih": np.zeros(3),
            "bias_hh": np.array([0.0, -1.0, 0.0]),
        }
    )
    state = np.array([[1.0]]), np.array([[-2.0]])
    _, (h_BH, c_BH), _ = cell.forward(np.array([[[1.0]]]), state)
    expected = 0.25 * -2 + 0.75 * math.tanh(0.5)
    assert c_BH.item() == pytest.approx(expected, rel=1e-12)
    assert h_BH.item() == pytest.approx(0.5 * math.tanh(expected), rel=1e-12)


# Softmax and cross-entropy


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logits_of_ten_thousand_overflow_nowhere(dtype):
    logits_TBV = np.array([[[1e4, 0.0, -1e4], [-1e4, -1e4, -1e4]]], dtype)
    assert softmax(logits_TBV)[0, 0].tolist() == [1, 0, 0]
    nats_TB, dlogits_TBV = cross_entropy(logits_TBV, np.array([[1, 2]]))
    assert nats_TB[0].tolist() == pytest.approx([1e4, math.log(3)])
    assert dlogits_TBV[0, 0].tolist() == [0.5, -0.5, 0]
    assert log_probabilities(logits_TBV, np.array([[1, 2]]))[0].tolist() == pytest.approx(
        [-1e4, -math.log(3)]
    )


def test_ignored_targets_have_no_loss_no_derivative_and_no_share_in_the_mean():
    random = np.random.default_rng(0)
    logits_TBV = random.normal(size=(2, 2, V))
    nats_TB, dlogits_TBV = cross_entropy(logits_TBV, np.array([[3, IGNORED], [IGNORED, 6]]))
    alone, dalone = cross_entropy(logits_TBV[:1, :1], np.array([[3]]))
    assert nats_TB[0, 0] == alone[0, 0]
    assert nats_TB[0, 1] == nats_TB[1, 0] == 0
    assert np.allclose(dlogits_TBV[0, 0], dalone[0, 0] / 2)
    assert not dlogits_TBV[0, 1].any()


# Vectors in, posteriors out


@pytest.mark.parametrize("cell", CELLS)
def test_a_feature_vector_gives_a_posterior_and_a_state_to_go_on_from(cell):
    model = make(cell=cell, dtype="float64")
    features_TBE = np.random.default_rng(0).normal(size=(4, 1, 3))
    at_once_TBV, _ = model.posterior(features_TBE)
    state, one_by_one = None, []
    for features_E in features_TBE[:, 0]:
        posterior_V, state = model.posterior(features_E, state)
        one_by_one.append(posterior_V)
    assert np.allclose(one_by_one, at_once_TBV[:, 0], atol=1e-13)
    assert np.allclose(at_once_TBV.sum(-1), 1)


def test_ids_and_the_rows_of_the_embedding_give_the_same_posteriors():
    model = make()
    ids_TB = np.array([[1, 2], [6, 0]])
    vectors_TBE = model.parameters["embedding.weight"][ids_TB]
    assert np.array_equal(model.posterior(ids_TB)[0], model.posterior(vectors_TBE)[0])


def test_ids_and_one_hot_vectors_give_the_same_posteriors():
    model = make(input_encoding="one-hot")
    assert "embedding.weight" not in model.parameters
    ids_TB = np.array([[1, 2], [6, 0]])
    assert np.array_equal(model.posterior(ids_TB)[0], model.posterior(np.eye(V)[ids_TB])[0])


def test_a_one_hot_model_is_an_embedding_model_with_the_identity_as_its_embedding():
    one_hot = make(input_encoding="one-hot", dtype="float64")
    embedded = make(embedding_size=V, dtype="float64")
    embedded.set_parameters({**one_hot.parameters, "embedding.weight": np.eye(V)})
    ids_TB = np.array([[1, 2], [6, 0], [3, 3]])
    assert np.allclose(one_hot.posterior(ids_TB)[0], embedded.posterior(ids_TB)[0], atol=1e-14)


@pytest.mark.parametrize("shape", [(4,), (5, 3), (2, 2, 4)])
def test_features_of_another_shape_are_refused(shape):
    with pytest.raises(ToktoolsError, match=r"must have shape \(steps, rows, 3\), got"):
        make().posterior(np.zeros(shape))


@pytest.mark.parametrize("ids", [[[0, 1], [2, -1]], [[0, 7]]])
def test_ids_outside_the_vocabulary_are_refused(ids):
    with pytest.raises(ToktoolsError, match=r"ids must be in \[0, 7\), got 0 to 7|got -1 to 2"):
        make().posterior(np.array(ids))


# Weights


def test_the_weights_of_torch_s_language_model_give_the_same_logits_here():
    torch.manual_seed(0)
    theirs = LanguageModel(
        V, ModelConfig(embedding_size=3, hidden_size=4, n_layers=2, dropout=0.0)
    ).double()
    own = make(cell="lstm", dtype="float64")
    own.set_parameters({name: p.detach().numpy() for name, p in theirs.named_parameters()})
    ids_TB = np.random.default_rng(0).integers(0, V, (6, 3))
    logits_TBV, _ = theirs(torch.from_numpy(ids_TB), theirs.init_state(3))
    own_logits_TBV, _, _ = own.forward(ids_TB, own.init_state(3))
    np.testing.assert_allclose(own_logits_TBV, logits_TBV.detach().numpy(), atol=1e-12)
    assert own.n_parameters == theirs.n_parameters


def test_weights_named_layer_by_layer_are_taken_too():
    model, other = make(cell="lstm-cifg"), make(cell="lstm-cifg", initialization="orthogonal")
    names = {"embedding.weight", "head.weight", "head.bias"}
    by_layer = {
        name if name in names else f"recurrent.layers.{name[-1]}.{name[10:-3]}": p
        for name, p in other.parameters.items()
    }
    assert "recurrent.layers.1.weight_hh" in by_layer
    model.set_parameters(by_layer)
    assert all(np.array_equal(p, other.parameters[n]) for n, p in model.parameters.items())


def test_weights_that_do_not_fit_change_nothing():
    model = make()
    before = {name: p.copy() for name, p in model.parameters.items()}
    wrong = {name: p + 1 for name, p in before.items()}
    wrong["head.bias"] = np.zeros(V + 1)
    with pytest.raises(ToktoolsError, match=r"head.bias must have shape \(7,\), got \(8,\)"):
        model.set_parameters(wrong)
    with pytest.raises(ToktoolsError, match=r"unmatched tensor 'head\.bias'"):
        model.set_parameters({k: p for k, p in wrong.items() if k != "head.bias"})
    assert all(np.array_equal(p, before[name]) for name, p in model.parameters.items())


def test_xavier_has_the_variance_of_one_over_the_fan_in():
    weight = xavier(2000, 50, np.random.default_rng(0))
    assert weight.std() == pytest.approx(50**-0.5, rel=0.01)
    assert weight.mean() == pytest.approx(0, abs=0.001)


@pytest.mark.parametrize("shape", [(6, 6), (9, 4), (4, 9)])
def test_orthogonal_matrices_have_orthonormal_rows_or_columns(shape):
    w = orthogonal(*shape, np.random.default_rng(0))
    assert w.shape == shape
    gram = w @ w.T if shape[0] <= shape[1] else w.T @ w
    assert np.allclose(gram, np.eye(min(shape)), atol=1e-12)


def test_each_gate_s_recurrent_matrix_is_orthogonal_by_itself():
    model = make(initialization="orthogonal", cell="lstm-cifg", dtype="float64")
    for gate_HH in np.split(model.parameters["recurrent.weight_hh_l1"], 3):
        assert np.allclose(gate_HH @ gate_HH.T, np.eye(4), atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_equal_seeds_give_equal_weights_and_other_seeds_others(cell):
    config = NumpyModelConfig(cell=cell, embedding_size=3, hidden_size=4)
    a, b, c = (NumpyLanguageModel(V, config, seed=seed).parameters for seed in (5, 5, 6))
    assert all(np.array_equal(a[name], b[name]) for name in a)
    assert all((a[name] != c[name]).any() for name in a if "weight" in name)


# The first steps


GOLDEN = {
    "lstm": [1.9185341672, 1.7826239853, 1.6492763139, 1.5563977886],
    "lstm-cifg": [1.9387728738, 1.8420111759, 1.7272322532, 1.6275162685],
    "gru": [1.9449140423, 1.8228111324, 1.6935574443, 1.5884135451],
    "rnn": [2.0513134259, 1.7734982449, 1.6141715617, 1.5248077184],
}


@pytest.mark.parametrize("cell", CELLS)
def test_the_losses_of_the_first_steps_are_the_recorded_ones(cell):
    """Recorded in float64, so that another BLAS changes no digit that is compared."""
    model = make(cell=cell, dtype="float64")
    optimizer = OPTIMIZERS["adam"](model.parameters, 0.05)
    ids_TB, state, losses = np.arange(40).reshape(10, 4) ** 2 % V, model.init_state(4), []
    for _ in range(4):
        nats_TB, gradients, state = model.loss_and_gradients(ids_TB[:-1], ids_TB[1:], state)
        optimizer.step(gradients)
        losses.append(float(nats_TB.mean()))
    assert losses == pytest.approx(GOLDEN[cell], abs=1e-9)
