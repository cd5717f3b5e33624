"""Which work goes to the compiled loops of `kernels/`, and how it gets there.

They give the results of the readable code to the last id; the tests hold them to it. Small inputs
stay with the readable code, which answers before the loops are loaded; so do options that the loops
do not know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

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


class Tally:
    """Counts the pieces of texts by a cut that `knows_cut`, into a given Counter at the end.

    Args: counts: where to; split: the readable cut, for texts that are weighted or few.
    """

    def __init__(self, counts: Counter[str], split: Callable[[str], list[str]]) -> None:
        self._counts, self._split = counts, split
        self._waiting: list[str] = []
        self._n_waiting, self._counter = 0, None

    def add(self, text: str, weight: int) -> int:
        """Count a text `weight` times; return how many pieces were counted at once, if any."""
        if weight != 1:
            self._counts.update({p: n * weight for p, n in Counter(self._split(text)).items()})
        else:
            self._waiting.append(text)
            self._n_waiting += len(text)
            if self._n_waiting > _BATCH or (self._counter is None and self._n_waiting > LEAST):
                self._count_waiting()
        return 0

    def _count_waiting(self) -> None:
        from toktools.kernels.piece_counter import PieceCounter

        self._counter = self._counter or PieceCounter()
        for data, lines in batches(self._waiting):
            self._counter.add(data, lines=lines)
        self._waiting, self._n_waiting = [], 0

    def finish(self) -> None:
        """Put all that was counted where it belongs."""
        if self._counter is None:
            for text in self._waiting:
                self._counts.update(self._split(text))
            return
        self._count_waiting()
        self._counts.update(self._counter.counts())


def learns(words: list[list[int]], counts: list[int], options: dict[str, Any]) -> bool:
    """Whether the compiled loop may learn these merges: large enough, no bound, counts that fit."""
    if options.get("max_token_length") is not None:
        return False
    n_symbols = sum(map(len, words))
    total = sum(len(word) * count for word, count in zip(words, counts, strict=True))
    return n_symbols >= LEAST // 10 and total < 1 << 62
