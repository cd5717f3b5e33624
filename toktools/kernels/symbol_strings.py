"""The strings of symbols, spelled for many merges at once.

They stand in UTF-8 end to end; a merge copies the bytes of two of them behind the last. What is new
is then made `str` by cutting one long `str`, which is many times as fast as joining two by two.

The readable twin is `toktools.training.merging.Symbols.join`.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.kernel import kernel
from toktools.training.merging import Symbols

_0, _1 = np.uint64(0), np.uint64(1)


class SymbolStrings:
    """Gives new symbols their strings.

    Args: symbols: grows; n_symbols: how many it may come to hold.
    Example:
        >>> symbols = Symbols(continuing_prefix="##")
        >>> symbols.add_alphabet(["h", "##u", "##g"])
        >>> strings = SymbolStrings(symbols, 6)
        >>> strings.join(np.array([[1, 2, 3], [0, 3, 4]], np.int32))
        True
        >>> symbols.strings
        ['h', '##u', '##g', '##ug', 'hug']
    """

    def __init__(self, symbols: Symbols, n_symbols: int) -> None:
        self._symbols = symbols
        self._mark = _array(symbols.prefix)
        self._ends = np.zeros(n_symbols + 1, np.int64)
        encoded = [string.encode("utf-8", "surrogatepass") for string in symbols.strings]
        np.cumsum(list(map(len, encoded)), out=self._ends[1 : len(encoded) + 1])
        self._data = np.frombuffer(b"".join(encoded), np.uint8)
        self._make_room()

    def _make_room(self) -> None:
        larger = np.empty(2 * len(self._data) + (1 << 16), np.uint8)
        larger[: len(self._data)] = self._data
        self._data = larger

    def join(self, merges: NDArray[np.int32]) -> bool:
        """Spell what merges make; return whether they make what `Symbols.join` would.

        Args: merges: (n, 3): left, right, and what they become, in order; new symbols have the next
              ids.
        """
        symbols, n_before = self._symbols, len(self._symbols)
        n_done, n_symbols = 0, n_before
        while True:
            n_done, n_symbols = _join(merges, n_done, self._mark, self._data, self._ends, n_symbols)
            if n_done == len(merges):
                break
            self._make_room()
        new = self._cut(n_before, n_symbols)
        symbols.strings += new
        symbols.ids.update(zip(new, range(n_before, n_symbols), strict=True))
        highest = np.maximum.accumulate(np.append(n_before - 1, merges[:, 2]))
        again = merges[merges[:, 2] <= highest[:-1]].tolist()
        return len(symbols.ids) == n_symbols and all(
            symbols.ids.get(symbols.joined((left, right))) == made for left, right, made in again
        )

    def _cut(self, first: int, last: int) -> list[str]:
        """Return the strings of the symbols from `first` to before `last`."""
        ends = self._ends[first : last + 1]
        data = self._data[ends[0] : ends[-1]]
        text, ends = data.tobytes().decode("utf-8", "surrogatepass"), ends - ends[0]
        if len(text) < len(data):
            ends = np.concatenate([[0], np.cumsum((data & 0xC0) != 0x80)])[ends]
        return [text[start:end] for start, end in pairwise(ends.tolist())]


def _array(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)


@kernel
def _join(merges, first, mark, data, ends, n_symbols):
    """Write the strings of new symbols; return how many merges are done, and symbols there are.

    Args:
        mark: uint8, what is left out where the right one begins with it.
        data: uint8, the strings; where there is no room for one, its merge is not done.
        ends: int64: 0, and where each string ends.
    """
    n_mark = np.uint64(len(mark))
    for k in range(first, len(merges)):
        if merges[k, 2] != n_symbols:
            continue
        left, right = merges[k, 0], merges[k, 1]
        start, middle = np.uint64(ends[left]), np.uint64(ends[left + 1])
        begin, end = np.uint64(ends[right]), np.uint64(ends[right + 1])
        at = np.uint64(ends[n_symbols])
        if at + middle - start + end - begin > np.uint64(len(data)):
            return k, n_symbols
        j = _0
        while j < n_mark and begin + j < end and data[begin + j] == mark[j]:
            j += _1
        if j == n_mark:
            begin += n_mark
        for i in range(start, middle):
            data[at] = data[i]
            at += _1
        for i in range(begin, end):
            data[at] = data[i]
            at += _1
        n_symbols += 1
        ends[n_symbols] = at
    return len(merges), n_symbols
