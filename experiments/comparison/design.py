"""A comparison as one file of TOML: read to a plan, and a plan written down.

    tokenizers = ["word", "bpe:2000"]      # or tables [[tokenizer]]: name, vocab_size, its options
    seeds = [0, 1, 2]                      # and prompts, analogies, context_bytes, sample_bytes
    [corpus]                               # the arguments of toktools.open_corpus
    [model]                                # the fields of lstm_lm.ModelConfig
    [training]                             # the fields of lstm_lm.TrainingConfig
    [budget]                               # equal, amount, adjust
    [sweep]                                # learning_rates, share, seed

What is left out has the default that it has on the command line.
"""

from __future__ import annotations

import inspect
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from experiments.comparison.budgets import Budget
from experiments.comparison.plan import TRAINING, Plan, TokenizerSpec
from experiments.comparison.sweep import sweep_from_json
from lstm_lm.config import ModelConfig, TrainingConfig, from_json, to_json
from lstm_lm.files import write_text
from toktools.corpus import open_corpus
from toktools.errors import ToktoolsError, lookup

SECTIONS = ("corpus", "model", "training", "budget", "sweep")
LISTS = ("seeds", "prompts", "analogies")
NUMBERS = ("context_bytes", "sample_bytes")
KEYS = ("tokenizers", "tokenizer", *LISTS, *NUMBERS, *SECTIONS)


def read_design(path: str | Path) -> Plan:
    """Return the plan that a file of TOML describes.

    Raises: ToktoolsError, with the file, at what is no TOML, an unknown key, with the closest name,
            or a value that cannot be.
    """
    path = Path(path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as e:
        raise ToktoolsError(f"{path}: not TOML: {e}") from e
    except (OSError, UnicodeDecodeError) as e:
        raise ToktoolsError(f"{path}: cannot be read: {e}") from e
    try:
        return plan_from(values)
    except ToktoolsError as e:
        raise ToktoolsError(f"{path}: {e}") from e


def plan_from(values: Mapping[str, Any]) -> Plan:
    """Return the plan that the values of a design describe.

    Example:
        >>> plan = plan_from({"tokenizers": ["byte"], "corpus": {"source": "anbn"}, "seeds": [7]})
        >>> plan.seeds, plan.tokenizers[0].title, plan.held_equal
        ((7,), 'byte', '10 passes over the training text')
    """
    for key in values:
        lookup(key, dict.fromkeys(KEYS), what="key of a design")
    sections = {name: _of(values, name, dict, "a table") for name in SECTIONS}
    corpus = {"source": "python-docs", **sections["corpus"]}
    for key in corpus:
        lookup(key, inspect.signature(open_corpus).parameters, what="key of [corpus]")
    given: dict[str, Any] = {name: tuple(_of(values, name, list, "a list")) for name in LISTS}
    given |= {name: _of(values, name, int, "a number") for name in NUMBERS}
    for name in LISTS:
        kind, what = (int, "whole numbers") if name == "seeds" else (str, "texts")
        if any(type(value) is not kind for value in given[name]):
            raise ToktoolsError(f"{name} must be {what}, got {list(given[name])}")
    return Plan(
        corpus=open_corpus(**corpus).describe(),
        tokenizers=_tokenizers(values),
        model=from_json(ModelConfig, sections["model"]),
        training=from_json(TrainingConfig, to_json(TRAINING) | _training(sections["training"])),
        budget=from_json(Budget, sections["budget"]),
        sweep=sweep_from_json(sections["sweep"]) if sections["sweep"] else None,
        **{name: value for name, value in given.items() if name in values},
    )


def write_design(plan: Plan, path: str | Path) -> None:
    """Write a plan as TOML; `read_design` gives the same plan."""
    write_text(Path(path), design_of(plan))


def design_of(plan: Plan) -> str:
    """Return a plan as TOML, what has its default left out of [model] and [training]."""
    values = plan.to_json()
    lines = [_line(name, values[name]) for name in ("tokenizers", *LISTS, *NUMBERS)]
    defaults = {"model": vars(ModelConfig()), "training": vars(TRAINING)}
    for section in SECTIONS:
        known = defaults.get(section, {})
        of_section = {
            name: value
            for name, value in (values[section] or {}).items()
            if value is not None and value != {} and not (name in known and known[name] == value)
        }
        of_section = {n: v for n, v in of_section.items() if (section, n) not in _SET_BY_PLAN}
        if of_section:
            lines += ["", f"[{section}]", *(_line(*item) for item in of_section.items())]
    return "\n".join(lines) + "\n"


_SET_BY_PLAN = {("training", "bptt"), ("training", "seed")}
"""What context_bytes and seeds decide for each run."""


def _training(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section; ToktoolsError at what the plan itself sets for each run."""
    for name, instead in (("bptt", "context_bytes"), ("seed", "seeds")):
        if name in section:
            raise ToktoolsError(f"{name} of [training] differs from run to run; give {instead}")
    return dict(section)


def _of(values: Mapping[str, Any], name: str, kind: type, what: str) -> Any:
    """Return one value, empty if it is left out; ToktoolsError if it is of another kind."""
    value = values.get(name, kind())
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ToktoolsError(f"{name} must be {what}, got {value!r}")
    return value


def _tokenizers(values: Mapping[str, Any]) -> tuple[TokenizerSpec, ...]:
    """Return what is compared: the specs of `tokenizers` and of every [[tokenizer]]."""
    specs = _of(values, "tokenizers", list, "a list of specs such as 'bpe:2000'")
    tables = _of(values, "tokenizer", list, "tables, each [[tokenizer]]")
    if not all(isinstance(spec, str) for spec in specs):
        raise ToktoolsError(f"tokenizers must be a list of specs such as 'bpe:2000', got {specs}")
    return tuple(map(TokenizerSpec, [*specs, *map(_spec, tables)]))


def _spec(table: Any) -> str:
    """Return a [[tokenizer]] as one types it.

    Example:
        >>> _spec({"name": "wordpiece", "vocab_size": 800, "criterion": "likelihood"})
        'wordpiece:800,criterion=likelihood'
    """
    if not isinstance(table, dict) or not isinstance(table.get("name"), str):
        raise ToktoolsError(f"a [[tokenizer]] needs a name, got {table}; give name = 'bpe'")
    options = {key: value for key, value in table.items() if key not in ("name", "vocab_size")}
    parts = [str(table["vocab_size"])] if "vocab_size" in table else []
    parts += [
        f"{key}={value if isinstance(value, str) else json.dumps(value)}"
        for key, value in options.items()
    ]
    return table["name"] + (":" + ",".join(parts) if parts else "")


def _line(name: str, value: Any) -> str:
    return f"{_key(name)} = {_toml(value)}"


def _key(name: str) -> str:
    """Return a key, in quotes if TOML wants them."""
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else _toml(name)


def _toml(value: Any) -> str:
    """Return a str, number, list or table of these in TOML, on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_line(*item) for item in value.items()) + " }"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
