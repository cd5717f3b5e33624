"""Compiled learning gives the merges of the readable one, whatever the options."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toktools.conftest import tricky_text
from toktools import SpecialTokens, ToktoolsError, train_bpe, train_wordpiece
from toktools.compiled.worth import Least
from toktools.formats.tokenizer_json import to_json
from toktools.kernels import training as kernels
from toktools.kernels.packed_words import pack
from toktools.pretokenizers import Gpt2Split
from toktools.training import fast_counting, learning
from toktools.training.likelihood import learn_merges_by_likelihood
from toktools.training.marks import Marks
from toktools.training.merging import Symbols, learn_merges

LEARNERS: dict[str, tuple[Any, Any]] = {
    "frequency": (learn_merges, kernels.learn_merges),
    "likelihood": (learn_merges_by_likelihood, kernels.learn_merges_by_likelihood),
}
Learned = tuple[list[tuple[int, int]], list[str]]


def both(
    words: dict[str, int],
    *,
    prefix: str = "",
    suffix: str = "",
    reserved: tuple[str, ...] = (),
    first_floor: int | None = None,
    criterion: str = "frequency",
    **options: Any,
) -> tuple[Learned, Learned]:
    """Return merges and symbols of the readable and of the compiled learner."""

    def spelled() -> tuple[Symbols, list[list[int]]]:
        marks, symbols = Marks(prefix, suffix), Symbols(reserved, prefix)
        alphabet = {symbol for word in words for symbol in marks.spell(word)}
        symbols.add_alphabet(sorted(alphabet, key=lambda s: (s.startswith(prefix), s)))
        return symbols, [[symbols.ids[s] for s in marks.spell(word)] for word in words]

    learn, compiled = LEARNERS[criterion]
    counts = list(words.values())
    symbols, lists = spelled()
    readable = learn(lists, counts, symbols, **options), symbols.strings
    symbols, lists = spelled()
    with pytest.MonkeyPatch.context() as patch:
        if first_floor is not None:
            patch.setattr(kernels.Learner, "_first_floor", lambda self: first_floor)
        merges = learned(compiled, lists, counts, symbols, **options)
        if merges is None:
            merges = learn(lists, counts, symbols, **options)
    return readable, (merges, symbols.strings)


def learned(
    compiled: Any, lists: list[list[int]], counts: list[int], symbols: Symbols, **options: Any
) -> list[Any] | None:
    """Return the merges, without floors if need be; None if only the readable learner can."""
    before = symbols.strings.copy(), symbols.ids.copy()
    for more in ({}, {"floors": False}):
        try:
            return list(compiled(pack(lists, counts), symbols, **options, **more))
        except (kernels.FloorError, kernels.InexactError) as e:
            assert (symbols.strings, symbols.ids) == before
            if isinstance(e, kernels.InexactError):
                assert options.get("max_token_length")
                return None
    raise AssertionError("rare pairs were left out, though there is no floor")


@settings(max_examples=500, deadline=None)
@given(
    words=st.dictionaries(
        st.text("ab#", min_size=1, max_size=12), st.integers(1, 9), min_size=1, max_size=12
    ),
    prefix=st.sampled_from(["", "", "##"]),
    reserved=st.sampled_from([(), ("ab",), ("aa", "abab")]),
    vocab_size=st.integers(4, 60),
    min_frequency=st.integers(0, 4),
    max_token_length=st.sampled_from([None, None, 1, 2, 3, 4, 5, 9]),
    first_floor=st.sampled_from([None, 4, 7, 20, 60]),
)
def test_the_merges_are_those_of_the_readable_learner(
    words: dict[str, int], first_floor: int | None, min_frequency: int, **options: Any
):
    if first_floor is not None:
        first_floor = max(first_floor, min_frequency)
    readable, compiled = both(
        words, first_floor=first_floor, min_frequency=min_frequency, **options
    )
    assert compiled == readable


@settings(max_examples=800, deadline=None)
@given(
    words=st.dictionaries(
        st.text("a#", min_size=1, max_size=14) | st.text("ab#", min_size=1, max_size=14),
        st.integers(1, 9),
        min_size=1,
        max_size=12,
    ),
    prefix=st.sampled_from(["##", "#", "###", ""]),
    suffix=st.sampled_from(["", "", "##", "#", "b#"]),
    reserved=st.sampled_from([(), ("ab",)]),
    vocab_size=st.integers(4, 80),
    min_frequency=st.integers(0, 4),
    first_floor=st.sampled_from([None, 4, 7, 20, 60]),
)
def test_words_of_the_very_marks_are_merged_as_by_the_readable_learner(
    words: dict[str, int], first_floor: int | None, min_frequency: int, **options: Any
):
    if first_floor is not None:
        first_floor = max(first_floor, min_frequency)
    readable, compiled = both(
        words, first_floor=first_floor, min_frequency=min_frequency, **options
    )
    assert compiled == readable


@settings(max_examples=300, deadline=None)
@given(
    words=st.dictionaries(
        st.text("ab#", min_size=1, max_size=14), st.integers(1, 9), min_size=1, max_size=12
    ),
    prefix=st.sampled_from(["##", "#", "###"]),
    suffix=st.sampled_from(["", "##", "b#"]),
    vocab_size=st.integers(4, 80),
    min_frequency=st.integers(0, 4),
)
def test_words_of_the_very_marks_by_likelihood_too(words: dict[str, int], **options: Any):
    readable, compiled = both(words, criterion="likelihood", **options)
    assert compiled == readable


def test_a_symbol_that_is_spelled_again_is_learned_without_floors():
    words = {"a": 1, "a###a#####a#": 4, "aaab": 4}
    readable, compiled = both(words, suffix="#", vocab_size=7, first_floor=7)
    assert compiled == readable


def test_a_pair_that_waits_twice_below_the_least_count_is_not_forgotten():
    words = {"b#b#b##": 3, "##a": 1, "##b": 2, "###a": 3, "###b": 1}
    options: dict[str, Any] = {"prefix": "##", "vocab_size": 83, "min_frequency": 2}
    readable, compiled = both(words, first_floor=4, **options)
    assert compiled == readable


def test_text_that_spells_marked_symbols_again_is_learned_with_floors(monkeypatch):
    words = {"##ab": 50, "##abc": 40, "xab": 90, "ab": 30, "abcx": 20, "cx": 3, "xc": 2, "bx": 1}
    marks, symbols = Marks("##", ""), Symbols((), "##")
    symbols.add_alphabet(sorted({symbol for word in words for symbol in marks.spell(word)}))
    n_letters, vocab_size = len(symbols), len(symbols) + 7
    lists = [[symbols.ids[s] for s in marks.spell(word)] for word in words]
    monkeypatch.setattr(kernels.Learner, "_first_floor", lambda self: 10)
    packed = pack(lists, list(words.values()))
    merges = list(kernels.learn_merges(packed, symbols, vocab_size=vocab_size))
    assert len(merges) > len(symbols) - n_letters, "nothing was spelled again"
    readable, _ = both(words, prefix="##", vocab_size=vocab_size)
    strings = [(symbols.strings[left], symbols.strings[right]) for left, right in merges]
    assert strings == [(readable[1][left], readable[1][right]) for left, right in readable[0]]


@pytest.mark.parametrize("first_floor", [None, 2, 1000])
@pytest.mark.parametrize("max_token_length", [None, 6])
def test_merges_of_code_are_those_of_the_readable_learner(
    first_floor: int | None, max_token_length: int | None, code: list[str]
):
    counts = Counter(piece for line in code for piece in Gpt2Split().split(line))
    options = {"vocab_size": 4000, "max_token_length": max_token_length}
    readable, compiled = both(dict(counts), first_floor=first_floor, **options)
    assert compiled == readable


@settings(max_examples=400, deadline=None)
@given(
    words=st.dictionaries(
        st.text("ab#", min_size=1, max_size=12), st.integers(1, 9), min_size=1, max_size=12
    ),
    prefix=st.sampled_from(["", "##"]),
    reserved=st.sampled_from([(), ("ab",), ("aa", "abab")]),
    vocab_size=st.integers(4, 60),
    min_frequency=st.integers(0, 4),
)
def test_merges_by_likelihood_are_those_of_the_readable_learner(
    words: dict[str, int], **options: Any
):
    readable, compiled = both(words, criterion="likelihood", **options)
    assert compiled == readable


@pytest.mark.parametrize("min_frequency", [1, 4])
def test_merges_of_code_by_likelihood_are_those_of_the_readable_learner(
    min_frequency: int, code: list[str]
):
    counts = Counter(piece for line in code[:4000] for piece in Gpt2Split().split(line))
    readable, compiled = both(
        dict(counts), criterion="likelihood", vocab_size=900, min_frequency=min_frequency
    )
    assert compiled == readable


def test_scores_that_would_be_rounded_are_left_to_the_readable_learner():
    symbols = Symbols()
    symbols.add_alphabet("ab")
    words = pack([[0, 1]], [95_000_000])
    with pytest.raises(kernels.InexactError):
        kernels.learn_merges_by_likelihood(words, symbols, vocab_size=3)


def test_pairs_are_counted_anew_for_each_floor_down_to_the_least(monkeypatch: pytest.MonkeyPatch):
    counted: list[int] = []
    count = kernels.Learner._count_pairs
    monkeypatch.setattr(
        kernels.Learner, "_count_pairs", lambda self: counted.append(self.floor) or count(self)
    )
    # "abc" is made as ab + c, which is frequent, and later as a + bc, and so for each letter
    words = {}
    for x in "abcdefgh":
        words |= {f"{x}yz": 50, f"{x}y": 60, f"-yz{x}yz": 9, "yz": 70, f"{x}yzyz{x}": 8}
    readable, compiled = both(words, first_floor=7, vocab_size=120)
    assert compiled == readable
    assert counted == [7, 1]


def test_counts_near_two_to_the_sixty_are_exact():
    readable, compiled = both({"ab": 1 << 60, "abc": (1 << 60) - 1, "bc": 1}, vocab_size=6)
    assert compiled == readable


def test_progress_is_told_and_ends_at_the_size():
    told: list[tuple[int, int]] = []
    symbols = Symbols()
    symbols.add_alphabet("abc")
    words = pack([[0, 1], [0, 1, 2]], [3, 2])
    kernels.learn_merges(words, symbols, vocab_size=5, progress=lambda *p: told.append(p))
    assert told[-1] == (5, 5)


# Whole trainings

TRAINERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "bpe": (train_bpe, {}),
    "bpe-bounded": (train_bpe, {"max_token_length": 4, "min_frequency": 3}),
    "bpe-characters": (train_bpe, {"byte_level": False, "limit_alphabet": 40}),
    "bpe-marked": (
        train_bpe,
        {
            "byte_level": False,
            "continuing_subword_prefix": "@@",
            "end_of_word_suffix": "</w>",
            "max_token_length": 5,
            "initial_alphabet": ["z", "é", "漢"],
        },
    ),
    "bpe-given-alphabet": (
        train_bpe,
        {"byte_level": False, "alphabet": [*"etaoinsrh", "##t"], "end_of_word_suffix": "_"},
    ),
    "wordpiece": (train_wordpiece, {}),
    "wordpiece-limited": (
        train_wordpiece,
        {
            "limit_alphabet": 30,
            "split": "punctuation",
            "special_tokens": SpecialTokens(extra=("~", "##~")),
        },
    ),
    "wordpiece-bytes": (train_wordpiece, {"byte_complete": True, "pretokenizer": "gpt2"}),
    "wordpiece-suffix": (train_wordpiece, {"end_of_word_suffix": "</w>"}),
    "wordpiece-hash": (train_wordpiece, {"continuing_subword_prefix": "#"}),
    "wordpiece-likelihood": (train_wordpiece, {"criterion": "likelihood", "min_frequency": 3}),
}


@pytest.fixture(scope="module")
def documents(code: list[str]) -> list[str]:
    return [*code[:6000], "# ## #a ##a a# #漢#", "naïve 漢字 É~ ##~", ""]


def trained(name: str, documents: list[Any], patch: pytest.MonkeyPatch, **more: Any) -> list[Any]:
    """Return what is saved, or the error, trained by the loops and by the readable code."""
    train, options = TRAINERS[name]
    results = []
    for least in (1, 1 << 60):
        patch.setattr(fast_counting, "LEAST", Least(least, least, least))
        patch.setattr(learning, "LEAST", Least(least, least, least))
        try:
            results.append(to_json(train(documents, **options, **more)))
        except ToktoolsError as e:
            results.append(str(e))
    return results


@pytest.mark.parametrize("name", TRAINERS)
def test_trainers_give_the_same_file_with_and_without_the_loops(
    name: str, documents: list[str], monkeypatch: pytest.MonkeyPatch
):
    used: list[bool] = []
    learn = kernels._learn

    def noted(*arguments: Any, **options: Any) -> Any:
        used.append(True)
        return learn(*arguments, **options)

    monkeypatch.setattr(kernels, "_learn", noted)
    fast, readable = trained(name, documents, monkeypatch, vocab_size=1200)
    assert used
    assert isinstance(fast, dict)
    assert fast == readable


@pytest.mark.parametrize("name", TRAINERS)
@settings(max_examples=25, deadline=None)
@given(texts=st.lists(tricky_text | st.text("ab# ", max_size=30), min_size=1, max_size=6))
def test_small_texts_give_the_same_file_too(name: str, texts: list[str]):
    with pytest.MonkeyPatch.context() as patch:
        fast, readable = trained(name, texts, patch, vocab_size=600)
    assert fast == readable
