import pytest
import torch
from torch.testing import assert_close

from lstm_lm.config import ModelConfig
from lstm_lm.model import LanguageModel, detach, evaluating

V = 11


def make(**sizes):
    torch.manual_seed(1)
    return LanguageModel(V, ModelConfig(**{"embedding_size": 6, "hidden_size": 8, **sizes}))


def random_state(model, batch_size):
    return tuple(torch.randn_like(s) for s in model.init_state(batch_size))


def test_logits_agree_with_the_lstm_equations_written_out():
    model = make(n_layers=1).double().eval()
    x_TB = torch.randint(V, (4, 3))
    h_BH, c_BH = h0, c0 = tuple(s[0] for s in random_state(model, 3))
    lstm, rows = model.recurrent, []
    for x_B in x_TB:
        gates = (
            model.embedding(x_B) @ lstm.weight_ih_l0.T
            + lstm.bias_ih_l0
            + h_BH @ lstm.weight_hh_l0.T
            + lstm.bias_hh_l0
        )
        i, f, g, o = gates.chunk(4, dim=-1)
        c_BH = f.sigmoid() * c_BH + i.sigmoid() * g.tanh()
        h_BH = o.sigmoid() * c_BH.tanh()
        rows.append(h_BH @ model.head.weight.T + model.head.bias)
    logits_TBV, (h, c) = model(x_TB, (h0[None], c0[None]))
    assert_close(logits_TBV, torch.stack(rows))
    assert_close(h[0], h_BH)
    assert_close(c[0], c_BH)


def test_reading_in_two_parts_with_the_state_carried_is_reading_at_once():
    model = make().eval()
    x_TB = torch.randint(V, (9, 2))
    state = random_state(model, 2)
    whole, _ = model(x_TB, state)
    first, middle = model(x_TB[:4], state)
    second, _ = model(x_TB[4:], detach(middle))
    assert_close(torch.cat([first, second]), whole)


def test_the_initial_state_is_zero():
    assert all((s == 0).all() and s.shape == (2, 5, 8) for s in make().init_state(5))


@pytest.mark.parametrize("n_layers", [1, 2])
def test_dropout_acts_in_training_and_not_in_evaluation(n_layers):
    model = make(dropout=0.5, n_layers=n_layers)
    x_TB, state = torch.randint(V, (5, 2)), model.init_state(2)
    model.train()
    assert not torch.equal(model(x_TB, state)[0], model(x_TB, state)[0])
    model.eval()
    assert torch.equal(model(x_TB, state)[0], model(x_TB, state)[0])


def test_dropout_of_an_activation_keeps_its_expectation():
    model = make(dropout=0.4).train()
    dropped = model.dropout(torch.ones(200_000))
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / 0.6])
    assert dropped.mean() == pytest.approx(1.0, abs=0.01)


def test_a_tied_model_has_one_matrix_and_trains_it_from_both_ends():
    model = make(embedding_size=8, tied=True)
    assert model.head.weight is model.embedding.weight
    assert model.n_parameters == make(embedding_size=8).n_parameters - V * 8
    logits_TBV, _ = model(torch.tensor([[3]]), random_state(model, 1))
    logits_TBV[0, 0, 5].backward()
    rows = model.embedding.weight.grad.abs().sum(-1).nonzero().flatten().tolist()
    assert rows == [3, 5]


def test_the_number_of_parameters_is_counted_by_hand():
    lstm = 4 * 8 * (6 + 8 + 2) + 4 * 8 * (8 + 8 + 2)
    assert make().n_parameters == V * 6 + lstm + 8 * V + V


@pytest.mark.parametrize("training", [True, False])
def test_evaluating_restores_the_mode_even_after_an_error(training):
    model = make().train(training)
    modes = []

    def fail():
        with evaluating(model):
            modes.append(model.training)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert modes == [False]
    assert model.training is training


def test_gradients_agree_with_finite_differences():
    model = make(embedding_size=3, hidden_size=2, dropout=0.0).double()
    x_TB, state = torch.randint(V, (3, 2)), random_state(model, 2)
    parameters = dict(model.named_parameters())

    def loss(*values):
        named = dict(zip(parameters, values, strict=True))
        logits_TBV, _ = torch.func.functional_call(model, named, (x_TB, state))
        return logits_TBV.log_softmax(-1)[..., 4].sum()

    values = tuple(p.detach().clone().requires_grad_() for p in parameters.values())
    assert torch.autograd.gradcheck(loss, values)
