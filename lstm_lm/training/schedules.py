"""Learning rates and decisions as pure functions of progress and of the validation losses so far.

Nothing here has a state of its own, so a resumed run cannot disagree with one never stopped: the
validation losses are saved, and all else follows from them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from lstm_lm.config import TrainingConfig

WARM_UP = 0.3  # share of one-cycle in which the rate rises
START_DIVISOR, END_DIVISOR = 25.0, 1e4  # one-cycle begins at rate / 25, ends 10,000 below that


def learning_rate(
    config: TrainingConfig, progress: float, validation_losses: Sequence[float] = ()
) -> float:
    """Return the learning rate at `progress` in [0, 1], after these validation losses.

    Source: cosine: Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5, one cycle down to 0.
            one-cycle: Smith and Topin 2018, arXiv:1708.07120, with cosine for both slopes.
            step: Zaremba et al. 2014, arXiv:1409.2329, sec. 4.1.
    Example:
        >>> learning_rate(TrainingConfig(learning_rate=0.5), 0.5)
        0.25
        >>> plateau = TrainingConfig(learning_rate=0.5, schedule="plateau")
        >>> learning_rate(plateau, 0.5, [3.0, 2.0, 2.5])
        0.125
        >>> step = TrainingConfig(learning_rate=1.0, schedule="step", epochs=13)  # 4 epochs at 1
        >>> [learning_rate(step, epoch / 13) for epoch in (0, 3.9, 4, 5.5, 6)]
        [1.0, 1.0, 0.5, 0.25, 0.125]
    """
    rate, progress = config.learning_rate, min(progress, 1.0)
    if config.schedule == "cosine":
        return rate * 0.5 * (1 + math.cos(math.pi * progress))
    if config.schedule == "plateau":
        return rate / config.plateau_divisor ** n_failures(validation_losses)
    if config.schedule == "one-cycle":
        return one_cycle(rate, progress)
    if config.schedule == "step":
        epoch = math.floor(progress * config.epochs + 1e-9)  # a sum of shares may fall short
        return rate / config.step_divisor ** max(0, epoch - config.step_after + 1)
    return rate


def one_cycle(rate: float, progress: float) -> float:
    """Return the rate at `progress`: up from `rate` / 25 for 30 % of the way, then down.

    Example:
        >>> [round(one_cycle(1.0, p), 3) for p in (0.0, 0.15, 0.3, 0.65, 1.0)]
        [0.04, 0.52, 1.0, 0.5, 0.0]
    """
    low = rate / START_DIVISOR
    if progress < WARM_UP:
        return _slope(low, rate, progress / WARM_UP)
    return _slope(rate, low / END_DIVISOR, (progress - WARM_UP) / (1 - WARM_UP))


def _slope(start: float, end: float, share: float) -> float:
    """Return the half cosine from `start` to `end`."""
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * share))


def n_failures(losses: Sequence[float]) -> int:
    """Return how many losses were not below all before them.

    Example:
        >>> n_failures([3.0, 2.0, 2.5, 2.0, 1.0])
        2
    """
    return sum(losses[i] >= min(losses[:i]) for i in range(1, len(losses)))


def is_out_of_patience(losses: Sequence[float], patience: int | None) -> bool:
    """Whether the latest `patience` losses are all no better than the best before them.

    Example:
        >>> is_out_of_patience([3.0, 2.0, 2.5], 2), is_out_of_patience([3.0, 2.0, 2.5, 2.0], 2)
        (False, True)
    """
    if patience is None or len(losses) <= patience:
        return False
    return min(losses[-patience:]) >= min(losses[:-patience])


def stops_early(config: TrainingConfig, losses: Sequence[float]) -> bool:
    """Whether training ends after these validation losses, whatever is left of its budget.

    Example:
        >>> stops_early(TrainingConfig(patience=2), [3.0, 2.0, 2.5, 2.0])
        True
    """
    if config.fine_tuning and averaging_begins(losses, config.nonmonotone):
        return True
    return is_out_of_patience(losses, config.patience)


def averaging_begins(losses: Sequence[float], nonmonotone: int) -> bool:
    """Whether some validation, the latest or one before, triggered NT-ASGD's averaging.

    A validation does if its loss is above the lowest before it, the latest `nonmonotone` left out.

    Source:  Merity et al. 2018, arXiv:1708.02182, algorithm 1.
    Example:
        >>> averaging_begins([2.0, 1.9, 2.2], 2), averaging_begins([2.0, 1.9, 2.2, 2.1], 2)
        (False, True)
    """
    lows = accumulate(losses, min)
    return any(loss > low for loss, low in zip(losses[nonmonotone + 1 :], lows, strict=False))


def averaging_is_due(config: TrainingConfig, progress: float, losses: Sequence[float]) -> bool:
    """Whether the weights are averaged from here on: after these validation losses, or before.

    Example:
        >>> ema, last = TrainingConfig(ema=0.99), TrainingConfig(average_last=0.25)
        >>> averaging_is_due(ema, 0.0, []), averaging_is_due(last, 0.7, [])
        (True, False)
        >>> averaging_is_due(last, 0.75, [])
        True
    """
    if config.optimizer == "nt-asgd":
        return config.fine_tuning or averaging_begins(losses, config.nonmonotone)
    if config.average_last is not None:
        return progress >= 1 - config.average_last
    return config.ema is not None
