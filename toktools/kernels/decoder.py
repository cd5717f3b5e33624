"""Arrays of ids decoded by the compiled loop: its tables, and its threads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toktools.kernels.decoding import Surfaces, decode_documents, decoded_size, surfaces
from toktools.kernels.memory import bytes_filled
from toktools.kernels.threads import n_threads

if TYPE_CHECKING:
    from toktools.contract.decoding import IdsToText

Ids = NDArray[Any]
_SLICE = 1 << 20  # ids
_PART = 1 << 16  # ids that are worth a thread


class Decoder:
    """Decodes with the vocabulary of a tokenizer whose tokens each add bytes of their own.

    Args: keep_special: write PAD and EOS as their strings.
    """

    def __init__(self, tokenizer: IdsToText, *, keep_special: bool = False) -> None:
        self._tokenizer, self._keep_special = tokenizer, keep_special
        self._rest = self._surfaces(first=False)
        self._outside = np.zeros(tokenizer.n_vocab, np.uint8)
        special = tokenizer.vocabulary.special_ids
        self._outside[[id for id in special if tokenizer.is_outside_text(id)]] = 1

    @cached_property
    def _first(self) -> Surfaces:
        return self._surfaces(first=True)

    def _surfaces(self, *, first: bool) -> Surfaces:
        """Return what each token adds, `first` if no token before it stood for text."""
        tokenizer, special = self._tokenizer, self._tokenizer.vocabulary.special_ids
        parts = [
            tokenizer.surface(token, first) if token and id not in special else None
            for id, token in enumerate(tokenizer.vocabulary.tokens)
        ]
        for id in special:
            parts[id] = tokenizer.bytes_of(id, first, keep_special=self._keep_special)
        return surfaces(parts)

    def decode(self, ids: Ids) -> bytes:
        """Return the bytes of one document. Raises: as `decode_bytes` of the tokenizer."""
        head = self._n_before_text(ids)
        first = b"".join(
            self._tokenizer.iter_bytes(ids[:head].tolist(), keep_special=self._keep_special)
        )
        rest = self._run(ids, _parts(head, len(ids)), first=False)

        def write(out: NDArray[np.uint8]) -> None:
            out[: len(first)] = np.frombuffer(first, np.uint8)
            rest.write(out[len(first) :])

        return bytes_filled(len(first) + rest.size, write)

    def _n_before_text(self, ids: Ids) -> int:
        """Return how many ids there are up to the first that is text, itself included."""
        for start in range(0, len(ids), _PART):
            some = ids[start : start + _PART]
            known = (some >= 0) & (some < len(self._outside))
            text = ~known | (self._outside[np.where(known, some, 0)] == 0)
            if text.any():
                return start + int(text.argmax()) + 1
        return len(ids)

    def lines(self, ids: Ids, starts: NDArray[np.int64]) -> Iterator[NDArray[np.uint8]]:
        """Yield documents, each with a line feed behind it, some MB at a time.

        Args: starts: document d is ids[starts[d]:starts[d + 1]].
        Raises: as `decode_bytes` of the tokenizer.
        """
        d = 0
        while d < len(starts) - 1:
            last = int(np.searchsorted(starts, int(starts[d]) + _SLICE, "right")) - 1
            last = min(max(last, d), len(starts) - 1)
            if last > d:
                yield self._run(ids, _cut(starts[d : last + 1]), first=True, feeds=1).array()
            else:
                last = d + 1
                yield from self._slices(ids[starts[d] : starts[last]])
                yield np.frombuffer(b"\n", np.uint8)
            d = last

    def _slices(self, ids: Ids) -> Iterator[NDArray[np.uint8]]:
        """Yield the bytes of a long document, some MB at a time."""
        begin = self._n_before_text(ids)
        yield np.frombuffer(self.decode(ids[:begin]), np.uint8)
        for start in range(begin, len(ids), _SLICE):
            n = min(_SLICE, len(ids) - start)
            yield self._run(ids[start : start + n], _parts(0, n), first=False).array()

    def _run(
        self, ids: Ids, parts: list[NDArray[np.int64]], *, first: bool, feeds: int = 0
    ) -> _Run:
        """Return what is to be written of parts, end to end."""
        both = self._first if first else self._rest, self._rest

        def size(starts: NDArray[np.int64]) -> int:
            sizes = (table.sizes for table in both)
            n = decoded_size(ids, starts, first, feeds, self._outside, *sizes)
            if n < 0:
                self._tokenizer.vocabulary.token(int(ids[-1 - n]))  # raises
            return n

        def write(out: NDArray[np.uint8], starts: NDArray[np.int64], begin: int, end: int) -> None:
            tables = *both[0], *both[1]
            decode_documents(ids, starts, first, feeds, self._outside, *tables, out, begin, end)

        return _Run(parts, size, write)


class _Run:
    """Parts of a text that are decoded end to end, each by a thread.

    Args: size: of a part, in bytes; write: writes a part between two places of an array.
    """

    def __init__(self, parts: list[NDArray[np.int64]], size: Any, write: Any) -> None:
        self._parts, self._write = parts, write
        self._edges = np.cumsum([0, *_in_threads(size, parts)]).tolist()

    @property
    def size(self) -> int:
        """How many bytes it is."""
        return self._edges[-1]

    def write(self, out: NDArray[np.uint8]) -> None:
        """Write it to an array of its size."""
        outs = [out] * len(self._parts)
        _in_threads(self._write, outs, self._parts, self._edges[:-1], self._edges[1:])

    def array(self) -> NDArray[np.uint8]:
        """Return it as an array of its own."""
        out = np.empty(self.size, np.uint8)
        self.write(out)
        return out


def _in_threads(function: Any, *arguments: list[Any]) -> list[Any]:
    """Return what a function gives, a thread for each row of arguments."""
    if len(arguments[0]) == 1:
        return list(map(function, *arguments))
    with ThreadPoolExecutor(n_threads()) as pool:
        return list(pool.map(function, *arguments))


def _parts(start: int, end: int) -> list[NDArray[np.int64]]:
    """Return the bounds of about equal parts of a document, one for each thread."""
    n = max(1, min(n_threads(), (end - start) // _PART))
    edges = [start + (end - start) * i // n for i in range(n + 1)]
    return [np.array(edges[i : i + 2], np.int64) for i in range(n)]


def _cut(starts: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the starts of about equal shares of documents, one for each thread."""
    n_ids = int(starts[-1] - starts[0])
    n = max(1, min(n_threads(), n_ids // _PART))
    at = np.searchsorted(starts, [int(starts[0]) + n_ids * i // n for i in range(1, n)])
    edges = [0, *at.tolist(), len(starts) - 1]
    return [starts[a : b + 1] for a, b in pairwise(edges) if b > a]
