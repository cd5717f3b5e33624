"""Runs in NumPy in their directories and on the command line, in real processes without torch."""

import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import lstm_lm
from lstm_lm.cli import main
from lstm_lm.config import ModelConfig
from lstm_lm.data.encoded import encode_split
from lstm_lm.evaluation.scoring import score, score_by
from lstm_lm.model import LanguageModel
from lstm_lm.numpy_lm.config import NumpyModelConfig, NumpyTrainingConfig
from lstm_lm.numpy_lm.model import NumpyLanguageModel
from lstm_lm.numpy_lm.run import NumpyRun, load, train
from lstm_lm.runs.directory import FILES
from lstm_lm.sampling.generation import generate
from toktools.errors import ToktoolsError

ENVIRONMENT = {**os.environ, "COLUMNS": "100", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
SMALL = [
    *("--backend", "numpy", "--embedding-size", "12", "--hidden-size", "12"),
    *("--n-layers", "1", "--batch-size", "8", "--bptt", "16"),
]
NO_TORCH = "import sys; print([name for name in ('torch', 'numba') if name in sys.modules])"


def python(code, *arguments):
    """Run code in a process of its own and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def lm(*arguments, status=0):
    """Run the command in this process."""
    done = CliRunner(env={"COLUMNS": "100"}).invoke(main, list(map(str, arguments)))
    assert done.exit_code == status, (done.output, done.exception)
    return done


# Without torch


def test_training_evaluating_and_sampling_by_command_never_import_torch(tmp_path):
    code = (
        "import sys; from lstm_lm.cli import main\n"
        "for arguments in [['train', '-t', 'word', '-c', 'anbn', '-o', sys.argv[1],\n"
        "                   '--epochs', '0.5', '--sample-every', '2', *sys.argv[2:]],\n"
        "                  ['evaluate', sys.argv[1]], ['sample', sys.argv[1]]]:\n"
        "    main(arguments, standalone_mode=False)\n"
    )
    printed = python(code + NO_TORCH, tmp_path / "run", *SMALL, "--cell", "lstm-cifg")
    assert printed.endswith("\n[]\n")
    assert "bits per byte" in printed


def test_importing_the_package_imports_no_torch():
    assert python("import lstm_lm.numpy_lm, lstm_lm.numpy_lm.run\n" + NO_TORCH) == "[]\n"


def test_help_imports_not_even_numpy_so_that_its_threads_can_still_be_chosen():
    code = (
        "import os, sys; from lstm_lm.cli import main\n"
        "main(['train', '--help'], standalone_mode=False)\n"
        "print('numpy' in sys.modules, os.environ['OPENBLAS_NUM_THREADS'])\n"
    )
    without = {k: v for k, v in ENVIRONMENT.items() if not k.endswith("_NUM_THREADS")}
    for environment, threads in ((without, 1), ({**without, "OPENBLAS_NUM_THREADS": "2"}, 2)):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=environment
        )
        assert done.stdout.endswith(f"\nFalse {threads}\n"), done.stdout + done.stderr


# Save and load


def test_a_new_process_gives_bitwise_the_same_posteriors(trained, tmp_path):
    ids_TB = np.arange(24).reshape(6, 4) % trained.tokenizer.n_vocab
    code = (
        "import sys; import numpy as np; import lstm_lm\n"
        "model = lstm_lm.load(sys.argv[1]).model\n"
        f"ids_TB = np.arange(24).reshape(6, 4) % {trained.tokenizer.n_vocab}\n"
        "np.save(sys.argv[2], model.posterior(ids_TB)[0])\n"
    )
    posteriors = [tmp_path / name for name in ("first.npy", "second.npy")]
    for path in posteriors:
        python(code, trained.path, path)
    first, second = map(np.load, posteriors)
    assert first.dtype == np.float32
    assert np.array_equal(first, second)
    assert np.array_equal(first, trained.model.posterior(ids_TB)[0])


def test_a_run_holds_the_files_of_every_run_and_names_its_backend(trained):
    assert sorted(p.name for p in trained.path.iterdir()) == sorted(FILES)
    config = json.loads((trained.path / "config.json").read_text())
    assert config["backend"] == "numpy"
    assert NumpyModelConfig(**config["model"]) == trained.model.config


def test_lstm_lm_load_opens_it_with_the_same_figures_and_texts(trained, texts):
    loaded = lstm_lm.load(trained.path)
    assert isinstance(loaded, NumpyRun)
    assert loaded.evaluate(texts["validation"]) == trained.evaluate(texts["validation"])
    recorded = json.loads((trained.path / "evaluation.json").read_text())["validation"]
    assert loaded.evaluate(texts["validation"]).as_dict() == recorded
    assert loaded.generate("one", strategy="sample") == trained.generate("one", strategy="sample")


def test_the_bits_of_single_tokens_add_up_to_those_of_the_evaluation(trained):
    scores, whole = trained.score("one hundred wug"), trained.evaluate(["one hundred wug"])
    assert scores.tokens == ("one", "hundred", "<ANY>", "<EOS>")
    assert scores.bits_per_byte == pytest.approx(whole.bits_per_byte, rel=1e-6)


def test_a_run_on_sentences_scores_every_document_by_itself(tmp_path, texts, word, small_model):
    config = NumpyTrainingConfig(batching="sentence", batch_size=8, epochs=0.3, n_validations=1)
    run = train(tmp_path / "run", texts, word, model=small_model, training=config)
    alone = [run.evaluate([document]).total_nats for document in texts["validation"]]
    assert run.evaluate(texts["validation"]).total_nats == pytest.approx(sum(alone), rel=1e-6)
    recorded = json.loads((run.path / "evaluation.json").read_text())["validation"]
    assert recorded["total_nats"] == pytest.approx(sum(alone), rel=1e-6)


def test_what_any_hid_is_charged_for(trained):
    recorded = json.loads((trained.path / "evaluation.json").read_text())["validation"]
    assert recorded["n_any"] > 0
    assert recorded["bits_per_byte"] > recorded["bits_per_byte_uncharged"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: (path / "model.safetensors").unlink(), "has no model.safetensors"),
        (lambda path: (path / "model.safetensors").write_bytes(b"x"), "damaged, or not safetens"),
        (lambda path: rewrite(path, hidden_size=5), "does not fit config.json: .* must have shape"),
        (lambda path: rewrite(path, cel="gru"), "did you mean 'cell'"),
    ],
)
def test_a_damaged_run_is_told_in_one_line(trained, tmp_path, damage, message):
    path = shutil.copytree(trained.path, tmp_path / "copied")
    damage(path)
    with pytest.raises(ToktoolsError, match=message) as caught:
        lstm_lm.load(path)
    assert "\n" not in str(caught.value)


def rewrite(path, **settings):
    config = json.loads((path / "config.json").read_text())
    config["model"] |= settings
    (path / "config.json").write_text(json.dumps(config))


def test_the_numpy_loader_refuses_a_run_of_another_backend(trained, tmp_path):
    path = shutil.copytree(trained.path, tmp_path / "copied")
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(config | {"backend": "torch"}))
    with pytest.raises(ToktoolsError, match="not a run of the numpy backend"):
        load(path)


# The same as torch


@pytest.fixture(scope="module")
def twins(word):
    """The same weights in torch's language model and in ours."""
    torch.manual_seed(0)
    sizes = {"embedding_size": 6, "hidden_size": 8, "n_layers": 2}
    theirs = LanguageModel(word.n_vocab, ModelConfig(**sizes, dropout=0.0)).double()
    for parameter in theirs.parameters():
        torch.nn.init.uniform_(parameter, -1.5, 1.5)
    own = NumpyLanguageModel(word.n_vocab, NumpyModelConfig(**sizes, dtype="float64"))
    own.set_parameters({name: p.detach().numpy() for name, p in theirs.named_parameters()})
    return theirs, own


@pytest.mark.parametrize("alone", [False, True])
def test_equal_weights_score_every_token_as_torch_does(twins, word, texts, alone):
    theirs, own = twins
    split = encode_split(word, texts["validation"])
    expected = score(theirs, split, eos_id=word.eos_id, n_shards=3, alone=alone)
    scores = score_by(own.log_probabilities, split, eos_id=word.eos_id, n_shards=3, alone=alone)
    np.testing.assert_allclose(scores, expected, atol=1e-5)


@pytest.mark.parametrize("stop_on", ["EOS", "25"])
@pytest.mark.parametrize(
    "settings",
    [
        {"strategy": "argmax"},
        {"strategy": "top-k", "k": 3, "seed": 2},
        {"strategy": "sample", "temperature": 0.7},
        {"strategy": "sample", "temperature": 3.0, "seed": 5},
        {"strategy": "top-p+resample-once", "p": 0.8},
        {"strategy": "beam", "beams": 3},
    ],
)
def test_equal_weights_generate_the_texts_that_torch_s_sampler_does(twins, word, settings, stop_on):
    theirs, own = twins
    prompts = ["one hundred", "", "two wug", "one hundred"]
    settings = {**settings, "n_tokens": 25, "stop_on": stop_on}
    assert generate(own, word, prompts, **settings) == generate(theirs, word, prompts, **settings)


# The command line


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("word", ["--cell", "rnn", "--optimizer", "sgd", "--momentum", "0.9"]),
        ("character", ["--cell", "gru", "--optimizer", "adagrad"]),
        ("byte", ["--cell", "lstm", "--input-encoding", "one-hot"]),
        ("bpe", ["--vocab-size", "262", "--cell", "lstm-cifg", "--initialization", "orthogonal"]),
        ("wordpiece", ["--vocab-size", "40", "--clip-value", "1", "--state", "reset"]),
    ],
)
def test_every_tokenizer_can_be_trained_on(tmp_path, name, options):
    run = tmp_path / "run"
    lm("train", "-t", name, "-c", "anbn", *options, "-o", run, *SMALL, "--epochs", 0.3)
    config = json.loads((run / "config.json").read_text())
    assert config["tokenizer"]["kind"] == name
    recorded = {**config["model"], **config["training"]}
    for option, value in zip(options[::2], options[1::2], strict=True):
        key = option[2:].replace("-", "_")
        assert str(recorded.get(key, value)).removesuffix(".0") == value


