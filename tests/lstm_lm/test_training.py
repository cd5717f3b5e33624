import dataclasses
import json
import math
import struct

import numpy as np
import pytest
import torch

import lstm_lm
from lstm_lm import ModelConfig, TrainingConfig, TrainingDivergedError, TrainingInterrupted
from lstm_lm.files import read_tensors
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.training.schedules import learning_rate
from toktools.errors import ToktoolsError

TIMES = ("training_seconds", "tokens_per_second")


def train(path, texts, tokenizer, model, training, **options):
    return lstm_lm.train(path, texts, tokenizer, model=model, training=training, **options)


def without_times(metrics):
    return [{k: v for k, v in record.items() if k not in TIMES} for record in metrics]


def same_tensors(a, b):
    a, b = read_tensors(a)[0], read_tensors(b)[0]
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def stop_at(step):
    """A `stop` that says yes once, after so many updates."""
    updates = iter(range(1, 10**9))
    return lambda: next(updates) == step


@pytest.mark.parametrize("batching", ["stream", "sentence"])
def test_equal_seeds_give_equal_bits_and_another_seed_does_not(
    tmp_path, texts, word, small_model, small_training, batching
):
    config = dataclasses.replace(small_training, batching=batching)
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(tmp_path / name, texts, word, small_model, dataclasses.replace(config, seed=seed))
    a, b, c = (RunDirectory(tmp_path / name) for name in "abc")
    assert same_tensors(a.best, b.best)
    assert same_tensors(a.last, b.last)
    assert without_times(a.read_metrics()) == without_times(b.read_metrics())
    assert not same_tensors(a.best, c.best)


@pytest.mark.parametrize("batching", ["stream", "sentence"])
@pytest.mark.parametrize("stops", [[1], [7], [5, 4, 2]])
def test_a_resumed_run_ends_bit_by_bit_where_an_uninterrupted_one_does(
    tmp_path, texts, word, small_model, small_training, batching, stops
):
    config = dataclasses.replace(small_training, batching=batching)
    arguments = (texts, word, small_model, config)
    train(tmp_path / "whole", *arguments)
    for i, step in enumerate(stops):
        with pytest.raises(TrainingInterrupted):
            train(tmp_path / "parts", *arguments, resume=i > 0, stop=stop_at(step))
    train(tmp_path / "parts", *arguments, resume=True)
    whole, parts = (RunDirectory(tmp_path / name) for name in ("whole", "parts"))
    assert same_tensors(whole.last, parts.last)
    assert same_tensors(whole.best, parts.best)
    assert without_times(whole.read_metrics()) == without_times(parts.read_metrics())


def test_lines_written_after_the_checkpoint_are_dropped_when_a_run_is_resumed(
    tmp_path, texts, word, small_model, small_training
):
    arguments = (texts, word, small_model, small_training)
    train(tmp_path / "whole", *arguments)
    with pytest.raises(TrainingInterrupted):
        train(tmp_path / "killed", *arguments, stop=stop_at(6))
    killed = RunDirectory(tmp_path / "killed")
    with killed.metrics.open("a") as file:
        file.write('{"event": "log", "step": 7}\n{"event": "lo')
    train(tmp_path / "killed", *arguments, resume=True)
    whole = RunDirectory(tmp_path / "whole").read_metrics()
    assert without_times(killed.read_metrics()) == without_times(whole)


def test_a_run_stopped_before_its_first_checkpoint_is_resumed_from_the_start(
    tmp_path, texts, word, small_model, small_training, trained
):
    path = tmp_path / "run"
    with pytest.raises(TrainingInterrupted):
        train(path, texts, word, small_model, small_training, stop=stop_at(2))
    RunDirectory(path).last.unlink()
    train(path, texts, word, small_model, small_training, resume=True)
    assert same_tensors(RunDirectory(path).best, RunDirectory(trained.path).best)


def test_resuming_a_finished_run_changes_nothing(
    tmp_path, texts, word, small_model, small_training
):
    arguments = (tmp_path / "run", texts, word, small_model, small_training)
    before = train(*arguments).metrics
    assert train(*arguments, resume=True).metrics == before


@pytest.mark.parametrize(
    ("change", "message"),
    [({"epochs": 9.0}, "epochs is 1.5, got 9.0"), ({"seed": 3}, "seed is 0, got 3")],
)
def test_a_resumed_run_may_not_change_its_configuration(
    trained, texts, word, small_model, small_training, change, message
):
    config = dataclasses.replace(small_training, **change)
    with pytest.raises(ToktoolsError, match=message):
        train(trained.path, texts, word, small_model, config, resume=True)


