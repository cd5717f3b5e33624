"""The benchmark of generation: three ways, the same tokens, and a refusal where they differ."""

import pytest
from click.testing import CliRunner

from experiments.bench import generation as bench


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(bench, "SIZES", {"tiny": bench.Size(30, 8, 2, 6)})
    monkeypatch.setattr(bench, "BATCHES", (1, 3))


def test_all_ways_give_the_same_tokens_and_every_round_is_kept(tiny):
    result = bench.measure(bench.SIZES["tiny"], 3, n_rounds=5, n_threads=1)
    assert result["same"]
    rounds = {name: len(seconds) for name, seconds in result["seconds"].items()}
    assert rounds == {"naive": 5, "carried": 5, "ours": 5}
    text = "\n".join(bench.lines(result))
    assert "naive" in text
    assert "tokens: the same" in text


def test_different_tokens_are_a_failure(tiny, monkeypatch):
    def wrong(model, tokenizer, prompts, n_tokens):
        return [[5] * n_tokens for _ in prompts]

    monkeypatch.setitem(bench.WAYS, "ours", wrong)
    done = CliRunner().invoke(bench.generation, ["speed", "--rounds", "1"])
    assert done.exit_code == 1
    assert "error: the loops gave different tokens; the times do not count" in done.stderr


def test_the_memory_of_a_stream_is_told():
    done = CliRunner().invoke(bench.generation, ["memory", "--n-tokens", "500"])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("500 tokens streamed in ")
