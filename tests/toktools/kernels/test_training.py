"""Compiled counting and learning give the counts and merges of the readable ones."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toktools.conftest import tricky_text
from toktools import compiled, train_bpe, train_wordpiece
from toktools.kernels import training as kernels
from toktools.kernels.piece_counter import PieceCounter
from toktools.pretokenizers import Gpt2Split
from toktools.training import learning
from toktools.training.counting import count_pretokens
from toktools.training.merging import Symbols, learn_merges


def both(
    words: dict[str, int], *, prefix: str = "", reserved: tuple[str, ...] = (), **options: int
) -> list[tuple[list[tuple[int, int]], list[str]]]:
    """Return merges and symbols of the readable and of the compiled learner."""
    found = []
    for learn in (learn_merges, kernels.learn_merges):
        symbols = Symbols(reserved, prefix)
        symbols.add_alphabet(sorted({c for word in words for c in word}))
        if prefix:
            symbols.add_alphabet(sorted({prefix + c for word in words for c in word[1:]}))
        spelled = [
            [symbols.ids[word[0]], *(symbols.ids[prefix + c] for c in word[1:])] for word in words
        ]
        found.append((learn(spelled, list(words.values()), symbols, **options), symbols.strings))
    return found


@settings(max_examples=400, deadline=None)
@given(
    words=st.dictionaries(
        st.text("ab#", min_size=1, max_size=12), st.integers(1, 9), min_size=1, max_size=12
    ),
    prefix=st.sampled_from(["", "", "##"]),
    reserved=st.sampled_from([(), ("ab",), ("aa", "abab")]),
    vocab_size=st.integers(4, 60),
    min_frequency=st.integers(0, 4),
)
def test_the_merges_are_those_of_the_readable_learner(
    words: dict[str, int],
    prefix: str,
    reserved: tuple[str, ...],
    vocab_size: int,
    min_frequency: int,
):
    readable, compiled_ = both(
        words,
        prefix=prefix,
        reserved=reserved,
        vocab_size=vocab_size,
        min_frequency=min_frequency,
    )
    assert compiled_ == readable


def test_merges_of_code_are_those_of_the_readable_learner(code: list[str]):
    counts = Counter(piece for line in code for piece in Gpt2Split().split(line))
    readable, compiled_ = both(dict(counts), vocab_size=4000)
    assert compiled_ == readable


def test_counts_near_two_to_the_sixty_are_exact():
    readable, compiled_ = both({"ab": 1 << 60, "abc": (1 << 60) - 1, "bc": 1}, vocab_size=6)
    assert compiled_ == readable


def test_progress_is_told_and_ends_at_the_size():
    told: list[tuple[int, int]] = []
    symbols = Symbols()
    symbols.add_alphabet("abc")
    words = [[0, 1], [0, 1, 2]]
    kernels.learn_merges(words, [3, 2], symbols, vocab_size=5, progress=lambda *p: told.append(p))
    assert told[-1] == (5, 5)
    assert words == [[0, 1], [0, 1, 2]]


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(tricky_text | st.text("ab \n", max_size=60)))
def test_pieces_are_counted_as_by_the_readable_cut(texts: list[str]):
    counter = PieceCounter()
    for data, lines in compiled.batches(texts):
        counter.add(data, lines=lines)
    assert counter.counts() == Counter(p for text in texts for p in Gpt2Split().split(text))


def test_tables_that_grow_keep_their_counts(monkeypatch: pytest.MonkeyPatch):
    texts = [f"word{i} {'long' * (i % 90)} x{i}" for i in range(80_000)]
    counter = PieceCounter()
    for data, lines in compiled.batches(["=" * 100_000, *texts, *texts]):
        counter.add(data, lines=lines)
    expected = Counter(p for text in texts for p in Gpt2Split().split(text))
    assert counter.counts() == Counter({p: 2 * n for p, n in expected.items()}) + Counter(
        ["=" * 100_000]
    )


def test_a_corpus_with_weighted_documents_is_counted_the_same(
    code: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(compiled, "LEAST", 1000)
    documents = [*code, ("some weighted words", 3), "two\nlines", *code[:100]]
    fast = count_pretokens(documents, Gpt2Split())
    monkeypatch.setattr(compiled, "knows_cut", lambda cut: False)
    assert count_pretokens(documents, Gpt2Split()) == fast


@pytest.mark.parametrize("train", [train_bpe, train_wordpiece])
def test_trainers_give_the_same_file_with_and_without_the_loops(
    train, code: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path
):
    used: list[bool] = []
    learn = kernels.learn_merges

    def noted(*arguments, **options):
        used.append(True)
        return learn(*arguments, **options)

    monkeypatch.setattr(kernels, "learn_merges", noted)
    monkeypatch.setattr(compiled, "LEAST", 1000)
    train(code, vocab_size=3000).save(tmp_path / "fast.json")
    assert used
    monkeypatch.setattr(learning.compiled, "learns", lambda *a: False)
    monkeypatch.setattr(compiled, "knows_cut", lambda cut: False)
    train(code, vocab_size=3000).save(tmp_path / "readable.json")
    assert (tmp_path / "fast.json").read_bytes() == (tmp_path / "readable.json").read_bytes()
