"""A comparison as a file of TOML: the same plan comes back, and mistakes are named in one line."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.__main__ import main
from experiments.comparison.budgets import Budget
from experiments.comparison.design import design_of, plan_from, read_design, write_design
from experiments.comparison.plan import TRAINING, Plan, TokenizerSpec
from experiments.comparison.presets import demo
from experiments.comparison.sweep import Sweep
from lstm_lm.config import ModelConfig, TrainingConfig
from toktools import ToktoolsError, open_corpus

BUDGETS = (Budget(), Budget(equal="flops", amount=2.5e12), Budget(equal="steps", amount=7))
PLANS = st.builds(
    Plan,
    corpus=st.sampled_from(["anbn", "human-numbers"]).map(
        lambda name: open_corpus(name).describe()
    ),
    tokenizers=st.sampled_from(
        [(TokenizerSpec("word"),), (TokenizerSpec("bpe:300"), TokenizerSpec("byte"))]
    ),
    model=st.builds(
        ModelConfig,
        hidden_size=st.integers(1, 999),
        dropout=st.floats(0, 0.9),
        layer_norm=st.booleans(),
        forget_bias=st.none() | st.floats(-5, 5),
    ),
    training=st.builds(
        TrainingConfig,
        learning_rate=st.floats(1e-9, 1e9),
        schedule=st.sampled_from(["cosine", "plateau"]),
        patience=st.none() | st.integers(1, 9),
    ),
    context_bytes=st.integers(1, 999),
    seeds=st.lists(st.integers(0, 99), min_size=1, unique=True).map(tuple),
    prompts=st.lists(st.text(max_size=9)).map(tuple),
    analogies=st.sampled_from([(), ("king - man + woman = queen", "a - b + c = d")]),
    sample_bytes=st.integers(1, 999),
    budget=st.sampled_from(BUDGETS),
    sweep=st.none()
    | st.builds(Sweep, learning_rates=st.just((0.1, 2e-3)), share=st.floats(0.1, 1)),
)


@settings(max_examples=60, deadline=None)
@given(PLANS)
def test_a_plan_comes_back_from_its_design(tmp_path_factory, plan: Plan):
    path = tmp_path_factory.getbasetemp() / "design.toml"
    write_design(plan, path)
    assert read_design(path) == plan


def test_records_of_a_file_and_their_filter_come_back(tmp_path: Path):
    path = tmp_path / "news.jsonl"
    lines = [{"text": f"line {i}", "a kind": "x"} for i in range(20)]
    path.write_text("\n".join(map(json.dumps, lines)))
    corpus = open_corpus(path, field="text", where={"a kind": "x"}, normalize="lowercase")
    plan = replace(demo(), corpus=corpus.describe())
    write_design(plan, tmp_path / "design.toml")
    assert read_design(tmp_path / "design.toml") == plan


def test_tables_of_tokenizers_are_specs():
    plan = plan_from(
        {
            "tokenizers": ["word"],
            "tokenizer": [
                {"name": "wordpiece", "vocab_size": 800, "criterion": "likelihood"},
                {"name": "sentencepiece", "vocab_size": 60, "byte_fallback": False},
            ],
        }
    )
    assert [spec.text for spec in plan.tokenizers] == [
        "word",
        "wordpiece:800,criterion=likelihood",
        "sentencepiece:60,byte_fallback=false",
    ]


def test_what_is_left_out_is_as_on_the_command_line():
    plan = plan_from({"tokenizers": ["byte"]})
    assert plan.corpus["source"] == "python-docs"
    assert (plan.model, plan.training) == (ModelConfig(), TRAINING)
    assert (plan.seeds, plan.context_bytes) == ((0, 1, 2), 256)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed = [1]", "there is no key of a design 'seed'; did you mean 'seeds'"),
        ("[corpus]\nsorce = 'anbn'", "there is no key of .corpus. 'sorce'; did you mean 'source'"),
        ("[model]\nhiden_size = 3", "'hiden_size'; did you mean 'hidden_size'"),
        ("[training]\nepoch = 3", "'epoch'; did you mean 'epochs'"),
        ("[budget]\nequals = 'flops'", "'equals'; did you mean 'equal'"),
        ("[budget]\nequal = 'flop'", "did you mean 'flops'"),
        ("[sweep]\nlearning_rate = [1, 2]", "a sweep needs learning_rates"),
        ("[sweep]\nlearning_rates = [1.0, 2.0]\nshares = 1", "'shares'; did you mean 'share'"),
        ("[sweep]\nlearning_rates = 3", "learning_rates"),
        ("[sweep]\nlearning_rates = ['a', 'b']", "learning_rates"),
        ("[training]\nbptt = 9", "bptt of .training. differs from run to run; give context_bytes"),
        ("tokenizers = 'bpe'", "tokenizers must be a list"),
        ("tokenizers = [3]", "tokenizers must be a list of specs"),
        ("tokenizers = ['bpee']", "there is no tokenizer 'bpee'; did you mean 'bpe'"),
        ("[[tokenizer]]\nvocab_size = 3", "needs a name"),
        ("tokenizers = []", "at least one tokenizer"),
        ("seeds = 3", "seeds must be a list, got 3"),
        ("seeds = ['a']", "seeds must be whole numbers"),
        ("prompts = [3]", "prompts must be texts"),
        ("context_bytes = 'many'", "context_bytes must be a number, got 'many'"),
        ("model = 3", "model must be a table, got 3"),
        ("[model", "not TOML"),
    ],
)
def test_a_mistake_is_named_in_one_line(tmp_path: Path, text: str, message: str):
    path = tmp_path / "design.toml"
    path.write_text(text if "tokenizer" in text else "tokenizers = ['byte']\n" + text)
    with pytest.raises(ToktoolsError, match=message) as caught:
        read_design(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_the_design_of_the_documentation_is_one():
    page = Path(__file__).parents[3] / "docs" / "comparisons.md"
    (text,) = re.findall(r"^```toml\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    plan = plan_from(tomllib.loads(text))
    assert plan.budget == Budget(equal="flops", amount=2e12)
    assert plan.tokenizers[1].text == "wordpiece:2000,criterion=likelihood"
    assert (plan.training.epochs, plan.model.hidden_size, plan.sweep is None) == (4, 200, False)


def test_a_file_that_is_not_there_is_said(tmp_path: Path):
    done = CliRunner().invoke(main, ["compare", str(tmp_path / "no.toml"), "-o", "x"])
    assert done.exit_code == 1
    assert "no.toml: cannot be read" in str(done.output) + str(done.exception)


COMMAND = [
    *("-c", "human-numbers", "--limit", "60", "-t", "byte", "-t", "bpe:300", "--epochs", "2"),
    *("--tied", "--embedding-size", "8", "--hidden-size", "8", "--n-layers", "1", "--seed", "5"),
    *("--prompt", 'say "one" \\ é', "--context-bytes", "99", "--equal", "steps", "--amount", "9"),
    *("--try-learning-rate", "0.1", "--try-learning-rate", "0.01", "--trial-share", "0.5"),
]


def test_the_command_line_writes_a_design_that_says_the_same(tmp_path: Path):
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    done = CliRunner().invoke(main, ["compare", *COMMAND, "--write-design", str(first)])
    assert done.exit_code == 0, done.output
    plan = read_design(first)
    assert plan.budget == Budget(equal="steps", amount=9)
    assert plan.sweep == Sweep(learning_rates=(0.1, 0.01), share=0.5)
    assert (plan.prompts, plan.seeds, plan.corpus["limit"]) == (('say "one" \\ é',), (5,), 60)
    CliRunner().invoke(main, ["compare", str(first), "--write-design", str(second)])
    assert second.read_text() == first.read_text()


def test_options_are_put_over_a_design(tmp_path: Path):
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_text(design_of(demo()))
    arguments = ["compare", str(first), "--seed", "9", "--write-design", str(second)]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert read_design(second) == replace(read_design(first), seeds=(9,))


def test_a_design_is_run(tmp_path: Path):
    path, folder = tmp_path / "design.toml", tmp_path / "c"
    CliRunner().invoke(main, ["compare", *COMMAND, "--write-design", str(path)])
    done = CliRunner().invoke(main, ["compare", str(path), "-o", str(folder)])
    assert done.exit_code == 0, done.output
    results = json.loads((folder / "results.json").read_text())
    assert Plan.from_json(results["plan"]) == read_design(path)
    assert [run["n_steps"] for run in results["runs"]] == [9, 9]
    assert all(len(run["trial"]) == 2 for run in results["runs"])
    assert CliRunner().invoke(main, ["audit", str(folder)]).exit_code == 0