def test_the_commands_work_on_a_run_in_numpy(trained, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("one hundred\ntwo\n")
    figures = json.loads(lm("evaluate", trained.path, "-c", text, "--json").stdout)
    assert figures["n_bytes"] == 16
    sampled = lm("sample", trained.path, "-p", "one", "--strategy", "sample", "-n", 5).stdout
    assert sampled.startswith("one")


def test_a_stopped_command_is_resumed_with_its_own_backend(tmp_path):
    arguments = ("train", "-t", "word", "-c", "anbn", *SMALL, "--epochs", 2, "-o", tmp_path / "run")
    lm(*arguments)
    done = lm("train", "-o", tmp_path / "run", "--resume")
    assert "bits per byte" in done.stdout
    refused = lm("train", "-o", tmp_path / "run", "--resume", "--backend", "torch", status=1)
    assert "--backend was 'numpy', got 'torch'" in refused.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"packages": {"toktools": "0.0.9"}}, "it began with toktools 0.0.9, this is"),
        ({"blas": "abacus 1.0"}, "it began with abacus 1.0, this is"),
        ({"blas_threads": "64"}, "it began with 64, got .*; set OPENBLAS_NUM_THREADS=64"),
        ({"code": "0123456789abcdef"}, "other code cannot promise"),
    ],
)
def test_a_run_begun_by_other_programs_is_not_resumed(
    trained, texts, word, small_model, small_training, tmp_path, change, message
):
    path = shutil.copytree(trained.path, tmp_path / "run")
    config = json.loads((path / "config.json").read_text())
    config["environment"] |= change
    (path / "config.json").write_text(json.dumps(config))
    arguments = {"model": small_model, "training": small_training, "resume": True}
    with pytest.raises(ToktoolsError, match=message):
        train(path, texts, word, **arguments)


