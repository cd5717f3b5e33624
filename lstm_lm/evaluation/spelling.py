"""What `<ANY>` costs: a character model over the spellings that a tokenizer replaced.

A tokenizer that answers `<ANY>` has not said which word it was. It pays for the spelling under an
n-gram model over UTF-8 bytes, fitted on the training spellings that were replaced. The model is
a proper distribution over all byte strings: it ends every string with an end symbol and falls back,
order by order, to the uniform distribution over 257 symbols.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_lm.files import read_json, write_text
from toktools.errors import ToktoolsError

END = 256
N_SYMBOLS = 257  # 256 bytes and END
_START = 257  # stands before the first byte; is never predicted
Context = tuple[int, ...]


class SpellingModel:
    """An interpolated Witten-Bell n-gram over bytes.

    P(s | context) = (count(context, s) + types(context) * P(s | shorter context))
                     / (count(context) + types(context)),
    where types(context) is the number of distinct symbols seen after the context. A context that
    was never seen passes the question on to the next shorter one.

    Args:   counts: spelling -> occurrences; empty for the uniform model.
            order: symbols in an n-gram, the predicted one included.
    Raises: ToktoolsError if `order` or a count is below 1.
    Source: Witten and Bell 1991, method C; Chen and Goodman 1998, sec. 2.4, for the interpolation.
    Example:
        >>> model = SpellingModel({"cat": 3, "cart": 1})
        >>> model.bits("cat") < model.bits("dog") < float("inf")
        True
    """

    def __init__(self, counts: Mapping[str, int] | None = None, *, order: int = 4) -> None:
        if order < 1:
            raise ToktoolsError(f"order must be >= 1, got {order}")
        self.counts, self.order = dict(counts or {}), order
        self._following: defaultdict[Context, Counter[int]] = defaultdict(Counter)
        for spelling, count in self.counts.items():
            if not isinstance(count, int) or count < 1:
                raise ToktoolsError(f"a count must be an int >= 1, got {count!r} for {spelling!r}")
            self._learn(spelling.encode(), count)
        self._totals = {context: c.total() for context, c in self._following.items()}
        self.bits = lru_cache(maxsize=1 << 16)(self._bits)

    def __reduce__(self) -> Any:
        """What a copy or another process is given: the counts, for the cache cannot be sent."""
        return partial(type(self), order=self.order), (self.counts,)

    @classmethod
    def fit(cls, spellings: Iterable[str], *, order: int = 4) -> SpellingModel:
        """Return the model of these spellings, each as often as it occurs."""
        return cls(Counter(spellings), order=order)

    def _learn(self, spelling: bytes, count: int) -> None:
        """Count every symbol of one spelling after each of its contexts."""
        for context, symbol in self._steps(spelling):
            for k in range(self.order):
                self._following[context[k:]][symbol] += count

    def _steps(self, spelling: bytes) -> Iterable[tuple[Context, int]]:
        """Yield each symbol, END last, with the `order - 1` symbols before it."""
        width = self.order - 1
        symbols = (*[_START] * width, *spelling, END)
        for i in range(width, len(symbols)):
            yield symbols[i - width : i], symbols[i]

    def _probability(self, symbol: int, context: Context) -> float:
        """Return P(symbol | context), context at most `order - 1` symbols."""
        p = 1 / N_SYMBOLS
        for k in range(len(context), -1, -1):  # from no context to all of it
            following = self._following.get(context[k:])
            if following is not None:
                total, types = self._totals[context[k:]], len(following)
                p = (following[symbol] + types * p) / (total + types)
        return p

    def distribution(self, prefix: bytes) -> NDArray[np.float64]:
        """Return the probabilities, shape (257,), of what follows `prefix`; END is the last."""
        width = self.order - 1
        context = (*[_START] * width, *prefix)[len(prefix) :]
        return np.array([self._probability(symbol, context) for symbol in range(N_SYMBOLS)])

    def _bits(self, spelling: str) -> float:
        """Return -log2 of the probability of `spelling` and its end, in bits.

        Finite for every string that UTF-8 can hold, also for one never seen.
        """
        return -sum(
            math.log2(self._probability(symbol, context))
            for context, symbol in self._steps(spelling.encode())
        )

    def total_bits(self, spellings: Iterable[str]) -> float:
        """Return the bits of all these spellings, each as often as it occurs."""
        return math.fsum(n * self.bits(s) for s, n in Counter(spellings).items())

    def save(self, path: Path) -> None:
        """Write the counts of spellings as JSON; the model is fitted again when it is read."""
        record = {"order": self.order, "spellings": dict(sorted(self.counts.items()))}
        write_text(path, json.dumps(record, ensure_ascii=False, indent=0) + "\n")

    @classmethod
    def load(cls, path: Path) -> SpellingModel:
        """Read what `save` wrote; ToktoolsError if the file is missing or something else."""
        record = read_json(path)
        if not isinstance(record.get("spellings"), dict) or not isinstance(
            record.get("order"), int
        ):
            raise ToktoolsError(f"{path}: a spelling model holds 'order' and 'spellings'")
        return cls(record["spellings"], order=record["order"])
