import pytest
import torch
from torch import nn
from torch.testing import assert_close

from lstm_lm.config import ModelConfig
from lstm_lm.model import LanguageModel, detach, evaluating
from lstm_lm.regularization import Dropout

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
    dropped = model.output_dropout(torch.ones(200_000))
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


CELLS = ["lstm", "lstm-gates", "lstm-cifg", "lstm-peephole", "mogrifier", "gru", "rnn", "rnn-relu"]
AWD = {
    "embedding_dropout": 0.1,
    "input_dropout": 0.4,
    "weight_dropout": 0.5,
    "hidden_dropout": 0.25,
    "output_dropout": 0.4,
    "locked_dropout": True,
}


def written_out(n_layers, tied):
    """The default model made of torch's own parts, drawn in the same order."""
    embedding, size = nn.Embedding(V, 8), 0.3 if n_layers > 1 else 0.0
    recurrent, head = nn.LSTM(8, 8, n_layers, dropout=size), nn.Linear(8, V)
    if tied:
        nn.init.normal_(embedding.weight, std=8**-0.5)
        head.weight = embedding.weight
    nn.init.zeros_(head.bias)
    return nn.ModuleDict({"embedding": embedding, "recurrent": recurrent, "head": head})


@pytest.mark.parametrize("n_layers", [1, 3])
@pytest.mark.parametrize("tied", [False, True])
def test_the_default_is_bit_by_bit_torch_s_layers_one_after_the_other(n_layers, tied):
    model = make(embedding_size=8, n_layers=n_layers, dropout=0.3, tied=tied)
    torch.manual_seed(1)
    parts = written_out(n_layers, tied)
    named = dict(model.named_parameters())
    assert named.keys() == dict(parts.named_parameters()).keys()
    assert all(torch.equal(named[name], p) for name, p in parts.named_parameters())
    x_TB, state, dropout = torch.randint(V, (5, 3)), random_state(model, 3), Dropout(0.3)
    layers = list(one_by_one(parts["recurrent"]))
    torch.manual_seed(2)
    logits_TBV, (h_LBH, c_LBH) = model(x_TB, state)
    torch.manual_seed(2)
    y_TBH = parts["embedding"](x_TB)
    for number, layer in enumerate(layers):
        y_TBH, after = layer(dropout(y_TBH), tuple(t[number : number + 1] for t in state))
        assert torch.equal(h_LBH[number], after[0][0])
        assert torch.equal(c_LBH[number], after[1][0])
    assert torch.equal(logits_TBV, parts["head"](dropout(y_TBH)))
    logits_TBV, after = model.eval()(x_TB, state)
    y_TBH, expected = parts.eval()["recurrent"](parts["embedding"](x_TB), state)
    assert torch.equal(logits_TBV, parts["head"](y_TBH))
    assert all(map(torch.equal, after, expected))


def one_by_one(stack):
    """Make an LSTM of a single layer for each layer of torch's."""
    for number in range(stack.num_layers):
        layer = nn.LSTM(stack.input_size, stack.hidden_size)
        for name, weight in layer.named_parameters():
            own = stack.get_parameter(name.replace("l0", f"l{number}"))
            weight.data.copy_(own)
        yield layer


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "rnn-relu"])
def test_our_cells_make_the_same_model_as_torch_s(cell):
    torch_s, own = (make(cell=cell, implementation=kind) for kind in ("torch", "own"))
    assert torch_s.n_parameters == own.n_parameters
    x_TB, state = torch.randint(V, (6, 3)), random_state(own, 3)
    logits = []
    for model in (torch_s, own):
        torch.manual_seed(3)
        logits.append(model(x_TB, state)[0])
    assert_close(*logits, rtol=0, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_makes_a_model_whose_weights_all_learn(cell):
    model = make(cell=cell, implementation="auto")
    x_TB, state = torch.randint(V, (5, 16)), random_state(model, 16)
    model(x_TB, state)[0].log_softmax(-1)[..., 2].sum().backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in model.parameters())


@pytest.mark.parametrize(
    ("options", "n_recurrent"),
    [
        ({"cell": "rnn"}, 1 * 8 * (6 + 8 + 2)),
        ({"cell": "gru"}, 3 * 8 * (6 + 8 + 2)),
        ({"cell": "lstm-cifg"}, 3 * 8 * (6 + 8 + 2)),
        ({"cell": "lstm-gates"}, 4 * 8 * (6 + 8 + 1)),
        ({"cell": "lstm-peephole"}, 4 * 8 * (6 + 8 + 2) + 3 * 8),
        ({"cell": "mogrifier"}, 4 * 8 * (6 + 8 + 2) + 5 * 6 * 8),
        ({"cell": "mogrifier", "mogrifier_rank": 2}, 4 * 8 * (6 + 8 + 2) + 5 * 2 * (6 + 8)),
        ({"layer_norm": True}, 4 * 8 * (6 + 8 + 2) + 2 * 4 * 8 + 2 * 8),
    ],
)
def test_the_parameters_of_each_cell_are_counted_by_hand(options, n_recurrent):
    assert make(n_layers=1, **options).n_parameters == V * 6 + n_recurrent + 8 * V + V


