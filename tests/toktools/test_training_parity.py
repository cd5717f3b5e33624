"""Every option of the trainers, alone and together, against the Hugging Face trainers.

Where the library is deterministic, ours must choose the same merges without help. Where it goes by
the order of a hash table (which equally frequent characters `limit_alphabet` drops, how marked
symbols are numbered), ours is given the order that the library happened to use (`alphabet=`), and
nothing is left to differ in.
"""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
import tokenizers as hf
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import models, pre_tokenizers, trainers

from toktools import BPETokenizer, SpecialTokens, train_bpe, train_wordpiece
from toktools.pretokenizers import PunctuationSplit, WhitespaceSplit
from toktools.training.alphabet import kept_characters
from toktools.training.marks import Marks

pytestmark = pytest.mark.oracle

ANY = SpecialTokens(pad=None, eos=None, extra=("<mask>",))
WORDS = st.lists(st.text("aab#</w>ü", min_size=1, max_size=9), min_size=1, max_size=12)
MARKS = st.sampled_from(
    [
        ("", ""),
        ("##", ""),
        ("", "</w>"),
        ("##", "</w>"),
        ("#", ""),
        ("a", ""),
        ("", "b"),
        ("▁", "ü"),
    ]
)
LIMITS = st.none() | st.integers(5, 9)  # of characters; never below the initial ones
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "min_frequency": st.integers(0, 4),
        "max_token_length": st.integers(1, 7),
        "initial_alphabet": st.lists(st.sampled_from(["a", "ü", "z", "yes", "漢字", ""])),
    },
)


def train_library(
    words: list[str],
    *,
    limit: int | None = None,
    wordpiece: bool = False,
    cut: Any = None,
    **options: Any,
) -> dict[str, Any]:
    """Return the model that the library's trainer learns from words apart, over characters."""
    model, trainer = models.BPE(unk_token="<ANY>"), trainers.BpeTrainer
    if wordpiece:
        model, trainer = models.WordPiece(unk_token="<ANY>"), trainers.WordPieceTrainer
    tokenizer = hf.Tokenizer(model)
    tokenizer.pre_tokenizer = cut or pre_tokenizers.WhitespaceSplit()
    if limit is not None:
        options["limit_alphabet"] = limit
    given = {name: value for name, value in options.items() if value != ""}
    tokenizer.train_from_iterator(
        words,
        trainer(special_tokens=["<ANY>", "<mask>"], show_progress=False, **given),
    )
    return json.loads(tokenizer.to_str())["model"]


def characters_of(words: list[str], initial: list[str]) -> set[str]:
    return {c for word in words for c in word} | {s[0] for s in initial if s}


def base_of(vocabulary: dict[str, int], words: list[str], n_kept: int, marks: Marks) -> list[str]:
    """Return the base symbols of the library's vocabulary: what stands there before the merges."""
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)[2:]
    kept = tokens[:n_kept]
    marked = {s for word in words for s in marks.spell(word, kept)} - set(kept)
    return tokens[: n_kept + len(marked)]


def assert_same_model(ours: BPETokenizer, theirs: dict[str, Any]) -> None:
    """Compare merge by merge, so that a failure names the first divergence."""
    merges = [tuple(merge) for merge in theirs["merges"]]
    for rank, (mine, other) in enumerate(zip(ours.merges, merges, strict=False)):
        assert mine == other, f"merge {rank} differs"
    assert len(ours.merges) == len(merges)
    assert ours.get_vocab() == theirs["vocab"]


@settings(deadline=None)
@given(words=WORDS, options=OPTIONS, n_merges=st.integers(0, 30))
def test_without_marks_and_limit_nothing_needs_telling(
    words: list[str], options: dict[str, Any], n_merges: int
):
    n_kept = len(characters_of(words, options.get("initial_alphabet", [])))
    size = 2 + n_kept + n_merges
    theirs = train_library(words, vocab_size=size, **options)
    ours = train_bpe(
        [" ".join(words)],
        vocab_size=size,
        byte_level=False,
        pretokenizer="whitespace",
        special_tokens=ANY,
        **options,
    )
    assert_same_model(ours, theirs)


@settings(deadline=None)
@given(
    words=WORDS,
    options=OPTIONS,
    marks=MARKS,
    n_merges=st.integers(0, 30),
    limit=LIMITS,
)
@example(["a<<>"], {"max_token_length": 3}, ("a", ""), 0, None)  # a count falls below zero
@example(["##a", "#a#a#a"], {"max_token_length": 3}, ("##", ""), 30, None)
def test_every_combination_is_the_librarys_given_its_alphabet(
    words: list[str],
    options: dict[str, Any],
    marks: tuple[str, str],
    n_merges: int,
    limit: int | None,
):
    prefix, suffix = marks
    n_characters = len(characters_of(words, options.get("initial_alphabet", [])))
    n_kept = min(limit or n_characters, n_characters)
    mark = {"continuing_subword_prefix": prefix, "end_of_word_suffix": suffix}
    size = 2 + 4 * n_characters + n_merges  # room for every marked form
    theirs = train_library(words, limit=limit, vocab_size=size, **mark, **options)
    alphabet = base_of(theirs["vocab"], words, n_kept, Marks(prefix, suffix))
    options.pop("initial_alphabet", None)
    ours = train_bpe(
        [" ".join(words)],
        vocab_size=size,
        byte_level=False,
        pretokenizer="whitespace",
        special_tokens=ANY,
        alphabet=alphabet,
        **mark,
        **options,
    )
    assert_same_model(ours, theirs)


