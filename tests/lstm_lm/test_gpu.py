"""What a GPU computes: the same as the processor, recorded or not, without waiting, and resumed."""

import copy
import dataclasses
import warnings
from contextlib import contextmanager

import pytest
import torch

import lstm_lm
from lstm_lm import ModelConfig, TrainingConfig, TrainingInterrupted
from lstm_lm.data.batching import Chunk
from lstm_lm.model import LanguageModel
from lstm_lm.training.learner import Learner
from lstm_lm.training.losses import CrossEntropy

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"),
]

SIZES = {"embedding_size": 32, "hidden_size": 48, "locked_dropout": True, "last_size": 32}
DROPOUTS = {
    **{f"{place}_dropout": 0.3 for place in ("input", "hidden", "output")},
    "embedding_dropout": 0.1,
    "weight_dropout": 0.5,
}
PENALTIES = {"ar_alpha": 2.0, "tar_beta": 1.0}
MODELS = {
    "two layers": ModelConfig(embedding_size=32, hidden_size=32, dropout=0.0),
    "awd": ModelConfig(n_layers=3, tied=True, dropout=0.0, **SIZES, **PENALTIES),
    "own": ModelConfig(embedding_size=32, hidden_size=32, dropout=0.0, implementation="own"),
    "gru": ModelConfig(embedding_size=32, hidden_size=32, dropout=0.0, cell="gru"),
    "mixture": ModelConfig(embedding_size=32, hidden_size=32, dropout=0.0, n_softmaxes=3),
}
DROPPED = ModelConfig(n_layers=3, tied=True, **SIZES, **DROPOUTS, **PENALTIES)
CONFIG = TrainingConfig(optimizer="adamw", clip_norm=0.25)


def chunks(n_vocab=50, lengths=(9, 9, 9, 9, 6, 6, 9, 6, 6, 6, 9, 6), n_rows=8):
    """A stream in chunks of these lengths."""
    text_TB = torch.randint(
        0, n_vocab, (sum(lengths) + 1, n_rows), generator=torch.Generator().manual_seed(2)
    )
    start = 0
    for i, length in enumerate(lengths):
        x_TB, y_TB = (text_TB[start + d : start + d + length] for d in (0, 1))
        yield Chunk(x_TB=x_TB, y_TB=y_TB, n_tokens=y_TB.numel(), fresh=i in (0, 7))
        start += length


def losses(model, device, **changes):
    """The loss of each update, from the same weights and random numbers."""
    config = dataclasses.replace(CONFIG, **changes)
    torch.manual_seed(3)
    learner = Learner(copy.deepcopy(model).to(device), config, CrossEntropy())
    return [float(learner.update(chunk, 3e-3).nats) for chunk in chunks()], learner


@contextmanager
def waiting_is_an_error():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it does not see every wait
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("name", MODELS)
def test_a_gpu_learns_what_a_processor_learns(name):
    torch.manual_seed(0)
    model = LanguageModel(50, MODELS[name])
    expected, _ = losses(model, "cpu")
    for recorded in (True, False):
        got, learner = losses(model, "cuda", cuda_graphs=recorded)
        assert got == pytest.approx(expected, rel=2e-3)
        assert (learner._recorded is not None) == recorded
        if learner._recorded is not None:
            assert learner._recorded.n_recordings == 2


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_recording_draws_the_same_dropout(precision):
    torch.manual_seed(0)
    model = LanguageModel(50, DROPPED)
    by_hand, _ = losses(model, "cuda", cuda_graphs=False, precision=precision)
    by_recording, _ = losses(model, "cuda", precision=precision)
    assert by_recording == pytest.approx(by_hand, rel=1e-4)


def test_bfloat16_is_nearly_float32():
    torch.manual_seed(0)
    model = LanguageModel(50, MODELS["awd"])
    expected, _ = losses(model, "cuda")
    got, _ = losses(model, "cuda", precision="bfloat16")
    assert got == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("recorded", [True, False])
def test_an_update_does_not_wait_for_the_gpu(recorded, precision):
    config = dataclasses.replace(CONFIG, cuda_graphs=recorded, precision=precision)
    torch.manual_seed(0)
    model = LanguageModel(50, DROPPED).to("cuda")
    learner = Learner(model, config, CrossEntropy())
    all_chunks = list(chunks())
    for chunk in all_chunks:
        learner.update(chunk, 1e-3)
    torch.cuda.synchronize()
    with waiting_is_an_error():
        with pytest.raises(RuntimeError, match="synchronizing"):
            torch.zeros(1, device="cuda").item()
        for chunk in all_chunks:
            learner.update(chunk, 1e-3)


@pytest.mark.parametrize("name", ["two layers", "awd", "gru"])
def test_cudnn_computes_in_bfloat16_and_finds_the_weights_laid_out(name):
    """Not in float16, which autocast would choose; and weights out of order would be warned of."""
    torch.manual_seed(0)
    model = LanguageModel(50, MODELS[name]).to("cuda")
    x_TB = torch.randint(0, 50, (5, 2), device="cuda")
    expected, _ = model.read(x_TB, model.init_state(2))
    with torch.autocast("cuda", torch.bfloat16), warnings.catch_warnings():
        warnings.simplefilter("error")
        got, state = model.read(x_TB, model.init_state(2))
    assert got.dtype == state[0].dtype == torch.bfloat16
    torch.testing.assert_close(got.float(), expected, atol=0.01, rtol=0.05)


def test_weight_drop_does_not_warn():
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        losses(LanguageModel(50, DROPPED), "cuda", cuda_graphs=False)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_an_interrupted_training_goes_on(tmp_path, texts, word, precision):
    training = TrainingConfig(
        batch_size=8, bptt=6, epochs=6, n_validations=3, precision=precision, optimizer="adamw"
    )
    arguments = {"model": DROPPED, "training": training, "device": "cuda"}
    whole = lstm_lm.train(tmp_path / "whole", texts, word, **arguments)
    seen = []
    with pytest.raises(TrainingInterrupted):
        lstm_lm.train(
            *(tmp_path / "parts", texts, word),
            **arguments,
            stop=lambda: seen.append(1) or len(seen) > 25,
        )
    parts = lstm_lm.train(tmp_path / "parts", texts, word, **arguments, resume=True)
    for expected, got in zip(whole.metrics, parts.metrics, strict=True):
        for name in ("step", "train_loss_nats", "validation_loss_nats"):
            assert got.get(name) == pytest.approx(expected.get(name), rel=1e-3), expected["step"]


def test_a_run_from_a_gpu_is_evaluated_on_a_processor(tmp_path, texts, word):
    training = TrainingConfig(batch_size=8, bptt=6, epochs=2, n_validations=2)
    run = lstm_lm.train(tmp_path / "run", texts, word, training=training, device="cuda")
    recorded = run.metrics[-1]["validation_loss_nats"]
    loaded = lstm_lm.load(tmp_path / "run")
    assert loaded.model.device.type == "cpu"
    assert loaded.evaluate(texts["validation"]).loss_nats == pytest.approx(recorded, rel=1e-3)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_gpu_trains_as_the_cpu_does(tmp_path, texts, word, small_training, precision):
    model = ModelConfig(embedding_size=16, hidden_size=16, n_layers=2, dropout=0.0)
    training, losses = dataclasses.replace(small_training, precision=precision), []
    for device in ("cpu", "cuda"):
        path = tmp_path / device
        run = lstm_lm.train(path, texts, word, model=model, training=training, device=device)
        losses.append(run.metrics[-1]["validation_loss_nats"])
    assert losses[1] == pytest.approx(losses[0], rel=0.02)
