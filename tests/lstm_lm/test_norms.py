import pytest
import torch
from torch.nn import functional

from lstm_lm.config import ModelConfig
from lstm_lm.data.batching import IGNORED
from lstm_lm.model import LanguageModel
from lstm_lm.training.norms import measure_norms


@pytest.fixture
def model():
    torch.manual_seed(0)
    return LanguageModel(9, ModelConfig(embedding_size=4, hidden_size=5, dropout=0.3)).double()


@pytest.fixture
def chunk(model):
    random = torch.Generator().manual_seed(1)
    x_TB, y_TB = (torch.randint(0, 9, (6, 3), generator=random) for _ in range(2))
    y_TB[4:, 2] = IGNORED
    h, c = (torch.randn(2, 3, 5, generator=random, dtype=torch.float64) for _ in range(2))
    return x_TB, y_TB, (h, c)


def test_gradient_norms_are_those_of_the_mean_loss_without_dropout(model, chunk):
    x_TB, y_TB, state = chunk
    norms = measure_norms(model, *chunk)["gradient_norms"]
    model.eval()
    logits_TBV, _ = model(x_TB, state)
    functional.cross_entropy(logits_TBV.flatten(0, 1), y_TB.flatten()).backward()
    assert norms.keys() == dict(model.named_parameters()).keys()
    for name, p in model.named_parameters():
        assert norms[name] == pytest.approx(p.grad.norm().item(), rel=1e-9)


def test_gradients_by_step_are_those_of_the_last_step_s_loss(model, chunk):
    x_TB, y_TB, state = chunk
    by_step = measure_norms(model, *chunk)["gradient_by_step"]
    model.eval()
    x_TBE = model.embedding(x_TB).detach().requires_grad_()
    h_TBH, _ = model.recurrent(x_TBE, state)
    last_NV = model.head(h_TBH[-1])
    functional.cross_entropy(last_NV, y_TB[-1], reduction="sum").backward()
    assert by_step == pytest.approx([g.norm().item() for g in x_TBE.grad], rel=1e-9)
    assert len(by_step) == 6


def test_activations_are_root_mean_squares_of_every_module_and_every_layer(model, chunk):
    x_TB, _, state = chunk
    rms = measure_norms(model, *chunk)["activation_rms"]
    model.eval()
    logits_TBV, (h_LBH, c_LBH) = model(x_TB, state)
    assert rms["head"] == pytest.approx(logits_TBV.square().mean().sqrt().item())
    for layer in range(2):
        assert rms[f"layer {layer + 1} h"] == pytest.approx(
            h_LBH[layer].square().mean().sqrt().item()
        )
        assert rms[f"layer {layer + 1} c"] == pytest.approx(
            c_LBH[layer].square().mean().sqrt().item()
        )
    assert not any("dropout" in name for name in rms)  # it does nothing here


def test_measuring_changes_neither_weights_nor_gradients_nor_mode_nor_random_state(model, chunk):
    model.train()
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    before, random = [p.detach().clone() for p in model.parameters()], torch.get_rng_state()
    measure_norms(model, *chunk)
    assert model.training
    assert torch.equal(torch.get_rng_state(), random)
    assert not model.recurrent._forward_pre_hooks
    assert not model.head._forward_hooks
    for p, old in zip(model.parameters(), before, strict=True):
        assert torch.equal(p, old)
        assert (p.grad == 1).all()
