"""A text read segment by segment: what the head reads, and the price of what comes next.

Plain scoring, dynamic evaluation and the neural cache are all made of such segments.
Legend: T time steps, B rows, H hidden units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstm_lm.cells import State
from lstm_lm.head import latent_mask
from lstm_lm.model import LanguageModel
from lstm_lm.training.mixture import head_cross_entropy

ROWS_AT_ONCE = 1 << 13  # tokens read before any is scored
STEPS_AT_ONCE = 256
Ids = NDArray[np.int64]


class Segment(NamedTuple):
    """What the head reads h_TBH; the targets y_TB; the natural logarithm of what each was given."""

    h_TBH: Tensor  # noqa: N815
    y_TB: Tensor  # noqa: N815
    log_p_TB: Tensor  # noqa: N815


Segments = Callable[[Ids, Ids], Iterator[Segment]]
"""Reads inputs and targets (T, B) from a zero state, segment by segment."""


def cut(x_TB: Ids, y_TB: Ids, n_steps: int, device: torch.device) -> Iterator[tuple[Tensor, ...]]:
    """Yield inputs and targets, so many steps at once."""
    for t in range(0, len(x_TB), n_steps):
        x, y = (torch.from_numpy(a[t : t + n_steps]).to(device) for a in (x_TB, y_TB))
        yield x, y


def read_segment(
    model: LanguageModel, x_TB: Tensor, y_TB: Tensor, state: State
) -> tuple[Segment, Tensor, State]:
    """Read one segment; return it, its summed cost (has a gradient), and the state after it."""
    h_TBH, state = model.read(x_TB, state)
    cost, nats_N = head_cross_entropy(
        *(model.head, h_TBH.flatten(0, 1), y_TB.flatten()), mask_BL=latent_mask(model.head, h_TBH)
    )
    return Segment(h_TBH.detach(), y_TB, -nats_N.view_as(y_TB)), cost, state


def plain_segments(model: LanguageModel, x_TB: Ids, y_TB: Ids) -> Iterator[Segment]:
    """Read a text with a model that stays as it is; see `Segments`."""
    n_rows = x_TB.shape[1]
    n_steps = max(1, min(STEPS_AT_ONCE, ROWS_AT_ONCE // n_rows))
    state = model.init_state(n_rows)
    for x, y in cut(x_TB, y_TB, n_steps, model.device):
        segment, _, state = read_segment(model, x, y, state)
        yield segment


def joined(log_p: Iterable[Tensor]) -> NDArray[Any]:
    """Return the log probabilities of all segments in one array."""
    return np.concatenate([part.float().cpu().numpy() for part in log_p])
