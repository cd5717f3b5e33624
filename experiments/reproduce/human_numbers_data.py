"""The numbers as one text, cut into windows, in batches whose rows go on from batch to batch.

Legend: N windows, T time steps, B rows of the batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from toktools.corpus import open_corpus

Windows = tuple[Tensor, Tensor]
"""Inputs (N, T), and targets: the next word (N,), or the word after each (N, T)."""
Batch = tuple[Tensor, Tensor]
"""Inputs (T, B), and targets (B,) or (T, B)."""
TRAIN_SHARE = 0.8


@dataclass(frozen=True)
class Text:
    """A text of words.

    Attributes: tokens: its words. vocabulary: each once, in the order in which they first come.
    """

    tokens: list[str]
    vocabulary: list[str]

    @cached_property
    def ids(self) -> Tensor:
        """The words as their places in the vocabulary."""
        id_of = {word: i for i, word in enumerate(self.vocabulary)}
        return torch.tensor([id_of[token] for token in self.tokens])


def read_text() -> Text:
    """Return all numbers in words, one after another with a full stop in between.

    Example:
        >>> text = read_text()
        >>> " ".join(text.tokens[:8]), len(text.tokens), len(text.vocabulary)
        ('one . two . three . four .', 63095, 30)
    """
    tokens = " . ".join(open_corpus("human-numbers")).split(" ")
    return Text(tokens, list(dict.fromkeys(tokens)))


def cut_windows(ids: Tensor, length: int, *, every: bool) -> Windows:
    """Return windows side by side; `every`: with a target for each word, not for the last alone.

    Example:
        >>> x_NT, y_N = cut_windows(torch.arange(8), 3, every=False)
        >>> x_NT.tolist(), y_N.tolist()
        ([[0, 1, 2], [3, 4, 5]], [3, 6])
        >>> cut_windows(torch.arange(8), 3, every=True)[1].tolist()
        [[1, 2, 3], [4, 5, 6]]
    """
    n = (len(ids) - 2) // length  # as in the chapter: the last word is no target
    x_NT = ids[: n * length].view(n, length)
    if every:
        return x_NT, ids[1 : n * length + 1].view(n, length)
    return x_NT, ids[length : n * length + 1 : length]


def split_by_position(windows: Windows) -> tuple[Windows, Windows]:
    """Return the first four fifths to train on and the rest to validate."""
    x_NT, y = windows
    cut = int(len(x_NT) * TRAIN_SHARE)
    return (x_NT[:cut], y[:cut]), (x_NT[cut:], y[cut:])


def in_order(windows: Windows, batch_size: int, *, drop_last: bool) -> list[Batch]:
    """Return the windows as they come, `batch_size` together; the last batch may have fewer."""
    n = len(windows[0])
    ends = range(batch_size, n + 1 if drop_last else n + batch_size, batch_size)
    return [_batch(windows, slice(end - batch_size, end)) for end in ends]


def in_rows(windows: Windows, batch_size: int) -> list[Batch]:
    """Return batches whose row b goes through the b-th stretch of the text; the rest is dropped.

    With m batches, batch i holds the windows i, i + m, i + 2m, ...: row b of one batch begins where
    row b of the batch before ended.

    Example:
        >>> windows = cut_windows(torch.arange(16), 2, every=False)
        >>> [x_TB.T.tolist() for x_TB, _ in in_rows(windows, 2)]
        [[[0, 1], [6, 7]], [[2, 3], [8, 9]], [[4, 5], [10, 11]]]
    """
    m = len(windows[0]) // batch_size
    return [_batch(windows, slice(i, m * batch_size, m)) for i in range(m)]


def _batch(windows: Windows, which: slice) -> Batch:
    """Return some of the windows, time first."""
    x_NT, y = windows
    return x_NT[which].T.contiguous(), y[which].movedim(0, -1).contiguous()


def most_common(batches: Sequence[Batch]) -> tuple[int, float]:
    """Return the most common target and its share: the accuracy of always guessing it."""
    counts = Counter(torch.cat([y.flatten() for _, y in batches]).tolist())
    ((token, n),) = counts.most_common(1)
    return token, n / counts.total()