def test_a_resumed_run_may_not_change_its_text(trained, texts, word, small_model, small_training):
    other = {**texts, "train": texts["train"][1:]}
    with pytest.raises(ToktoolsError, match="the train text or the tokenizer has changed"):
        train(trained.path, other, word, small_model, small_training, resume=True)


def test_training_learns_more_than_how_frequent_each_token_is(
    tmp_path, texts, word, small_model, small_training
):
    config = dataclasses.replace(small_training, epochs=8)
    run = train(tmp_path / "run", texts, word, small_model, config)
    counts = np.bincount(lstm_lm.encode_split(word, texts["validation"]).ids)
    shares = counts[counts > 0] / counts.sum()
    assert run.metrics[-1]["validation_loss_nats"] < 0.8 * -(shares * np.log(shares)).sum()


def test_the_first_losses_are_those_on_record(tmp_path, texts, character):
    model = ModelConfig(embedding_size=8, hidden_size=8, n_layers=1, dropout=0.0)
    config = TrainingConfig(batch_size=4, bptt=8, epochs=0.06, schedule="constant")
    run = train(tmp_path / "run", texts, character, model, config)
    losses = [record["train_loss_nats"] for record in run.metrics]
    assert losses[0] == pytest.approx(math.log(character.n_vocab), abs=0.1)
    assert losses[:4] == pytest.approx(GOLDEN, abs=1e-4)


GOLDEN = [3.055428, 3.066549, 3.028450, 3.039419]


def test_the_weights_kept_are_those_of_the_lowest_validation_loss(
    tmp_path, texts, word, small_model
):
    config = TrainingConfig(
        batch_size=8, bptt=10, epochs=40, learning_rate=0.03, schedule="constant", n_validations=20
    )
    short = {"train": texts["train"][:20], "validation": texts["validation"]}
    run = train(tmp_path / "run", short, word, small_model, config)
    losses = [r["validation_loss_nats"] for r in run.metrics if "validation_loss_nats" in r]
    assert min(losses) < losses[-1] - 0.1  # it did overfit
    assert run.evaluate(texts["validation"]).loss_nats == pytest.approx(min(losses), abs=1e-6)


@pytest.mark.parametrize(("n_validations", "n_lines"), [(0, 1), (3, 3), (5, 5)])
def test_validation_comes_at_even_points_and_always_at_the_end(
    tmp_path, texts, word, small_model, small_training, n_validations, n_lines
):
    config = dataclasses.replace(small_training, n_validations=n_validations)
    metrics = train(tmp_path / "run", texts, word, small_model, config).metrics
    points = [r["progress"] for r in metrics if r["event"] == "validation"]
    assert len(points) == n_lines
    assert points == pytest.approx([(i + 1) / n_lines for i in range(n_lines)], abs=0.06)
    assert metrics[-1]["event"] == "validation"


def test_validation_during_training_can_be_kept_to_the_first_bytes(
    tmp_path, texts, word, small_model, small_training
):
    config = dataclasses.replace(small_training, validation_bytes=100)
    run = train(tmp_path / "run", texts, word, small_model, config)
    first, n_bytes = [], 0
    for document in texts["validation"]:
        first.append(document)
        n_bytes += len(document) + 1
        if n_bytes >= 100:
            break
    best = min(r["validation_loss_nats"] for r in run.metrics if "validation_loss_nats" in r)
    assert run.evaluate(first).loss_nats == pytest.approx(best, abs=1e-6)


def test_minutes_replace_epochs_as_the_budget(tmp_path, texts, word, small_model, small_training):
    config = dataclasses.replace(small_training, minutes=0.01, epochs=1e-6)
    last = train(tmp_path / "run", texts, word, small_model, config).metrics[-1]
    assert last["progress"] == 1.0
    assert last["training_seconds"] >= 0.6


def test_a_loss_that_is_no_number_stops_training_and_keeps_the_best_weights(
    tmp_path, texts, word, small_model, small_training, monkeypatch
):
    calls = []
    read = lstm_lm.LanguageModel.read

    def broken(self, x_TB, state):
        calls.append(self.training)
        h_TBH, state = read(self, x_TB, state)
        return h_TBH * (math.nan if sum(calls) > 12 else 1), state

    monkeypatch.setattr(lstm_lm.LanguageModel, "read", broken)
    with pytest.raises(TrainingDivergedError, match=r"loss is nan at step 13; the weights of step"):
        train(tmp_path / "run", texts, word, small_model, small_training)
    monkeypatch.undo()
    assert math.isfinite(lstm_lm.load(tmp_path / "run").evaluate(["one two"]).loss_nats)


