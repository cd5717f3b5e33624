"""The seven models of the chapter: data, each model against the one before, training, page."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import pytest
import torch
from click.testing import CliRunner
from torch import Tensor, nn

from experiments.__main__ import main
from experiments.reproduce import human_numbers_models as models
from experiments.reproduce import human_numbers_page as page
from experiments.reproduce.human_numbers import RECIPES, measure, shorten, train
from experiments.reproduce.human_numbers_data import (
    Text,
    cut_windows,
    in_order,
    in_rows,
    read_text,
    split_by_position,
)
from experiments.reproduce.one_cycle import OneCycle, Trainer, evaluate
from lstm_lm.cells import copy_to_torch
from toktools.errors import ToktoolsError

ROOT = Path(__file__).parent.parent.parent
M = TypeVar("M", bound=models.LMModel1 | models.LMModel5)
RECURRENT = [models.LMModel4, models.LMModel5, models.LMModel6, models.LMModel7]


@pytest.fixture(scope="module")
def text() -> Text:
    return read_text()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the command put what one epoch with one seed gives."""
    path = tmp_path_factory.mktemp("runs") / "numbers"
    arguments = ["reproduce", "human-numbers", "--seeds", "1", "--epochs", "1", "-o", str(path)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert "LMModel7" in done.output
    return path


@pytest.fixture(scope="module")
def results(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results.json").read_text("utf-8"))


def make(model: type[M], seed: int = 0) -> M:
    torch.manual_seed(seed)
    return model(7, 5)


def words(n_steps: int, n_rows: int = 2) -> Tensor:
    return torch.randint(7, (n_steps, n_rows), generator=torch.Generator().manual_seed(1))


# The data


def test_the_text_has_the_figures_of_the_chapter(text: Text):
    assert " ".join(text.tokens[:10]) == "one . two . three . four . five ."
    assert (len(text.tokens), len(text.vocabulary)) == (63_095, 30)
    assert text.vocabulary[:3] == ["one", ".", "two"]
    assert text.vocabulary[28:] == ["hundred", "thousand"]
    assert text.ids[:10].tolist() == [0, 1, 2, 1, 3, 1, 4, 1, 5, 1]


def test_the_first_windows_are_those_of_the_chapter(text: Text):
    x_NT, y_N = cut_windows(text.ids, 3, every=False)
    assert (len(x_NT), len(y_N)) == (21_031, 21_031)
    assert x_NT[:3].tolist() == [[0, 1, 2], [1, 3, 1], [4, 1, 5]]
    assert y_N[:3].tolist() == [1, 4, 1]


def test_a_window_with_every_target_is_itself_one_word_on(text: Text):
    x_NT, y_NT = cut_windows(text.ids, 16, every=True)
    assert len(x_NT) == 3943
    assert x_NT[:, 1:].equal(y_NT[:, :-1])
    assert x_NT[1:, 0].equal(y_NT[:-1, -1])


def test_training_text_comes_before_validation_text(text: Text):
    (x, y), (x_after, y_after) = split_by_position(cut_windows(text.ids, 3, every=False))
    assert (len(x), len(y), len(x_after), len(y_after)) == (16_824, 16_824, 4207, 4207)
    assert torch.cat([x, x_after]).flatten().equal(text.ids[: 3 * 21_031])
    assert y[-1] == x_after[0, 0]


def test_the_number_of_batches_is_that_of_the_chapter(text: Text):
    counts = {recipe.name: tuple(map(len, recipe.batches(text))) for recipe in RECIPES}
    assert counts["LMModel1"] == counts["LMModel2"] == (262, 66)  # 16,824 // 64; 4,207 / 64, up
    assert counts["LMModel3"] == (262, 65)
    assert counts["LMModel4"] == counts["LMModel7"] == (49, 12)


def test_each_row_goes_on_where_the_batch_before_ended():
    batches = in_rows(cut_windows(torch.arange(1000), 4, every=True), 3)
    assert len(batches) > 50
    for (_, before), (after, _) in pairwise(batches):
        assert before[-1].equal(after[0])


def test_a_last_batch_that_is_not_full_is_kept_only_on_request():
    windows = cut_windows(torch.arange(40), 3, every=False)
    assert [x.shape[1] for x, _ in in_order(windows, 5, drop_last=False)] == [5, 5, 2]
    assert [x.shape[1] for x, _ in in_order(windows, 5, drop_last=True)] == [5, 5]


def test_the_baseline_is_that_of_the_chapter(results: dict[str, Any]):
    assert results["baseline"]["token"] == "thousand"
    assert results["baseline"]["accuracy"] == pytest.approx(0.15165200855716662, abs=1e-12)


# The models, each against the one before


def test_the_loop_gives_what_the_three_steps_gave():
    first, second = make(models.LMModel1), make(models.LMModel2)
    assert torch.equal(first(words(3)).logits, second(words(3)).logits)


def test_the_loop_is_the_sum_written_out():
    model = make(models.LMModel2)
    vectors, h = model.embedding.weight, torch.zeros(5)
    for token in (3, 6):
        h = (model.hidden.weight @ (h + vectors[token]) + model.hidden.bias).clamp(min=0)
    expected = model.head.weight @ h + model.head.bias
    assert torch.allclose(model(torch.tensor([[3], [6]])).logits[0], expected, atol=1e-6)


def test_with_no_state_the_third_is_the_second_and_with_one_it_is_not():
    second, third = make(models.LMModel2), make(models.LMModel3)
    output = third(words(3))
    assert torch.equal(output.logits, second(words(3)).logits)
    assert not torch.allclose(third(words(3), output.state).logits, output.logits)


def test_the_fourth_ends_with_what_the_third_predicts():
    third, fourth = make(models.LMModel3), make(models.LMModel4)
    torch.testing.assert_close(fourth(words(6)).logits[-1], third(words(6)).logits)


@pytest.mark.parametrize("model", RECURRENT)
def test_a_carried_state_gives_what_one_long_pass_gives(model: type[models.LMModel4]):
    network, x_TB = make(model).eval(), words(12)
    state, parts = None, []
    for window_TB in x_TB.split(4):
        output = network(window_TB, state)
        parts.append(output.logits)
        state = tuple(tensor.detach() for tensor in output.state)
    whole = network(x_TB)
    assert torch.allclose(torch.cat(parts), whole.logits, atol=1e-6)
    assert not torch.allclose(parts[1], network(x_TB[4:8]).logits, atol=1e-3)


@pytest.mark.parametrize(
    ("model", "make_torch"), [(models.LMModel5, nn.RNN), (models.LMModel6, nn.LSTM)]
)
def test_the_layers_give_what_torch_s_give(
    model: type[models.LMModel5], make_torch: type[nn.RNN | nn.LSTM]
):
    network, theirs = make(model), make_torch(5, 5, num_layers=2)
    copy_to_torch(network.recurrent, theirs)
    y_TBH, _ = theirs(network.embedding(words(9)))
    assert torch.allclose(network(words(9)).logits, network.head(y_TBH), atol=1e-6)


def test_tied_weights_are_one_storage_and_learn_as_one():
    model = make(models.LMModel7)
    assert model.head.weight.data_ptr() == model.embedding.weight.data_ptr()
    assert sum(p.shape == (7, 5) for p in model.parameters()) == 1
    batches = [(words(4), words(4))]
    Trainer(model, batches, OneCycle(n_epochs=1, rate=0.1), keeps_state=True).epoch()
    assert model.head.weight.data_ptr() == model.embedding.weight.data_ptr()


def test_dropout_acts_in_training_alone():
    model = make(models.LMModel7)
    assert not torch.equal(model(words(4)).logits, model(words(4)).logits)
    model.eval()
    assert torch.equal(model(words(4)).logits, model(words(4)).logits)


def test_the_penalty_is_two_mean_squares_of_what_the_head_reads_and_one_of_changes():
    model = make(models.LMModel7).eval()  # nothing dropped: the head reads what the layers give
    y_TBH, _ = model.read(words(4), None)
    change = (y_TBH[1:] - y_TBH[:-1]).pow(2).mean()
    expected = 2 * y_TBH.pow(2).mean() + change
    assert model(words(4)).penalty.item() == pytest.approx(expected.item(), rel=1e-6)
    assert expected > 0


# The training


def test_rate_and_momentum_of_the_cycle():
    cycle = OneCycle(n_epochs=1, rate=0.5)
    assert cycle.at(0.0) == pytest.approx((0.02, 0.95))
    assert cycle.at(0.125) == pytest.approx((0.26, 0.90))
    assert cycle.at(0.25) == pytest.approx((0.5, 0.85))
    assert cycle.at(0.625) == pytest.approx((0.2500025, 0.90))
    assert cycle.at(1.0) == pytest.approx((5e-6, 0.95))


def test_one_update_is_adam_s_and_biases_of_linear_layers_do_not_decay():
    model = make(models.LMModel1)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    cycle = OneCycle(n_epochs=1, rate=0.5, weight_decay=0.1)
    x_TB, y = words(3), torch.tensor([1, 2])
    Trainer(model, [(x_TB, y)], cycle, keeps_state=False).step(x_TB, y, None)
    rate = 0.5 / 25
    for name, p in model.named_parameters():
        decayed = before[name] * (1 if name.endswith("bias") else 1 - rate * 0.1)
        assert p.grad is not None
        expected = decayed - rate * p.grad / (p.grad.abs() + 1e-5)  # the first step of Adam
        assert torch.allclose(p, expected, atol=1e-6), name


def test_gradients_stop_between_windows_and_the_state_goes_on():
    model, batches = make(models.LMModel4), [(words(4), words(4))]
    trainer = Trainer(model, batches, OneCycle(n_epochs=1, rate=0.1), keeps_state=True)
    _, state = trainer.step(*batches[0], None)
    assert state is not None
    assert not state[0].requires_grad
    assert state[0].abs().sum() > 0


def test_a_pass_over_the_validation_text_begins_without_a_state():
    model = make(models.LMModel4)
    batches = [(words(4), words(4))] * 2
    first = evaluate(model, batches, keeps_state=True)
    assert evaluate(model, batches, keeps_state=True) == first
    assert evaluate(model, batches, keeps_state=False) != first


def test_evaluation_counts_every_target_once():
    class Three(nn.Module):
        """Always says 3, with certainty 1/2."""

        def forward(self, x_TB: Tensor, state: object) -> models.Output:
            half_BV = torch.full((x_TB.shape[1], 4), -torch.inf)
            half_BV[:, 3], half_BV[:, 1] = 1e-7, 0.0
            return models.Output(logits=half_BV)

    batches = [(words(3, 4), torch.tensor([3, 3, 3, 1])), (words(3, 1), torch.tensor([1]))]
    loss, accuracy = evaluate(Three(), batches, keeps_state=False)
    assert loss == pytest.approx(0.6931472)
    assert accuracy == pytest.approx(3 / 5)


FIRST_LOSSES = {
    **{"LMModel1": 3.60661, "LMModel2": 3.60661, "LMModel3": 3.50032, "LMModel4": 3.47288},
    **{"LMModel5": 3.43794, "LMModel6": 3.40894, "LMModel7": 3.41274},
}
"""With seed 0, before the first update; about the logarithm of 30, 3.401."""


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_first_losses_are_those_of_before_and_fall(recipe: Any, text: Text):
    torch.manual_seed(0)
    model = recipe.model(30, 64)
    batches = recipe.batches(text)[0][:12]
    trainer = Trainer(model, batches, recipe.cycle, keeps_state=recipe.keeps_state)
    losses, state = [], None
    for x_TB, y in batches:
        loss, state = trainer.step(x_TB, y, state)
        losses.append(loss)
    assert losses[0] == pytest.approx(FIRST_LOSSES[recipe.name], abs=1e-4)
    assert losses[-1] < losses[0] - 0.1


def test_the_same_seed_trains_the_same_and_the_loop_trains_as_the_three_steps(text: Text):
    one, again, loop = (
        train(shorten(recipe, 1), text, 3)["curve"] for recipe in (*RECIPES[:1] * 2, RECIPES[1])
    )
    assert one == again == loop
    assert train(shorten(RECIPES[0], 1), text, 4)["curve"] != one


def test_one_epoch_beats_the_baseline(results: dict[str, Any]):
    accuracies = {e["name"]: e["runs"][0]["curve"][-1]["accuracy"] for e in results["models"]}
    assert list(accuracies) == [recipe.name for recipe in RECIPES]
    assert min(accuracies.values()) > results["baseline"]["accuracy"]


# The page


def entry(name: str, accuracies: list[float], published: float) -> dict[str, Any]:
    runs = [
        {"seed": i, "curve": [{"accuracy": a, "loss_nats": 2 * a, "train_loss_nats": a / 2}]}
        for i, a in enumerate(accuracies)
    ]
    figures = {"accuracy": published, "loss_nats": 1.5}
    return {"name": name, "adds": "x", "n_parameters": 1234, "published": figures, "runs": runs}


def test_the_table_gives_mean_and_range_beside_the_chapter():
    made = {"baseline": {"token": "thousand", "accuracy": 0.1517}}
    made["models"] = [entry("LMModel9", [0.2, 0.3, 0.7], 0.5)]  # pyright: ignore
    baseline, row = page.rows(made)
    assert baseline["accuracy, ours"] == "0.152"
    assert row["accuracy, ours"] == "0.400 (0.200 to 0.700)"
    assert row["loss, ours"] == "0.800 (0.400 to 1.400)"
    assert (row["accuracy, chapter"], row["training loss, ours"]) == ("0.500", "0.200")


def test_a_figure_of_the_chapter_that_no_seed_comes_around_is_told():
    made = {"models": [entry("A", [0.2, 0.4], 0.3), entry("B", [0.2, 0.4], 0.5)]}
    assert page.outside(made) == [
        "B: the chapter has 0.500, ours 0.200 to 0.400; the mean is 0.200 lower"
    ]


def test_the_command_writes_results_picture_and_page(folder: Path, results: dict[str, Any]):
    assert sorted(path.name for path in folder.iterdir()) == [
        *("human-numbers.html", "human-numbers.png", "results.json")
    ]
    html = (folder / "human-numbers.html").read_text("utf-8")
    assert all(row["accuracy, ours"] in html for row in page.rows(results))
    assert 'src="human-numbers.png"' in html
    assert (folder / "human-numbers.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "0"], "--seeds must be >= 1, got 0"),
        (["--epochs", "0"], "--epochs must be >= 1, got 0"),
    ],
)
def test_what_cannot_be_trained_is_refused(arguments: list[str], message: str, tmp_path: Path):
    command = ["reproduce", "human-numbers", *arguments, "-o", str(tmp_path / "numbers")]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 1
    assert message in done.output
    assert not (tmp_path / "numbers").exists()


def test_seeds_come_once_each():
    with pytest.raises(ToktoolsError, match="seeds must be different"):
        measure((1, 1), say=lambda line: None)


def test_the_table_of_the_page_is_that_of_the_stored_results():
    path = ROOT / "experiments" / "results" / "human-numbers.json"
    stored = json.loads(path.read_text("utf-8"))
    assert page.markdown(stored) in (ROOT / "docs" / "human-numbers.md").read_text("utf-8")
