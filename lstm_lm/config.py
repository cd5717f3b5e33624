"""What a run is asked to do: one frozen dataclass for the model, one for its training.

`ModelConfig` has a file of its own. JSON goes both ways, and an unknown key is refused with the
closest name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from lstm_lm.model_config import ModelConfig
from lstm_lm.settings import at_least, check_types, one_of, setting
from toktools.errors import ToktoolsError, lookup

BATCHINGS = ("stream", "sentence")
SCHEDULES = ("cosine", "constant")
STRATEGIES = ("argmax", "top-k", "sample")

Config = TypeVar("Config", "ModelConfig", "TrainingConfig")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How a language model is trained. Progress runs from 0 to 1 over the budget.

    The budget is `epochs`, or `minutes` of training time (validation not counted) when given.

    Raises: ToktoolsError if a value is out of range.
    """

    batching: str = setting(
        "stream",
        "stream: documents in order, end to end, state carried. sentence: each document alone.",
        choices=BATCHINGS,
    )
    batch_size: int = setting(32, "Rows in a batch.")
    bptt: int = setting(64, "Steps through which gradients flow.")
    epochs: float = setting(10.0, "Budget: passes over the training split; may be a fraction.")
    minutes: float | None = setting(None, "Budget in minutes of training time instead of epochs.")
    learning_rate: float = setting(2e-3, "Adam's learning rate at the start.")
    schedule: str = setting("cosine", "cosine: falls to 0 over the budget.", choices=SCHEDULES)
    clip_norm: float = setting(1.0, "Largest norm of the gradient; longer ones are scaled down.")
    n_validations: int = setting(10, "Validations, evenly spaced over the budget.")
    validation_bytes: int | None = setting(
        None, "Validate during training on the first documents of this many bytes; default: all."
    )
    seed: int = setting(0, "Seed of initial weights, dropout and shuffling.")

    def __post_init__(self) -> None:
        check_types(self)
        one_of(self, "batching", BATCHINGS)
        one_of(self, "schedule", SCHEDULES)
        for name in ("batch_size", "bptt"):
            at_least(self, name, 1)
        for name in ("n_validations", "seed"):
            at_least(self, name, 0)
        for name in ("epochs", "minutes", "learning_rate", "clip_norm", "validation_bytes"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ToktoolsError(f"{name} must be > 0 and finite, got {value}")


def to_json(config: ModelConfig | TrainingConfig) -> dict[str, Any]:
    """Return the configuration as a dict that JSON can hold."""
    return dataclasses.asdict(config)


def from_json(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """Build a configuration from what `to_json` gave; absent fields take their defaults.

    Raises: ToktoolsError at an unknown key, with the closest name, or at a bad value.
    Example:
        >>> from_json(ModelConfig, {"n_layers": 1}).hidden_size
        200
    """
    known = {item.name: item for item in dataclasses.fields(kind)}
    for name in values:
        lookup(name, known, what=f"field of {kind.__name__}")
    return kind(**values)
