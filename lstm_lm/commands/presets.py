"""Presets on the command line: `--preset NAME` in front of all other options, and their list."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from lstm_lm.presets import EXPERIMENTS, PRESETS, Preset, preset
from toktools.errors import ToktoolsError


def defaults_of(chosen: Preset) -> dict[str, Any]:
    """Return a preset as values of the options of `lstm_lm train`, by parameter name.

    The corpus becomes none: a preset says how to read its text, not where it is.
    """
    reading = dict(chosen.reading)
    where = [f"{key}={value}" for key, value in reading.pop("where", {}).items()]
    reading["normalize"] = ",".join(reading.pop("normalize", ()))
    return {
        "source": [],
        "where": where,
        **reading,
        "tokenizer": chosen.tokenizer,
        "tokenizer_option": [f"{key}={value}" for key, value in chosen.tokenizer_options.items()],
        "prompt": list(chosen.prompts),
        "backend": chosen.backend,
        **_changed(chosen.model),
        **_changed(chosen.training),
    }


def _changed(config: Any) -> dict[str, Any]:
    """Return the fields of a configuration that differ from their defaults."""
    return {
        item.name: getattr(config, item.name)
        for item in dataclasses.fields(config)
        if getattr(config, item.name) != item.default
    }


def _use(context: click.Context, parameter: click.Parameter, name: str | None) -> str | None:
    """Make the preset's values the defaults of the command; what is typed wins over them."""
    if name is None:
        return None
    if name in EXPERIMENTS:
        raise ToktoolsError(
            f"preset {name} trains a network of its own; run it with: "
            f"python -m experiments reproduce {name}"
        )
    context.default_map = {**(context.default_map or {}), **defaults_of(preset(name))}
    return name


preset_option = click.option(
    "--preset",
    metavar="NAME",
    is_eager=True,
    callback=_use,
    help="Begin with all options of a described training (lstm_lm presets lists them); those given "
    "beside it win.",
)
"""A decorator for a command whose options a preset may set."""


@click.command()
def presets() -> None:
    """List the presets: trainings that others have described, complete but for the text.

    \b
    Example:
      lstm_lm presets
      lstm_lm train --preset ptb-small -c ptb/ -o runs/ptb-small
    """
    width = max(map(len, [*PRESETS, *EXPERIMENTS]))
    for name, function in PRESETS.items():
        click.echo(f"{name:{width}}  {function().summary}")
    for name in EXPERIMENTS:
        click.echo(f"{name:{width}}  python -m experiments reproduce {name}")
