"""A text as one stream, cut into rows that are read side by side, window by window.

The same windows as `lstm_lm.batching.StreamBatches` gives. Legend: T steps of a window, B rows.
"""

from __future__ import annotations

import numpy as np

from lstm_lm.data import EncodedSplit
from lstm_lm.numpy_lm.embedding import Ids


class Windows:
    """Documents in order, end to end, in `batch_size` rows of equal length, `bptt` steps at a time.

    Targets are the inputs one step on; the first input is `eos_id`. The last few tokens of the
    split, fewer than rows, are left out; a split with fewer tokens than rows makes fewer rows.

    Example:
        >>> from toktools.byte import ByteTokenizer
        >>> from lstm_lm.data import encode_split
        >>> split = encode_split(ByteTokenizer(), ["ab"])
        >>> windows = Windows(split, batch_size=1, bptt=2, eos_id=1)
        >>> [(x_TB[:, 0].tolist(), y_TB[:, 0].tolist()) for x_TB, y_TB in map(windows.at, (0, 1))]
        [([1, 99], [99, 100]), ([100], [1])]
    """

    def __init__(self, split: EncodedSplit, *, batch_size: int, bptt: int, eos_id: int) -> None:
        n_rows = min(batch_size, split.n_tokens)
        length = split.n_tokens // n_rows
        self.n_rows, self.n_tokens = n_rows, n_rows * length
        self.n_windows = -(-length // bptt)
        self._bptt = bptt
        targets = split.ids[: self.n_tokens].astype(np.int64)
        inputs = np.concatenate([[eos_id], targets[:-1]])
        self._x_LB, self._y_LB = (
            np.ascontiguousarray(ids.reshape(n_rows, length).T) for ids in (inputs, targets)
        )

    def at(self, index: int) -> tuple[Ids, Ids]:
        """Return inputs and targets (T, B) of window `index`, from 0 to `n_windows` - 1."""
        steps = slice(index * self._bptt, (index + 1) * self._bptt)
        return self._x_LB[steps], self._y_LB[steps]