def test_training_leaves_the_callers_random_numbers_alone(
    tmp_path, texts, word, small_model, small_training
):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(tmp_path / "run", texts, word, small_model, small_training)
    assert torch.equal(torch.rand(3), expected)


def validations(run):
    return [r for r in run.metrics if r["event"] == "validation"]


def test_training_stops_once_patience_is_out_and_keeps_the_best(tmp_path, texts, word, small_model):
    config = TrainingConfig(
        batch_size=8, bptt=10, epochs=40, learning_rate=0.1, schedule="constant", patience=3
    )
    config = dataclasses.replace(config, n_validations=40)
    short = {"train": texts["train"][:20], "validation": texts["validation"]}
    run = train(tmp_path / "run", short, word, small_model, config)
    losses = [r["validation_loss_nats"] for r in validations(run)]
    assert losses.index(min(losses)) == len(losses) - 4
    assert run.metrics[-1]["stopped_early"]
    assert run.metrics[-1]["progress"] < 1
    best = validations(run)[-4]
    assert {r["best_epoch"] for r in validations(run)[-4:]} == {best["epoch"]}
    recorded = json.loads((run.path / "evaluation.json").read_text())
    assert recorded["best"] == {n: best[n] for n in ("step", "epoch", "validation_loss_nats")}
    assert recorded["validation"]["loss_nats"] == pytest.approx(min(losses), abs=1e-6)
    assert train(run.path, short, word, small_model, config, resume=True).metrics == run.metrics


def test_the_plateau_divides_the_rate_after_each_validation_without_a_new_best(
    tmp_path, texts, word, small_model
):
    config = TrainingConfig(
        batch_size=8, bptt=10, epochs=10, learning_rate=0.2, schedule="plateau", n_validations=20
    )
    short = {"train": texts["train"][:20], "validation": texts["validation"]}
    run = train(tmp_path / "run", short, word, small_model, config)
    rate, best = 0.2, math.inf
    for record in validations(run):
        assert record["learning_rate"] == rate
        if record["validation_loss_nats"] >= best:
            rate /= 4
        best = min(best, record["validation_loss_nats"])
    assert rate < 0.05


AVERAGING = {
    "nt-asgd": {"optimizer": "nt-asgd", "nonmonotone": 1, "learning_rate": 15.0, "epochs": 8},
    "ema": {"ema": 0.97, "learning_rate": 0.03, "epochs": 2},
    "average_last": {"average_last": 0.3, "learning_rate": 0.03, "epochs": 2},
}


@pytest.mark.parametrize("name", AVERAGING)
def test_the_average_is_validated_and_kept_but_training_goes_on_from_the_newest(
    tmp_path, texts, word, small_model, name
):
    common = {"batch_size": 8, "bptt": 10, "schedule": "constant", "n_validations": 20}
    config = TrainingConfig(**{**common, **AVERAGING[name]})
    run = train(tmp_path / "run", texts, word, small_model, config)
    last = read_tensors(RunDirectory(run.path).last)[0]
    averages = {i: t for i in range(99) if (t := last.get(f"average/{i}")) is not None}
    names = [name for name, _ in run.model.named_parameters()]
    assert len(averages) == len(names)
    newest, average = last[f"model/{names[0]}"], averages[0]
    assert not torch.equal(newest, average)
    with torch.no_grad():
        for i, p in enumerate(run.model.parameters()):
            p.copy_(averages[i])
    found = run.evaluate(texts["validation"]).loss_nats
    assert found == pytest.approx(validations(run)[-1]["validation_loss_nats"], abs=1e-6)
    with torch.no_grad():
        for name, p in run.model.named_parameters():
            p.copy_(last[f"model/{name}"])
    assert abs(run.evaluate(texts["validation"]).loss_nats - found) > 1e-3


def test_averaging_over_the_last_share_takes_in_that_share_of_the_updates(
    tmp_path, texts, word, small_model, small_training
):
    config = dataclasses.replace(small_training, average_last=0.3)
    run = train(tmp_path / "run", texts, word, small_model, config)
    last = read_tensors(RunDirectory(run.path).last)[0]
    assert int(last["average/n"]) - 1 == pytest.approx(0.3 * run.metrics[-1]["step"], abs=1)


