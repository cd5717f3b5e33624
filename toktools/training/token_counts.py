"""How often each token of a vocabulary occurs in a corpus: what training it on text amounts to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toktools.errors import ToktoolsError
from toktools.files import replacing
from toktools.tokenizer import Tokenizer
from toktools.training.counting import CorpusLike, count_pretokens


def count_tokens(tokenizer: Tokenizer, corpus: CorpusLike) -> NDArray[np.int64]:
    """Count the tokens of an encoded corpus, by encoding each distinct pretoken once.

    Args:    corpus: documents or counts of pretokens (see `toktools.training.counting.CorpusLike`).
    Returns: occurrences by id, shape (n_vocab,), int64: what `np.bincount` gives for the encoded
             documents. Special tokens are 0, but for ANY.
    Raises:  ToktoolsError for an empty corpus, or a count of 2**63 and more.
    Cost:    memory for the distinct pretokens; for other libraries' tokenizers these are whole
             documents.
    Example:
        >>> from toktools import train_word
        >>> tokenizer = train_word(["a b a"], min_count=2)
        >>> count_tokens(tokenizer, ["a b a", "a"])  # <PAD>, <EOS>, <ANY>, a
        array([0, 0, 1, 3])
    """
    totals = [0] * tokenizer.n_vocab  # Python's whole numbers: nothing overflows unseen
    pretokens = count_pretokens(corpus, tokenizer.pretokenizer, tokenizer.normalizer)
    for pretoken, count in pretokens.counts.items():
        for id in tokenizer.encode_piece(pretoken):
            totals[id] += count
    try:
        return np.array(totals, dtype=np.int64)
    except OverflowError as e:
        raise ToktoolsError(f"token counts must be < 2**63, got {max(totals)}") from e


def write_token_counts(tokenizer: Tokenizer, corpus: CorpusLike, path: str | Path) -> None:
    """Write a table of id, token and count, tab-separated, to `path`, whole or not at all.

    Tabs, line ends and backslashes in tokens are written as \\t, \\n, \\r and \\\\.
    """
    counts = count_tokens(tokenizer, corpus)
    rows = zip(map(_escaped, tokenizer.vocabulary.tokens), counts, strict=True)
    lines = [f"{id}\t{token}\t{count}\n" for id, (token, count) in enumerate(rows)]
    with replacing(path) as temporary:
        temporary.write_text("id\ttoken\tcount\n" + "".join(lines), encoding="utf-8", newline="")


def _escaped(token: str) -> str:
    return token.translate({0x5C: "\\\\", 0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"})
