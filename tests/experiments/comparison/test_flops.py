"""What a token costs to train on: the formula beside the products that torch makes."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from experiments.comparison.flops import size_of
from lstm_lm.config import ModelConfig
from lstm_lm.model import LanguageModel

N_VOCAB, STEPS, ROWS = 23, 40, 3
SHAPES = {
    "lstm": ModelConfig(embedding_size=6, hidden_size=10, n_layers=2, implementation="own"),
    "tied": ModelConfig(
        embedding_size=6, hidden_size=10, last_size=6, tied=True, implementation="own"
    ),
    "gru": ModelConfig(cell="gru", embedding_size=6, hidden_size=10, implementation="own"),
    "cifg": ModelConfig(cell="lstm-cifg", embedding_size=6, hidden_size=10, n_layers=1),
    "mogrifier": ModelConfig(
        cell="mogrifier", mogrifier_rank=3, embedding_size=6, hidden_size=10, n_layers=1
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_formula_is_what_is_counted(name: str):
    """Forward exactly; backward but for the first state, which needs no gradient."""
    config = SHAPES[name]
    model = LanguageModel(N_VOCAB, config)
    x_TB = torch.randint(N_VOCAB, (STEPS, ROWS))
    with FlopCounterMode(display=False) as forward, torch.no_grad():
        model(x_TB, model.init_state(ROWS))
    n_tokens, expected = STEPS * ROWS, size_of(config, N_VOCAB).flops_per_token
    assert forward.get_total_flops() * 3 == expected * n_tokens
    with FlopCounterMode(display=False) as both:
        model(x_TB, model.init_state(ROWS))[0].square().sum().backward()
    assert both.get_total_flops() == pytest.approx(expected * n_tokens, rel=1 / STEPS)


@pytest.mark.parametrize("name", SHAPES)
def test_the_parameters_are_those_of_the_model(name: str):
    config = SHAPES[name]
    assert size_of(config, N_VOCAB).n_parameters == LanguageModel(N_VOCAB, config).n_parameters


def test_how_weights_begin_changes_no_size():
    plain = ModelConfig(embedding_size=6, hidden_size=10)
    other = ModelConfig(embedding_size=6, hidden_size=10, orthogonal=True, forget_bias=1.0)
    assert size_of(plain, N_VOCAB) == size_of(other, N_VOCAB)
