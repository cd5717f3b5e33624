"""Learning to count: what counts as right, the lowest loss, and what is stored and shown."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from experiments.__main__ import main
from experiments.reproduce import anbn_page
from experiments.reproduce.anbn import RECIPES, Settings, loss_nats, measure
from experiments.reproduce.counting import (
    LANGUAGES,
    LENGTHS,
    LONGER,
    Word,
    encode,
    lowest_loss,
    matches,
    no_model_below,
    source_nats,
)
from experiments.reproduce.learners import Recipe, make_learner
from lstm_lm.data.encoded import IGNORED
from toktools.errors import ToktoolsError

ROOT = Path(__file__).parent.parent.parent
ANBN, DYCK = LANGUAGES["anbn"], LANGUAGES["dyck"]


def posterior(language: str, word: Word, favourites: list[str]) -> np.ndarray:
    """Return probabilities (T, 1, V): 0.7 for each place's favourite, the rest for the others."""
    tokens = LANGUAGES[language].tokens
    assert len(favourites) == len(word)
    p_TV = np.full((len(word), len(tokens)), 0.3 / (len(tokens) - 1))
    p_TV[range(len(word)), [tokens.index(token) for token in favourites]] = 0.7
    return p_TV[:, None]


@pytest.mark.parametrize(
    ("language", "word", "favourites", "expected"),
    [
        ("anbn", "aabb", "a b b <EOS>", True),
        ("anbn", "aabb", "b a b <EOS>", True),  # whether the a's end is a choice
        ("anbn", "aabb", "a b <EOS> <EOS>", False),  # a b too few
        ("anbn", "aabb", "a b b b", False),  # a b too many
        ("anbn", "aabb", "a b a <EOS>", False),  # no a can follow a b
        ("anbncn", "aabbcc", "a b b c c <EOS>", True),
        ("anbncn", "aabbcc", "a b c c c <EOS>", False),
        ("dyck", "([])", "[ ] ) <EOS>", True),
        ("dyck", "([])", "( ( ( (", False),  # nothing opens here, and the others tie
        ("dyck", "([])", "[ ) ) <EOS>", False),  # closes what was not opened last
        ("dyck", "([])", "[ ] <EOS> <EOS>", False),  # ends with a bracket open
        ("dyck", "()[]", ") [ ] <EOS>", True),
        ("dyck", "()[]", ") <EOS> ] <EOS>", True),  # to end where nothing is open is a choice
    ],
)
def test_a_word_matches_if_all_that_is_determined_is_most_probable(
    language: str, word: str, favourites: str, expected: bool
):
    letters = list(word)
    scores_TBV = posterior(language, letters, favourites.split())
    assert matches(LANGUAGES[language], [letters], scores_TBV) == [expected]


def test_words_of_different_lengths_are_judged_each_by_its_own_places():
    words = [["a", "b"], ["a", "a", "b", "b"]]
    scores_TBV = np.zeros((4, 2, 4))
    scores_TBV[:2, :1] = posterior("anbn", words[0], ["b", "<EOS>"])
    scores_TBV[:, 1:] = posterior("anbn", words[1], ["a", "b", "b", "a"])
    assert matches(ANBN, words, scores_TBV) == [True, False]


@pytest.mark.parametrize("longest", [1, 2, 11])
def test_whoever_knows_the_source_pays_log_of_the_number_of_n_for_every_word(longest: int):
    for n in range(1, longest + 1):
        nats = source_nats(n, longest)
        assert sum(nats) == pytest.approx(math.log(longest))
        assert len(nats) == 2 * n  # the first a is given
        assert nats[n:] == [0.0] * n  # after the first b nothing is left to pay


def test_the_lowest_loss_is_that_of_the_entropy_of_n():
    words = [list("a" * n + "b" * n) for n in LENGTHS]
    assert lowest_loss(words) == pytest.approx(math.log(11) / 12)
    assert no_model_below(words) == pytest.approx(math.log(11) / 12)


def test_no_model_is_below_the_entropy_of_the_words_it_is_judged_by():
    words = [list("ab"), list("ab"), list("ab"), list("aabb")]
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert no_model_below(words) == pytest.approx(4 * entropy / 10)
    assert no_model_below(words) < lowest_loss(words)


@pytest.mark.parametrize("n", [1, 11, 50])
@pytest.mark.parametrize("name", LANGUAGES)
def test_every_n_has_words_to_test_on(name: str, n: int):
    words = LANGUAGES[name].words(n)
    per_n = {"anbn": 2, "anbncn": 3, "dyck": 2}[name]
    assert {len(word) for word in words} == {per_n * n}
    assert words == LANGUAGES[name].words(n)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_a_few_updates_lower_the_loss(recipe: Recipe):
    x_TB, y_TB = encode(ANBN, ANBN.split("train")[:20])
    learner = make_learner(recipe, 4, 12, 0)
    losses = [loss_nats(learner, x_TB, y_TB)]
    for _ in range(3):
        for row in range(20):
            n_steps = int((y_TB[:, row] != IGNORED).sum())
            learner.step(x_TB[:n_steps, row : row + 1], y_TB[:n_steps, row : row + 1])
        losses.append(loss_nats(learner, x_TB, y_TB))
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] - 1e-3


