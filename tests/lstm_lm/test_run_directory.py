import dataclasses
import json
import shutil
import struct

import pytest
import torch

import lstm_lm
from lstm_lm import ModelConfig, TrainingConfig
from lstm_lm.runs.directory import FILES, RunDirectory
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer


@pytest.fixture
def copied(trained, tmp_path):
    """A copy of a finished run, to be damaged."""
    return shutil.copytree(trained.path, tmp_path / "copied")


def test_a_run_holds_its_files_and_no_others(trained):
    assert sorted(p.name for p in trained.path.iterdir()) == sorted(FILES)


def test_a_loaded_run_gives_the_same_figures_and_texts_as_the_trained_one(trained, texts):
    loaded = lstm_lm.load(trained.path)
    assert loaded.evaluate(texts["validation"]) == trained.evaluate(texts["validation"])
    assert loaded.generate(["one", ""], strategy="sample") == trained.generate(
        ["one", ""], strategy="sample"
    )
    assert isinstance(loaded.generate("one"), str)


@pytest.mark.parametrize("batching", ["stream", "sentence"])
def test_a_tied_run_with_other_settings_loads_too(tmp_path, texts, character, batching):
    run = lstm_lm.train(
        tmp_path / "run",
        texts,
        character,
        model=ModelConfig(embedding_size=9, hidden_size=9, n_layers=1, dropout=0.0, tied=True),
        training=TrainingConfig(batching=batching, epochs=0.5, batch_size=4, clip_norm=0.1),
    )
    loaded = lstm_lm.load(run.path)
    assert loaded.model.head.weight is loaded.model.embedding.weight
    assert loaded.training == run.training
    recorded = json.loads((run.path / "evaluation.json").read_text())["validation"]
    assert loaded.evaluate(texts["validation"]).as_dict() == recorded


def test_the_recorded_evaluation_charges_for_what_any_hid(trained, texts):
    recorded = json.loads((trained.path / "evaluation.json").read_text())["validation"]
    assert recorded["n_any"] > 0
    spelling = json.loads((trained.path / "spelling.json").read_text())["spellings"]
    hidden = sum(spelling.values())
    assert hidden == trained.config["data"]["train"]["n_any"] > 0
    assert recorded["bits_per_byte"] > recorded["bits_per_byte_uncharged"]
    n_bytes = sum(len(d.encode()) + 1 for d in texts["validation"])
    assert recorded["n_bytes"] == n_bytes


def test_the_config_records_what_an_audit_needs(trained, small_model, small_training):
    config = json.loads((trained.path / "config.json").read_text())
    assert ModelConfig(**config["model"]) == small_model
    assert TrainingConfig(**config["training"]) == small_training
    assert config["environment"]["packages"]["torch"].startswith(torch.__version__[:3])
    assert config["environment"]["torch_threads"] == torch.get_num_threads()
    assert config["tokenizer"]["n_vocab"] == trained.tokenizer.n_vocab


def test_every_line_of_metrics_adds_to_the_line_before(trained):
    steps = [record["step"] for record in trained.metrics]
    assert steps == sorted(set(steps))
    last = trained.metrics[-1]
    train = trained.config["data"]["train"]
    assert last["epoch"] == pytest.approx(1.5, abs=0.2)
    assert last["tokens_seen"] == pytest.approx(last["epoch"] * train["n_tokens"], rel=0.02)
    assert last["bytes_seen"] == pytest.approx(last["epoch"] * train["n_bytes"], rel=0.02)


def test_samples_are_a_table_of_each_prompt_by_argmax_and_top_k(trained):
    lines = (trained.path / "samples.txt").read_text().splitlines()
    rows = [[cell.strip() for cell in line.split(" | ")] for line in lines]
    assert rows[0] == ["prompt", "argmax", "top-k, k = 5, seed 0"]
    for prompt in ("one hundred", "two"):
        (row,) = [row for row in rows if row[0] == prompt]
        assert all(cell.startswith(prompt) for cell in row)
    records = list(map(json.loads, (trained.path / "samples.jsonl").read_text().splitlines()))
    assert [(r["prompt"], r["settings"]["strategy"]) for r in records] == [
        *(("one hundred", "argmax"), ("two", "argmax")),
        *(("one hundred", "top-k"), ("two", "top-k")),
    ]
    assert [r["text"] for r in records[:2]] == trained.generate(["one hundred", "two"])


def test_the_curves_are_a_picture_of_some_size(trained):
    header = (trained.path / "curves.png").read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", header[16:]) > (800, 300)


def test_a_run_is_not_replaced_unless_asked(trained, texts, word):
    with pytest.raises(ToktoolsError, match="holds a run already; continue it with --resume"):
        lstm_lm.train(trained.path, texts, word)


def test_overwriting_removes_the_run_s_files_and_no_others(copied, texts, word, small_model):
    (copied / "notes.txt").write_text("mine")
    config = TrainingConfig(epochs=0.1)
    lstm_lm.train(copied, texts, word, model=small_model, training=config, overwrite=True)
    assert (copied / "notes.txt").read_text() == "mine"
    assert lstm_lm.load(copied).training == config


