"""Every recurrent layer of ours beside torch's, or beside its equations written out in NumPy."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from lstm_lm.cells import (
    GRU,
    LSTM,
    RNN,
    CoupledLSTM,
    FourGateLSTM,
    MogrifierLSTM,
    PeepholeLSTM,
    RecurrentStack,
    copy_from_torch,
    copy_to_torch,
)
from lstm_lm.cells.build import CELLS
from toktools.errors import ToktoolsError

E, H = 3, 4
PEERS = {"lstm": nn.LSTM, "lstm-gates": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN, "rnn-relu": nn.RNN}


def ours_and_theirs(name, *, n_layers=1, dtype=torch.float64):
    """Our stack and torch's module, with the same weights, which are larger than at the start."""
    options = {"nonlinearity": "relu"} if name == "rnn-relu" else {}
    theirs = PEERS[name](E, H, n_layers, **options).to(dtype)
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, std=0.5)
    ours = RecurrentStack([CELLS[name](E if i == 0 else H, H) for i in range(n_layers)]).to(dtype)
    copy_from_torch(ours, theirs)
    return ours, theirs


def random_state(module, batch_size):
    return tuple(torch.randn_like(tensor) for tensor in module.init_state(batch_size))


def as_torch_takes_it(state):
    return state if len(state) == 2 else state[0]


