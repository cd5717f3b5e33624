"""Presets: complete, with the numbers of their sources; what is typed beside one wins."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from lstm_lm.cli import main
from lstm_lm.commands.presets import defaults_of
from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.data.batching import Chunk
from lstm_lm.model import LanguageModel
from lstm_lm.presets import EXPERIMENTS, PRESETS, preset, preset_from_json
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.runs.run import train
from lstm_lm.training.learner import Learner
from lstm_lm.training.losses import CrossEntropy
from lstm_lm.training.outcomes import TrainingInterrupted
from lstm_lm.training.schedules import learning_rate
from toktools import train_word
from toktools.errors import ToktoolsError

SMALL = [
    *("--hidden-size", "8", "--embedding-size", "8", "--batch-size", "4"),
    *("--epochs", "0.2", "--n-validations", "2"),
]

# Zaremba et al. 2014, arXiv:1409.2329, sec. 4.1 and table 1. Rate and norm are for the sum over the
# steps; the presets' loss is the mean.
ZAREMBA = {
    "ptb-small": {
        "units": 200, "layers": 2, "steps": 20, "batch": 20, "range": 0.1, "dropout": 0.0,
        "epochs": 13, "whole": 4, "divisor": 2.0, "rate": 1.0, "norm": 5.0,
        "published": {"validation_perplexity": 120.7, "test_perplexity": 114.5},
    },
    "ptb-medium": {
        "units": 650, "layers": 2, "steps": 35, "batch": 20, "range": 0.05, "dropout": 0.5,
        "epochs": 39, "whole": 6, "divisor": 1.2, "rate": 1.0, "norm": 5.0,
        "published": {"validation_perplexity": 86.2, "test_perplexity": 82.7},
    },
}  # fmt: skip

# github.com/salesforce/awd-lstm-lm: the commands of the README over the defaults of main.py
AWD_MODEL = {
    "embedding_size": 400, "hidden_size": 1150, "last_size": 400, "n_layers": 3, "tied": True,
    "output_dropout": 0.4, "embedding_dropout": 0.1, "weight_dropout": 0.5, "ar_alpha": 2.0,
    "tar_beta": 1.0, "locked_dropout": True,
}  # fmt: skip
AWD_TRAINING = {
    "bptt": 70, "random_bptt": True, "learning_rate": 30.0, "clip_norm": 0.25,
    "weight_decay": 1.2e-6, "nonmonotone": 5, "optimizer": "nt-asgd",
}  # fmt: skip
AWD = {
    "ptb-awd": (
        {"input_dropout": 0.4, "hidden_dropout": 0.25},
        {"batch_size": 20, "epochs": 500, "seed": 141},
        {"validation_perplexity": 61.2, "test_perplexity": 58.8},
    ),
    "wikitext2-awd": (
        {"input_dropout": 0.65, "hidden_dropout": 0.2},
        {"batch_size": 80, "epochs": 750, "seed": 1882},
        {"validation_perplexity": 68.7, "test_perplexity": 65.6},
    ),
}

# The assignment on headlines; batch, rate, clipping and steps: github.com/steq28/lstm
HEADLINES = {
    "headlines-std": (
        {"embedding_size": 150, "hidden_size": 1024, "n_layers": 2, "dropout": 0.2},
        {"epochs": 12, "learning_rate": 1e-3, "batch_size": 32, "clip_norm": 1.0},
        1.5,
    ),
    "headlines-tbptt": (
        {"embedding_size": 150, "hidden_size": 2048, "n_layers": 1, "dropout": 0.0},
        {"epochs": 7, "learning_rate": 1e-3, "batch_size": 32, "clip_norm": 1.0, "bptt": 35},
        0.9,
    ),
}


def lm(*arguments: object, status: int = 0) -> str:
    done = CliRunner(env={"COLUMNS": "100"}).invoke(main, list(map(str, arguments)))
    assert done.exit_code == status, (done.output, done.exception)
    return done.output


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_comes_back_from_json(name: str):
    chosen = preset(name)
    back = preset_from_json(json.loads(json.dumps(chosen.to_json())))
    assert back.to_json() == json.loads(json.dumps(chosen.to_json()))
    assert (back.model, back.training) == (chosen.model, chosen.training)


@pytest.mark.parametrize("name", PRESETS)
def test_the_options_of_the_command_line_make_the_configurations_of_the_preset(name: str):
    chosen, options = preset(name), defaults_of(preset(name))
    for config in (chosen.model, chosen.training):
        fields = {item.name for item in dataclasses.fields(config)}
        given = {key: value for key, value in options.items() if key in fields}
        assert type(config)(**given) == config


@pytest.mark.parametrize("name", ZAREMBA)
def test_zaremba_s_models_have_the_numbers_of_the_paper(name: str):
    said, chosen = ZAREMBA[name], preset(name)
    model, training = chosen.model, chosen.training
    assert isinstance(model, ModelConfig)
    assert isinstance(training, TrainingConfig)
    assert (model.embedding_size, model.hidden_size) == (said["units"], said["units"])
    assert (model.n_layers, model.init_range) == (said["layers"], said["range"])
    assert set(model.dropout_rates[1:2] + model.dropout_rates[3:5]) == {said["dropout"]}
    assert (training.bptt, training.batch_size) == (said["steps"], said["batch"])
    assert training.learning_rate == said["rate"] * said["steps"]
    assert training.clip_norm == pytest.approx(said["norm"] / said["steps"])
    assert training.epochs == said["epochs"]
    assert chosen.published == said["published"]
    whole = said["whole"]
    for epoch in range(said["epochs"]):
        expected = said["rate"] * said["steps"] / said["divisor"] ** max(0, epoch + 1 - whole)
        rate = learning_rate(training, (epoch + 0.5) / said["epochs"])
        assert rate == pytest.approx(expected)


@pytest.mark.parametrize("name", AWD)
def test_awd_has_the_numbers_of_its_authors_commands(name: str):
    model, training, published = AWD[name]
    chosen = preset(name)
    assert {k: getattr(chosen.model, k) for k in AWD_MODEL | model} == AWD_MODEL | model
    found = {k: getattr(chosen.training, k) for k in AWD_TRAINING | training}
    assert found == AWD_TRAINING | training
    assert chosen.published == published


@pytest.mark.parametrize("name", HEADLINES)
def test_headlines_have_the_numbers_of_the_assignment(name: str):
    model, training, claim = HEADLINES[name]
    chosen = preset(name)
    assert {k: getattr(chosen.model, k) for k in model} == model
    assert {k: getattr(chosen.training, k) for k in training} == training
    assert chosen.published == {"train_loss_nats_at_epoch_6": claim}


def test_shakespeare_has_the_numbers_of_its_author_and_is_one_network_in_both_backends():
    numpy, torch_ = preset("shakespeare-numpy"), preset("shakespeare-torch")
    assert (numpy.backend, torch_.backend) == ("numpy", "torch")
    for chosen in (numpy, torch_):
        assert (chosen.model.cell, chosen.model.hidden_size, chosen.model.n_layers) == (
            *("lstm-cifg", 100, 2),
        )
        training = chosen.training
        assert (training.learning_rate, training.epochs, training.bptt) == (0.003, 2.0, 100)
        assert (training.clip_value, training.sample_every) == (1.0, 100)
        assert training.sample_if == "posterior>0.35"
    assert numpy.model.embedding_size == torch_.model.embedding_size


def test_a_mean_with_rate_and_norm_rescaled_makes_the_updates_of_a_sum():
    """What the presets of Zaremba et al. rest on."""
    torch.manual_seed(0)
    steps, rate, norm = 6, 0.7, 0.05
    x_TB, y_TB = torch.randint(0, 12, (2, steps, 3))
    model = LanguageModel(12, ModelConfig(embedding_size=5, hidden_size=5, init_range=0.3))
    reference = LanguageModel(12, ModelConfig(embedding_size=5, hidden_size=5, init_range=0.3))
    reference.load_state_dict(model.state_dict())
    model.eval()
    reference.eval()
    config = TrainingConfig(optimizer="sgd", learning_rate=1.0, clip_norm=norm / steps)
    learner = Learner(model, config, CrossEntropy())
    learner.update(Chunk(x_TB=x_TB, y_TB=y_TB, n_tokens=18, fresh=True), rate * steps)

    logits_TBV, _ = reference(x_TB, reference.init_state(3))
    summed = torch.nn.functional.cross_entropy(
        logits_TBV.flatten(0, 1), y_TB.flatten(), reduction="sum"
    )
    (summed / 3).backward()
    gradients = [p.grad for p in reference.parameters() if p.grad is not None]
    length = torch.sqrt(sum((g.square().sum() for g in gradients), torch.zeros(())))
    assert length > norm  # so clipping acts
    for ours, theirs in zip(model.parameters(), reference.parameters(), strict=True):
        assert theirs.grad is not None
        expected = theirs.detach() - rate * theirs.grad * (norm / length)
        torch.testing.assert_close(ours.detach(), expected, rtol=1e-5, atol=1e-7)


def test_the_list_has_a_line_for_each_preset():
    lines = lm("presets").splitlines()
    assert [line.split()[0] for line in lines] == [*PRESETS, *EXPERIMENTS]
    assert all(len(line) <= 100 for line in lines)


def run_config(path: Path) -> dict[str, Any]:
    return RunDirectory(path).read_config()


def test_a_preset_is_trained_and_what_is_typed_beside_it_wins(tmp_path: Path):
    arguments = ["train", "--preset", "ptb-small", "-c", "human-numbers", "--limit", "60"]
    lm(*arguments, *SMALL, "--prompt", "nine", "-o", tmp_path / "run")
    config = run_config(tmp_path / "run")
    chosen = preset("ptb-small")
    assert config["preset"] == "ptb-small"
    assert config["model"] == dataclasses.asdict(
        dataclasses.replace(chosen.model, hidden_size=8, embedding_size=8)  # pyright: ignore[reportArgumentType]
    )
    assert config["training"] == dataclasses.asdict(
        dataclasses.replace(chosen.training, batch_size=4, epochs=0.2, n_validations=2)  # pyright: ignore[reportArgumentType]
    )
    assert config["tokenizer"]["training"]["options"]["min_count"] == 1
    assert config["corpus"]["normalize"] == ["whitespace"]
    assert config["prompts"] == ["nine"]


def test_a_preset_in_numpy_needs_no_backend(tmp_path: Path):
    arguments = ["train", "--preset", "shakespeare-numpy", "-c", "human-numbers", "--limit", "60"]
    lm(*arguments, *SMALL, "--bptt", "20", "-o", tmp_path / "run")
    config = run_config(tmp_path / "run")
    assert config["backend"] == "numpy"
    assert config["model"]["cell"] == "lstm-cifg"
    assert config["tokenizer"]["kind"] == "character"


def test_awd_interrupted_and_resumed_ends_as_if_it_had_not_been(tmp_path: Path):
    """Three layers, the last narrower: their state is carried, saved and taken up again."""
    chosen = preset("ptb-awd")
    assert isinstance(chosen.model, ModelConfig)
    assert isinstance(chosen.training, TrainingConfig)
    model = dataclasses.replace(chosen.model, hidden_size=12, embedding_size=8, last_size=8)
    training = dataclasses.replace(chosen.training, epochs=4, bptt=12, batch_size=4)
    texts = [f"{a} {b} {c}" for a in "abc" for b in "defgh" for c in "ijkl"]
    corpus = {"train": texts, "validation": texts[::7]}
    options: dict[str, Any] = {"model": model, "training": training}
    tokenizer = train_word(texts, min_count=1)
    whole = train(tmp_path / "whole", corpus, tokenizer, **options)
    n_updates = itertools.count(1)
    with pytest.raises(TrainingInterrupted):
        train(tmp_path / "cut", corpus, tokenizer, stop=lambda: next(n_updates) == 7, **options)
    resumed = train(tmp_path / "cut", corpus, tokenizer, resume=True, **options)
    assert whole.metrics[-1]["step"] > 10
    for ours, theirs in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    losses = [[line["train_loss_nats"] for line in run.metrics] for run in (whole, resumed)]
    assert losses[0] == losses[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "ptb-smal", "-c", "anbn"], "did you mean 'ptb-small'?"),
        (["--preset", "ptb-small"], "a text must be named; pass it with --corpus"),
        (["--preset", "human-numbers-3"], "python -m experiments reproduce human-numbers-3"),
        (
            ["--preset", "shakespeare-torch", "-c", "anbn", "--backend", "numpy"],
            "--dropout is not an option of --backend numpy",
        ),
    ],
)
def test_what_a_preset_cannot_do_is_said_in_one_line(
    tmp_path: Path, arguments: list[str], message: str
):
    output = lm("train", *arguments, "-o", tmp_path / "run", status=1)
    assert message in output
    assert len(output.splitlines()) == 1


def test_an_unknown_preset_names_the_closest():
    with pytest.raises(ToktoolsError, match="did you mean 'wikitext2-awd'"):
        preset("wikitext-2-awd")
