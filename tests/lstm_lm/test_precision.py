"""Training in bfloat16: nearly the gradients of float32, float32 weights, exact resume."""

import copy
import dataclasses

import pytest
import torch

import lstm_lm
from lstm_lm import ModelConfig, TrainingConfig, TrainingInterrupted, products
from lstm_lm.data.batching import Chunk
from lstm_lm.files import read_tensors
from lstm_lm.model import LanguageModel
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.training import learner, losses
from lstm_lm.training.learner import Learner
from lstm_lm.training.losses import CrossEntropy
from toktools.errors import ToktoolsError

MODELS = {
    "lstm": ModelConfig(embedding_size=24, hidden_size=24),
    "awd": ModelConfig(
        embedding_size=24, hidden_size=24, tied=True, weight_dropout=0.2, ar_alpha=2.0, tar_beta=1.0
    ),
    "own": ModelConfig(embedding_size=24, hidden_size=24, implementation="own"),
    "mogrifier": ModelConfig(embedding_size=24, hidden_size=24, cell="mogrifier"),
}


@pytest.fixture(scope="module", autouse=True)
def slowly():
    """Compute in 16 bits on every processor, on one that cannot by way of 32."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learner, "computes_bfloat16", lambda device: True)
        yield


def gradients(model, precision, chunk):
    """The gradients of one update with a learning rate of 0."""
    model = copy.deepcopy(model)
    config = TrainingConfig(optimizer="sgd", precision=precision, clip_norm=1e9)
    torch.manual_seed(1)
    update = Learner(model, config, CrossEntropy()).update(chunk, 0.0)
    assert all(p.dtype == p.grad.dtype == torch.float32 for p in model.parameters())
    return torch.cat([p.grad.flatten() for p in model.parameters()]), update.nats.item()


@pytest.mark.parametrize("blockwise", [True, False])
@pytest.mark.parametrize("name", MODELS)
def test_gradients_in_bfloat16_are_nearly_those_in_float32(name, blockwise, monkeypatch):
    monkeypatch.setattr(losses, "FEW_LOGITS", 0 if blockwise else 1 << 20)
    torch.manual_seed(0)
    model = LanguageModel(50, MODELS[name])
    x_TB, y_TB = torch.randint(0, 50, (2, 9, 4))
    chunk = Chunk(x_TB=x_TB, y_TB=y_TB, n_tokens=36, fresh=True)
    (g32, nats32), (g16, nats16) = (
        gradients(model, precision, chunk) for precision in ("float32", "bfloat16")
    )
    assert nats16 == pytest.approx(nats32, rel=0.01)
    assert 0 < (g16 - g32).norm() < 0.03 * g32.norm()


@pytest.mark.parametrize("lacks", ["has_bfloat16", "has_instructions_for_bfloat16"])
def test_a_processor_that_has_no_bfloat16_computes_in_float32(lacks, monkeypatch):
    for has in ("has_bfloat16", "has_instructions_for_bfloat16"):
        monkeypatch.setattr(products, has, lambda has=has: has != lacks)
    monkeypatch.setattr(learner, "computes_bfloat16", products.computes_bfloat16)
    torch.manual_seed(0)
    model = LanguageModel(50, MODELS["lstm"])
    x_TB, y_TB = torch.randint(0, 50, (2, 9, 4))
    chunk = Chunk(x_TB=x_TB, y_TB=y_TB, n_tokens=36, fresh=True)
    (g32, _), (g16, _) = (gradients(model, p, chunk) for p in ("float32", "bfloat16"))
    assert torch.equal(g16, g32)


@pytest.fixture(scope="module")
def runs(tmp_path_factory, texts, word, small_model, small_training):
    """The same training in both precisions."""
    folder = tmp_path_factory.mktemp("precision")
    return {
        precision: lstm_lm.train(
            folder / precision,
            texts,
            word,
            model=small_model,
            training=dataclasses.replace(small_training, precision=precision, epochs=6),
        )
        for precision in ("float32", "bfloat16")
    }


def test_a_model_trained_in_bfloat16_is_as_good(runs, texts):
    bits = {name: run.evaluate(texts["validation"]).bits_per_byte for name, run in runs.items()}
    assert bits["bfloat16"] != bits["float32"]
    assert bits["bfloat16"] == pytest.approx(bits["float32"], rel=0.02)


def test_a_run_in_bfloat16_resumes_bit_by_bit(
    runs, tmp_path, texts, word, small_model, small_training
):
    training = dataclasses.replace(small_training, precision="bfloat16", epochs=6)
    steps = iter(range(10**9))
    options = {"model": small_model, "training": training}
    with pytest.raises(TrainingInterrupted):
        lstm_lm.train(tmp_path / "run", texts, word, **options, stop=lambda: next(steps) == 40)
    resumed = lstm_lm.train(tmp_path / "run", texts, word, **options, resume=True)
    a, b = (read_tensors(RunDirectory(r.path).last)[0] for r in (runs["bfloat16"], resumed))
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_another_precision_is_refused():
    with pytest.raises(ToktoolsError, match="precision"):
        TrainingConfig(precision="float16")
