"""Which work goes to the compiled loops of `kernels/`, and how it gets there.

They give the results of the readable code to the last id; the tests hold them to it. Small inputs
stay with the readable code, which answers before the loops are loaded; so do options that the loops
do not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from toktools.contract.encoding import check_text
from toktools.kernels.cuts import knows_cut

if TYPE_CHECKING:
    from toktools.bpe import BPETokenizer
    from toktools.kernels.byte_bpe import ByteBPEEncoder

LEAST = 2_000_000  # characters
"""From here on the loops are worth a second to load them, and some ten on the first use of all."""
_BATCH = 1 << 21  # characters


def batches(documents: Iterable[str]) -> Iterator[tuple[bytes, bool]]:
    """Yield documents as UTF-8: many at a time with a line feed behind each, and whether it is so.

    A document with a line feed in it comes alone.

    Raises: as `check_text`.
    Example:
        >>> list(batches(["a", "b", "c\\nd", "e"]))
        [(b'a\\nb\\n', True), (b'c\\nd', False), (b'e\\n', True)]
    """
    waiting: list[str] = []
    n_characters = 0
    for document in documents:
        if not isinstance(document, str) or not document.isascii():
            check_text(document)
        alone = "\n" in document
        if waiting and (alone or n_characters > _BATCH):
            yield ("\n".join(waiting) + "\n").encode(), True
            waiting, n_characters = [], 0
        if alone:
            yield document.encode(), False
        else:
            waiting.append(document)
            n_characters += len(document) + 1
    if waiting:
        yield ("\n".join(waiting) + "\n").encode(), True


def enough(documents: Iterable[str]) -> tuple[bool, Iterable[str]]:
    """Return whether documents are worth the loops, and the same documents."""
    reading, seen = iter(documents), list[str]()
    n_characters = 0
    for document in reading:
        seen.append(document)
        n_characters += len(document) if isinstance(document, str) else 0
        if n_characters >= LEAST:
            return True, chain(seen, reading)
    return False, seen


def encoder_of(tokenizer: BPETokenizer) -> ByteBPEEncoder | None:
    """Return the compiled encoder with this tokenizer's ids, None if there is none."""
    plain = tokenizer.byte_level and not tokenizer.ignore_merges and tokenizer.normalizer is None
    if not plain or not knows_cut(tokenizer.pretokenizer):
        return None
    from toktools.kernels.byte_bpe import ByteBPEEncoder
    from toktools.kernels.cuts import cut_of
    from toktools.kernels.merge_table import LIMIT
    from toktools.unicode.byte_alphabet import BYTE_TO_CHARACTER

    cut = cut_of(tokenizer.pretokenizer)
    if cut is None or cut.drops or tokenizer.n_vocab >= LIMIT - 1:
        return None
    ids = tokenizer.vocabulary.ids
    by_rank = sorted((rank, *pair, made) for pair, (rank, made) in tokenizer.ranks.items())
    byte_ids = [ids[BYTE_TO_CHARACTER[byte]] for byte in range(256)]
    merges = [(left, right, made) for _, left, right, made in by_rank]
    return ByteBPEEncoder(byte_ids, merges, tokenizer.pretokenizer)
