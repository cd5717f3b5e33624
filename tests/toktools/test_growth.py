"""Long texts without a place to cut take time in proportion: n log n at most, never n squared."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import pytest

from tests.toktools.conftest import OURS
from toktools import Tokenizer, WordPieceTokenizer
from toktools.normalizers import BertCleanup, NormalizerSequence, Replace, UnicodeForm
from toktools.pretokenizers import PRETOKENIZERS, RegexSplit
from toktools.training.merging import apply_merges

HOSTILE = ["a", "A", " ", "\n", "'", "é", "1", "Aa", " \n", "\r", "e\u0301", "'s", "a ", "!"]


BOUND = 40
"""For 16 times the text: n log n takes some 20 times as long, n squared 256 times."""


def growth(work: Callable[[str], object], unit: str, short: int, long: int) -> float:
    """Return how many times longer `work` takes on `long` repetitions than on `short` ones.

    A machine at work elsewhere can only make it look worse, so the best of a few trials counts.
    Python's garbage collector rests meanwhile: many new spans would have it walk through all that
    the other tests have left in memory, which says nothing of `work`.
    """

    def seconds(n: int) -> float:
        text, began = unit * n, time.process_time()
        work(text)
        return time.process_time() - began

    work(unit)  # which compiles patterns
    best = float("inf")
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            usual = max(min(seconds(short) for _ in range(3)), 2e-4)
            best = min(best, seconds(long) / usual)
            if best < BOUND:
                break
    finally:
        gc.enable()
    return best


def both_ways(tokenizer: Tokenizer) -> Callable[[str], object]:
    def work(text: str) -> None:
        ids = tokenizer.encode_with_offsets(text, allowed_special="all", offsets="bytes").ids
        assert tokenizer.encode(text, allowed_special="all") == ids
        tokenizer.decode_with_offsets(ids)

    return work


@pytest.mark.parametrize("name", OURS)
def test_sixteen_times_one_letter_takes_less_than_forty_times_as_long(
    name: str, tokenizers: dict[str, Tokenizer]
):
    assert growth(both_ways(tokenizers[name]), "a", 1 << 11, 1 << 15) < BOUND


@pytest.mark.parametrize("unit", [*HOSTILE, "<", "<EOS>", "<EOS> "])
@pytest.mark.parametrize("name", ["bpe", "bpe-character", "wordpiece"])
def test_no_text_takes_longer_than_its_length(
    name: str, unit: str, tokenizers: dict[str, Tokenizer]
):
    assert growth(both_ways(tokenizers[name]), unit, 1 << 9, 1 << 13) < BOUND


@pytest.mark.slow
@pytest.mark.parametrize("name", OURS)
def test_a_megabyte_of_one_letter_takes_no_longer_for_its_length(
    name: str, tokenizers: dict[str, Tokenizer]
):
    assert growth(both_ways(tokenizers[name]), "a", 1 << 16, 1 << 20) < BOUND


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("name", PRETOKENIZERS)
def test_no_cut_grows_faster_than_the_text(name: str, unit: str):
    cut = PRETOKENIZERS[name]()
    assert growth(lambda text: cut.split_spans(text + "x" + text), unit, 1 << 11, 1 << 15) < BOUND


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("behavior", ["isolated", "removed", "merged_with_previous", "contiguous"])
def test_no_regular_expression_of_the_user_makes_the_rest_grow(behavior, unit: str):
    cut = RegexSplit(r"\s+(?!\S)|\s+|\p{L}+|'", behavior)
    assert growth(cut.split_spans, unit, 1 << 11, 1 << 15) < BOUND


@pytest.mark.parametrize("unit", ["a", " ", "é", "e\u0301", "好"])
@pytest.mark.parametrize("aligned", [False, True])
def test_no_normalizer_grows_faster_than_the_text(unit: str, aligned: bool):
    rewrite = NormalizerSequence(UnicodeForm("NFKC"), Replace(" ", "▁"), BertCleanup())
    work = rewrite.normalize_aligned if aligned else rewrite.normalize
    assert growth(work, unit, 1 << 10, 1 << 14) < BOUND


def test_long_words_cost_wordpiece_the_length_of_its_longest_piece_a_character(
    tokenizers: dict[str, Tokenizer],
):
    given = tokenizers["wordpiece"]
    assert isinstance(given, WordPieceTokenizer)
    unbounded = WordPieceTokenizer(given.vocabulary, max_word_characters=1 << 30)
    assert len(unbounded.encode("a" * 5000)) > 1000
    assert growth(both_ways(unbounded), "a", 1 << 10, 1 << 14) < BOUND


class Counted(dict):
    """Merges that count how often they are looked up."""

    lookups = 0

    def get(self, key, default=None):
        Counted.lookups += 1
        return super().get(key, default)


def test_merging_looks_up_a_few_pairs_a_symbol():
    """Every merge removes a symbol and offers two new pairs, so 4 n is a bound."""
    merges = Counted({(0, 0): (0, 1), (1, 1): (1, 2), (2, 2): (2, 3)})
    apply_merges([0] * 4096, merges)
    assert 4096 < Counted.lookups < 4 * 4096


def test_many_documents_and_many_padding_ids_are_decoded_in_proportion(
    tokenizers: dict[str, Tokenizer],
):
    tokenizer = tokenizers["bpe"]
    pad = tokenizer.pad_id or 0

    def work(text: str) -> None:
        ids = [pad, *tokenizer.encode("é")] * len(text)
        tokenizer.decode_with_offsets(ids)
        tokenizer.decode_with_offsets(ids[:-1] * 2)

    assert growth(work, "a", 1 << 9, 1 << 13) < BOUND
