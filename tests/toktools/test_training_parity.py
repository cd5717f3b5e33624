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
from toktools.marks import Marks

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
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "min_frequency": st.integers(0, 4),
        "max_token_length": st.integers(1, 7),
        "initial_alphabet": st.lists(st.sampled_from(["a", "ü", "z", "yes", "漢字", ""])),
    },
)


def train_library(words: list[str], *, limit: int | None = None, **options: Any) -> dict[str, Any]:
    """Return the model that `BpeTrainer` learns from words apart, over characters."""
    tokenizer = hf.Tokenizer(models.BPE(unk_token="<ANY>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if limit is not None:
        options["limit_alphabet"] = limit
    trainer = trainers.BpeTrainer(
        special_tokens=["<ANY>", "<mask>"],
        show_progress=False,
        **{name: value for name, value in options.items() if value != ""},
    )
    tokenizer.train_from_iterator([" ".join(words)], trainer)
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


@given(
    words=WORDS,
    options=OPTIONS,
    marks=MARKS,
    n_merges=st.integers(0, 30),
    limit=st.none() | st.integers(5, 9),
)
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
    n_kept = n_characters if limit is None else min(limit, n_characters)
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
