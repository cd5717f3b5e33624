"""What a run is asked to do: one frozen dataclass for the model, one for its training.

Each field carries its own help text, from which the command line builds its options; so a default
is written once. JSON goes both ways, and an unknown key is refused with the closest name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from toktools.errors import ToktoolsError, lookup

BATCHINGS = ("stream", "sentence")
SCHEDULES = ("cosine", "constant")
STRATEGIES = ("argmax", "top-k", "sample")

Config = TypeVar("Config", "ModelConfig", "TrainingConfig")


def setting(default: Any, text: str, *, choices: tuple[str, ...] = ()) -> Any:
    """Return a dataclass field that knows its help text and its choices."""
    return field(default=default, metadata={"help": text, "choices": choices})


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The shape of a language model; its vocabulary comes from the tokenizer.

    Raises: ToktoolsError if a size is below 1, dropout lies outside [0, 1), or a tied model has
            unequal sizes.
    """

    embedding_size: int = setting(200, "Length of a token's vector.")
    hidden_size: int = setting(200, "Units in each recurrent layer.")
    n_layers: int = setting(2, "Recurrent layers.")
    dropout: float = setting(0.2, "Share of activations dropped in training, at every layer.")
    tied: bool = setting(False, "Use one matrix for the embedding and for the output layer.")

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("embedding_size", "hidden_size", "n_layers"):
            at_least(self, name, 1)
        if not 0 <= self.dropout < 1:
            raise ToktoolsError(f"dropout must be in [0, 1), got {self.dropout}")
        if self.tied and self.embedding_size != self.hidden_size:
            raise ToktoolsError(
                "tied needs embedding_size == hidden_size (one matrix serves both), "
                f"got {self.embedding_size} and {self.hidden_size}; make them equal or untie"
            )


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


def at_least(config: object, name: str, least: int) -> None:
    """Raise ToktoolsError if the field `name` is below `least`."""
    if getattr(config, name) < least:
        raise ToktoolsError(f"{name} must be >= {least}, got {getattr(config, name)}")


def one_of(config: object, name: str, choices: tuple[str, ...]) -> None:
    """Raise ToktoolsError, with the closest name, if the field `name` is none of `choices`."""
    lookup(getattr(config, name), dict.fromkeys(choices), what=name)


def check_types(config: Any) -> None:
    """Raise ToktoolsError at a value not of its field's declared type; int counts as float."""
    for item in dataclasses.fields(config):
        value, declared = getattr(config, item.name), str(item.type)
        if value is None and declared.endswith("| None"):
            continue
        wanted = declared.removesuffix(" | None")
        allowed = {"int": int, "float": (int, float), "bool": bool, "str": str}[wanted]
        if not isinstance(value, allowed) or (isinstance(value, bool) and wanted != "bool"):
            raise ToktoolsError(f"{item.name} must be of type {wanted}, got {value!r}")


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
