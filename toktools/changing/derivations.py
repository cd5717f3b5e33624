"""How each BPE token is made, which decides what it needs and whether it is ever made.

A piece of text is merged in order of rank, and what becomes one token is merged as it would be
alone: no merge has crossed its boundary, for the boundary is still there. So a token is made in the
same way wherever it is made, and to see that way one encodes the token's own spelling.
"""

from __future__ import annotations

from collections import defaultdict

from toktools.bpe import BPETokenizer
from toktools.training.merging import Pair, apply_merges


def spellings(tokenizer: BPETokenizer) -> list[tuple[int, ...]]:
    """Return, for each token, the base symbols that the merges make it of.

    A token that no merge makes is its own spelling.
    """
    base = base_symbols(tokenizer)
    spelled: list[tuple[int, ...]] = [(id,) for id in range(tokenizer.n_vocab)]
    for (left, right), (_, new) in tokenizer.ranks.items():
        if spelled[new] == (new,) and new not in base:
            spelled[new] = spelled[left] + spelled[right]
    return spelled


def derivations(tokenizer: BPETokenizer) -> list[Pair | None]:
    """Return, for each token, the pair that becomes it last when its own spelling is encoded.

    None stands for the tokens that merges do not make: special tokens, base symbols, and tokens
    whose spelling comes out as other tokens.

    Example:
        >>> from toktools import train_bpe
        >>> tokenizer = train_bpe({"hug": 10, "pug": 5}, vocab_size=260)
        >>> left, right = derivations(tokenizer)[tokenizer.token_to_id("hug")]
        >>> tokenizer.id_to_token(left), tokenizer.id_to_token(right)
        ('h', 'ug')
    """
    ranks = dict(tokenizer.ranks)
    makers: dict[int, dict[Pair, tuple[int, int]]] = defaultdict(dict)
    for pair, (rank, new) in ranks.items():
        makers[new][pair] = rank, new
    found: list[Pair | None] = []
    for id, spelling in enumerate(spellings(tokenizer)):
        for pair in makers[id]:
            del ranks[pair]  # so that the merging stops one merge short of the token
        last = tuple(apply_merges(list(spelling), ranks))
        found.append(last if len(last) == 2 and last in makers[id] else None)
        ranks.update(makers[id])
    return found


def base_symbols(tokenizer: BPETokenizer) -> set[int]:
    """Return the ids of the symbols that text is spelled in before it is merged."""
    vocabulary, marks = tokenizer.vocabulary, tokenizer.marks
    return {
        id
        for token, id in vocabulary.ids.items()
        if marks.n_characters(token) == 1 and id not in vocabulary.special_ids
    }
