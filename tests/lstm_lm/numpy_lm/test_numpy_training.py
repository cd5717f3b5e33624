"""Training in NumPy: repeatable to the bit, resumed to the bit, its figures its own."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_lm.config import TrainingConfig
from lstm_lm.data.batching import make_batches as make_torch_batches
from lstm_lm.data.encoded import IGNORED, EncodedSplit, encode_split
from lstm_lm.files import read_arrays
from lstm_lm.numpy_lm.batching import make_batches
from lstm_lm.numpy_lm.clipping import clip_norm
from lstm_lm.numpy_lm.config import NumpyModelConfig, NumpyTrainingConfig
from lstm_lm.numpy_lm.model import NumpyLanguageModel
from lstm_lm.numpy_lm.optimizers import make_optimizer
from lstm_lm.numpy_lm.run import load, train
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.training.outcomes import TrainingDivergedError, TrainingInterrupted
from toktools.errors import ToktoolsError

TIMES = ("training_seconds", "tokens_per_second")


def without_times(metrics):
    return [{k: v for k, v in record.items() if k not in TIMES} for record in metrics]


def same_arrays(a, b):
    a, b = read_arrays(a)[0], read_arrays(b)[0]
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def stop_at(step):
    """A `stop` that says yes once, after so many updates."""
    updates = iter(range(1, 10**9))
    return lambda: next(updates) == step


@pytest.mark.parametrize("batching", ["stream", "sentence"])
@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=30),
    batch_size=st.integers(1, 9),
    bptt=st.integers(1, 12),
    seed=st.integers(0, 3),
)
def test_the_chunks_are_those_that_torch_s_models_are_given(
    batching, lengths, batch_size, bptt, seed
):
    starts = np.concatenate([[0], np.cumsum(lengths)])
    split = EncodedSplit(
        ids=np.arange(100, 100 + starts[-1], dtype=np.uint32),
        starts=starts,
        n_bytes=np.array(lengths),
        n_characters=np.array(lengths),
    )
    settings = {"batching": batching, "batch_size": batch_size, "bptt": bptt, "seed": seed}
    own = make_batches(split, NumpyTrainingConfig(**settings), eos_id=1)
    theirs = make_torch_batches(split, TrainingConfig(**settings), eos_id=1)
    assert own.n_tokens == theirs.n_tokens
    for epoch in (0, 1):
        for a, b in zip(own.epoch(epoch), theirs.epoch(epoch), strict=True):
            assert a.x_TB.tolist() == b.x_TB.tolist()
            assert a.y_TB.tolist() == b.y_TB.tolist()
            assert (a.n_tokens, a.fresh) == (b.n_tokens, b.fresh)


@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 0.02), ("adagrad", 0.1), ("sgd", 1.0)])
@pytest.mark.parametrize("cell", ["lstm", "lstm-cifg", "gru", "rnn"])
def test_every_cell_learns_a_cycle_of_tokens_with_every_optimizer(cell, optimizer, rate):
    sizes = {"embedding_size": 4, "hidden_size": 8, "n_layers": 1}
    model = NumpyLanguageModel(5, NumpyModelConfig(cell=cell, **sizes))
    config = NumpyTrainingConfig(optimizer=optimizer, learning_rate=rate)
    updates = make_optimizer(config, model.parameters)
    ids_TB = np.array([0, 0, 1, 2, 1, 3] * 3)[:, None]  # what follows 0 and 1 depends on the past
    state, losses = model.init_state(1), []
    for _ in range(200):
        nats_TB, gradients, _ = model.loss_and_gradients(ids_TB[:-1], ids_TB[1:], state)
        clip_norm(gradients, 1.0)
        updates.step(gradients)
        losses.append(nats_TB.mean())
    assert losses[0] > 1.2
    assert losses[-1] < 0.2


def test_every_setting_of_the_update_changes_what_is_learnt(
    tmp_path, texts, word, small_model, small_training
):
    sgd = {"optimizer": "sgd", "epochs": 0.3}
    settings = [
        sgd,
        {**sgd, "momentum": 0.9},
        {**sgd, "clip_value": 1e-4},
        {**sgd, "state": "reset"},
        {**sgd, "schedule": "constant"},
        {**sgd, "batching": "sentence"},
    ]
    losses = {
        train(
            tmp_path / str(i),
            texts,
            word,
            model=small_model,
            training=dataclasses.replace(small_training, **setting),
        ).metrics[-1]["validation_loss_nats"]
        for i, setting in enumerate(settings)
    }
    assert len(losses) == len(settings)


def test_equal_seeds_give_equal_bits_and_another_seed_does_not(
    tmp_path, texts, word, small_model, small_training, trained
):
    other = dataclasses.replace(small_training, seed=1)
    for name, config in (("again", small_training), ("other", other)):
        train(tmp_path / name, texts, word, model=small_model, training=config)
    first, again, other = map(RunDirectory, (trained.path, tmp_path / "again", tmp_path / "other"))
    assert same_arrays(first.best, again.best)
    assert same_arrays(first.last, again.last)
    assert without_times(first.read_metrics()) == without_times(again.read_metrics())
    assert not same_arrays(first.best, other.best)


@pytest.mark.parametrize(
    ("setting", "stops"),
    [
        ({}, [5, 4, 2]),
        ({"optimizer": "sgd", "momentum": 0.5}, [7]),
        ({"optimizer": "adagrad", "state": "reset"}, [1]),
        ({"batching": "sentence", "bptt": 3}, [1, 8]),
    ],
)
def test_a_resumed_run_ends_bit_by_bit_where_an_uninterrupted_one_does(
    tmp_path, texts, word, small_model, small_training, setting, stops
):
    config = dataclasses.replace(
        small_training, sample_every=4, sample_if="posterior>0.01", **setting
    )
    arguments = {"model": small_model, "training": config}
    train(tmp_path / "whole", texts, word, **arguments)
    for i, step in enumerate(stops):
        with pytest.raises(TrainingInterrupted):
            train(tmp_path / "parts", texts, word, resume=i > 0, stop=stop_at(step), **arguments)
    train(tmp_path / "parts", texts, word, resume=True, **arguments)
    whole, parts = (RunDirectory(tmp_path / name) for name in ("whole", "parts"))
    assert same_arrays(whole.last, parts.last)
    assert same_arrays(whole.best, parts.best)
    assert without_times(whole.read_metrics()) == without_times(parts.read_metrics())


def test_a_run_cannot_be_resumed_with_other_options(trained, texts, word, small_training):
    with pytest.raises(ToktoolsError, match="cell is 'lstm-cifg', got 'gru'"):
        train(
            trained.path,
            texts,
            word,
            model=dataclasses.replace(NumpyModelConfig(**trained.config["model"]), cell="gru"),
            training=small_training,
            resume=True,
        )


def test_a_loss_that_is_no_number_stops_training_and_keeps_the_best_weights(
    tmp_path, texts, word, small_model, small_training, monkeypatch
):
    calls = []
    learn = NumpyLanguageModel.loss_and_gradients

    def broken(self, x_TB, y_TB, state):
        calls.append(1)
        nats_TB, gradients, state = learn(self, x_TB, y_TB, state)
        return nats_TB * (math.nan if len(calls) > 12 else 1), gradients, state

    monkeypatch.setattr(NumpyLanguageModel, "loss_and_gradients", broken)
    with pytest.raises(TrainingDivergedError, match=r"loss is nan at step 13; the weights of step"):
        train(tmp_path / "run", texts, word, model=small_model, training=small_training)
    assert math.isfinite(load(tmp_path / "run").evaluate(["one two"]).loss_nats)


# Samples while training


def samples_of(tmp_path, texts, word, small_model, training):
    run = train(tmp_path / "run", texts, word, model=small_model, training=training)
    return [record for record in run.metrics if "sample" in record]


def test_a_text_is_generated_every_so_many_updates(
    tmp_path, texts, word, small_model, small_training
):
    config = dataclasses.replace(small_training, sample_every=7)
    records = samples_of(tmp_path, texts, word, small_model, config)
    assert [record["step"] for record in records] == [7, 14]
    assert all(isinstance(record["sample"], str) for record in records)


def test_texts_begin_once_the_mean_probability_of_the_target_is_above_the_bound(
    tmp_path, texts, word, small_model, small_training
):
    every = dataclasses.replace(small_training, sample_every=3)
    all_records = samples_of(tmp_path / "all", texts, word, small_model, every)
    means = [record["mean_target_probability"] for record in all_records]
    bound = sorted(means)[len(means) // 2]
    some = dataclasses.replace(every, sample_if=f"posterior>{bound}")
    records = samples_of(tmp_path / "some", texts, word, small_model, some)
    expected = [r["step"] for r, mean in zip(all_records, means, strict=True) if mean > bound]
    assert 0 < len(expected) < len(means)
    assert [record["step"] for record in records] == expected


@pytest.mark.parametrize("batching", ["stream", "sentence"])
def test_the_mean_probability_is_that_of_the_targets_since_the_last_look(
    tmp_path, texts, word, small_model, small_training, batching
):
    config = dataclasses.replace(small_training, sample_every=1, epochs=0.01, batching=batching)
    (record,) = samples_of(tmp_path, texts, word, small_model, config)
    model = NumpyLanguageModel(word.n_vocab, small_model, seed=config.seed)
    batches = make_batches(encode_split(word, texts["train"]), config, eos_id=word.eos_id)
    x_TB, y_TB, _ = next(batches.epoch(0))
    p_TBV, _ = model.posterior(x_TB)
    counted_TB = y_TB != IGNORED
    p_TB = np.take_along_axis(p_TBV, np.where(counted_TB, y_TB, 0)[..., None], -1)[..., 0]
    mean = p_TB[counted_TB].mean()
    assert record["mean_target_probability"] == pytest.approx(mean, rel=1e-5)


# Configuration


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"momentum": 0.9}, "momentum belongs to sgd"),
        ({"optimizer": "sgd", "momentum": 1.0}, r"momentum must be in \[0, 1\)"),
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"state": "carried"}, "state must be|did you mean 'carry'"),
        ({"batching": "sentence", "state": "reset"}, "state is for batching 'stream'"),
        ({"bptt": 0}, "bptt must be >= 1"),
        ({"clip_value": 0.0}, "clip_value must be > 0"),
        ({"sample_if": "posterior>0.3"}, "sample_if says which texts to leave out"),
        ({"sample_every": 5, "sample_if": "loss<2"}, "like posterior>0.35"),
        ({"sample_every": 5, "sample_if": "posterior>1.5"}, r"its bound in \[0, 1\)"),
    ],
)
def test_training_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ToktoolsError, match=message):
        NumpyTrainingConfig(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cell": "lstm-cigf"}, "did you mean 'lstm-cifg'"),
        ({"hidden_size": 0}, "hidden_size must be >= 1"),
        ({"dtype": "float16"}, "float32"),
        ({"input_encoding": 3}, "input_encoding must be of type str"),
    ],
)
def test_model_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ToktoolsError, match=message):
        NumpyModelConfig(**settings)
