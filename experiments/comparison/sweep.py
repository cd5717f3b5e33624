"""The learning rate that suits a tokenizer, found on the validation split.

Every tokenizer gets the same rates to try and the same share of the budget for each, so none is
tuned more than another. The test split is not read. A trial stands under a name made of all that it
depends on; so it is made once, is taken up where it was stopped, and serves every seed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lstm_lm.config import TrainingConfig, from_json
from toktools.errors import ToktoolsError

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Learning rates to be tried.

    Attributes:
        learning_rates: each is tried once for every tokenizer.
        share: of the budget, for each trial.
        seed: of all trials.
    Raises: ToktoolsError unless there are two rates or more, all positive and none twice, and the
            share lies in (0, 1].
    """

    learning_rates: tuple[float, ...]
    share: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        rates = self.learning_rates
        if len(rates) < 2 or len(set(rates)) < len(rates) or not all(r > 0 for r in rates):
            raise ToktoolsError(
                f"a sweep needs two or more different learning_rates > 0, got {list(rates)}"
            )
        if type(self.seed) is not int or type(self.share) not in (int, float):
            raise ToktoolsError(
                f"share and seed must be numbers, got {self.share!r}, {self.seed!r}"
            )
        if not 0 < self.share <= 1:
            raise ToktoolsError(f"share of the budget must be > 0 and at most 1, got {self.share}")

    def trainings(self, training: TrainingConfig) -> list[TrainingConfig]:
        """Return the training of each trial: shorter, with a rate of its own.

        Example:
            >>> sweep = Sweep(learning_rates=(0.1, 0.2), share=0.5)
            >>> [(t.learning_rate, t.epochs) for t in sweep.trainings(TrainingConfig(epochs=4))]
            [(0.1, 2.0), (0.2, 2.0)]
        """
        minutes = None if training.minutes is None else training.minutes * self.share
        shorter = replace(
            training, epochs=training.epochs * self.share, minutes=minutes, seed=self.seed
        )
        return [replace(shorter, learning_rate=rate) for rate in self.learning_rates]


def sweep_from_json(values: Mapping[str, Any]) -> Sweep:
    """Return the sweep that a plan or a design wrote down; ToktoolsError at an unknown key."""
    if "learning_rates" not in values:
        raise ToktoolsError("a sweep needs learning_rates: the rates to try; give two or more")
    rates = values["learning_rates"]
    if not isinstance(rates, list | tuple) or any(type(r) not in (int, float) for r in rates):
        raise ToktoolsError(f"learning_rates must be a list of numbers, got {rates!r}")
    return from_json(Sweep, {**values, "learning_rates": tuple(rates)})


def best_rate(trials: list[Json]) -> float:
    """Return the rate with the fewest validation bits per byte; ties: the first.

    Raises: ToktoolsError if training diverged in every trial.
    Example:
        >>> bits = ((0.1, 2.5), (0.2, 2.0), (0.4, None))
        >>> best_rate([{"learning_rate": r, "validation_bits_per_byte": b} for r, b in bits])
        0.2
    """
    finished = [trial for trial in trials if trial["validation_bits_per_byte"] is not None]
    if not finished:
        rates = [trial["learning_rate"] for trial in trials]
        raise ToktoolsError(f"training diverged at every learning rate of {rates}; try lower ones")
    best = min(finished, key=lambda trial: trial["validation_bits_per_byte"])
    return best["learning_rate"]


def trial_folder(trials: Path, training: TrainingConfig, given: Json) -> Path:
    """Return where a trial stands: under a digest of its training and all else it depends on."""
    record = json.dumps([vars(training), given], sort_keys=True)
    digest = hashlib.sha256(record.encode()).hexdigest()[:12]
    return trials / f"rate-{training.learning_rate:g}-{digest}"