def test_a_directory_with_other_files_is_never_written_to(tmp_path, texts, word):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ToktoolsError, match="holds files but no run"):
        lstm_lm.train(tmp_path, texts, word, overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_tokenizer_that_cannot_be_saved_does_not_cost_the_run_in_its_place(
    copied, texts, word, monkeypatch
):
    monkeypatch.setattr(Tokenizer, "encode_documents", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        lstm_lm.train(copied, texts, word, overwrite=True)
    monkeypatch.undo()
    assert lstm_lm.load(copied).metrics


def _cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda run: shutil.rmtree(run.path), "there is no such run directory"),
        (lambda run: run.config.unlink(), r"not a run directory \(it has no config.json\)"),
        (lambda run: run.config.write_text("{\n]"), "config.json, line 2: not JSON"),
        (lambda run: run.config.write_text("{}"), "not the config.json of a run"),
        (lambda run: run.tokenizer.unlink(), "tokenizer.json: "),
        (lambda run: run.spelling.unlink(), "spelling.json: no such file"),
        (lambda run: run.best.unlink(), "has no model.safetensors: training stopped before"),
        (lambda run: _cut(run.best), "model.safetensors: damaged"),
        (lambda run: _cut(run.tokenizer), "tokenizer.json: "),
    ],
)
def test_a_damaged_run_is_told_in_one_line(copied, damage, message):
    damage(RunDirectory(copied))
    with pytest.raises(ToktoolsError, match=message) as caught:
        lstm_lm.load(copied)
    assert "\n" not in str(caught.value)


def test_weights_of_another_size_are_refused(copied):
    config = json.loads((copied / "config.json").read_text())
    config["model"]["hidden_size"] = 5
    (copied / "config.json").write_text(json.dumps(config))
    with pytest.raises(ToktoolsError, match=r"does not fit config.json: .* must have shape"):
        lstm_lm.load(copied)


def test_a_damaged_checkpoint_is_told_when_the_run_is_resumed(
    copied, texts, word, small_model, small_training
):
    _cut(RunDirectory(copied).last)
    with pytest.raises(ToktoolsError, match=r"last.safetensors: damaged"):
        lstm_lm.train(copied, texts, word, model=small_model, training=small_training, resume=True)


def test_in_memory_documents_need_both_splits(tmp_path, word):
    with pytest.raises(ToktoolsError, match="the corpus has no validation split; it has train"):
        lstm_lm.train(tmp_path / "run", {"train": ["one"]}, word)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"packages": {"toktools": "0.0.9", "torch": "TORCH", "numpy": "NUMPY"}},
            r"it began with toktools 0.0.9, this is .*; install toktools==0.0.9, or start another",
        ),
        (
            {"packages": {"toktools": "OWN", "torch": "1.0", "numpy": "NUMPY"}},
            r"it began with torch 1.0, this is .*; install torch==1.0, or start another run",
        ),
        ({"code": "0123456789abcdef"}, r"other code cannot promise: .* was 0123456789ab, is"),
        ({"device": "cuda:0"}, r"device is 'cuda:0', got 'cpu'; give --device cuda:0"),
        ({"torch_threads": 64}, r"it began with 64, got \d+; set OMP_NUM_THREADS=64"),
    ],
)
def test_a_run_begun_by_other_programs_is_not_resumed(
    copied, texts, word, small_model, small_training, change, message
):
    config = json.loads((copied / "config.json").read_text())
    own = config["environment"]["packages"]
    if "packages" in change:
        marks = {"OWN": own["toktools"], "TORCH": own["torch"], "NUMPY": own["numpy"]}
        change = {"packages": {k: marks.get(v, v) for k, v in change["packages"].items()}}
    config["environment"] |= change
    (copied / "config.json").write_text(json.dumps(config))
    before = {p.name: p.read_bytes() for p in copied.iterdir()}
    with pytest.raises(ToktoolsError, match=message):
        lstm_lm.train(copied, texts, word, model=small_model, training=small_training, resume=True)
    assert {p.name: p.read_bytes() for p in copied.iterdir()} == before


def test_other_code_that_is_accepted_is_written_down(
    copied, texts, word, small_model, small_training, trained
):
    config = json.loads((copied / "config.json").read_text())
    own = config["environment"]["code"]
    config["environment"]["code"] = "0123456789abcdef"
    (copied / "config.json").write_text(json.dumps(config))
    arguments = {"model": small_model, "training": small_training, "resume": True}
    run = lstm_lm.train(copied, texts, word, accept_other_code=True, **arguments)
    assert run.config["environment"]["code"] == own
    assert run.config["environment"]["earlier_code"] == ["0123456789abcdef"]
    assert run.metrics == trained.metrics


def test_a_run_from_before_an_option_existed_had_its_default(
    copied, texts, word, small_model, small_training
):
    config = json.loads((copied / "config.json").read_text())
    del config["training"]["momentum"], config["training"]["sample_if"]
    (copied / "config.json").write_text(json.dumps(config))
    arguments = {"model": small_model, "training": small_training, "resume": True}
    lstm_lm.train(copied, texts, word, **arguments)
    arguments["training"] = dataclasses.replace(small_training, optimizer="sgd", momentum=0.5)
    with pytest.raises(ToktoolsError, match="optimizer is 'adam', got 'sgd'"):
        lstm_lm.train(copied, texts, word, **arguments)


def test_lines_from_before_the_first_checkpoint_are_dropped_too(
    copied, texts, word, small_model, small_training, trained
):
    RunDirectory(copied).last.unlink()
    (copied / ".last.safetensors.x1y2").write_bytes(b"half")
    lstm_lm.train(copied, texts, word, model=small_model, training=small_training, resume=True)
    steps = [record["step"] for record in RunDirectory(copied).read_metrics()]
    assert steps == [record["step"] for record in trained.metrics]
    assert not list(copied.glob(".*"))


def test_the_best_epoch_is_recorded(trained):
    best = json.loads((trained.path / "evaluation.json").read_text())["best"]
    lines = [line for line in trained.metrics if line["event"] == "validation"]
    lowest = min(lines, key=lambda line: line["validation_loss_nats"])
    assert best == {name: lowest[name] for name in best}
    assert lowest["best_epoch"] == lowest["epoch"] == best["epoch"]
