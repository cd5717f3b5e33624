"""How encoded documents become batches: a stream, windows of it, or each document by itself.

Always a model is trained on chunks: at most `bptt` steps of inputs, and as targets the same tokens
one step on. The first input of a text is `<EOS>`: what ended the text before. All give the same
chunks again for the same seed and epoch, so that a run can be taken up in the middle.
Legend: T time steps, B rows, N windows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstm_lm.config import TrainingConfig
from lstm_lm.data.encoded import IGNORED, EncodedSplit, pad_arrays
from lstm_lm.data.rows import Rows

_POOL = 50  # batches whose documents are sorted by length together
_LENGTH_SPREAD = 5  # standard deviation of a random length, in tokens
_SHORT = 0.05  # share of random lengths that are drawn around half of bptt


@dataclass(frozen=True, kw_only=True, eq=False)
class Chunk:
    """What the model reads between two updates.

    Attributes:
        x_TB: inputs, int64. y_TB: targets, int64, `IGNORED` where there is none.
        n_tokens: targets that count.
        fresh: the rows begin a new text, so the state starts from zeros.
        rate: the learning rate is multiplied by this.
    """

    x_TB: Tensor  # noqa: N815
    y_TB: Tensor  # noqa: N815
    n_tokens: int
    fresh: bool
    rate: float = 1.0

    def part(self, rows: Rows) -> Chunk:
        """Return these rows alone."""
        x_TB, y_TB = (t[:, rows.slice].contiguous() for t in (self.x_TB, self.y_TB))
        if rows.spare:
            y_TB = torch.full_like(y_TB, IGNORED)
        return replace(self, x_TB=x_TB, y_TB=y_TB, n_tokens=int((y_TB != IGNORED).sum()))


class Batches(Protocol):
    """A training split cut into chunks; `n_tokens` is the number of targets in an epoch."""

    n_tokens: int

    def epoch(self, index: int) -> Iterator[Chunk]:
        """Yield the chunks of epoch `index` (0, 1, ...) in order."""
        ...


class StreamBatches:
    """Documents in order, end to end, cut into `batch_size` rows of equal length.

    The state is carried from chunk to chunk, unless `config.state` is "reset". The last few tokens
    of the split, fewer than `batch_size`, fill no column and are left out. A split with fewer
    tokens than rows makes rows of one token.

    Source: random lengths (`config.random_bptt`): Merity et al. 2018, arXiv:1708.02182, sec. 5.
    """

    def __init__(self, split: EncodedSplit, config: TrainingConfig, *, eos_id: int) -> None:
        self._config = config
        n_rows = min(config.batch_size, split.n_tokens)
        length = split.n_tokens // n_rows
        self.n_tokens = n_rows * length
        self._y_BT = split.ids[: self.n_tokens].reshape(n_rows, length)
        self._first_B1 = np.append(eos_id, self._y_BT[:-1, -1])[:, None]  # each row's first input

    def epoch(self, index: int) -> Iterator[Chunk]:
        """Yield the text in its own order; the epoch matters for random lengths alone."""
        carried, bptt = self._config.state == "carry", self._config.bptt
        for start, stop in pairwise(self._cuts(index)):
            y_TB = _time_first(self._y_BT[:, start:stop])
            before_B1 = self._y_BT[:, start - 1 : start] if start else self._first_B1
            yield Chunk(
                x_TB=torch.cat([_time_first(before_B1), y_TB[:-1]]),
                y_TB=y_TB,
                n_tokens=y_TB.numel(),
                fresh=start == 0 or not carried,
                rate=(stop - start) / bptt if self._config.random_bptt else 1.0,
            )

    def _cuts(self, index: int) -> list[int]:
        """Return the steps at which chunks of epoch `index` begin, and the length of a row."""
        length, bptt = self._y_BT.shape[1], self._config.bptt
        if not self._config.random_bptt:
            return [*range(0, length, bptt), length]
        random, cuts = np.random.default_rng([self._config.seed, index]), [0]
        while cuts[-1] < length:
            cuts.append(min(length, cuts[-1] + random_length(bptt, random)))
        return cuts


def random_length(bptt: int, random: np.random.Generator) -> int:
    """Draw the length of a chunk: N(bptt, 5), or N(bptt / 2, 5) one time in twenty.

    Returns: at least 5, or `bptt` where that is less: a chunk of a step or two teaches little.
    Source:  Merity et al. 2018, arXiv:1708.02182, sec. 5; the least of 5 is that of main.py in
             github.com/salesforce/awd-lstm-lm, which drops the fraction where this rounds.
    """
    middle = bptt / 2 if random.random() < _SHORT else bptt
    return max(min(5, bptt), round(random.normal(middle, _LENGTH_SPREAD)))


class WindowBatches:
    """Stretches of `bptt` tokens of the stream, shuffled, each by itself from a zero state.

    The inputs of a window are its targets shifted by one: the first is the token before it. The
    last window is padded.
    """

    def __init__(self, split: EncodedSplit, config: TrainingConfig, *, eos_id: int) -> None:
        self._split, self._eos_id, self._bptt = split, eos_id, config.bptt
        self._batch_size, self._seed = config.batch_size, config.seed
        self.n_tokens = split.n_tokens

    def epoch(self, index: int) -> Iterator[Chunk]:
        """Yield every window once, in an order that depends on the epoch."""
        starts = np.arange(0, self.n_tokens, self._bptt)
        np.random.default_rng([self._seed, index]).shuffle(starts)
        for first in range(0, len(starts), self._batch_size):
            yield self._chunk(starts[first : first + self._batch_size].tolist())

    def _chunk(self, starts: list[int]) -> Chunk:
        """Return the windows that begin at these tokens, side by side."""
        ids, eos_id = self._split.ids, self._eos_id
        ends = [min(start + self._bptt, self.n_tokens) for start in starts]
        x_TB, y_TB = pad_rows(self._split, [*zip(starts, ends, strict=True)], eos_id=eos_id)
        x_TB[0] = torch.tensor([int(ids[start - 1]) if start else eos_id for start in starts])
        return Chunk(x_TB=x_TB, y_TB=y_TB, n_tokens=sum(ends) - sum(starts), fresh=True)


class SentenceBatches:
    """Each document by itself, from a zero state; documents of like length share a batch.

    Every epoch shuffles the documents (seeded), sorts pools of them by length, cuts the pools into
    batches and shuffles those. A batch longer than `bptt` is read in chunks that carry the state.
    """

    def __init__(self, split: EncodedSplit, config: TrainingConfig, *, eos_id: int) -> None:
        self._split, self._eos_id = split, eos_id
        self._batch_size, self._bptt, self._seed = config.batch_size, config.bptt, config.seed
        self.n_tokens = split.n_tokens

    def epoch(self, index: int) -> Iterator[Chunk]:
        """Yield the chunks of every document once, in an order that depends on the epoch."""
        for documents in self._buckets(np.random.default_rng([self._seed, index])):
            x_TB, y_TB = pad_documents(self._split, documents, eos_id=self._eos_id)
            for start in range(0, len(x_TB), self._bptt):
                targets = y_TB[start : start + self._bptt]
                yield Chunk(
                    x_TB=x_TB[start : start + self._bptt],
                    y_TB=targets,
                    n_tokens=int((targets != IGNORED).sum()),
                    fresh=start == 0,
                )

    def _buckets(self, random: np.random.Generator) -> list[NDArray[np.int64]]:
        """Return the document numbers of each batch."""
        order = random.permutation(self._split.n_documents)
        lengths = np.diff(self._split.starts)
        batches: list[NDArray[np.int64]] = []
        for start in range(0, len(order), self._batch_size * _POOL):
            pool = order[start : start + self._batch_size * _POOL]
            pool = pool[np.argsort(-lengths[pool], kind="stable")]
            batches += [
                pool[i : i + self._batch_size] for i in range(0, len(pool), self._batch_size)
            ]
        return [batches[i] for i in random.permutation(len(batches))]


def make_batches(split: EncodedSplit, config: TrainingConfig, *, eos_id: int) -> Batches:
    """Return the training split in the batching that `config` names."""
    kinds = {"stream": StreamBatches, "window": WindowBatches, "sentence": SentenceBatches}
    return kinds[config.batching](split, config, eos_id=eos_id)


def pad_documents(
    split: EncodedSplit, documents: NDArray[np.int64], *, eos_id: int
) -> tuple[Tensor, Tensor]:
    """Return inputs and targets, both (T, B) int64, of the documents with these numbers.

    Column b holds document `documents[b]`; after its last token come `eos_id` as input and
    `IGNORED` as target.
    """
    return pad_rows(
        split, [(int(split.starts[i]), int(split.starts[i + 1])) for i in documents], eos_id=eos_id
    )


def pad_rows(
    split: EncodedSplit, rows: list[tuple[int, int]], *, eos_id: int
) -> tuple[Tensor, Tensor]:
    """Return inputs and targets, both (T, B) int64, of the half-open stretches `rows` of ids."""
    x_TB, y_TB = pad_arrays(split, rows, eos_id=eos_id)
    return torch.from_numpy(x_TB), torch.from_numpy(y_TB)


def _time_first(array_BT: NDArray[np.generic]) -> Tensor:
    """Return the transpose as a contiguous int64 tensor."""
    return torch.from_numpy(np.ascontiguousarray(array_BT.T, dtype=np.int64))
