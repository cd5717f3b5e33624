"""Whole runs with other cells than the default one."""

import dataclasses
import json
import shutil

import pytest
import torch

import lstm_lm
from lstm_lm import ModelConfig, TrainingInterrupted
from lstm_lm.config import from_json, to_json
from lstm_lm.files import read_tensors
from lstm_lm.runs.directory import RunDirectory
from toktools.errors import ToktoolsError

OLD_FIELDS = ("embedding_size", "hidden_size", "n_layers", "dropout", "tied")
SIZES = {"embedding_size": 10, "hidden_size": 10}
MODELS = {
    "mogrifier": ModelConfig(**SIZES, cell="mogrifier", mogrifier_rounds=3, mogrifier_rank=2),
    "gru": ModelConfig(**SIZES, cell="gru", implementation="own", orthogonal=True),
    "awd": ModelConfig(
        **SIZES, tied=True, embedding_dropout=0.1, weight_dropout=0.3, locked_dropout=True
    ),
}


def stop_at(step):
    updates = iter(range(1, 10**9))
    return lambda: next(updates) == step


def same_tensors(a, b):
    a, b = read_tensors(a)[0], read_tensors(b)[0]
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("name", MODELS)
def test_a_run_is_saved_loaded_and_resumed_with_its_cell(
    tmp_path, texts, word, small_training, name
):
    options = {"model": MODELS[name], "training": small_training}
    whole = lstm_lm.train(tmp_path / "whole", texts, word, **options)
    with pytest.raises(TrainingInterrupted):
        lstm_lm.train(tmp_path / "parts", texts, word, **options, stop=stop_at(5))
    parts = lstm_lm.train(tmp_path / "parts", texts, word, **options, resume=True)
    assert same_tensors(RunDirectory(whole.path).last, RunDirectory(parts.path).last)
    loaded = lstm_lm.load(whole.path)
    assert loaded.model.config == MODELS[name]
    assert loaded.evaluate(texts["validation"]) == whole.evaluate(texts["validation"])
    assert loaded.generate("one", strategy="sample") == whole.generate("one", strategy="sample")


@pytest.fixture
def old_run(trained, tmp_path):
    """A run as it was written when a model's configuration had five fields."""
    path = shutil.copytree(trained.path, tmp_path / "old")
    config = json.loads((path / "config.json").read_text())
    config["model"] = {name: config["model"][name] for name in OLD_FIELDS}
    (path / "config.json").write_text(json.dumps(config))
    return path


def test_a_run_from_before_the_cells_still_loads(old_run, trained, texts):
    loaded = lstm_lm.load(old_run)
    assert loaded.evaluate(texts["validation"]) == trained.evaluate(texts["validation"])


def test_a_run_from_before_the_cells_can_be_resumed(
    old_run, texts, word, small_model, small_training
):
    lstm_lm.train(old_run, texts, word, model=small_model, training=small_training, resume=True)
    other = dataclasses.replace(small_model, cell="gru")
    with pytest.raises(ToktoolsError, match="cell is 'lstm', got 'gru'"):
        lstm_lm.train(old_run, texts, word, model=other, training=small_training, resume=True)


def test_ours_and_torch_s_train_alike(tmp_path, texts, word, small_model, small_training):
    losses = []
    for implementation in ("torch", "own"):
        model = dataclasses.replace(small_model, implementation=implementation)
        run = lstm_lm.train(
            tmp_path / implementation, texts, word, model=model, training=small_training
        )
        losses.append([record["train_loss_nats"] for record in run.metrics])
    assert losses[0][-1] < losses[0][0] - 0.5
    assert losses[0] == pytest.approx(losses[1], abs=1e-3)


@pytest.mark.parametrize("option", ["ar_alpha", "tar_beta"])
@pytest.mark.parametrize("batching", ["stream", "sentence"])
def test_a_penalty_makes_activations_smaller_and_is_no_part_of_the_reported_loss(
    tmp_path, texts, word, small_model, small_training, option, batching
):
    training = dataclasses.replace(small_training, batching=batching, epochs=4)
    sizes, first = [], []
    for weight in (0.0, 20.0):
        model = dataclasses.replace(small_model, **{option: weight})
        run = lstm_lm.train(tmp_path / str(weight), texts, word, model=model, training=training)
        first.append(run.metrics[0]["train_loss_nats"])
        x_TB = torch.arange(word.n_vocab)[:, None]
        with torch.no_grad():
            raw_TBH = run.model.features(x_TB, run.model.init_state(1)).raw_TBH
        changes = raw_TBH.diff(dim=0) if option == "tar_beta" else raw_TBH
        sizes.append(float(changes.square().mean()))
    assert sizes[1] < 0.5 * sizes[0]
    assert first[0] == pytest.approx(first[1], abs=0.2)


def test_a_config_with_every_field_set_comes_back_from_json():
    config = ModelConfig(
        **SIZES,
        **{"n_layers": 3, "last_size": 10, "dropout": 0.5, "tied": True, "cell": "mogrifier"},
        **{"implementation": "own", "layer_norm": True, "orthogonal": True, "forget_bias": 1.0},
        **{"mogrifier_rounds": 4, "mogrifier_rank": 7, "locked_dropout": True},
        **{"input_dropout": 0.1, "hidden_dropout": 0.2, "output_dropout": 0.3},
        **{"embedding_dropout": 0.4, "weight_dropout": 0.6, "drop_mult": 0.7},
        **{"ar_alpha": 2.0, "tar_beta": 1.0, "n_softmaxes": 3, "latent_dropout": 0.5},
    )
    other = ModelConfig(init_range=0.1)  # goes with neither orthogonal nor forget_bias
    defaults = to_json(ModelConfig())
    for name, default in defaults.items():
        assert {to_json(config)[name], to_json(other)[name]} != {default}, name
    for one in (config, other):
        assert from_json(ModelConfig, json.loads(json.dumps(to_json(one)))) == one