def test_an_average_changes_no_update(tmp_path, texts, word, small_model, small_training):
    lasts = []
    for name, options in {"plain": {}, "ema": {"ema": 0.9}}.items():
        config = dataclasses.replace(small_training, **options)
        run = train(tmp_path / name, texts, word, small_model, config)
        lasts.append(read_tensors(RunDirectory(run.path).last)[0])
    plain, averaged = lasts
    names = [name for name in plain if name.startswith("model/")]
    assert all(torch.equal(plain[name], averaged[name]) for name in names)


def test_random_lengths_rescale_the_learning_rate(tmp_path, texts, word, small_model):
    config = TrainingConfig(
        batch_size=8, bptt=10, epochs=1, learning_rate=0.02, schedule="constant", random_bptt=True
    )
    run = train(tmp_path / "run", texts, word, small_model, config)
    seen = [0, *(record["tokens_seen"] for record in run.metrics)]
    lengths = np.diff(seen) / 8
    assert len(set(lengths)) > 4
    assert [r["learning_rate"] for r in run.metrics] == pytest.approx(0.02 * lengths / 10)


def test_the_state_is_zero_at_each_epoch_s_and_each_validation_s_start(
    tmp_path, texts, word, small_model, small_training, monkeypatch
):
    seen = []
    make = lstm_lm.LanguageModel.__init__

    def watched(self, *arguments):
        def see(module, inputs):
            seen.append((self.training, any(tensor.any() for tensor in inputs[1])))

        make(self, *arguments)
        self.recurrent.register_forward_pre_hook(see)

    monkeypatch.setattr(lstm_lm.LanguageModel, "__init__", watched)
    config = dataclasses.replace(small_training, epochs=2.0, n_validations=8)
    run = train(tmp_path / "run", texts, word, small_model, config)
    monkeypatch.undo()
    in_training = [carried for training, carried in seen if training]
    n_steps = run.metrics[-1]["step"]
    starts = [step for step, carried in enumerate(in_training) if not carried]
    assert starts == [0, n_steps // 2]
    evaluated = [i for i, (training, _) in enumerate(seen) if not training]
    firsts = [i for i in evaluated if i - 1 not in evaluated]
    assert len(firsts) >= 8
    assert not any(seen[i][1] for i in firsts)


def test_validation_leaves_the_carried_state_as_it_was(tmp_path, texts, word, small_training):
    model = ModelConfig(embedding_size=12, hidden_size=16, dropout=0.0)
    lines = []
    for n in (1, 9):
        config = dataclasses.replace(small_training, n_validations=n)
        lines.append(train(tmp_path / str(n), texts, word, model, config).metrics)
    losses = [[r["train_loss_nats"] for r in metrics] for metrics in lines]
    assert losses[0] == losses[1]


def test_a_sample_is_kept_where_the_mean_probability_of_the_target_is_high_enough(
    tmp_path, texts, word, small_model, small_training
):
    config = dataclasses.replace(small_training, epochs=4.0, sample_every=5)
    every = train(tmp_path / "every", texts, word, small_model, config).metrics
    bound = 0.2
    config = dataclasses.replace(config, sample_if=f"posterior>{bound}")
    some = train(tmp_path / "some", texts, word, small_model, config).metrics
    samples = {r["step"]: r["mean_target_probability"] for r in every if "sample" in r}
    assert list(samples) == list(range(5, every[-1]["step"] + 1, 5))
    high = {step: p for step, p in samples.items() if p > bound}
    assert 0 < len(high) < len(samples)
    assert {r["step"]: r["mean_target_probability"] for r in some if "sample" in r} == high
    assert every[-1]["validation_loss_nats"] == some[-1]["validation_loss_nats"]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_norms_are_logged_with_every_line_and_change_no_weight(
    tmp_path, texts, word, small_model, small_training, precision
):
    small_training = dataclasses.replace(small_training, precision=precision)
    plain = train(tmp_path / "plain", texts, word, small_model, small_training)
    config = dataclasses.replace(small_training, norms=True)
    run = train(tmp_path / "run", texts, word, small_model, config)
    assert same_tensors(run.path / "model.safetensors", plain.path / "model.safetensors")
    for record in run.metrics:
        assert len(record["gradient_by_step"]) <= 10
        assert record["gradient_norms"].keys() == dict(run.model.named_parameters()).keys()
        assert record["activation_rms"]["layer 2 c"] > 0
    header = (run.path / "curves.png").read_bytes()[16:24]
    _, height = struct.unpack(">II", header)
    assert height > 900  # a second row


def test_weighting_classes_changes_the_weights_but_the_loss_on_record_stays_plain(
    tmp_path, texts, word, small_model, small_training
):
    config = dataclasses.replace(small_training, class_weights="inverse")
    run = train(tmp_path / "run", texts, word, small_model, config)
    plain = train(tmp_path / "plain", texts, word, small_model, small_training)
    assert not same_tensors(run.path / "model.safetensors", plain.path / "model.safetensors")
    first = plain.metrics[0]["train_loss_nats"]
    assert run.metrics[0]["train_loss_nats"] == pytest.approx(first, abs=1e-6)


def test_a_split_that_is_encoded_already_gives_the_same_run(
    tmp_path, texts, word, small_model, small_training, trained, monkeypatch
):
    encoded = {
        name: lstm_lm.encode_split(word, texts[name], check=name == "validation") for name in texts
    }
    monkeypatch.setattr(type(word), "encode_documents", None)  # called no more until the end
    monkeypatch.setattr("lstm_lm.runs.run.finish", lambda *args: None)
    run = lstm_lm.train(
        *(tmp_path / "run", texts, word),
        model=small_model,
        training=small_training,
        encoded=encoded,
        prompts=["one hundred", "two"],
    )
    assert same_tensors(run.path / "last.safetensors", trained.path / "last.safetensors")
    assert run.config["data"] == trained.config["data"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": "adagard"}, "did you mean 'adagrad'"),
        ({"schedule": "one_cycle"}, "did you mean 'one-cycle'"),
        ({"class_weights": "both"}, "known are none, inverse, complement"),
        ({"patience": 0}, "patience must be >= 1, got 0"),
        ({"detach_every": 0}, "detach_every must be >= 1"),
        ({"weight_decay": -0.1}, r"weight_decay must be in \[0, 1\), got -0.1"),
        ({"state": "reset", "detach_every": 2}, "detach_every needs state 'carry'"),
        ({"clip_value": 0.0}, "clip_value must be > 0"),
        ({"checkpoint_every": "often"}, r"updates \(500\) or seconds \(60s\), got 'often'"),
        ({"checkpoint_every": "0"}, "got '0'"),
        ({"checkpoint_every": "2.5"}, "got '2.5'"),
        ({"optimizer": "nt-asgd", "n_validations": 6}, "nt-asgd .* n_validations >= 7, got 6"),
        ({"schedule": "plateau", "n_validations": 1}, "plateau .* n_validations >= 2, got 1"),
        ({"sample_if": "posterior>0.3"}, "sample_if needs sample_every"),
        ({"sample_if": "loss<3", "sample_every": 9}, "like posterior>0.35"),
        ({"sample_if": "posterior>35", "sample_every": 9}, "like posterior>0.35"),
    ],
)
def test_options_out_of_range_or_at_odds_are_refused(options, message):
    with pytest.raises(ToktoolsError, match=message):
        TrainingConfig(**options)


def test_the_cosine_falls_from_the_full_rate_to_nothing():
    config = TrainingConfig(learning_rate=0.2)
    rates = [learning_rate(config, progress) for progress in (0, 0.25, 0.5, 1, 1.5)]
    assert rates == pytest.approx([0.2, 0.1 * (1 + math.sqrt(0.5)), 0.1, 0, 0])
    constant = dataclasses.replace(config, schedule="constant")
    assert learning_rate(constant, 0.9) == 0.2


@pytest.mark.parametrize(("every", "saved"), [(None, None), ("3", 6), ("4", 4), ("0.000001s", 7)])
def test_checkpoints_come_as_often_as_asked(
    tmp_path, texts, word, small_model, small_training, every, saved
):
    config = dataclasses.replace(small_training, n_validations=0, checkpoint_every=every)

    def crash():
        updates.append(1)
        if len(updates) == 8:
            raise RuntimeError("crash")
        return False

    updates = []
    with pytest.raises(RuntimeError, match="crash"):
        train(tmp_path / "run", texts, word, small_model, config, stop=crash)
    last = RunDirectory(tmp_path / "run").last
    found = json.loads(read_tensors(last)[1]["position"])["step"] if last.exists() else None
    assert found == saved
