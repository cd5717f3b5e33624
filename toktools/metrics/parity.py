"""What the same content costs in two languages, with one tokenizer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer


@dataclass(frozen=True, kw_only=True)
class Parity:
    """Tokens of a text and of its translation.

    Attributes:
        parity: tokens of A over tokens of B (micro, over all pairs); 1 is parity, 2 means that A
            pays double.
        n_pairs: documents of A, and of B.
        n_tokens_a, n_tokens_b: tokens, without any that end documents.
        unknown_rate_a, unknown_rate_b: share of these that are the unknown token. Where it is high
            the text is short since it is lost; Petrov et al. leave such languages out above 10 %.
    """

    parity: float
    n_pairs: int
    n_tokens_a: int
    n_tokens_b: int
    unknown_rate_a: float
    unknown_rate_b: float


def parity(tokenizer: Tokenizer, text_a: Iterable[str], text_b: Iterable[str]) -> Parity:
    """Return tokens of `text_a` over tokens of `text_b`, its translation document by document.

    Args:    text_a, text_b: aligned: document i of one says what document i of the other says.
    Raises:  ToktoolsError if one has more documents, or no tokens.
    Source:  Petrov et al. 2023, "Language Model Tokenizers Introduce Unfairness Between Languages",
             arXiv:2305.15425, the premium of A over B.
    Example:
        >>> from toktools import ByteTokenizer
        >>> parity(ByteTokenizer(), ["größer"], ["more"]).parity
        2.0
    """
    counts, n_pairs = {"A": [0, 0], "B": [0, 0]}, 0
    for pair in zip_longest(text_a, text_b):
        for (name, count), document in zip(counts.items(), pair, strict=True):
            if document is None:
                raise ToktoolsError(
                    "parallel texts must have one document for each of the other's; "
                    f"text {name} ends after {n_pairs:,}, the other does not"
                )
            ids = tokenizer.encode(document)
            count[0] += len(ids)
            count[1] += 0 if tokenizer.unk_id is None else ids.count(tokenizer.unk_id)
        n_pairs += 1
    for name, (n_tokens, _) in counts.items():
        if not n_tokens:
            raise ToktoolsError(f"parallel texts must hold tokens, got none in text {name}")
    (n_a, unknown_a), (n_b, unknown_b) = counts.values()
    return Parity(
        parity=n_a / n_b,
        n_pairs=n_pairs,
        n_tokens_a=n_a,
        n_tokens_b=n_b,
        unknown_rate_a=unknown_a / n_a,
        unknown_rate_b=unknown_b / n_b,
    )
