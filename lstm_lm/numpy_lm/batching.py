"""What is read between two updates: a stretch of one long stream, or documents each by itself.

The same chunks, in the same order, as `lstm_lm.data.batching` gives for the same seed. Targets are
the inputs one step on, and the first input of a text is `<EOS>`. Legend: T steps, B rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np

from lstm_lm.data.encoded import IGNORED, EncodedSplit, pad_arrays
from lstm_lm.numpy_lm.config import NumpyTrainingConfig
from lstm_lm.numpy_lm.embedding import Ids

# ruff: noqa: N815 (names carry shapes)
_POOL = 50  # batches whose documents are sorted by length together


class Chunk(NamedTuple):
    """Inputs and targets, int64, at most `bptt` steps; the state starts from zeros if `fresh`."""

    x_TB: Ids
    y_TB: Ids
    fresh: bool

    @property
    def n_tokens(self) -> int:
        """Targets that count."""
        return int((self.y_TB != IGNORED).sum())


class Batches(Protocol):
    """A training split cut into chunks; `n_tokens` is the number of targets in an epoch."""

    n_tokens: int

    def epoch(self, index: int) -> Iterator[Chunk]:
        """Yield the chunks of epoch `index` (0, 1, ...) in order."""
        ...


class Stream:
    """Documents in order, end to end, in `batch_size` rows of equal length read side by side.

    The last few tokens of the split, fewer than rows, are left out; a split with fewer tokens than
    rows makes fewer rows.

    Example:
        >>> from toktools.byte import ByteTokenizer
        >>> from lstm_lm.data.encoded import encode_split
        >>> split = encode_split(ByteTokenizer(), ["ab"])
        >>> stream = Stream(split, NumpyTrainingConfig(batch_size=1, bptt=2), eos_id=1)
        >>> [(x_TB.ravel().tolist(), y_TB.ravel().tolist()) for x_TB, y_TB, _ in stream.epoch(0)]
        [([1, 99], [99, 100]), ([100], [1])]
    """

    def __init__(self, split: EncodedSplit, config: NumpyTrainingConfig, *, eos_id: int) -> None:
        n_rows = min(config.batch_size, split.n_tokens)
        length = split.n_tokens // n_rows
        self.n_tokens, self._bptt = n_rows * length, config.bptt
        self._y_BL = split.ids[: self.n_tokens].reshape(n_rows, length)  # not copied
        self._first_B = np.append(eos_id, self._y_BL[:-1, -1])  # each row's first input

    def epoch(self, index: int) -> Iterator[Chunk]:
        """Yield the same chunks whatever the epoch: the order is the text's own."""
        before_B = self._first_B
        for start in range(0, self._y_BL.shape[1], self._bptt):
            y_TB = self._y_BL[:, start : start + self._bptt].T.astype(np.int64, order="C")
            yield Chunk(np.vstack([before_B, y_TB[:-1]]), y_TB, start == 0)
            before_B = y_TB[-1]


class Documents:
    """Each document by itself, from a zero state; documents of like length share a batch.

    Every epoch shuffles the documents (seeded), sorts pools of them by length, cuts the pools into
    batches and shuffles those. A batch longer than `bptt` is read in chunks that carry the state.
    """

    def __init__(self, split: EncodedSplit, config: NumpyTrainingConfig, *, eos_id: int) -> None:
        self._split, self._config, self._eos_id = split, config, eos_id
        self.n_tokens = split.n_tokens

    def epoch(self, index: int) -> Iterator[Chunk]:
        """Yield the chunks of every document once, in an order that depends on the epoch."""
        starts = self._split.starts
        for documents in self._buckets(np.random.default_rng([self._config.seed, index])):
            rows = [(int(starts[i]), int(starts[i + 1])) for i in documents]
            yield from _cut(*pad_arrays(self._split, rows, eos_id=self._eos_id), self._config.bptt)

    def _buckets(self, random: np.random.Generator) -> list[Ids]:
        """Return the document numbers of each batch."""
        order, size = random.permutation(self._split.n_documents), self._config.batch_size
        lengths = np.diff(self._split.starts)
        batches: list[Ids] = []
        for start in range(0, len(order), size * _POOL):
            pool = order[start : start + size * _POOL]
            pool = pool[np.argsort(-lengths[pool], kind="stable")]
            batches += [pool[i : i + size] for i in range(0, len(pool), size)]
        return [batches[i] for i in random.permutation(len(batches))]


def make_batches(split: EncodedSplit, config: NumpyTrainingConfig, *, eos_id: int) -> Batches:
    """Return the training split in the batching that `config` names."""
    kind = {"stream": Stream, "sentence": Documents}[config.batching]
    return kind(split, config, eos_id=eos_id)


def _cut(x_LB: Ids, y_LB: Ids, bptt: int) -> Iterator[Chunk]:
    """Yield stretches of at most `bptt` steps, the first of them fresh."""
    for start in range(0, len(x_LB), bptt):
        steps = slice(start, start + bptt)
        yield Chunk(x_LB[steps], y_LB[steps], start == 0)
