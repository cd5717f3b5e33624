"""The layer that turns what the recurrent layers say into logits: one softmax, or a mixture.

One softmax over h W^T gives a matrix of log probabilities whose rank is no more than the width of
h. A mixture of K softmaxes has no such limit:

    p(v) = sum_k pi_k softmax_v(h_k W^T + b),   h_k = tanh(L_k h),   pi = softmax(P h)

In training the units of h_k are dropped, the same at all time steps.

Source: Yang et al. 2018, arXiv:1711.03953, sec. 2.4; L with a bias and P without one, and the
        dropout, as in github.com/zihangdai/mos.
Legend: T time steps, B rows, N = T * B, V vocabulary, K softmaxes, H units read, E embedding,
        L = K * E.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_lm.config import ModelConfig
from lstm_lm.regularization import LockedDropout


def make_head(config: ModelConfig, n_vocab: int) -> nn.Linear:
    """Return the head that the configuration asks for; with one softmax a plain linear layer."""
    if config.n_softmaxes == 1:
        return nn.Linear(config.output_size, n_vocab)
    sizes = config.output_size, config.embedding_size, n_vocab, config.n_softmaxes
    return MixtureHead(*sizes, config.dropout_rates.latent)


class MixtureHead(nn.Linear):
    """A mixture of softmaxes. `weight` (V, E) and `bias` (V) serve all of them.

    Args: n_units: H; size: E; n_vocab: V; n_softmaxes: K. dropout: the share of h_k's units that is
          dropped in training.
    Example:
        >>> head = MixtureHead(4, 3, 10, 2)
        >>> head(torch.randn(5, 1, 4)).exp().sum(-1).allclose(torch.ones(5, 1))
        True
    """

    def __init__(
        self, n_units: int, size: int, n_vocab: int, n_softmaxes: int, dropout: float = 0.0
    ) -> None:
        super().__init__(size, n_vocab)
        self.n_softmaxes = n_softmaxes
        self.latent = nn.Linear(n_units, n_softmaxes * size)
        self.prior = nn.Linear(n_units, n_softmaxes, bias=False)
        self.dropout = LockedDropout(dropout)

    def forward(self, h_TBH: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return log p (T, B, V), which are logits as good as any: their softmax is p."""
        latent_TBKE, log_pi_TBK = self._parts(h_TBH, latent_mask(self, h_TBH))
        log_p_TBV = None
        for k in range(self.n_softmaxes):
            logits_TBV = functional.linear(latent_TBKE[..., k, :], self.weight, self.bias)
            part_TBV = log_pi_TBK[..., k, None] + logits_TBV.log_softmax(-1)
            log_p_TBV = part_TBV if log_p_TBV is None else torch.logaddexp(log_p_TBV, part_TBV)
        assert log_p_TBV is not None
        return log_p_TBV

    def nats(
        self, h_NH: Tensor, y_N: Tensor, *, ignored: int, mask_NL: Tensor | None = None
    ) -> Tensor:
        """Return -log p of each target (N,), 0 where it is `ignored`; holds N x K x V logits.

        Args: mask_NL: from `latent_mask`, a row of it for each target.
        """
        latent_NKE, log_pi_NK = self._parts(h_NH, mask_NL)
        logits_NKV = functional.linear(latent_NKE, self.weight, self.bias)
        y_NK = y_N[:, None].expand(-1, self.n_softmaxes)
        nats_NK = functional.cross_entropy(
            logits_NKV.flatten(0, 1), y_NK.flatten(), ignore_index=ignored, reduction="none"
        ).view_as(log_pi_NK)
        nats_N = -torch.logsumexp(log_pi_NK - nats_NK, -1)
        return torch.where(y_N == ignored, 0, nats_N)

    def _parts(self, h: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return what each softmax reads (..., K, E), and the logarithm of its share (..., K)."""
        latent = torch.tanh(self.latent(h))
        if mask is not None:
            latent = latent * mask
        latent = latent.unflatten(-1, (self.n_softmaxes, self.in_features))
        return latent, self.prior(h).log_softmax(-1)


def latent_mask(head: nn.Linear, h_TBH: Tensor) -> Tensor | None:
    """Draw what the softmaxes' vectors are multiplied by at every time step, (B, L).

    None where nothing is dropped: in evaluation, or if the head is no mixture.
    """
    if not isinstance(head, MixtureHead) or not head.training or not head.dropout.p:
        return None
    like = h_TBH.new_empty(1, h_TBH.shape[1], head.latent.out_features)
    return head.dropout.mask(like)[0]


def n_logits(head: nn.Linear) -> int:
    """Return how many logits the head makes for one token."""
    return head.out_features * (head.n_softmaxes if isinstance(head, MixtureHead) else 1)
