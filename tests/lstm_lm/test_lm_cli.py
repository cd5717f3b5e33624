"""The command line as a user meets it: real files, and real processes where it matters.

Importing torch takes a second or two, so what a new process would not change runs in this one.
"""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from click.testing import CliRunner

from lstm_lm.cli import main
from lstm_lm.files import read_tensors
from lstm_lm.runs.directory import RunDirectory

SIZES = {"embedding-size": 12, "hidden-size": 12, "n-layers": 1, "batch-size": 8, "bptt": 16}
SMALL = [part for name, size in SIZES.items() for part in (f"--{name}", size)]
ENVIRONMENT = {**os.environ, "COLUMNS": "100", "OMP_NUM_THREADS": "1"}


def command(*arguments):
    return [sys.executable, "-m", "lstm_lm", *map(str, arguments)]


def lm(*arguments, status=0):
    """Run the command in this process."""
    done = CliRunner(env={"COLUMNS": "100"}).invoke(main, list(map(str, arguments)))
    assert done.exit_code == status, (done.output, done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


def process(*arguments, status=0):
    """Run the command in a process of its own."""
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, env=ENVIRONMENT, timeout=60
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def trained_by_command(tmp_path_factory):
    """A word model of the corpus anbn, and what the command printed."""
    path = tmp_path_factory.mktemp("cli") / "anbn"
    done = process(
        *("train", "-t", "word", "-c", "anbn", "-o", path, *SMALL, "--epochs", 3),
        *("--prompt", "a a", "--prompt", "a wug", "--normalize", "lowercase"),
    )
    return path, done


@pytest.mark.parametrize(
    "name", [None, "train", "evaluate", "sample", "complete", "show-batch", "find-lr"]
)
def test_help_does_not_import_torch_and_gives_an_example(name):
    code = (
        "import sys; from lstm_lm.cli import main\n"
        "try: main()\n"
        "finally: print(','.join(m for m in ('torch', 'matplotlib') if m in sys.modules) or 'none')"
    )
    arguments = [sys.executable, "-c", code, *([name] if name else []), "--help"]
    done = subprocess.run(arguments, capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    assert done.stdout.endswith("\nnone\n"), done.stdout + done.stderr
    assert "Example:" in done.stdout


def test_training_prints_the_tokenizer_the_figures_and_where_things_are(trained_by_command):
    path, done = trained_by_command
    assert "tokenizer: word, 5 tokens" in done.stderr
    assert "bits per byte" in done.stdout
    assert f"curves   {path}/curves.png" in done.stdout
    assert "in the prompt 'a wug' the tokenizer does not know 'wug'" in done.stderr
    assert done.stderr.count("validation") == 10


def test_evaluate_repeats_the_recorded_figures_of_the_run_s_own_text(trained_by_command):
    path, _ = trained_by_command
    recorded = json.loads((path / "evaluation.json").read_text())["validation"]
    printed = json.loads(process("evaluate", path, "--json").stdout)
    assert {name: printed[name] for name in recorded} == recorded
    assert json.loads((path / "config.json").read_text())["corpus"]["normalize"] == ["lowercase"]


def test_evaluate_scores_another_split_and_other_text(trained_by_command, tmp_path):
    path, _ = trained_by_command
    test = json.loads(lm("evaluate", path, "--split", "test", "--json").stdout)
    assert test["text"] == "anbn, test split"
    other = tmp_path / "other.txt"
    other.write_text("a b\na a wug b\n")
    figures = json.loads(lm("evaluate", path, "-c", other, "--json").stdout)
    assert (figures["n_documents"], figures["n_bytes"]) == (2, 14)
    assert figures["n_any"] == 1
    table = lm("evaluate", path, "-c", other).stdout
    assert "OOV rate" in table
    assert "uncharged" in table


def test_sample_repeats_itself_for_a_seed_and_keeps_the_prompts(trained_by_command):
    path, _ = trained_by_command
    arguments = ("sample", path, "-p", "a a", "-p", "b", "--strategy", "sample", "-n", 9)
    first, second = lm(*arguments), process(*arguments)
    assert first.stdout == second.stdout
    assert [line[0] for line in first.stdout.splitlines()] == ["a", "b"]
    assert lm(*arguments, "--seed", 5).stdout != first.stdout


def test_a_saved_tokenizer_is_used_as_it_is(trained_by_command, tmp_path):
    path, _ = trained_by_command
    file = path / "tokenizer.json"
    lm("train", "-t", file, "-c", "anbn", "-o", tmp_path / "run", *SMALL, "--epochs", 0.5)
    assert (tmp_path / "run" / "tokenizer.json").read_text() == file.read_text()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("character", ["--tokenizer-option", "min_count=2"]),
        ("byte", []),
        ("bpe", ["--vocab-size", "262"]),
        ("wordpiece", ["--vocab-size", "40", "--tokenizer-option", "criterion=likelihood"]),
    ],
)
def test_every_tokenizer_of_ours_can_be_trained_by_name(tmp_path, name, options):
    run = tmp_path / "run"
    lm("train", "-t", name, "-c", "anbn", *options, "-o", run, *SMALL, "--epochs", 0.3)
    config = json.loads((run / "config.json").read_text())
    assert config["tokenizer"]["kind"] == name
    recorded = config["tokenizer"]["training"].get("options", {})
    for option in options[1::2]:
        key, equals, value = option.partition("=")
        assert not equals or str(recorded[key]) == value


