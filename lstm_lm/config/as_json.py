"""Configurations as JSON and back: an unknown key is refused with the closest name."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from toktools.errors import lookup

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Config = TypeVar("Config", bound="DataclassInstance")


def to_json(config: DataclassInstance) -> dict[str, Any]:
    """Return the configuration as a dict that JSON can hold."""
    return dataclasses.asdict(config)


def from_json(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """Build a configuration from what `to_json` gave; absent fields take their defaults.

    Raises: ToktoolsError at an unknown key, with the closest name, or at a bad value.
    Example:
        >>> from lstm_lm.config import ModelConfig
        >>> from_json(ModelConfig, {"n_layers": 1}).hidden_size
        200
    """
    known = {item.name: item for item in dataclasses.fields(kind)}
    for name in values:
        lookup(name, known, what=f"field of {kind.__name__}")
    return kind(**values)