def as_a_tuple(state):
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
@settings(deadline=None, max_examples=15)
@given(
    n_layers=st.integers(1, 3),
    n_steps=st.integers(1, 9),
    batch_size=st.integers(1, 4),
    seed=st.integers(0, 2**32),
)
def test_with_copied_weights_ours_gives_what_torch_gives(
    name, dtype, atol, n_layers, n_steps, batch_size, seed
):
    torch.manual_seed(seed)
    ours, theirs = ours_and_theirs(name, n_layers=n_layers, dtype=dtype)
    x_TBE, state = torch.randn(n_steps, batch_size, E, dtype=dtype), random_state(ours, batch_size)
    y_TBH, after = ours(x_TBE, state)
    expected_TBH, expected_after = theirs(x_TBE, as_torch_takes_it(state))
    scale = max(1.0, float(expected_TBH.detach().abs().max()))  # relu has no bound
    assert_close(y_TBH, expected_TBH, rtol=0, atol=atol * scale)
    for tensor, expected in zip(after, as_a_tuple(expected_after), strict=True):
        scale = max(1.0, float(expected.detach().abs().max()))
        assert_close(tensor, expected, rtol=0, atol=atol * scale)


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn", "rnn-relu"])
@pytest.mark.parametrize("n_layers", [1, 2])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_every_gradient_is_torch_s(name, n_layers, dtype, tolerance):
    torch.manual_seed(1)
    ours, theirs = ours_and_theirs(name, n_layers=n_layers, dtype=dtype)
    x_TBE, state = torch.randn(6, 3, E, dtype=dtype), random_state(ours, 3)
    weight_TBH = torch.randn(6, 3, H, dtype=dtype)
    leaves = [[t.clone().requires_grad_() for t in (x_TBE, *state)] for _ in range(2)]
    y_TBH, after = ours(leaves[0][0], tuple(leaves[0][1:]))
    ((y_TBH * weight_TBH).sum() + after[-1].square().sum()).backward()
    y_TBH, after = theirs(leaves[1][0], as_torch_takes_it(tuple(leaves[1][1:])))
    ((y_TBH * weight_TBH).sum() + as_a_tuple(after)[-1].square().sum()).backward()
    own = dict(ours.named_parameters())
    for key, parameter in theirs.named_parameters():
        kind, _, layer = key.rpartition("_l")
        gradient = own[f"layers.{layer}.{kind}"].grad
        assert_close(gradient, parameter.grad, rtol=tolerance, atol=tolerance)
    for mine, other in zip(*leaves, strict=True):
        assert mine.grad.abs().min() > 0 or name == "rnn-relu"
        assert_close(mine.grad, other.grad, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn", "rnn-relu"])
def test_the_same_seed_draws_the_same_weights_as_torch(name):
    options = {"nonlinearity": "relu"} if name == "rnn-relu" else {}
    torch.manual_seed(5)
    theirs = PEERS[name](E, H, **options)
    torch.manual_seed(5)
    ours = CELLS[name](E, H)
    for parameter, expected in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(parameter, expected)


@pytest.mark.parametrize("name", PEERS)
def test_weights_copied_to_torch_and_used_there_give_what_ours_gives(name):
    torch.manual_seed(2)
    _, theirs = ours_and_theirs(name, n_layers=2)
    ours = RecurrentStack([CELLS[name](E, H), CELLS[name](H, H)]).double()
    copy_to_torch(ours, theirs)
    x_TBE, state = torch.randn(5, 2, E).double(), random_state(ours, 2)
    expected_TBH, _ = ours(x_TBE, state)
    assert_close(theirs(x_TBE, as_torch_takes_it(state))[0], expected_TBH, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("ours", "theirs", "message"),
    [
        (LSTM(E, H), nn.GRU(E, H), "LSTM and torch's GRU are different cells"),
        (CoupledLSTM(E, H), nn.LSTM(E, H), "CoupledLSTM and torch's LSTM are different"),
        (PeepholeLSTM(E, H), nn.LSTM(E, H), "PeepholeLSTM and torch's LSTM are different"),
        (LSTM(E, H), nn.LSTM(E, H, 2), "as many layers, got 1 of ours and 2"),
        (LSTM(E, 5), nn.LSTM(E, H), r"same sizes \(E, H\), got \(3, 5\) and \(3, 4\)"),
        (LSTM(E, H, layer_norm=True), nn.LSTM(E, H), "torch's layers have no layer norm"),
        (RNN(E, H), nn.RNN(E, H, nonlinearity="relu"), "squash alike, got tanh and torch's relu"),
        (LSTM(E, H), nn.LSTM(E, H, bidirectional=True), "must read one way"),
        (LSTM(E, H), nn.LSTM(E, H, bias=False), "with bias"),
        (LSTM(E, H), nn.LSTM(E, H, proj_size=2), "without projection"),
    ],
)
def test_weights_that_do_not_fit_are_not_copied(ours, theirs, message):
    before = [parameter.clone() for parameter in ours.parameters()]
    with pytest.raises(ToktoolsError, match=message):
        copy_from_torch(ours, theirs)
    with pytest.raises(ToktoolsError, match=message):
        copy_to_torch(ours, theirs)
    assert all(map(torch.equal, ours.parameters(), before))


def test_four_gates_and_the_fused_form_are_one_lstm():
    torch.manual_seed(3)
    fused, theirs, gates = LSTM(E, H).double(), nn.LSTM(E, H).double(), FourGateLSTM(E, H).double()
    copy_to_torch(fused, theirs)
    copy_from_torch(gates, theirs)
    x_TBE, state = torch.randn(7, 3, E).double(), random_state(fused, 3)
    leaves = [x_TBE.clone().requires_grad_() for _ in range(2)]
    (y, (h, c)), (y2, (h2, c2)) = fused(leaves[0], state), gates(leaves[1], state)
    for mine, other in ((y, y2), (h, h2), (c, c2)):
        assert_close(mine, other, rtol=0, atol=1e-12)
    (y.square().sum() + c.sum()).backward()
    (y2.square().sum() + c2.sum()).backward()
    assert_close(leaves[0].grad, leaves[1].grad, rtol=0, atol=1e-12)
    weight = torch.cat([gate.weight.grad for gate in gates.layers])
    assert_close(fused.weight_hh.grad, weight[:, :H], rtol=0, atol=1e-12)
    assert_close(fused.weight_ih.grad, weight[:, H:], rtol=0, atol=1e-12)


def learn(module, rates):
    """Five steps of gradient descent; returns the outputs after each."""
    generator = torch.Generator().manual_seed(1)
    x_TBE = torch.randn(6, 4, E, generator=generator).double()
    groups = [{"params": [p], "lr": rates(name)} for name, p in module.named_parameters()]
    optimizer, outputs = torch.optim.SGD(groups), []
    for _ in range(5):
        y_TBH, _ = module(x_TBE, (torch.zeros(1, 4, H).double(), torch.ones(1, 4, H).double()))
        outputs.append(y_TBH.detach())
        optimizer.zero_grad()
        y_TBH.square().sum().backward()
        optimizer.step()
    return torch.stack(outputs)


def test_one_bias_learns_as_two_do_at_twice_their_rate():
    torch.manual_seed(3)
    theirs, gates, same = nn.LSTM(E, H).double(), *(FourGateLSTM(E, H).double() for _ in range(2))
    copy_from_torch(gates, theirs)
    copy_from_torch(same, theirs)
    expected = learn(theirs, lambda name: 0.1)
    twice = learn(gates, lambda name: 0.2 if "bias" in name else 0.1)
    assert_close(twice, expected, rtol=0, atol=1e-12)
    assert (learn(same, lambda name: 0.1) - expected).abs().max() > 1e-3


def test_a_unit_of_an_lstm_worked_out_by_hand():
    lstm = LSTM(1, 1).double()
    with torch.no_grad():
        lstm.weight_ih.copy_(torch.tensor([[1.0], [2.0], [0.5], [-1.0]]))
        lstm.weight_hh.copy_(torch.tensor([[0.5], [-1.0], [1.0], [2.0]]))
        lstm.bias_ih.copy_(torch.tensor([0.0, 1.0, 0.0, 0.0]))
        lstm.bias_hh.copy_(torch.tensor([0.1, 0.0, 0.0, 0.2]))
    # x = 1, h = 0.2, c = 0.5:  i = s(1.2), f = s(2.8), g = tanh(0.7), o = s(-0.4)
    # c = 0.942676 * 0.5 + 0.768525 * 0.604368 = 0.935809;  h = 0.401312 * 0.733290 = 0.294279
    state = tuple(torch.full((1, 1, 1), value, dtype=torch.float64) for value in (0.2, 0.5))
    y_TBH, (h, c) = lstm(torch.ones(1, 1, 1).double(), state)
    assert c.item() == pytest.approx(0.935809, abs=1e-6)
    assert h.item() == y_TBH.item() == pytest.approx(0.294279, abs=1e-6)


def test_a_coupled_lstm_is_an_lstm_whose_forget_gate_is_the_input_gate_upside_down():
    torch.manual_seed(4)
    coupled, lstm = CoupledLSTM(E, H).double(), nn.LSTM(E, H).double()
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            i, g, o = coupled.get_parameter(name).chunk(3)
            lstm.get_parameter(f"{name}_l0").copy_(torch.cat([i, -i, g, o]))  # s(-a) = 1 - s(a)
    x_TBE, state = torch.randn(6, 2, E).double(), random_state(coupled, 2)
    y_TBH, (h, c) = coupled(x_TBE, state)
    expected_TBH, expected = lstm(x_TBE, state)
    assert_close(y_TBH, expected_TBH, rtol=0, atol=1e-12)
    assert_close((h, c), expected, rtol=0, atol=1e-12)


def test_a_coupled_cell_stays_between_minus_one_and_one():
    torch.manual_seed(5)
    coupled, lstm = grown(CoupledLSTM(E, H)), grown(LSTM(E, H))
    x_TBE, state = 3 * torch.randn(50, 20, E).double(), random_state(coupled, 20)
    state = tuple(tensor.clamp(-1, 1) for tensor in state)
    assert coupled(x_TBE, state)[1][1].abs().max() <= 1
    assert lstm(x_TBE, state)[1][1].abs().max() > 1.5


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def normalised(x, gain, shift=0.0):
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * gain + shift


def read_in_numpy(cell, x_TBE, state, step):
    """Run `step(x, h, c, w)` over the inputs, and compare with the cell's own outputs and state."""
    w = {name: p.detach().numpy() for name, p in cell.named_parameters()}
    now, rows = tuple(s[0].numpy() for s in state), []
    for x in x_TBE.numpy():
        now = step(x, *now, w)
        rows.append(now[0])
    y_TBH, after = cell(x_TBE, state)
    assert np.abs(y_TBH.detach().numpy() - np.stack(rows)).max() < 1e-12
    for tensor, expected in zip(after, now, strict=True):
        assert np.abs(tensor[0].detach().numpy() - expected).max() < 1e-12


def lstm_step(x, h, c, w, product_x=None, product_h=None, show=np.tanh):
    product_x = x @ w["weight_ih"].T if product_x is None else product_x
    product_h = h @ w["weight_hh"].T if product_h is None else product_h
    i, f, g, o = np.split(product_x + product_h + w["bias_ih"] + w["bias_hh"], 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * show(c), c


def grown(cell):
    """The cell in float64 with weights, gains and shifts that are all of some size."""
    for parameter in cell.parameters():
        nn.init.normal_(parameter, mean=0.1, std=0.6)
    return cell.double()


def inputs(cell):
    return torch.randn(5, 3, E).double(), random_state(cell, 3)


def test_peepholes_show_the_gates_the_cell():
    torch.manual_seed(6)
    cell = grown(PeepholeLSTM(E, H))

    def step(x, h, c, w):
        a = x @ w["weight_ih"].T + h @ w["weight_hh"].T + w["bias_ih"] + w["bias_hh"]
        i, f, g, o = np.split(a, 4, axis=-1)
        p_i, p_f, p_o = w["peephole"]
        new = sigmoid(f + p_f * c) * c + sigmoid(i + p_i * c) * np.tanh(g)
        return sigmoid(o + p_o * new) * np.tanh(new), new

    read_in_numpy(cell, *inputs(cell), step)


@pytest.mark.parametrize("rank", [None, 2])
@pytest.mark.parametrize("n_rounds", [1, 2, 5])
def test_the_mogrifier_gates_input_and_state_in_turns(n_rounds, rank):
    torch.manual_seed(7)
    cell = grown(MogrifierLSTM(E, H, n_rounds=n_rounds, rank=rank))

    def matrix(w, name):
        return (
            w[f"{name}.weight"] if rank is None else w[f"{name}.1.weight"] @ w[f"{name}.0.weight"]
        )

    def step(x, h, c, w):
        for n in range(1, n_rounds + 1):
            if n % 2:
                x = 2 * sigmoid(h @ matrix(w, f"q.{(n - 1) // 2}").T) * x
            else:
                h = 2 * sigmoid(x @ matrix(w, f"r.{n // 2 - 1}").T) * h
        return lstm_step(x, h, c, w)

    read_in_numpy(cell, *inputs(cell), step)


def test_layer_norm_acts_on_both_products_and_on_the_cell():
    torch.manual_seed(8)
    cell = grown(LSTM(E, H, layer_norm=True))

    def step(x, h, c, w):
        product_x = normalised(x @ w["weight_ih"].T, w["norm_x.weight"])
        product_h = normalised(h @ w["weight_hh"].T, w["norm_h.weight"])
        return lstm_step(
            *(x, h, c, w, product_x, product_h),
            lambda c: np.tanh(normalised(c, w["norm_c.weight"], w["norm_c.bias"])),
        )

    read_in_numpy(cell, *inputs(cell), step)


def test_layer_norm_in_a_gru_leaves_the_biases_where_they_are():
    torch.manual_seed(9)
    cell = grown(GRU(E, H, layer_norm=True))

    def step(x, h, w):
        a = normalised(x @ w["weight_ih"].T, w["norm_x.weight"]) + w["bias_ih"]
        b = normalised(h @ w["weight_hh"].T, w["norm_h.weight"]) + w["bias_hh"]
        (x_r, x_z, x_n), (h_r, h_z, h_n) = np.split(a, 3, -1), np.split(b, 3, -1)
        z = sigmoid(x_z + h_z)
        return ((1 - z) * np.tanh(x_n + sigmoid(x_r + h_r) * h_n) + z * h,)

    read_in_numpy(cell, *inputs(cell), step)


def test_without_its_addition_each_cell_is_the_plain_lstm():
    torch.manual_seed(10)
    lstm = LSTM(E, H).double()
    peephole, mogrifier = PeepholeLSTM(E, H).double(), MogrifierLSTM(E, H, n_rounds=0).double()
    peephole.load_state_dict({**lstm.state_dict(), "peephole": torch.zeros(3, H)})
    mogrifier.load_state_dict(lstm.state_dict())
    x_TBE, state = inputs(lstm)
    for cell in (peephole, mogrifier):
        assert_close(cell(x_TBE, state), lstm(x_TBE, state), rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_rounds": -1}, "n_rounds must be >= 0 .*, got -1"),
        ({"rank": 0}, "rank must be >= 1, got 0"),
    ],
)
def test_an_impossible_mogrifier_is_refused(options, message):
    with pytest.raises(ToktoolsError, match=message):
        MogrifierLSTM(E, H, **options)


def test_an_unknown_nonlinearity_is_refused_with_the_closest():
    with pytest.raises(ToktoolsError, match="did you mean 'relu'"):
        RNN(E, H, nonlinearity="rely")


def test_tanh_is_a_sigmoid_stretched():
    x = torch.linspace(-6, 6, 101, dtype=torch.float64)
    assert_close(torch.tanh(x), 2 * torch.sigmoid(2 * x) - 1, rtol=0, atol=1e-15)
