"""The neural cache: words that came after states like this one are likelier now.

It keeps, of the latest tokens, what the head read before each and which token came. With h the
state now and (h_i, y_i) the kept pairs, a token v gets

    p(v) = (1 - lambda) p_model(v) + lambda sum_{i: y_i = v} softmax_i(theta h . h_i)

Where nothing is kept yet, p is that of the model. Only tokens before the one that is scored are
ever kept, so nothing is learned from what comes after. Nothing is trained.

Source: Grave et al. 2017, arXiv:1612.04426, sec. 3.
Legend: T time steps of a segment, K kept pairs, W the window, H hidden units.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from lstm_lm.config.scoring import ScoringConfig
from lstm_lm.evaluation.segments import Segment
from toktools.errors import ToktoolsError


class NeuralCache:
    """What was read of one text in order, and how that changes the probabilities of the rest.

    Args: config: window, theta and lambda.
    """

    def __init__(self, config: ScoringConfig) -> None:
        self._window, self._theta = config.cache_window, config.cache_theta
        self._share = config.cache_lambda
        self._h_KH, self._y_K = torch.empty(0, 0), torch.empty(0, dtype=torch.long)

    def mix(self, segments: Iterable[Segment]) -> Iterator[Tensor]:
        """Yield the log probabilities (T, 1) of each segment, the cache mixed in.

        Raises: ToktoolsError if rows are read side by side: what stands before a token is one text.
        """
        for segment in segments:
            h_TBH, y_TB, log_p_TB = segment
            if y_TB.shape[1] != 1:
                raise ToktoolsError(f"a cache reads one row of text, got {y_TB.shape[1]}")
            yield self._mixed(h_TBH[:, 0], y_TB[:, 0], log_p_TB[:, 0])[:, None]

    def _mixed(self, h_TH: Tensor, y_T: Tensor, log_p_T: Tensor) -> Tensor:
        """Return the mixed log probabilities of a segment, and keep its pairs."""
        n_kept = len(self._y_K)
        self._h_KH = torch.cat([self._h_KH, h_TH]) if n_kept else h_TH
        self._y_K = torch.cat([self._y_K, y_T]) if n_kept else y_T
        place_T1 = n_kept + torch.arange(len(y_T), device=y_T.device)[:, None]
        place_K = torch.arange(len(self._y_K), device=y_T.device)
        before_TK = (place_K < place_T1) & (place_K >= place_T1 - self._window)
        scores_TK = (self._theta * h_TH @ self._h_KH.T).masked_fill(~before_TK, -math.inf)
        weights_TK = torch.softmax(scores_TK, 1)  # NaN in a row where nothing is kept
        same_TK = (self._y_K == y_T[:, None]) & before_TK
        p_cache_T = weights_TK.masked_fill(~same_TK, 0).sum(1)
        share_T = self._share * before_TK.any(1).to(log_p_T.dtype)
        self._h_KH, self._y_K = (kept[-self._window :] for kept in (self._h_KH, self._y_K))
        return torch.logaddexp(log_p_T + torch.log1p(-share_T), (share_T * p_cache_T).log())
