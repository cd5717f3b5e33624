"""BPE-dropout: the same text cut in different ways, so that a model learns what tokens are made of.

At every step of the merging each pair that could be merged is passed over with probability p, and
the best of the rest is merged; encoding ends at the step where none is left. It is meant for the
training text alone, and every call says so anew: a tokenizer has no such setting, and `encode`
never does it.

Source: Provilkov et al. 2020, arXiv:1910.13267, algorithm 1. A "merge" there is one place in the
word, as here; of equal pairs the leftmost place counts as the better. The Hugging Face library
merges more than that at the same p: what it has passed over comes back also when an entry of its
queue turns out to be void (models/bpe/word.rs), so where merges overlap, chances are drawn anew.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from toktools.bpe import BPETokenizer
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer, check_text
from toktools.training.merging import Pair


def encode_with_dropout(
    tokenizer: Tokenizer,
    text: str,
    *,
    p: float = 0.1,
    seed: int | np.random.Generator,
    add_eos: bool = False,
) -> list[int]:
    """Encode `text` with merges left out at random.

    Args:
        tokenizer: a BPE tokenizer; `ignore_merges` has no say here unless `p` is 0, as in the
            Hugging Face library.
        text: any str; special-token strings in it are ordinary text.
        p: probability of passing over a merge at a step. 0 gives `encode(text)`, 1 base symbols;
           the paper uses 0.1.
        seed: an int gives the same ids in every process; for many texts pass one
            `numpy.random.default_rng(seed)`, which goes on from text to text.
        add_eos: append the end-of-document token.
    Returns: ids that decode to the same text as `encode(text)` does.
    Raises:  ToktoolsError if `p` lies outside 0 .. 1 or the tokenizer is no BPE.
    Example:
        >>> from toktools import train_bpe
        >>> tokenizer = train_bpe({"hug": 10, "pug": 5}, vocab_size=260)
        >>> random = np.random.default_rng(0)
        >>> for _ in range(3):
        ...     ids = encode_with_dropout(tokenizer, "hug", p=0.5, seed=random)
        ...     print([tokenizer.id_to_token(id) for id in ids])
        ['h', 'ug']
        ['h', 'u', 'g']
        ['h', 'u', 'g']
    """
    if not isinstance(tokenizer, BPETokenizer):
        raise ToktoolsError(f"dropout needs the merges of BPE, got a {type(tokenizer).__name__}")
    if not 0 <= p <= 1:
        raise ToktoolsError(f"p must be in 0..1 (the paper uses 0.1), got {p}")
    if p == 0:
        return tokenizer.encode(text, add_eos=add_eos)
    check_text(text)
    random = np.random.default_rng(seed)
    if tokenizer.normalizer is not None:
        text = tokenizer.normalizer.normalize(text)
    ids: list[int] = []
    for piece in tokenizer.pretokenizer.split(text):
        symbols = tokenizer.base_ids(piece)
        ids.extend(symbols if p == 1 else merge_with_dropout(symbols, tokenizer.ranks, p, random))
    if add_eos:
        ids.append(tokenizer.require_eos())
    return ids


def merge_with_dropout(
    word: list[int], merges: Mapping[Pair, tuple[int, int]], p: float, random: np.random.Generator
) -> list[int]:
    """Merge as `merging.apply_merges` does, passing over each pair with probability `p`.

    Chances are drawn from the best pair on, until one is let through: those of worse pairs could
    not change the step. What was passed over comes back for the next step.
    """
    n = len(word)
    word = list(word)
    following, preceding = list(range(1, n + 1)), list(range(-1, n - 1))
    queue = [(*merges[pair], i) for i, pair in enumerate(pairwise(word)) if pair in merges]
    heapq.heapify(queue)
    passed_over: list[tuple[int, int, int]] = []
    while queue:
        candidate = heapq.heappop(queue)
        _, new, i = candidate
        j = following[i]
        if word[i] < 0 or j >= n or merges.get((word[i], word[j])) != candidate[:2]:
            continue  # another pair stands here by now
        if random.random() < p:
            passed_over.append(candidate)
            continue
        word[i], word[j] = new, -1
        following[i] = after = following[j]
        if after < n:
            preceding[after] = i
        for left in (preceding[i], i):
            right = following[left] if left >= 0 else n
            if right < n and (word[left], word[right]) in merges:
                heapq.heappush(queue, (*merges[word[left], word[right]], left))
        while passed_over:
            heapq.heappush(queue, passed_over.pop())
    return [id for id in word if id >= 0]
