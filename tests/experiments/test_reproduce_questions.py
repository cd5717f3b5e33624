"""The experiments behind the questionnaire: what each variant changes, and the page's figures."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from experiments.__main__ import main
from experiments.charts import save_svg
from experiments.diagrams import DIAGRAMS
from experiments.reproduce import questions_page as page
from experiments.reproduce.human_numbers import RECIPES
from experiments.reproduce.human_numbers_data import read_text
from experiments.reproduce.question_variants import GROUPS, ShownLSTM
from experiments.reproduce.questions import PARTS, REACHES
from lstm_lm.cells import LSTM

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
NAMED = {recipe.name: recipe for recipe in RECIPES}


@pytest.fixture(scope="module")
def stored() -> dict[str, Any]:
    return json.loads((ROOT / "experiments" / "results" / "questions.json").read_text("utf-8"))


def reproduce(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(main, ["reproduce", "questions", *arguments])
    assert done.exit_code == status, done.output
    return done.output


# The variants


def test_an_lstm_with_its_output_gate_wide_open_is_the_one_without():
    torch.manual_seed(0)
    shown, whole = ShownLSTM(3, 4).double(), LSTM(3, 4).double()
    with torch.no_grad():
        for name, parameter in whole.named_parameters():
            parameter[:12] = shown.get_parameter(name)
            parameter[12:] = 40.0 if name == "bias_ih" else 0.0  # sigmoid(40) is 1
    x_TBE, state = torch.randn(6, 2, 3).double(), shown.init_state(2)
    for ours, expected in zip(shown(x_TBE, state)[1], whole(x_TBE, state)[1], strict=True):
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-12)


def test_shuffling_changes_the_order_of_training_and_nothing_else():
    text, recipe = read_text(), NAMED["LMModel4"]
    shuffled = GROUPS["state"]["LMModel4: windows shuffled, state kept"]
    (train, validation), (same, also) = shuffled.batches(text), recipe.batches(text)

    def as_set(batches: Any) -> set[tuple[int, ...]]:
        return {tuple(x_TB.flatten().tolist()) for x_TB, _ in batches}

    assert as_set(train) == as_set(same)
    assert [x.tolist() for x, _ in train] != [x.tolist() for x, _ in same]
    assert [x.tolist() for x, _ in validation] == [x.tolist() for x, _ in also]
    assert shuffled.keeps_state


def test_a_state_that_is_thrown_away_is_not_kept():
    for name, recipe in GROUPS["state"].items():
        assert recipe.keeps_state == ("thrown away" not in name)


def test_untied_has_two_matrices():
    model: Any = GROUPS["regularizers"]["untied"].model(30, 64)
    whole: Any = GROUPS["regularizers"]["LMModel7"].model(30, 64)
    assert model.head.weight is not model.embedding.weight
    assert whole.head.weight is whole.embedding.weight
    assert model.head.weight.shape == whole.head.weight.shape


def test_each_regularizer_is_left_out_alone():
    values = {}
    for name, recipe in list(GROUPS["regularizers"].items())[:6]:
        model: Any = recipe.model(30, 64)
        tied = model.head.weight is model.embedding.weight
        decay = recipe.cycle.weight_decay
        values[name] = (model.dropout.p, model.alpha, model.beta, tied, decay)
    whole = values.pop("LMModel7")
    assert whole == (0.4, 2.0, 1.0, True, 0.1)
    for place, other in enumerate(values.values()):
        changed = [i for i, (a, b) in enumerate(zip(whole, other, strict=True)) if a != b]
        assert changed == [place]


# The command


def test_one_part_is_measured_alone_and_told_as_a_table(tmp_path: Path):
    output = reproduce("--only", "gates", "--seeds", "1", "--epochs", "1", "-o", str(tmp_path))
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert list(results["groups"]) == ["gates"]
    assert [row["name"] for row in results["groups"]["gates"]] == list(GROUPS["gates"])
    ours, theirs = (row["runs"][0] for row in results["groups"]["gates"][1:3])
    assert ours["accuracy"] == pytest.approx(theirs["accuracy"], abs=0.01)
    assert page.table(results, "gates") in (tmp_path / "questions.md").read_text("utf-8")
    assert "GRU, ours: accuracy" in output
    assert not (tmp_path / "reach.svg").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "gate"], "did you mean 'gates'"),
        (["--epochs", "0"], "--epochs must be >= 1, got 0"),
        (["--seeds", "0"], "--seeds must be >= 1, got 0"),
    ],
)
def test_what_cannot_be_measured_is_refused(tmp_path: Path, arguments: list[str], message: str):
    assert message in reproduce(*arguments, "-o", str(tmp_path / "x"), status=1)
    assert not (tmp_path / "x").exists()


# What is stored, and what the page says of it


def test_the_stored_results_are_of_what_is_trained_today(stored: dict[str, Any]):
    assert [*stored["groups"], "reach", "gradients"] == list(PARTS)
    assert stored["settings"] == {"seeds": [0, 1, 2], "n_epochs": None}
    for group, rows in stored["groups"].items():
        assert [row["name"] for row in rows] == list(GROUPS[group])
        for row, recipe in zip(rows, GROUPS[group].values(), strict=True):
            cycle = json.loads(json.dumps(dataclasses.asdict(recipe.cycle)))
            assert row["cycle"] == cycle
            assert [run["seed"] for run in row["runs"]] == stored["settings"]["seeds"]
    assert len(stored["reach"]) == 2 * len(REACHES)


def test_an_unchanged_model_has_the_figures_of_the_seven(stored: dict[str, Any]):
    path = ROOT / "experiments" / "results" / "human-numbers.json"
    seven = json.loads(path.read_text("utf-8"))["models"]
    accuracies = [run["curve"][-1]["accuracy"] for run in seven[6]["runs"][:3]]
    again = stored["groups"]["regularizers"][0]["runs"]
    assert [run["accuracy"] for run in again] == pytest.approx(accuracies, abs=0.01)


@pytest.mark.parametrize("group", GROUPS)
def test_the_tables_of_the_page_are_those_of_the_stored_results(stored: dict[str, Any], group: str):
    assert page.table(stored, group) in (DOCS / "questionnaire.md").read_text("utf-8")


def test_the_tables_of_reach_and_gradients_are_those_of_the_stored_results(stored: dict[str, Any]):
    text = (DOCS / "questionnaire.md").read_text("utf-8")
    assert page.reach_table(stored) in text
    assert page.gradient_table(stored) in text


def test_the_charts_of_the_page_are_those_of_the_stored_results(
    stored: dict[str, Any], tmp_path: Path
):
    page.write_charts(stored, tmp_path)
    for name in ("reach.svg", "gradients-by-step.svg"):
        drawn, kept = (folder / name for folder in (tmp_path, DOCS / "images"))
        assert drawn.read_text("utf-8") == kept.read_text("utf-8")


@pytest.mark.parametrize("name", DIAGRAMS)
def test_the_diagrams_of_the_page_are_drawn_by_the_code(name: str, tmp_path: Path):
    save_svg(DIAGRAMS[name](), tmp_path / "new.svg")
    drawn = (tmp_path / "new.svg").read_text("utf-8")
    assert drawn == (DOCS / "images" / f"{name}.svg").read_text("utf-8")
    assert "“three”?" in drawn
