"""What models expect and write on the page is what the library says they do."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lstm_lm
from experiments.play.continuing import (
    MOST_TOKENS,
    OFFERED,
    PROMPT_SHOWN,
    at_intervals,
    continue_by_all,
    expect,
    settings,
)
from toktools import ToktoolsError
from toktools.metrics.segments import added_text


@pytest.fixture(scope="module")
def damaged(runs, entries):
    """The first run with a weight that is no number."""
    run = lstm_lm.load(runs[0])
    for weight in run.model.parameters():
        weight.data.fill_(float("nan"))
    return replace(entries[0], name="damaged", run=run)


def test_the_likeliest_tokens_are_those_of_the_run(entries):
    found = expect(entries, "One Hundred", n=5)
    assert [one.name for one in found] == [entries[0].name, entries[2].name]
    for one, entry in zip(found, (entries[0], entries[2]), strict=True):
        expected = entry.run.next_tokens("one hundred", 5)
        assert [(t.id, t.token, t.probability) for t in one.likely] == expected
        for token in one.likely:
            assert token.shown == (added_text(entry.tokenizer, token.id) or token.token)


def test_special_tokens_among_the_likeliest_are_shown_by_name(entries):
    everything = expect(entries[:1], "one", n=10_000)[0].likely
    assert len(everything) == entries[0].tokenizer.n_vocab
    assert sum(token.probability for token in everything) == pytest.approx(1)
    assert {"<ANY>", "<EOS>"} <= {token.shown for token in everything}


@pytest.mark.parametrize("strategy", OFFERED)
@pytest.mark.parametrize("prompt", ["One Hundred wug", ""])
def test_what_is_written_is_what_the_run_generates(entries, strategy, prompt):
    config = settings(strategy=strategy, n_tokens=12, seed=3, temperature=1.2)
    states = list(continue_by_all(entries, prompt, config))
    assert [one.text for one in states[0]] == ["", ""]
    for i, entry in enumerate((entries[0], entries[2])):
        grown = [state[i].text for state in states]
        expected = "".join(entry.run.stream(prompt.lower(), **vars(config)))
        assert grown[-1] == expected
        assert all(b.startswith(a) for a, b in pairwise(grown))
        assert states[-1][i].prompt == prompt.lower()
        assert not states[-1][i].going
        assert not states[-1][i].error


def test_models_write_in_turn_and_none_is_asked_once_closed(entries):
    config = settings(strategy="sample", n_tokens=200)
    asked: list[str] = []

    class Counting:
        def __init__(self, name):
            self.name = name

        def stream(self, prompt, **given):
            for _ in range(given["n_tokens"]):
                asked.append(self.name)
                yield "x"

    slow = [replace(entries[0], name=name, run=Counting(name)) for name in "ab"]
    states = continue_by_all(slow, "one", config)
    newest = list(islice(states, 4))[-1]
    states.close()
    assert [one.text for one in newest] == ["xxx", "xxx"]
    assert asked == ["a", "b"] * 3


def test_a_damaged_model_says_so_and_the_others_write(entries, damaged):
    config = settings(n_tokens=5)
    bad, good = list(continue_by_all([damaged, entries[2]], "one", config))[-1]
    assert "its weights are damaged" in bad.error
    assert not bad.going
    assert good.text == "".join(entries[2].run.stream("one", n_tokens=5))
    bad, good = expect([damaged, entries[2]], "one")
    assert "its weights are damaged" in bad.error
    assert good.likely


def test_only_the_end_of_a_long_prompt_is_shown_but_all_is_read(entries):
    prompt = "one hundred two " * 50
    config = settings(n_tokens=3)
    [one] = list(continue_by_all(entries[:1], prompt, config))[-1]
    assert one.prompt == prompt[-PROMPT_SHOWN:]
    assert one.text == "".join(entries[0].run.stream(prompt, n_tokens=3))


def test_controls_left_empty_take_the_defaults_and_numbers_become_what_is_asked():
    config = settings(strategy="top-k", k=4.0, temperature=1, seed=None, n_tokens=7.0)
    assert (config.k, config.temperature, config.seed, config.n_tokens) == (4, 1.0, 0, 7)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"temperature": 0}, "temperature must be > 0"),
        ({"temperature": float("nan")}, "temperature"),
        ({"strategy": "top"}, "there is no strategy 'top'"),
        ({"strategy": "beam"}, "beam shows nothing"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"n_tokens": MOST_TOKENS + 1}, "at most 500 tokens, got 501"),
        ({"k": "many"}, "k"),
    ],
)
def test_a_value_out_of_range_is_told(values, said):
    with pytest.raises(ToktoolsError, match=said):
        settings(**values)


@given(st.lists(st.integers(), max_size=30), st.sampled_from([0.0, 1e-6, 60.0]))
def test_states_are_thinned_but_the_first_and_the_last_are_shown(states, seconds):
    shown = list(at_intervals(iter(states), seconds))
    assert shown[:1] == states[:1]
    assert shown[-1:] == states[-1:]
    rest = iter(states)
    assert all(state in rest for state in shown)
    if seconds == 0:
        assert shown == states