def test_several_seeds_are_trained_summed_up_and_resumed(tmp_path):
    runs = tmp_path / "runs"
    lm("train", "-t", "word", "-c", "anbn", "-o", runs, *SMALL, "--epochs", 0.3, "--n-seeds", 2)
    table = lm("train", "-o", runs, "--resume").stdout
    assert "standard deviation" in table
    summary = json.loads((runs / "seeds.json").read_text())
    assert summary["seeds"] == [0, 1]
    assert {p.name for p in runs.iterdir()} == {"seed-0", "seed-1", "seeds.json"}
    arguments = ("-t", "word", "-c", "anbn", "-o", runs, *SMALL, "--epochs", 0.3)
    lm("train", *arguments, "--seeds", "1,7", "--overwrite")
    assert json.loads((runs / "seeds.json").read_text())["runs"][0] == summary["runs"][1]


def test_a_sample_is_printed_while_training(tmp_path):
    arguments = ("-t", "word", "-c", "anbn", *SMALL, "--epochs", 1, "--sample-every", 4)
    done = lm("train", *arguments, "-o", tmp_path / "run")
    assert "step 4, mean target probability 0." in done.stderr
    done = lm("train", *arguments, "-o", tmp_path / "other", "--sample-if", "posterior>0.99")
    assert "mean target probability" not in done.stderr


def test_show_batch_prints_what_goes_in_and_what_is_to_come_out():
    arguments = ("-t", "word", "-c", "human-numbers", "--batch-size", 5, "--bptt", 4, "--rows", 1)
    lines = lm("show-batch", *arguments, "--split", "valid", "-n", 2).stdout.splitlines()
    assert lines == [
        "batch 1: 4 steps, 5 rows, 20 targets, the state is zero",
        "  row 1 reads    '<EOS>eight thousand one'",
        "        predicts 'eight thousand one<EOS>'",
        "  and 4 rows more",
        "batch 2: 4 steps, 5 rows, 20 targets, the state is carried",
        "  row 1 reads    '<EOS>eight thousand two'",
        "        predicts 'eight thousand two<EOS>'",
        "  and 4 rows more",
    ]


def test_find_lr_writes_picture_and_figures_and_says_how_it_came_to_its_suggestion(tmp_path):
    arguments = (
        "-t",
        "word",
        "-c",
        "anbn",
        *SMALL,
        "--n-updates",
        30,
        "--class-weights",
        "inverse",
    )
    done = lm("find-lr", *arguments, "-o", tmp_path / "a" / "b")
    found = json.loads((tmp_path / "a/b/learning-rate.json").read_text())
    assert f"--learning-rate {found['suggestion']:.2g}  ({found['rule']})" in done.stdout
    assert 10 <= len(found["losses_nats"]) == len(found["learning_rates"]) <= 30
    assert (tmp_path / "a/b/learning-rate.png").read_bytes()[1:4] == b"PNG"


