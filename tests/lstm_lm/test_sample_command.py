"""`lstm_lm sample` as a user meets it."""

import json
import shutil

import pytest
from click.testing import CliRunner

from lstm_lm.cli import main
from lstm_lm.config import SamplingConfig
from lstm_lm.files import read_tensors, write_tensors
from lstm_lm.sampling.samples import as_table, sample_all


def lm(*arguments, status=0, **options):
    done = CliRunner(env={"COLUMNS": "100"}).invoke(main, list(map(str, arguments)), **options)
    assert done.exit_code == status, (done.output, done.exception)
    return done


@pytest.fixture
def copied(trained, tmp_path):
    return shutil.copytree(trained.path, tmp_path / "run")


def test_prompts_come_from_options_and_from_a_file(trained, tmp_path):
    file = tmp_path / "prompts.txt"
    file.write_text("two\n\none hundred\n", encoding="utf-8")
    done = lm("sample", trained.path, "-p", "one", "--prompt-file", file, "-s", "argmax", "-n", 4)
    prompts = ["one", "two", "one hundred"]
    assert done.stdout.splitlines() == trained.generate(prompts, n_tokens=4)


def test_prompts_come_from_standard_input(trained):
    arguments = ("sample", trained.path, "--prompt-file", "-", "-s", "argmax", "-n", 4)
    assert lm(*arguments, input="two\n").stdout == trained.generate("two", n_tokens=4) + "\n"


def test_every_option_reaches_the_sampler(trained):
    settings = {
        **{"strategy": "top-k+top-p+resample-once", "k": 7, "p": 0.8, "temperature": 1.5},
        **{"repetition_penalty": 1.2, "seed": 4, "stop_on": "9", "allow_any": True},
    }
    options = [f"--{n.replace('_', '-')}={v}" for n, v in settings.items() if n != "allow_any"]
    done = lm("sample", trained.path, "-p", "one", *options, "--allow-any", "--ban", "hundred")
    assert done.stdout == trained.generate("one", ban=("hundred",), **settings) + "\n"
    assert " hundred" not in done.stdout


def test_json_lines_say_text_end_and_settings(trained):
    arguments = ("-p", "one wug", "-p", "two", "-s", "top-k", "-s", "beam", "-n", 5, "--jsonl")
    done = lm("sample", trained.path, *arguments)
    records = list(map(json.loads, done.stdout.splitlines()))
    assert [(r["prompt"], r["settings"]["strategy"]) for r in records] == [
        *(("one wug", "top-k"), ("two", "top-k"), ("one wug", "beam"), ("two", "beam")),
    ]
    assert [r["unknown"] for r in records[:2]] == [["wug"], []]
    assert all(r["stopped"] in ("EOS", "length") and 1 <= r["n_tokens"] <= 5 for r in records)
    assert (
        records[1]["text"] == trained.generate(["one wug", "two"], strategy="top-k", n_tokens=5)[1]
    )


def test_what_the_tokenizer_does_not_know_is_said_apart_from_the_text(trained):
    done = lm("sample", trained.path, "-p", "one wug", "-n", 2)
    assert done.stdout.startswith("one wug ")
    assert done.stderr == "note: in the prompt 'one wug' the tokenizer does not know 'wug'\n"


def test_several_strategies_make_a_table_that_is_saved_if_asked(copied):
    before = (copied / "samples.txt").read_text()
    arguments = ("sample", copied, "-p", "one", "-p", "two", "-s", "argmax", "-s", "top-p", "-n", 3)
    table = lm(*arguments).stdout
    assert table.splitlines()[0].split(" | ")[1:] == [
        "argmax".ljust(len(table.split("|")[1]) - 2),
        "top-p, p = 0.9, seed 0",
    ]
    assert (copied / "samples.txt").read_text() == before
    done = lm(*arguments, "--save")
    assert done.stdout == table == (copied / "samples.txt").read_text()
    assert f"saved: {copied}/samples.txt" in done.stderr
    records = (copied / "samples.jsonl").read_text().splitlines()
    assert len(records) == 4


def test_the_table_wraps_long_texts_and_shows_what_cannot_be_printed(trained):
    config = SamplingConfig(stop_on="60")
    (samples,) = sample_all(trained.model, trained.tokenizer, ["one\x1b[2J wug"], [config])
    table = as_table([samples, samples])
    assert "\x1b" not in table
    assert "\\x1b[2J" in table
    assert len({len(line) for line in table.splitlines() if set(line) <= set("-+")}) == 1
    assert max(map(len, table.splitlines())) < 140
    joined = "".join(line.split("|")[1] for line in table.splitlines()[2:-1])
    assert "".join(joined.split()) == "".join(
        samples.texts[0].text.replace("\x1b", "\\x1b").split()
    )


def test_weights_that_are_not_numbers_are_one_line(copied):
    tensors, strings = read_tensors(copied / "model.safetensors")
    tensors["head.bias"][3] = float("nan")
    write_tensors(copied / "model.safetensors", tensors, strings)
    for arguments in (["sample", copied], ["complete", copied]):
        done = lm(*arguments, status=1, input="one\n")
        (line,) = done.stderr.splitlines()
        assert line.startswith("error: the model gives")
        assert "its weights are damaged; train it again" in line
        assert "sample" not in arguments or done.stdout == ""


def test_an_empty_prompt_begins_a_text_and_a_very_long_one_is_read(trained):
    assert (
        lm("sample", trained.path, "-p", "", "-s", "argmax").stdout == trained.generate("") + "\n"
    )
    done = lm("sample", trained.path, "-p", "one " * 5000, "-s", "argmax", "-n", 2)
    assert done.stdout.startswith("one one one")


MISTAKES = [
    (["sample", "none"], "none: there is no such run directory"),
    (["complete", "none"], "none: there is no such run directory"),
    (["sample", "RUN", "-s", "topk"], "did you mean 'top-k'"),
    (["sample", "RUN", "--temperature", "0"], "use the strategy argmax"),
    (["sample", "RUN", "--temperature", "-1"], "temperature must be > 0, got -1.0"),
    (["sample", "RUN", "--k", "0"], "k must be >= 1"),
    (["sample", "RUN", "--stop-on", "EOF"], "stop_on must be EOS, newline or a number"),
    (
        ["sample", "RUN", "-p", "one", "--ban", "wug"],
        "there is no token 'wug' to ban; as text it is ['<ANY>']",
    ),
    (["sample", "RUN", "--prompt-file", "none.txt"], "none.txt: cannot be read: No such file"),
    (["sample", "RUN", "--prompt-file", "EMPTY"], "holds no prompts; write one a line"),
    (["sample", "RUN", "--prompt-file", "BROKEN"], "prompts must be UTF-8"),
    (["sample", "RUN", "-p", "a\ud800"], "surrogate"),
    (["complete", "RUN", "--n-tokens", "0"], "n_tokens must be >= 1, got 0"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_a_mistake_is_one_line_and_status_1(trained, tmp_path, arguments, message):
    (tmp_path / "empty").write_bytes(b"\n\n")
    (tmp_path / "broken").write_bytes(b"one\n\xff\n")
    named = {"RUN": trained.path, "EMPTY": tmp_path / "empty", "BROKEN": tmp_path / "broken"}
    done = lm(*(named.get(a, a) for a in arguments), status=1)
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert done.stdout == ""


def test_k_beyond_the_vocabulary_is_all_of_it(trained):
    arguments = ("sample", trained.path, "-p", "one", "-n", 9)
    everything = lm(*arguments, "-s", "sample").stdout
    assert lm(*arguments, "-s", "top-k", "--k", 10**6).stdout == everything
