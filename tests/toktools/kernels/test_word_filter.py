"""The filter of long words: none of a vocabulary is lost, few others pass."""

import random

import numpy as np

from toktools.kernels.kernel import kernel
from toktools.kernels.long_cache import long_hash
from toktools.kernels.word_filter import may_be, word_filter


@kernel
def _passes(data, length, bits):
    return may_be(bits, long_hash(data, 0, length))


def passes(word, bits):
    return bool(_passes(np.frombuffer(word + bytes(8), np.uint8), len(word), bits))


def test_all_words_of_a_vocabulary_pass_and_few_others_do():
    drawn = random.Random(0)
    words = {bytes(drawn.randbytes(drawn.randint(17, 60))) for _ in range(4000)}
    known = sorted(words)[:1000]
    bits = word_filter(known)
    assert len(bits) & (len(bits) - 1) == 0
    assert all(passes(word, bits) for word in known)
    others = words.difference(known)
    assert sum(passes(word, bits) for word in others) < 0.03 * len(others)


def test_nothing_passes_a_filter_of_no_words():
    assert not passes(b"a word that is long enough", word_filter([]))
