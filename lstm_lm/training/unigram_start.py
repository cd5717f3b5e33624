"""A head that knows from the start how frequent each token is.

Its bias begins at the logarithm of each token's share of the training text, and its first
predictions are near to those frequencies. A bias of zeros gives every token the same
probability; the first updates then learn little but which tokens are rare, and the large gradients
of that time slow Adam down long after. The more tokens are never seen, the more it costs: of 258
bytes in English some 200. docs/training-language-models.md has what that comes to.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lstm_lm.data.encoded import token_counts

UNSEEN = 0.5
"""Added to every count, so that a token that is not in the training text has a logarithm."""


def start_from_frequencies(head: nn.Linear, ids: NDArray[np.unsignedinteger]) -> None:
    """Set the bias of `head`, (V,), to the log share of each token in `ids`.

    Example:
        >>> head = nn.Linear(1, 3)
        >>> start_from_frequencies(head, np.array([0, 0, 0, 1], np.uint32))
        >>> [round(share, 3) for share in head.bias.softmax(0).tolist()]  # (3.5, 1.5, 0.5) / 5.5
        [0.636, 0.273, 0.091]
    """
    counts_V = token_counts(ids, len(head.bias)) + UNSEEN
    log_share_V = torch.from_numpy(np.log(counts_V / counts_V.sum()))
    with torch.no_grad():
        head.bias.copy_(log_share_V)
