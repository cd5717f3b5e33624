"""Recordings: what stands still between replays, and an update that is made of them.

Here a recording is a function that is called again, which needs no GPU; what CUDA makes of it is
in `test_gpu.py`.
"""

import copy

import pytest
import torch

from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.data.batching import Chunk
from lstm_lm.model import LanguageModel
from lstm_lm.training import recording
from lstm_lm.training.learner import Learner
from lstm_lm.training.losses import CrossEntropy
from lstm_lm.training.recording import N_BEFORE, Recorded


def called_again(function):
    """Record as CUDA does: what comes out is written to the same tensors each time."""
    outputs = tuple(tensor.clone() for tensor in function())

    def replay():
        for own, new in zip(outputs, function(), strict=True):
            own.copy_(new)

    return replay, outputs


def test_a_shape_is_recorded_once_it_has_come_often_enough():
    calls = []

    def double(x):
        calls.append(x)
        return (2 * x,)

    recorded = Recorded(double, called_again)
    for i in range(N_BEFORE):
        x = torch.full((2,), float(i))
        assert recorded(x)[0].tolist() == [2 * i] * 2
        assert calls[-1] is x
    assert recorded.n_recordings == 0
    first, second = (recorded(torch.full((2,), value))[0] for value in (5.0, 7.0))
    assert recorded.n_recordings == 1
    assert first is second
    assert second.tolist() == [14.0, 14.0]
    assert calls[-1] is calls[-2] is calls[-3]  # the input's copy, which stays where it is
    assert recorded(torch.ones(3))[0].tolist() == [2.0] * 3
    assert recorded.n_recordings == 1


def test_only_so_many_shapes_are_recorded(monkeypatch):
    monkeypatch.setattr(recording, "MOST", 2)
    recorded = Recorded(lambda x: (x + 1,), called_again)
    for _ in range(N_BEFORE + 2):
        for n in range(1, 5):
            assert recorded(torch.zeros(n))[0].tolist() == [1.0] * n
    assert recorded.n_recordings == 2


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_updates_by_recordings_are_the_same_updates(name):
    config = TrainingConfig(optimizer=name, learning_rate=0.1, clip_norm=0.5, sample_every=1)
    shape = ModelConfig(
        embedding_size=6, hidden_size=6, tied=True, dropout=0.0, ar_alpha=2.0, tar_beta=1.0
    )
    torch.manual_seed(0)
    model = LanguageModel(9, shape)
    by_hand = Learner(copy.deepcopy(model), config, CrossEntropy())
    by_recording = Learner(copy.deepcopy(model), config, CrossEntropy())
    by_recording._recorded = Recorded(by_recording._to_record, called_again)
    text_TB = torch.randint(0, 9, (120, 3))
    starts = [*range(0, 110, 7), *range(3, 110, 5)]  # two lengths
    for i, start in enumerate(starts):
        x_TB, y_TB = (text_TB[start + d : start + d + (7 if i < 16 else 5)] for d in (0, 1))
        chunk = Chunk(x_TB=x_TB, y_TB=y_TB, n_tokens=y_TB.numel(), fresh=i in (0, 8, 20))
        updates = [learner.update(chunk, 0.1) for learner in (by_hand, by_recording)]
        for figure in ("nats", "norm", "probability"):
            expected, got = (getattr(update, figure) for update in updates)
            assert got == expected, (i, figure)
    assert by_recording._recorded.n_recordings == 2
    for a, b in zip(by_hand.model.parameters(), by_recording.model.parameters(), strict=True):
        assert torch.equal(a, b)
    for a, b in zip(by_hand.carried.state, by_recording.carried.state, strict=True):
        assert torch.equal(a, b)


def test_on_a_cpu_nothing_is_recorded():
    model = LanguageModel(9, ModelConfig(embedding_size=4, hidden_size=4))
    assert Learner(model, TrainingConfig(), CrossEntropy())._recorded is None
