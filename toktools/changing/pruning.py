"""Pruning a vocabulary: tokens that a corpus does not use are removed, safely.

What is kept, exactly: **a piece of text whose tokens all stay is cut as before.** For BPE a token
that stays keeps the tokens that it is made of, and every merge among kept tokens stays, in its
order (`derivations.py` says why this is enough). For WordPiece the longest piece that fits is still
the longest. So with the defaults the corpus pruned on is encoded as the same tokens, renumbered.

Special tokens and base symbols always stay: bytes, the characters of BPE, the single characters of
WordPiece in both their forms. So text still round-trips, and nothing becomes unknown that was not.
Word and character tokenizers have no pieces to fall back on: what is removed becomes `<ANY>`.

Source: removing rare BPE tokens into the parts they are made of is the trimming of Cognetta et al.
2024, arXiv:2404.00397, sec. 3.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toktools.bpe import BPETokenizer
from toktools.changing.derivations import base_symbols, derivations
from toktools.changing.rebuilding import rebuild, require_trained, with_change
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer
from toktools.training.counting import CorpusLike, count_pretokens
from toktools.training.token_counts import count_tokens
from toktools.vocabulary import Vocabulary
from toktools.wordpiece import WordPieceTokenizer


class Pruned(NamedTuple):
    """A smaller tokenizer, and the way from old ids to new ones.

    id_map has shape (n_vocab of the old tokenizer,), int64: the new id, or -1 where removed.
    """

    tokenizer: Tokenizer
    id_map: NDArray[np.int64]


def prune(
    tokenizer: Tokenizer,
    *,
    corpus: CorpusLike | None = None,
    keep: Iterable[str] = (),
    vocab_size: int | None = None,
    min_count: int | None = None,
) -> Pruned:
    """Remove the tokens that a corpus does not use, or the least used ones.

    Tokens go one at a time, the least used first, among equals the one with the highest id, and
    never one that another kept token is made of. The uses of a BPE token that goes pass on to the
    two tokens that it is made of.

    Args:
        tokenizer: BPE, WordPiece, word or character tokenizer; it is not changed.
        corpus: the text whose tokens are counted; without one all counts are 0.
        keep: tokens that stay whatever their count.
        vocab_size: remove tokens until this many are left.
        min_count: remove tokens used fewer times; by default 1, or 0 if `vocab_size` is given.
    Returns: `Pruned(tokenizer, id_map)`; the kept tokens are numbered in their old order.
    Raises:  ToktoolsError if nothing says what to keep, `keep` holds what is no token, or
             `vocab_size` has no room for what must stay.
    Example:
        >>> from toktools import train_bpe
        >>> old = train_bpe({"hug": 10, "pun": 5}, vocab_size=262)
        >>> new, id_map = prune(old, corpus=["hug"])
        >>> [old.id_to_token(id) for id in np.flatnonzero(id_map < 0)]
        ['pu', 'pun']
        >>> id_map[old.encode("hug")].tolist() == new.encode("hug")
        True
    """
    require_trained(tokenizer, "pruned")
    kept_names = list(keep)
    if corpus is None and not kept_names and vocab_size is None:
        raise ToktoolsError("pruning needs a corpus, tokens to keep or a vocab_size, got none")
    if min_count is None:
        min_count = 1 if vocab_size is None else 0
    counts, record = _usage(tokenizer, corpus)
    removed = _least_used(
        counts,
        _parts(tokenizer),
        _fixed(tokenizer) | {tokenizer.vocabulary.id(token) for token in kept_names},
        min_count=min_count,
        vocab_size=tokenizer.n_vocab if vocab_size is None else vocab_size,
    )
    options = {"vocab_size": vocab_size, "min_count": min_count, "keep": kept_names}
    training = with_change(tokenizer, "prune", options=options, corpus=record)
    return _without(tokenizer, removed, training)


def remap_rows(matrix: NDArray[Any], id_map: NDArray[np.int64]) -> NDArray[Any]:
    """Return the rows of an embedding (or output) matrix that a pruned tokenizer still needs.

    Args:    matrix: shape (n_vocab of the old tokenizer, ...); id_map: as `prune` gives it.
    Returns: a new array of shape (n_vocab of the new one, ...): row `id_map[i]` is row i of old.
    Raises:  ToktoolsError if there is not one row for each entry of `id_map`.
    Example:
        >>> remap_rows(np.array([[1.0], [2.0], [3.0]]), np.array([0, -1, 1]))
        array([[1.],
               [3.]])
    """
    if matrix.shape[:1] != id_map.shape:
        raise ToktoolsError(
            f"the matrix must have a row for each of the {len(id_map)} old tokens, "
            f"got shape {matrix.shape}"
        )
    old = np.flatnonzero(id_map >= 0)
    rows = np.empty((len(old), *matrix.shape[1:]), matrix.dtype)
    rows[id_map[old]] = matrix[old]
    return rows


def _usage(tokenizer: Tokenizer, corpus: CorpusLike | None) -> tuple[list[int], dict[str, Any]]:
    """Return how often each token occurs in the encoded corpus, and the record of the corpus."""
    if corpus is None:
        return [0] * tokenizer.n_vocab, {}
    pretokens = count_pretokens(corpus, tokenizer.pretokenizer, tokenizer.normalizer)
    if not pretokens.counts:  # white space alone
        return [0] * tokenizer.n_vocab, pretokens.corpus
    return count_tokens(tokenizer, pretokens.counts).tolist(), pretokens.corpus


def _parts(tokenizer: Tokenizer) -> list[tuple[int, ...]]:
    """Return the tokens that each token needs: the two that a BPE token is made of."""
    if isinstance(tokenizer, BPETokenizer):
        return [pair or () for pair in derivations(tokenizer)]
    return [()] * tokenizer.n_vocab


def _fixed(tokenizer: Tokenizer) -> set[int]:
    """Return the tokens that always stay."""
    special = set(tokenizer.vocabulary.special_ids)
    if isinstance(tokenizer, BPETokenizer):
        return special | base_symbols(tokenizer)
    if isinstance(tokenizer, WordPieceTokenizer):
        return special | _unspellable(tokenizer)
    return special


def _unspellable(tokenizer: WordPieceTokenizer) -> set[int]:
    """Return the pieces that shorter ones cannot spell: characters, and pieces that hold others."""
    ids, prefix = tokenizer.vocabulary.ids, tokenizer.prefix
    found: set[int] = set()
    for token, id in ids.items():
        continues = token.startswith(prefix)
        characters = token.removeprefix(prefix)
        spelled = [
            prefix + character if continues or i else character
            for i, character in enumerate(characters)
        ]
        if len(spelled) < 2 or not all(piece in ids for piece in spelled):
            found.add(id)
    return found


def _least_used(
    counts: list[int],
    parts: Sequence[tuple[int, ...]],
    fixed: Collection[int],
    *,
    min_count: int,
    vocab_size: int,
) -> set[int]:
    """Return the tokens to remove, found from the leaves: tokens that no kept token is made of."""
    counts, removed = list(counts), set[int]()
    n_users = Counter(part for pair in parts for part in pair)
    queue = [(count, -id) for id, count in enumerate(counts) if id not in fixed and not n_users[id]]
    heapq.heapify(queue)
    while queue:
        count, negative_id = heapq.heappop(queue)
        if count >= min_count and len(counts) - len(removed) <= vocab_size:
            break
        removed.add(-negative_id)
        for part in parts[-negative_id]:
            counts[part] += count
            n_users[part] -= 1
            if not n_users[part] and part not in fixed:
                heapq.heappush(queue, (counts[part], -part))
    n_left = len(counts) - len(removed)
    if n_left > vocab_size:
        raise ToktoolsError(
            f"vocab_size must be >= {n_left} (special tokens, base symbols and what is to be kept),"
            f" got {vocab_size}"
        )
    return removed


def _without(tokenizer: Tokenizer, removed: set[int], training: dict[str, Any]) -> Pruned:
    """Return `tokenizer` without some tokens and the merges that name or make them."""
    vocabulary = tokenizer.vocabulary
    stays = np.array([id not in removed for id in range(len(vocabulary))])
    tokens = [token for id, token in enumerate(vocabulary.tokens) if stays[id]]
    changes: dict[str, Any] = {"vocabulary": Vocabulary(tokens, vocabulary.special)}
    if isinstance(tokenizer, BPETokenizer):
        ids = vocabulary.ids
        changes["merges"] = [
            (left, right)
            for left, right in tokenizer.merges
            if not removed & {ids[left], ids[right], tokenizer.ranks[ids[left], ids[right]][1]}
        ]
    id_map = np.where(stays, np.cumsum(stays) - 1, -1).astype(np.int64)
    return Pruned(rebuild(tokenizer, **changes, training=training), id_map)