MISTAKES = [
    (["train", "--seeds", "0;1", "-o", "RUN/x"], "--seeds must be like 0,1,2, got '0;1'"),
    (["train", "--seeds", "0,1", "--n-seeds", "2", "-o", "RUN/x"], "leave out --n-seeds and"),
    (["train", "--n-seeds", "0", "-o", "RUN/x"], "--n-seeds must be >= 1, got 0"),
    (["train", "-c", "anbn", "-t", "word", "--n-seeds", "2", "-o", "RUN"], "holds a single run"),
    (["train", "--momentum", "0.9", "-o", "RUN/x"], "momentum is for sgd and rmsprop"),
    (
        ["find-lr", "-c", "anbn", "-t", "word", "--lowest", "9", "--highest", "1", "-o", "RUN/x"],
        "0 < l",
    ),
    (["evaluate", "RUN/none"], "no such run directory"),
    (["train", "-t", "worpiece", "-o", "RUN/x"], "did you mean 'wordpiece'"),
    (["train", "-t", "none.json", "-o", "RUN/x"], "none.json: cannot be read"),
    (["train", "-t", "byte", "--vocab-size", "9", "-o", "RUN/x"], "fixed size"),
    (["train", "-t", "word", "--tokenizer-option", "min_cont=2", "-o", "RUN/x"], "min_count"),
    (["train", "-t", "word", "--tokenizer-option", "min_count=x", "-o", "RUN/x"], "of type int"),
    (["train", "-t", "word", "--tokenizer-option", "min_count", "-o", "RUN/x"], "KEY=VALUE"),
    (["train", "--tied", "--hidden-size", "5", "-o", "RUN/x"], "got 200 and 5"),
    (["train", "-c", "anbn", "--device", "gpu9", "-o", "RUN/x"], "device 'gpu9'"),
    (["train", "--epochs", "0", "-o", "RUN/x"], "epochs must be > 0"),
    (["train", "-c", "anbn", "-o", "RUN"], "holds a run already"),
    (["train", "--resume", "-o", "RUN/none"], "no such run directory"),
    (["train", "--resume", "-o", "RUN", "-t", "bpe"], "--tokenizer was 'word', got 'bpe'"),
    (["train", "--resume", "-o", "RUN", "--epochs", "9"], "epochs is 3.0, got 9.0"),
    (["train", "--resume", "-o", "RUN", "-c", "human-numbers"], "train text or the tokenizer"),
    (["sample", "RUN", "--temperature", "0"], "use the strategy argmax"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_a_mistake_is_one_line_and_status_1(trained_by_command, arguments, message):
    path, _ = trained_by_command
    done = lm(*(a.replace("RUN", str(path)) for a in arguments), status=1)
    *_, line = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_a_mistake_in_a_process_of_its_own_is_one_line_too(tmp_path):
    done = process("evaluate", tmp_path / "none", status=1)
    assert done.stderr == f"error: {tmp_path}/none: there is no such run directory\n"
    assert done.stdout == ""


def test_ctrl_c_saves_everything_and_resume_ends_as_if_it_had_not_come(tmp_path):
    arguments = (
        "-t",
        "word",
        "-c",
        "human-numbers",
        "--limit",
        4000,
        *SMALL,
        "--epochs",
        1.5,
        "--dropout",
        0.3,
    )
    process("train", *arguments, "-o", tmp_path / "whole")
    parts = RunDirectory(tmp_path / "parts")
    running = subprocess.Popen(
        command("train", *arguments, "-o", parts.path),
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    deadline = time.monotonic() + 40
    while parts.metrics_size() == 0 and time.monotonic() < deadline:
        time.sleep(0.005)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=40)
    assert running.returncode == 130, errors
    assert "stopped; all is saved. Go on with: lstm_lm train" in errors
    _, header = read_tensors(parts.last)
    assert not json.loads(header["position"])["finished"]
    process("train", *arguments, "-o", parts.path, "--resume")
    whole = read_tensors(tmp_path / "whole" / "last.safetensors")[0]
    resumed = read_tensors(parts.last)[0]
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_figures_of_a_model_that_adapts_say_so_and_stand_beside_those_without(trained_by_command):
    path, _ = trained_by_command
    weights = (path / "model.safetensors").read_bytes()
    how = ("--dynamic", "--dynamic-rate", 1e-3, "--dynamic-segment", 20, "--cache", "--limit", 300)
    figures = json.loads(lm("evaluate", path, "-c", "anbn", *how, "--json").stdout)
    assert figures["way"].startswith("dynamic evaluation (rms, rate 0.001, decay 0.002, segment 20")
    assert figures["way"].endswith("adapts on the text it scores")
    assert figures["without"]["way"] == ""
    assert figures["n_bytes"] == figures["without"]["n_bytes"]
    assert figures["total_nats"] != figures["without"]["total_nats"]
    table = lm("evaluate", path, "-c", "anbn", *how).stdout
    assert "Scored with dynamic evaluation" in table
    assert "The same without" in table
    dropped = json.loads(lm("evaluate", path, "--mc-dropout", 2, "--json").stdout)
    assert dropped["way"] == "MC dropout (mean probability over 2 draws)"
    recorded = json.loads((path / "evaluation.json").read_text())["validation"]
    assert dropped["without"] == recorded
    assert (path / "model.safetensors").read_bytes() == weights
    assert "cache_window needs cache" in lm("evaluate", path, "--cache-window", 9, status=1).stderr
