"""What keeps a recurrent language model from learning its training text by heart.

Five dropouts of AWD-LSTM, each a mask that is 0 with probability p and 1/(1-p) otherwise, so that
what passes keeps its expectation and evaluation needs no mask at all; and two penalties on the
activations. Source of the whole: Merity et al. 2018, arXiv:1708.02182, sec. 2 and 4.

    embedding   whole words: all of a word's vectors in a batch       EmbeddingDropout
    input       the vectors that the first layer reads                Dropout or LockedDropout
    weight      the recurrent matrices, once for all time steps       WeightDrop
    hidden      between layers                                        Dropout or LockedDropout
    output      what the last layer gives to the head                 Dropout or LockedDropout

Legend: T time steps, B rows of the batch, V vocabulary, E embedding, H hidden units.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from lstm_lm.data.rows import Rows
from toktools.errors import ToktoolsError


class Dropout(nn.Module):
    """Drops each activation by itself; the same numbers as torch.nn.Dropout for the same seed.

    Args:   p: the share that is dropped in training.
    Raises: ToktoolsError if `p` is not in [0, 1).
    Source: Srivastava et al. 2014, Dropout; scaled in training rather than in evaluation.
    Example:
        >>> sorted(set(Dropout(0.75)(torch.ones(1000)).tolist()))
        [0.0, 4.0]
        >>> Dropout(0.75).eval()(torch.ones(3))
        tensor([1., 1., 1.])
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = checked_rate(p)
        self.rows: Rows | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return `x`, some of it dropped in training."""
        if not self.training or self.p == 0:
            return x
        return x * self.mask(x)

    def mask(self, x: Tensor) -> Tensor:
        """Return what `x` is multiplied by: with `rows`, those rows of what the whole batch is."""
        if self.rows is None or x.dim() < 3:  # a weight has no rows
            return draw_mask(torch.empty_like(x), self.p)
        n_steps, _, n_units = x.shape
        mask = draw_mask(x.new_empty(n_steps, self.rows.whole, n_units), self.p)
        return mask[:, self.rows.slice]

    def extra_repr(self) -> str:
        """What `print` shows of it."""
        return f"p={self.p}"


class LockedDropout(Dropout):
    """Drops the same units at every time step: one mask (1, B, H) for x_TBH, another each call.

    Source: Gal and Ghahramani 2016, arXiv:1512.05287 (variational dropout).
    Example:
        >>> x_TBH = LockedDropout(0.5)(torch.ones(3, 2, 8))
        >>> torch.equal(x_TBH[0], x_TBH[1]) and torch.equal(x_TBH[0], x_TBH[2])
        True
    """

    def mask(self, x: Tensor) -> Tensor:
        """Return one mask for all time steps."""
        return super().mask(x[:1])


class EmbeddingDropout(nn.Module):
    """Drops words: every occurrence of a dropped word in the batch gives a vector of zeros.

    Args:   p: the share of the vocabulary that is dropped in training; n_vocab: V.
    Raises: ToktoolsError if `p` is not in [0, 1).
    Source: Gal and Ghahramani 2016, arXiv:1512.05287, sec. 4.2; Merity et al. 2018, sec. 4.3.
    """

    def __init__(self, p: float, n_vocab: int) -> None:
        super().__init__()
        self.p, self.n_vocab = checked_rate(p), n_vocab

    def forward(self, x_TBE: Tensor, ids_TB: Tensor) -> Tensor:
        """Return the vectors `x_TBE` of the words `ids_TB`, those of dropped words at zero."""
        if not self.training or self.p == 0:
            return x_TBE
        mask_V = draw_mask(x_TBE.new_empty(self.n_vocab), self.p)
        return x_TBE * mask_V[ids_TB, None]

    def extra_repr(self) -> str:
        """What `print` shows of it."""
        return f"p={self.p}"


class WeightDrop(nn.Module):
    """Drops recurrent weights (DropConnect): one mask for all time steps, another each call.

    The weights themselves stay whole, under their names; what is dropped gets no gradient. Works
    on our layers and on torch's.

    Args:
        module: its `forward` uses the dropped weights. p: the share that is dropped in training.
        part: weights whose name holds this are dropped.
    Raises: ToktoolsError if `p` is not in [0, 1), or `module` has no such weight.
    Source: Wan et al. 2013, Regularization of neural networks using DropConnect; on the recurrent
            matrices alone: Merity et al. 2018, sec. 2.
    """

    def __init__(self, module: nn.Module, p: float, part: str = "weight_hh") -> None:
        super().__init__()
        self.module, self.dropout = module, Dropout(p)
        self.names = [name for name, _ in module.named_parameters() if part in name]
        if not self.names:
            raise ToktoolsError(f"{type(module).__name__} has no weight with {part!r} in its name")

    def init_state(self, batch_size: int) -> tuple[Tensor, ...]:
        """Return the state that the module inside begins with."""
        return self.module.init_state(batch_size)  # pyright: ignore[reportCallIssue]

    def forward(self, *inputs: Any) -> Any:
        """Return what the module gives with some of its recurrent weights at zero."""
        if not self.training or self.dropout.p == 0:
            return self.module(*inputs)
        dropped = {name: self.dropout(self.module.get_parameter(name)) for name in self.names}
        return torch.func.functional_call(self.module, dropped, inputs)


def drop_own_rows(model: nn.Module, rows: Rows | None) -> None:
    """Let every dropout draw the masks of a whole batch, and use its part of them.

    So several processes, whose random numbers are the same, drop what one would that reads the
    whole batch. None: the batch that is read is the whole.
    """
    for module in model.modules():
        if hasattr(module, "rows"):
            module.rows = rows  # pyright: ignore[reportArgumentType]


def checked_rate(p: float) -> float:
    """Return `p`; ToktoolsError if it is not in [0, 1)."""
    if not 0 <= p < 1:
        raise ToktoolsError(f"a dropout rate must be in [0, 1), got {p}")
    return p


def draw_mask(out: Tensor, p: float) -> Tensor:
    """Fill `out` with 0 (with probability `p`) and 1/(1-p), and return it.

    A float32 is drawn for each: on a CPU torch makes five of them in the time of one bernoulli_.
    """
    drawn = torch.rand(out.shape, device=out.device)
    return torch.ge(drawn, p, out=out).div_(1 - p)


def dropout_layer(p: float, *, locked: bool) -> Dropout:
    """Return a dropout that draws a mask for each time step, or, if `locked`, one for all."""
    return LockedDropout(p) if locked else Dropout(p)


def activation_regularization(
    dropped_TBH: Tensor,
    alpha: float,
    counted_TB: Tensor | None = None,
    whole_TB: Tensor | None = None,
) -> Tensor:
    """Return AR: `alpha` times the mean square of what the head reads. Keeps activations small.

    Args:   counted_TB: bool, the positions that count; None: all (padding should not).
            whole_TB: the same of a batch of which this is a part; the means of its parts then are
            shares, which add up to that of the whole.
    Source: Merity et al. 2018, sec. 4.6.
    Example:
        >>> activation_regularization(torch.tensor([[[1.0, 3.0]]]), alpha=2.0)
        tensor(10.)
    """
    return alpha * _mean_square(dropped_TBH, counted_TB, whole_TB)


def temporal_activation_regularization(
    raw_TBH: Tensor,
    beta: float,
    counted_TB: Tensor | None = None,
    whole_TB: Tensor | None = None,
) -> Tensor:
    """Return TAR: `beta` times the mean square of h_t - h_{t-1}. Keeps the state from jumping.

    Args:   raw_TBH: the last layer's outputs before any dropout; one step alone costs nothing.
            counted_TB, whole_TB: as in AR; a step counts if both its ends do.
    Source: Merity et al. 2018, sec. 4.6.
    Example:
        >>> temporal_activation_regularization(torch.tensor([[[1.0]], [[4.0]], [[5.0]]]), beta=1.0)
        tensor(5.)
    """
    return beta * _mean_square(raw_TBH.diff(dim=0), _both_ends(counted_TB), _both_ends(whole_TB))


def _both_ends(counted_TB: Tensor | None) -> Tensor | None:
    """Return whether two neighbouring steps both count."""
    return None if counted_TB is None else counted_TB[1:] & counted_TB[:-1]


def _mean_square(x_TBH: Tensor, counted_TB: Tensor | None, whole_TB: Tensor | None) -> Tensor:
    """Return the mean square over the positions that count; 0 if there are none."""
    at_least_32_bits = torch.promote_types(x_TBH.dtype, torch.float32)
    squares_TB = x_TBH.square().sum(-1, dtype=at_least_32_bits)
    if counted_TB is None:
        return squares_TB.sum() / max(x_TBH.numel(), 1)
    n = (counted_TB if whole_TB is None else whole_TB).sum().to(squares_TB.device)
    return (squares_TB * counted_TB).sum() / (n * x_TBH.shape[-1]).clamp(min=1)
