"""The loss of a chunk: cross-entropy, plain or weighted by how rare each token is.

Legend: T time steps, B rows, V vocabulary, N = T * B.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lstm_lm.config import TrainingConfig
from lstm_lm.data.encoded import IGNORED, token_counts
from lstm_lm.head import latent_mask, n_logits
from lstm_lm.training.mixture import head_cross_entropy
from lstm_lm.training.sampled import SampledWords

FEW_LOGITS = 1 << 18  # 1 MB


@dataclass(frozen=True, kw_only=True, eq=False)
class Loss:
    """What a chunk cost.

    Attributes:
        objective: what is minimised, averaged over the targets that count; has a gradient.
        nats: the plain cross-entropy, averaged over the same targets; has none.
        probability: the mean that the targets were given; None unless asked for.
    """

    objective: Tensor
    nats: Tensor
    probability: Tensor | None = None

    @property
    def figures(self) -> list[Tensor]:
        """What is only looked at: nats and, if asked for, probability."""
        return [self.nats] if self.probability is None else [self.nats, self.probability]

    def times(self, share: float) -> Loss:
        """Return what a part of a chunk, with this share of its targets, adds to its means."""
        probability = None if self.probability is None else self.probability * share
        return Loss(
            objective=self.objective * share, nats=self.nats * share, probability=probability
        )


class CrossEntropy:
    """-1/n sum of w_y log(p_y + epsilon), over the n targets y that count.

    Args:   weights_V: the weight of each token, see `class_weights`; None: all 1.
            epsilon: keeps the logarithm finite where p_y is 0; the log-softmax does so by itself.
            sampled: makes the softmax of `of_features` one over a part of the vocabulary.
    Example:
        >>> logits_TBV = torch.zeros(1, 2, 4)
        >>> loss = CrossEntropy(torch.tensor([0.0, 2.0, 1.0, 1.0]))
        >>> round(loss(logits_TBV, torch.tensor([[1, 2]])).objective.item(), 4)  # 1.5 log 4
        2.0794
    """

    def __init__(
        self,
        weights_V: Tensor | None = None,
        epsilon: float = 0.0,
        sampled: SampledWords | None = None,
    ) -> None:
        self._weights_V, self._epsilon, self._sampled = weights_V, epsilon, sampled

    @classmethod
    def for_text(
        cls,
        ids: NDArray[np.unsignedinteger],
        n_vocab: int,
        config: TrainingConfig,
        device: torch.device,
    ) -> CrossEntropy:
        """Return the loss that `config` names, with the weights of the training text `ids`."""
        weights_V = class_weights(ids, n_vocab, config.class_weights)
        sampled = None
        if config.sampled_words is not None and config.sampled_words < n_vocab:
            counts_V = torch.from_numpy(token_counts(ids, n_vocab)).to(device)
            sampled = SampledWords(counts_V, config.sampled_words)
        return cls(
            None if weights_V is None else weights_V.to(device), config.loss_epsilon, sampled
        )

    def of_features(
        self,
        h_TBH: Tensor,
        head: nn.Linear,
        y_TB: Tensor,
        *,
        watched: bool = False,
        whole_TB: Tensor | None = None,
    ) -> Loss:
        """Return the loss of the logits that `head` makes of `h_TBH`, without holding them all.

        Few logits are held, and give the loss of `__call__` bit by bit; many go block by block.

        Args: watched: also tell the mean probability of the targets. whole_TB: see
              `SampledWords.draw`.
        """
        if y_TB.numel() * n_logits(head) <= FEW_LOGITS and self._sampled is None:
            logits_TBV = head(h_TBH)
            loss = self(logits_TBV, y_TB)
            return replace(
                loss, probability=mean_target_probability(logits_TBV, y_TB) if watched else None
            )
        weight, bias, y_N, weights = head.weight, head.bias, y_TB.flatten(), self._weights_V
        if self._sampled is not None:
            whole_M = None if whole_TB is None else whole_TB.flatten().to(y_N.device)
            part = self._sampled.draw(y_N, whole_M)
            weight = functional.embedding(part.ids_S, weight)  # has a faster gradient than [ids_S]
            bias, y_N = bias[part.ids_S] + part.bias_S, part.y_N
            weights = None if weights is None else weights[part.ids_S]
        objective, nats_N = head_cross_entropy(
            *(head, h_TBH.flatten(0, 1), y_N),
            words=(weight, bias),
            mask_BL=latent_mask(head, h_TBH),
            weights_V=weights,
            epsilon=self._epsilon,
        )
        counted_N = y_N != IGNORED
        n = counted_N.sum()
        probability = (torch.exp(-nats_N) * counted_N).sum() / n if watched else None
        return Loss(objective=objective / n, nats=nats_N.sum() / n, probability=probability)

    def __call__(self, logits_TBV: Tensor, y_TB: Tensor) -> Loss:
        """Return the loss of these logits; targets that are `IGNORED` do not count."""
        logits_NV, y_N = logits_TBV.flatten(0, 1), y_TB.flatten()
        if self._weights_V is None and not self._epsilon:
            nats = functional.cross_entropy(logits_NV, y_N, ignore_index=IGNORED)
            return Loss(objective=nats, nats=nats.detach())
        nats_N = functional.cross_entropy(logits_NV, y_N, ignore_index=IGNORED, reduction="none")
        counted_N = y_N != IGNORED
        cost_N = nats_N
        if self._epsilon:
            cost_N = -torch.log(torch.exp(-nats_N) + self._epsilon) * counted_N
        if self._weights_V is not None:
            cost_N = cost_N * self._weights_V[y_N.clamp(min=0)]
        n = counted_N.sum()
        return Loss(objective=cost_N.sum() / n, nats=nats_N.detach().sum() / n)


def mean_target_probability(logits_TBV: Tensor, y_TB: Tensor) -> Tensor:
    """Return the mean, over the targets that count, of the probability that each was given."""
    y_N = y_TB.flatten()
    nats_N = functional.cross_entropy(
        logits_TBV.detach().flatten(0, 1), y_N, ignore_index=IGNORED, reduction="none"
    )
    return torch.exp(-nats_N)[y_N != IGNORED].mean()


def class_weights(ids: NDArray[np.unsignedinteger], n_vocab: int, reading: str) -> Tensor | None:
    """Return the weight of every token in the loss, from its share s of the training text.

    "inverse" is 1 / s, "complement" is 1 - s, both scaled so that the mean over the text is 1. A
    token that is not in the text weighs 0; "none" gives None.

    Source: King and Zeng 2001, "Logistic regression in rare events data", sec. 4.2, for inverse.
    Example:
        >>> ids = np.array([0, 0, 1, 2], np.uint32)
        >>> class_weights(ids, 4, "inverse")
        tensor([0.6667, 1.3333, 1.3333, 0.0000])
        >>> class_weights(ids, 4, "complement")
        tensor([0.8000, 1.2000, 1.2000, 0.0000])
    """
    if reading == "none":
        return None
    counts_V = token_counts(ids, n_vocab)
    share_V = counts_V / counts_V.sum()
    seen_V = counts_V > 0
    weights_V = 1 / np.where(seen_V, share_V, 1.0) if reading == "inverse" else 1 - share_V
    weights_V = np.where(seen_V, weights_V, 0.0)
    mean = float((share_V * weights_V).sum())
    return torch.from_numpy(weights_V / mean if mean else seen_V.astype(float)).float()