@settings(deadline=None)
@given(
    words=WORDS, options=OPTIONS, n_pieces=st.integers(0, 30), limit=st.none() | st.integers(5, 9)
)
def test_wordpiece_with_every_option_is_the_librarys_given_its_alphabet(
    words: list[str], options: dict[str, Any], n_pieces: int, limit: int | None
):
    options.pop("max_token_length", None)  # which the library's WordPiece has not
    options["end_of_word_suffix"] = "</w>" if n_pieces % 2 else ""
    n_characters = len(characters_of(words, options.get("initial_alphabet", [])))
    size = 2 + 4 * n_characters + n_pieces
    theirs = train_library(words, limit=limit, vocab_size=size, wordpiece=True, **options)
    marks = Marks("##", options["end_of_word_suffix"])
    n_kept = min(limit or n_characters, n_characters)
    options.pop("initial_alphabet", None)
    ours = train_wordpiece(
        words,
        vocab_size=size,
        special_tokens=ANY,
        alphabet=base_of(theirs["vocab"], words, n_kept, marks),
        **options,
    )
    tokens = sorted(theirs["vocab"], key=theirs["vocab"].__getitem__)
    assert list(ours.vocabulary.tokens) == tokens


@settings(deadline=None)
@given(words=WORDS, limit=st.integers(2, 9), initial=st.sampled_from(["", "a", "za"]))
def test_limit_alphabet_keeps_characters_as_frequent_as_the_librarys(
    words: list[str], limit: int, initial: str
):
    theirs = train_library(words, limit=limit, vocab_size=2, initial_alphabet=list(initial))
    counts = Counter("".join(words))
    kept = kept_characters(Counter(words).items(), limit=limit, initial=list(initial))
    assert set(initial) <= set(kept)
    assert len(kept) == len(theirs["vocab"]) - 2
    assert sorted(counts[c] for c in kept) == sorted(counts[c] for c in [*theirs["vocab"]][2:])


BYTE_OPTIONS = {
    "longest": {"max_token_length": 5},
    "rare": {"min_frequency": 30, "max_token_length": 9},
    "alphabet": {"initial_alphabet": ["a", "Ġ"], "limit_alphabet": 400},
}


@pytest.mark.parametrize("name", BYTE_OPTIONS)
def test_options_over_bytes_are_the_librarys_on_text(name: str, prose: list[str]):
    options = dict(BYTE_OPTIONS[name])
    ours = train_bpe(prose, vocab_size=3000, special_tokens=ANY, **options)
    options["initial_alphabet"] = pre_tokenizers.ByteLevel.alphabet()
    cut = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = hf.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = cut
    tokenizer.train_from_iterator(
        prose,
        trainers.BpeTrainer(
            vocab_size=3000, special_tokens=["<mask>"], show_progress=False, **options
        ),
    )
    assert_same_model(ours, json.loads(tokenizer.to_str())["model"])


MARKED = {
    "suffix": (Marks("", "</w>"), {}),
    "prefix": (Marks("##"), {"max_token_length": 6}),
    "both": (Marks("@@", "</w>"), {"min_frequency": 5}),
}


@pytest.mark.parametrize("name", MARKED)
def test_marked_merges_on_text_are_the_librarys_given_its_alphabet(name: str, prose: list[str]):
    marks, options = MARKED[name]
    options |= {
        "continuing_subword_prefix": marks.prefix,
        "end_of_word_suffix": marks.suffix,
    }
    cut = pre_tokenizers.BertPreTokenizer()
    theirs = train_library(prose, cut=cut, vocab_size=3000, limit=70, **options)
    words = PunctuationSplit().split(" ".join(prose))
    ours = train_bpe(
        prose,
        vocab_size=3000,
        byte_level=False,
        pretokenizer="punctuation",
        special_tokens=ANY,
        alphabet=base_of(theirs["vocab"], words, 70, marks),
        **options,
    )
    assert_same_model(ours, theirs)


@pytest.mark.parametrize("end_of_word_suffix", ["", "</w>"])
def test_every_merge_of_the_library_is_a_most_frequent_pair(
    end_of_word_suffix: str, prose: list[str]
):
    # Replayed with counts made anew by code that shares nothing with the trainer. 150 merges stay
    # before the first token that is spelled twice, from which on old counts linger.
    mark = {"continuing_subword_prefix": "##", "end_of_word_suffix": end_of_word_suffix}
    theirs = train_library(prose[:150], vocab_size=500, **mark)
    marks = Marks("##", end_of_word_suffix)
    counts = Counter(WhitespaceSplit().split(" ".join(prose[:150])))
    words = {word: marks.spell(word) for word in counts}
    for left, right in theirs["merges"][:150]:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, symbols in words.items():
            for pair in pairwise(symbols):
                pairs[pair] += counts[word]
        assert pairs[left, right] == max(pairs.values()), f"{left} + {right}"
        words = {word: merged(symbols, left, right) for word, symbols in words.items()}


def merged(symbols: list[str], left: str, right: str) -> list[str]:
    """Return the symbols with the pair merged wherever it stands, from the left."""
    result: list[str] = []
    for symbol in symbols:
        if result and result[-1] == left and symbol == right:
            result[-1] = left + right.removeprefix("##")
        else:
            result.append(symbol)
    return result
