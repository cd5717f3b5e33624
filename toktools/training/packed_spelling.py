"""Words that the compiled loops have counted, written in symbols by such loops."""

from __future__ import annotations

from collections.abc import Container

import numpy as np
from numpy.typing import NDArray

from toktools.kernels import spelling as loop
from toktools.kernels.packed_words import PackedWords, by_count, room_for
from toktools.training.marks import Marks
from toktools.training.packed_counts import PackedCounts
from toktools.training.spelling import Speller
from toktools.unicode.byte_alphabet import BYTE_TO_CHARACTER

_N_CODE_POINTS = 0x110000


class PackedSpeller(Speller):
    """Writes words in symbols, without making a str of each.

    Args: as `Speller`.
    """

    def __init__(self, counts: PackedCounts, marks: Marks, *, by_byte: bool) -> None:
        super().__init__(counts, marks, by_byte=by_byte)
        self._words = counts.data, counts.ends
        self._occurrences = counts.counts
        totals = np.zeros((4, 256 if by_byte else _N_CODE_POINTS), np.int64)
        counted = *self._words, self._occurrences, by_byte
        self._n_characters, highest = loop.count_characters(*counted, totals)
        totals = totals[:, : highest + 1]
        self._codes = totals.sum(0).nonzero()[0]
        self._in_places = totals[:, self._codes]  # how often each character stands in each place
        codes = self._codes.tolist()
        self._written = [BYTE_TO_CHARACTER[code] if by_byte else chr(code) for code in codes]

    def character_counts(self) -> dict[str, int]:  # type: ignore[override]
        return dict(zip(self._written, self._in_places.sum(0).tolist(), strict=True))

    def marked(self, alphabet: Container[str]) -> set[str]:
        marked: set[str] = set()
        for place, counts in enumerate(self._in_places.tolist()):
            there = [c for c, n in zip(self._written, counts, strict=True) if n and c in alphabet]
            marked.update(self._in_place(place, there))
        return marked

    def _in_place(self, place: int, characters: list[str]) -> list[str]:
        """Return characters with the marks that they have in a place."""
        before = "" if place & loop.FIRST else self._marks.prefix
        after = self._marks.suffix if place & loop.LAST else ""
        return [before + character + after for character in characters]

    def packed(self) -> PackedWords:
        order = by_count(self._occurrences)
        room = room_for(self._n_characters, self._occurrences[order])
        counted = *self._words, self._occurrences, order
        return room.up_to(loop.spell_words(*counted, self._by_byte, self._table(), *room))

    def _table(self) -> NDArray[np.int32]:
        """Return the symbol of each character in each place, -1 where there is none."""
        table = np.full((4, int(self._codes.max(initial=0)) + 1), -1, np.int32)
        kept = [i for i, character in enumerate(self._written) if character in self.base]
        codes, characters = self._codes[kept], [self._written[i] for i in kept]
        for place in range(4):
            symbols = self._in_place(place, characters)
            table[place, codes] = [self.base.get(symbol, -1) for symbol in symbols]
        return table

    def size(self) -> tuple[int, int]:
        return self._n_characters, int(self._in_places.sum())