def test_the_loss_of_a_model_that_knows_nothing_is_that_of_four_equal_tokens():
    class Equal:
        def step(self, x_TB: np.ndarray, y_TB: np.ndarray) -> None: ...

        def logits(self, x_TB: np.ndarray) -> np.ndarray:
            return np.zeros((*x_TB.shape, 4))

    assert loss_nats(Equal(), *encode(ANBN, ANBN.split("test"))) == pytest.approx(math.log(4))


SMALL = Settings(n_seeds=1, hidden_size=5, epochs=0.002)


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    return measure(SMALL, say=lambda line: None)


def test_all_networks_learn_to_count_and_the_lstms_the_other_languages(results: dict[str, Any]):
    found = list(anbn_page.groups(results["runs"]))
    titles = ["NumPy RNN", "NumPy LSTM", "PyTorch LSTM", "NumPy LSTM, Adam", "NumPy RNN, rate 0.1"]
    assert found == [
        *(("anbn", title) for title in titles),
        *((name, title) for name in ("anbncn", "dyck") for title in titles[1:3]),
    ]


def test_the_same_seed_gives_the_same_losses(results: dict[str, Any]):
    again = measure(SMALL, say=lambda line: None)
    for first, second in zip(results["runs"], again["runs"], strict=True):
        for key in ("train_nats", "validation_nats"):
            assert [p[key] for p in first["curve"]] == [p[key] for p in second["curve"]]


def test_learned_is_the_first_point_close_to_the_lowest_loss():
    curve = [{"epoch": i, "validation_nats": nats} for i, nats in enumerate((0.9, 0.25, 0.3, 0.2))]
    results = {"lowest_loss_nats": {"validation": 0.2}}
    assert anbn_page.learned(results, {"curve": curve}) == curve[1]
    assert anbn_page.learned(results, {"curve": curve[:1]}) is None


def test_the_command_writes_results_picture_and_page(tmp_path: Path):
    arguments = ["reproduce", "anbn", "--seeds", "1", "--hidden-size", "4", "--epochs", "0.002"]
    done = CliRunner().invoke(main, [*arguments, "-o", str(tmp_path / "anbn")])
    assert done.exit_code == 0, done.output
    assert sorted(p.name for p in (tmp_path / "anbn").iterdir()) == [
        *("anbn.html", "anbn.png", "results.json")
    ]
    results = json.loads((tmp_path / "anbn" / "results.json").read_text())
    page = (tmp_path / "anbn" / "anbn.html").read_text()
    assert all(row["validation loss"] in page for row in anbn_page.rows(results))
    assert (tmp_path / "anbn" / "anbn.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_seeds": 0}, "--seeds must be >= 1, got 0"),
        ({"hidden_size": 0}, "--hidden-size must be >= 1, got 0"),
        ({"epochs": 0.0}, r"--epochs must be in \(0, 10\], got 0"),
        ({"harder_epochs": 11.0}, r"--harder-epochs must be in \(0, 10\], got 11"),
    ],
)
def test_what_cannot_be_measured_is_refused(values: dict[str, Any], message: str):
    with pytest.raises(ToktoolsError, match=message):
        Settings(**values)


@pytest.fixture(scope="module")
def stored() -> dict[str, Any]:
    return json.loads((ROOT / "experiments" / "results" / "anbn.json").read_text("utf-8"))


def test_the_table_of_the_page_is_that_of_the_stored_results(stored: dict[str, Any]):
    assert anbn_page.markdown(stored) in (ROOT / "docs" / "anbn.md").read_text("utf-8")


def test_no_stored_loss_is_below_what_a_loss_can_be(stored: dict[str, Any]):
    for run in stored["runs"]:
        for point in run["curve"] if run["language"] == "anbn" else []:
            for split in ("train", "validation"):
                assert point[f"{split}_nats"] >= stored["no_model_below_nats"][split]
            assert point["validation_nats"] >= stored["lowest_loss_nats"]["validation"] - 0.01


def test_the_stored_results_are_of_what_is_trained_today(stored: dict[str, Any]):
    settings = Settings(**stored["settings"])
    found = [(r["language"], Recipe(**r["recipe"]), r["seed"]) for r in stored["runs"]]
    assert found == settings.runs()
    assert settings == Settings()
    for run, (language, recipe, _) in zip(stored["runs"], found, strict=True):
        assert run["title"] == recipe.title
        assert run["curve"][-1]["epoch"] == run["n_epochs"] == settings.n_epochs(language, recipe)


def test_the_stored_results_are_of_three_seeds_each(stored: dict[str, Any]):
    for runs in anbn_page.groups(stored["runs"]).values():
        assert [run["seed"] for run in runs] == [0, 1, 2]
        assert set(runs[0]["share_right"]) == {str(n) for n in (*LENGTHS, *LONGER)}
