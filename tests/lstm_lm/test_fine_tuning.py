"""A second training that begins with the weights of a first one."""

import dataclasses
import json

import pytest
import torch

import lstm_lm
from lstm_lm import TrainingConfig, TrainingInterrupted
from lstm_lm.files import read_tensors
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.runs.fine_tuning import fine_tuning_of
from tests.lstm_lm.test_lm_cli import SMALL, lm
from toktools.errors import ToktoolsError
from toktools.word import train_word

FIRST = TrainingConfig(
    **{"optimizer": "nt-asgd", "nonmonotone": 2, "learning_rate": 8.0, "schedule": "constant"},
    **{"batch_size": 8, "bptt": 10, "epochs": 3, "n_validations": 12},
)


@pytest.fixture(scope="module")
def first(tmp_path_factory, texts, word, small_model):
    path = tmp_path_factory.mktemp("fine") / "first"
    return lstm_lm.train(path, texts, word, model=small_model, training=FIRST)


def train(path, texts, first, training, **options):
    model = dataclasses.replace(first.model.config)
    return lstm_lm.train(
        *(path, texts, options.pop("tokenizer", first.tokenizer)),
        model=model,
        training=training,
        fine_tune=first.path,
        **options,
    )


def losses(run):
    key = "validation_loss_nats"
    return [line[key] for line in run.metrics if key in line]


def test_it_begins_with_the_best_weights_and_averages_from_the_first_update(tmp_path, texts, first):
    config = dataclasses.replace(fine_tuning_of(FIRST), checkpoint_every="1")
    updates = iter(range(1, 99))
    with pytest.raises(TrainingInterrupted):
        train(tmp_path / "fine", texts, first, config, stop=lambda: next(updates) == 1)
    last = read_tensors(RunDirectory(tmp_path / "fine").last)[0]
    assert int(last["average/n"]) == 2
    best = read_tensors(RunDirectory(first.path).best)[0]
    for i, name in enumerate(name for name, _ in first.model.named_parameters()):
        mean = (best[name] + last[f"model/{name}"]) / 2  # of the weights begun with, and the next
        torch.testing.assert_close(last[f"average/{i}"], mean)
    step = max(float((best[n] - last[f"model/{n}"]).abs().max()) for n in best)
    assert 0 < step < 8.0 * config.clip_norm


def test_on_a_tiny_text_it_improves_on_the_run_and_stops_at_the_trigger(tmp_path, texts, first):
    config = dataclasses.replace(fine_tuning_of(FIRST), epochs=40, n_validations=160)
    run = train(tmp_path / "fine", texts, first, config)
    seen = losses(run)
    assert min(seen) < min(losses(first)) - 0.02
    assert run.metrics[-1]["stopped_early"]
    assert seen[-1] > min(seen[:-3])
    assert all(seen[k] <= min(seen[: k - 2]) for k in range(3, len(seen) - 1))


def test_config_json_names_the_run_and_other_weights_in_its_place_are_refused(
    tmp_path, texts, first, small_model
):
    other = lstm_lm.train(
        *(tmp_path / "other", texts, first.tokenizer),
        model=small_model,
        training=dataclasses.replace(FIRST, epochs=0.2, n_validations=4),
    )
    config = fine_tuning_of(FIRST)
    with pytest.raises(TrainingInterrupted):
        train(tmp_path / "fine", texts, other, config, stop=lambda: True)
    fine = RunDirectory(tmp_path / "fine")
    assert fine.read_config()["fine_tuned_from"]["run"] == str(other.path)
    fine.last.unlink()  # as if killed before the first checkpoint
    (other.path / "model.safetensors").write_bytes((first.path / "model.safetensors").read_bytes())
    with pytest.raises(ToktoolsError, match="has changed since the fine-tuning was begun"):
        train(fine.path, texts, other, config, resume=True)


def test_another_vocabulary_is_refused(tmp_path, texts, first):
    other = train_word(texts["train"], min_count=300)
    with pytest.raises(ToktoolsError, match="keeps the vocabulary of the run it begins with"):
        train(tmp_path / "fine", texts, first, fine_tuning_of(FIRST), tokenizer=other)


def test_what_does_not_belong_together_is_refused(tmp_path, texts, first):
    with pytest.raises(ToktoolsError, match="fine_tune needs a training with fine_tuning"):
        train(tmp_path / "fine", texts, first, FIRST)
    with pytest.raises(ToktoolsError, match="fine_tuning begins with a run's weights"):
        lstm_lm.train(tmp_path / "f", texts, first.tokenizer, training=fine_tuning_of(FIRST))
    with pytest.raises(ToktoolsError, match="a directory of its own"):
        train(first.path, texts, first, fine_tuning_of(FIRST), overwrite=True)
    with pytest.raises(ToktoolsError, match="fine_tuning is for nt-asgd, got optimizer 'adam'"):
        TrainingConfig(fine_tuning=True)


def test_the_command_takes_over_text_tokenizer_and_options(tmp_path):
    path, fine = tmp_path / "run", tmp_path / "fine"
    lm("train", "-t", "word", "-c", "anbn", "-o", path, *SMALL, "--epochs", 0.3)
    refused = lm("train", "--fine-tune", path, "-o", fine, status=1)
    assert "the rate of adam is none; give --learning-rate" in refused.stderr
    rate = ("--learning-rate", 5)
    refused = lm("train", "--fine-tune", path, "-o", fine, "-t", "bpe", *rate, status=1)
    assert "leave out --tokenizer" in refused.stderr
    lm("train", "--fine-tune", path, "-o", fine, *rate, "--epochs", 0.2)
    before, after = (json.loads((p / "config.json").read_text()) for p in (path, fine))
    assert after["model"] == before["model"]
    assert after["corpus"] == before["corpus"]
    assert after["tokenizer"] == before["tokenizer"]
    assert after["training"] == before["training"] | {
        **{"optimizer": "nt-asgd", "schedule": "constant", "fine_tuning": True},
        **{"learning_rate": 5.0, "epochs": 0.2},
    }
    assert after["fine_tuned_from"]["run"] == str(path)
    lm("train", "-o", fine, "--resume")
    refused = lm("train", "-o", fine, "--resume", "--fine-tune", path, status=1)
    assert "leave out --fine-tune" in refused.stderr