def test_features_are_what_the_head_reads_and_the_same_before_dropout():
    model = make(dropout=0.5, n_layers=1)
    x_TB, state = torch.randint(V, (5, 3)), random_state(model, 3)
    torch.manual_seed(4)
    features = model.features(x_TB, state)
    torch.manual_seed(4)
    logits_TBV, after = model(x_TB, state)
    assert torch.equal(model.head(features.dropped_TBH), logits_TBV)
    assert torch.equal(features.raw_TBH[-1], features.state[0][-1])
    assert all(map(torch.equal, features.state, after))
    kept = features.dropped_TBH != 0
    assert_close(features.dropped_TBH[kept], 2 * features.raw_TBH[kept])
    assert 0.2 < kept.float().mean() < 0.8


@pytest.mark.parametrize("implementation", ["torch", "own"])
def test_the_five_dropouts_act_in_training_and_not_in_evaluation(implementation):
    model = make(implementation=implementation, dropout=0.0, **AWD)
    assert not torch.equal(*(model(*inputs_of(model, 5))[0] for _ in range(2)))
    model.eval()
    plain = make(implementation=implementation, dropout=0.0).eval()
    for parameter, other in zip(plain.parameters(), model.parameters(), strict=True):
        parameter.data.copy_(other)
    assert torch.equal(model(*inputs_of(model, 5))[0], plain(*inputs_of(plain, 5))[0])


def inputs_of(model, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(V, (6, 4), generator=generator), model.init_state(4)


@pytest.mark.parametrize("place", ["embedding", "input", "weight", "hidden", "output"])
def test_each_dropout_alone_changes_what_training_sees(place):
    model = make(dropout=0.0, **{f"{place}_dropout": 0.5})
    first, *others = (model(*inputs_of(model, 6))[0] for _ in range(6))
    assert not all(torch.equal(first, other) for other in others)
    still = make(dropout=0.0, drop_mult=0.0, **{f"{place}_dropout": 0.5})
    assert torch.equal(*(still(*inputs_of(still, 6))[0] for _ in range(2)))


def penalised(**options):
    """A model that has read in training, and what the head read."""
    model, seen = make(dropout=0.4, **options), []
    features = model.features
    model.features = lambda *inputs: seen.append(features(*inputs)) or seen[-1]
    model(torch.randint(V, (5, 3)), random_state(model, 3))
    return model, seen[-1]


def test_the_penalty_is_ar_on_dropped_and_tar_on_raw_features():
    for alpha, beta in ((2.0, 0.5), (3.0, 0.0), (0.0, 3.0)):
        model, features = penalised(ar_alpha=alpha, tar_beta=beta)
        ar = features.dropped_TBH.square().mean()
        tar = (features.raw_TBH[1:] - features.raw_TBH[:-1]).square().mean()
        assert_close(model.penalty(), alpha * ar + beta * tar)


def test_the_penalty_leaves_padding_out():
    model, features = penalised(ar_alpha=1.0)
    counted_TB = torch.rand(5, 3) < 0.5
    assert_close(model.penalty(counted_TB), features.dropped_TBH[counted_TB].square().mean())


def test_each_pass_is_penalised_once_and_passes_in_evaluation_never():
    model, _ = penalised(ar_alpha=1.0)
    model.penalty()
    with evaluating(model):
        model(*inputs_of(model, 7))
    with pytest.raises(RuntimeError, match="belongs after a forward pass in training"):
        model.penalty()


def test_without_weights_there_is_no_penalty_and_nothing_is_kept():
    model, _ = penalised()
    assert model.penalty() == 0.0
    assert model._to_be_penalised is None


@pytest.mark.parametrize("tied", [False, True])
def test_a_range_of_first_weights_holds_for_every_weight_and_bias(tied):
    model = make(embedding_size=64, hidden_size=64, tied=tied, init_range=0.02)
    for name, parameter in model.named_parameters():
        assert parameter.abs().max() <= 0.02, name
        assert parameter.abs().max() > 0.015, name
        assert abs(parameter.mean()) < 0.006, name