def test_another_version_of_torch_is_no_matter(
    trained, texts, word, small_model, small_training, tmp_path
):
    path = shutil.copytree(trained.path, tmp_path / "run")
    config = json.loads((path / "config.json").read_text())
    config["environment"]["packages"]["torch"] = "not installed"
    (path / "config.json").write_text(json.dumps(config))
    arguments = {"model": small_model, "training": small_training, "resume": True}
    assert train(path, texts, word, **arguments).metrics == trained.metrics


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dropout", "0.5"], "--dropout is not an option of --backend numpy"),
        (["--cell", "gru", "--momentum", "0.5"], "momentum belongs to sgd"),
        (["--device", "cuda"], "computes on the cpu only"),
        (["--sample-if", "loss<2", "--sample-every", "3"], "like posterior>0.35"),
    ],
)
def test_a_mistake_is_one_line_and_status_1(tmp_path, arguments, message):
    done = lm("train", "-c", "anbn", *SMALL, *arguments, "-o", tmp_path / "x", status=1)
    *_, line = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert not (tmp_path / "x").exists()


def test_a_training_that_diverges_is_told_in_one_line(tmp_path):
    arguments = ("--optimizer", "sgd", "--learning-rate", "1e38", "--clip-norm", "1e9")
    done = lm(
        "train", "-t", "word", "-c", "anbn", *SMALL, *arguments, "-o", tmp_path / "x", status=1
    )
    *_, line = done.stderr.splitlines()
    assert re.match(r"error: training diverged: the training loss is (nan|inf) at step", line)


def test_an_option_of_numpy_alone_is_refused_by_torch(tmp_path):
    done = lm("train", "-c", "anbn", "--dtype", "float64", "-o", tmp_path / "x", status=1)
    assert "--dtype is not an option of --backend torch" in done.stderr
