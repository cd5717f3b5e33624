"""A softmax over a part of the vocabulary, drawn anew for every update: a head at less than half.

The commonest words and the targets of the batch are always in the part. Of the others some are
drawn evenly, and each of those stands for all that were not: its exponential counts n_others /
n_drawn times. So the sum of exponentials is right in the mean; its logarithm is a little low, since
the logarithm of a mean is above the mean of logarithms. Only training uses it: every evaluation is
over the whole vocabulary.

Legend: N targets, V vocabulary, S words of the part.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lstm_lm.data.batching import IGNORED


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """A part of a vocabulary, for one update.

    Attributes:
        ids_S: int64, rising. bias_S: float32, added to their logits: the logarithm of how many
            words each stands for.
        y_N: int64, the targets as places in `ids_S`; `IGNORED` stays.
    """

    ids_S: Tensor  # noqa: N815
    bias_S: Tensor  # noqa: N815
    y_N: Tensor  # noqa: N815


class SampledWords:
    """Draws a part of the vocabulary for each update, out of torch's random numbers.

    Args:   counts_V: of the tokens in the training text.
            n_words: half of them are the commonest, which are always in it; half are drawn.
    Source: Bengio and Senecal 2003, "Quick training of probabilistic neural nets by importance
            sampling", for drawing the sum; by strata as in Cochran 1977, "Sampling techniques",
            ch. 5.
    Example:
        >>> part = SampledWords(torch.tensor([9, 8, 7, 1, 1, 1]), 4).draw(torch.tensor([2, 0]))
        >>> len(part.ids_S), round(part.bias_S.exp().sum().item())  # 3 stand for themselves alone
        (5, 6)
    """

    def __init__(self, counts_V: Tensor, n_words: int) -> None:
        commonest = torch.sort(counts_V, descending=True, stable=True).indices[: n_words // 2]
        self._n_drawn = n_words - len(commonest)
        self._stands_for_V = torch.zeros(len(counts_V), device=counts_V.device)
        self._stands_for_V[commonest] = 1.0

    def draw(self, y_N: Tensor, whole_M: Tensor | None = None) -> Part:
        """Return a part that holds all of the targets `y_N`, int64, each an id or `IGNORED`.

        Args: whole_M: the targets of the batch of which these are a part, so that the same random
              numbers draw the same words for each of its parts.
        """
        counted_N, all_M = y_N != IGNORED, y_N if whole_M is None else whole_M
        stands_for_V = self._stands_for_V.clone()
        stands_for_V[all_M[all_M != IGNORED]] = 1.0
        others = torch.nonzero(stands_for_V == 0)[:, 0]
        n_drawn = min(self._n_drawn, len(others))
        if n_drawn:
            drawn = torch.randperm(len(others), device=others.device)[:n_drawn]
            stands_for_V[others[drawn]] = len(others) / n_drawn
        ids_S = torch.nonzero(stands_for_V)[:, 0]
        place_V = torch.zeros_like(stands_for_V, dtype=torch.int64)
        place_V[ids_S] = torch.arange(len(ids_S), device=ids_S.device)
        place_N = torch.where(counted_N, place_V[y_N.clamp(min=0)], IGNORED)
        return Part(ids_S=ids_S, bias_S=stands_for_V[ids_S].log(), y_N=place_N)
