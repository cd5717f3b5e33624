"""Single steps against reading the whole text, for every cell and backend."""

import numpy as np
import pytest
import torch

from lstm_lm.config import CELLS, TORCH_CELLS, ModelConfig
from lstm_lm.model import LanguageModel
from lstm_lm.numpy_lm.config import NumpyModelConfig
from lstm_lm.numpy_lm.model import CELLS as NUMPY_CELLS
from lstm_lm.numpy_lm.model import NumpyLanguageModel
from lstm_lm.sampling.stepping import read_texts, select

N_VOCAB = 11
TEXTS = [[1, 5, 3], [1], [1, 2, 3, 4, 5, 6, 7], [1, 9, 9], [10]]


def randomized(model):
    torch.manual_seed(4)
    for parameter in model.parameters():
        torch.nn.init.uniform_(parameter, -1, 1)
    return model.train()  # reading must not depend on it


def configs():
    for implementation, cells in (("own", CELLS), ("torch", TORCH_CELLS)):
        for cell in cells:
            yield ModelConfig(
                embedding_size=5, hidden_size=6, cell=cell, implementation=implementation
            )
    sizes = {"embedding_size": 6, "hidden_size": 6}
    yield ModelConfig(**sizes, tied=True)
    yield ModelConfig(**sizes, cell="lstm", implementation="own", layer_norm=True)
    yield ModelConfig(**sizes, weight_dropout=0.5)
    yield ModelConfig(embedding_size=4, hidden_size=6, last_size=4, n_layers=3, tied=True)
    yield ModelConfig(**sizes, locked_dropout=True, dropout=0.4)


@pytest.mark.parametrize("config", list(configs()), ids=str)
def test_steps_of_torch_s_models_give_the_logits_of_the_whole_text(config):
    model = randomized(LanguageModel(N_VOCAB, config))
    check(model.stepper(), lambda ids: whole(model, ids))
    assert model.training


@pytest.mark.parametrize("encoding", ["embedding", "one-hot"])
@pytest.mark.parametrize("cell", NUMPY_CELLS)
def test_steps_of_numpy_s_models_give_the_logits_of_the_whole_text(cell, encoding):
    config = NumpyModelConfig(
        cell=cell, embedding_size=5, hidden_size=6, n_layers=2, input_encoding=encoding
    )
    model = NumpyLanguageModel(N_VOCAB, config, seed=3)
    for p in model.parameters.values():
        p[...] = np.random.default_rng(p.size).uniform(-1, 1, p.shape)

    def by_forward(ids):
        return model.forward(np.array(ids)[:, None], model.init_state(1))[0][-1, 0]

    check(model.stepper(), by_forward)


def whole(model, ids):
    model.eval()
    with torch.no_grad():
        logits_TBV, _ = model(torch.tensor(ids)[:, None], model.init_state(1))
    model.train()
    return logits_TBV[-1, 0].numpy()


def check(stepper, expected):
    """Read texts of several lengths, step twice, drop and reorder rows; compare all logits."""
    texts = TEXTS
    logits_BV, state = read_texts(stepper, texts)
    for ids_B in ([3, 4, 5, 6, 7], [8, 9, 10, 0, 1]):
        for logits_V, ids in zip(logits_BV, texts, strict=True):
            assert logits_V == pytest.approx(expected(ids), abs=2e-5)
        texts = [[*ids, id] for ids, id in zip(texts, ids_B, strict=True)]
        logits_BV, state = stepper.step(np.array(ids_B), state)
    rows = np.array([3, 0])
    logits_BV, _ = stepper.step(np.array([2, 2]), select(state, rows))
    for logits_V, b in zip(logits_BV, rows, strict=True):
        assert logits_V == pytest.approx(expected([*texts[b], 2]), abs=2e-5)


def test_many_rows_take_the_same_steps_as_few():
    model = randomized(LanguageModel(N_VOCAB, ModelConfig(embedding_size=5, hidden_size=6)))
    stepper, texts = model.stepper(), [[1, b % N_VOCAB] for b in range(40)]
    logits_BV, state = read_texts(stepper, texts)
    many_BV, _ = stepper.step(np.arange(40) % N_VOCAB, state)
    for b in range(40):
        one_BV, _ = stepper.step(np.array([b % N_VOCAB]), select(state, np.array([b])))
        assert many_BV[b] == pytest.approx(one_BV[0], abs=2e-5)
    assert len(logits_BV) == 40
