"""What is compared: specs as one types them, and the plan."""

from __future__ import annotations

import json
import shlex

import pytest
from click.testing import CliRunner

from experiments.__main__ import main
from experiments.comparison.plan import Plan, TokenizerSpec
from experiments.comparison.presets import demo
from experiments.comparison.report import command_line
from lstm_lm.config import TrainingConfig
from toktools import SentencePieceTokenizer, ToktoolsError, open_corpus


def test_a_spec_is_a_name_a_size_and_options():
    spec = TokenizerSpec("wordpiece:500,criterion=likelihood,min_frequency=2")
    assert (spec.name, spec.vocab_size) == ("wordpiece", 500)
    assert spec.options == ["criterion=likelihood", "min_frequency=2"]


def test_a_spec_trains_with_its_options():
    tokenizer = TokenizerSpec("wordpiece:60,criterion=likelihood,min_frequency=2").make(
        open_corpus("human-numbers")
    )
    options = tokenizer.training["options"]
    assert tokenizer.n_vocab == 60
    assert (options["criterion"], options["min_frequency"]) == ("likelihood", 2)


def test_a_spec_can_be_a_file(tmp_path):
    path = tmp_path / "mine.json"
    TokenizerSpec("byte").make([]).save(path)
    spec = TokenizerSpec(str(path))
    assert (spec.title, spec.make([]).kind) == ("mine", "byte")


def test_a_spec_can_be_sentencepiece_or_its_model_file(tmp_path):
    spec = TokenizerSpec("sentencepiece:60,model_type=bpe,byte_fallback=false")
    tokenizer = spec.make(open_corpus("human-numbers"))
    assert isinstance(tokenizer, SentencePieceTokenizer)
    assert spec.title == "SentencePiece 60, model_type=bpe, byte_fallback=false"
    assert tokenizer.training["options"]["model_type"] == "bpe"
    path = tmp_path / "numbers.model"
    path.write_bytes(tokenizer.model)
    opened = TokenizerSpec(str(path)).make([])
    assert opened.encode("ninety nine") == tokenizer.encode("ninety nine")


@pytest.mark.parametrize("name", ["gone.model", "gone.tiktoken", "gone.json"])
def test_a_spec_of_a_file_that_is_not_there_is_refused_when_opened(name: str):
    with pytest.raises(ToktoolsError, match=f"{name}: (cannot be read|holds ranks)"):
        TokenizerSpec(name).make([])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bpee", "there is no tokenizer 'bpee'; did you mean 'bpe'"),
        ("bpe:many", "must be NAME, NAME:SIZE or NAME:SIZE,KEY=VALUE"),
    ],
)
def test_a_wrong_spec_is_refused(text: str, message: str):
    with pytest.raises(ToktoolsError, match=message):
        TokenizerSpec(text)


def test_a_plan_survives_json():
    assert Plan.from_json(json.loads(json.dumps(demo().to_json()))) == demo()


def test_a_plan_of_before_budgets_and_analogies_opens():
    new = ("budget", "sweep", "analogies")
    values = {k: v for k, v in demo().to_json().items() if k not in new}
    assert Plan.from_json(values) == demo()


def test_the_context_is_the_same_number_of_bytes_for_every_tokenizer():
    plan = demo()
    assert plan.training_for(1.0, seed=0).bptt == plan.context_bytes
    assert plan.training_for(4.0, seed=7).bptt == plan.context_bytes / 4
    assert plan.training_for(4.0, seed=7).seed == 7


def test_the_same_tokenizer_twice_is_refused():
    with pytest.raises(ToktoolsError, match="got 'bpe-300' twice"):
        Plan(corpus={"source": "anbn"}, tokenizers=(TokenizerSpec("bpe:300"),) * 2)


def test_what_is_held_equal_is_said():
    specs = (TokenizerSpec("byte"),)
    by_time = Plan(
        corpus={"source": "anbn"}, tokenizers=specs, training=TrainingConfig(minutes=2.5)
    )
    by_text = Plan(corpus={"source": "anbn"}, tokenizers=specs, training=TrainingConfig(epochs=1))
    assert by_time.held_equal == "2.5 minutes of training"
    assert by_text.held_equal == "1 pass over the training text"


def test_the_command_in_the_report_gives_the_same_plan(monkeypatch: pytest.MonkeyPatch):
    plans: list[Plan] = []

    def record(folder, plan, **options):
        plans.append(plan)
        raise ToktoolsError("enough")

    monkeypatch.setattr("experiments.comparison.running.Comparison", record)
    arguments = [
        *("compare", "--corpus", "human-numbers", "--normalize", "whitespace,lowercase"),
        *("-t", "bpe:300", "-t", "word:min_count=1", "--epochs", "2", "--tied", "--n-layers", "1"),
        *("--context-bytes", "99", "--seed", "5", "--prompt", "it's one", "-o", "x"),
        *("--analogy", "sixty - six + seven = seventy", "--no-unigram-start"),
        *("--equal", "parameters", "--amount", "90000", "--adjust", "embedding_size"),
        *("--try-learning-rate", "0.1", "--try-learning-rate", "0.02", "--trial-share", "0.25"),
    ]
    CliRunner().invoke(main, arguments)
    again = shlex.split(command_line(plans[0]))
    assert again[:3] == ["python", "-m", "experiments"]
    CliRunner().invoke(main, again[3:])
    assert plans[0] == plans[1]
    assert plans[0].prompts == ("it's one",)
    assert not plans[0].training.unigram_start
    assert plans[0].analogies == ("sixty - six + seven = seventy",)
