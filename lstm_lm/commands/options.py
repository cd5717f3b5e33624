"""Options of the command line that are made from other things: configurations and tokenizers.

Imports no torch, so that `--help` is quick.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from toktools.errors import ToktoolsError, lookup

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from toktools.corpus import Corpus
    from toktools.tokenizer import Tokenizer

Settings = TypeVar("Settings", bound="DataclassInstance")
_TYPES: dict[str, Any] = {"int": int, "float": float, "str": str}
_VALUES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "str": (str,),
    "None": (NoneType,),
}
_NOT_OPTIONS = ("corpus", "special_tokens", "progress")
CORPUS_OPTIONS = ("source", "field", "where", "documents", "errors", "normalize", "limit")


def config_options(
    *kinds: type, without: Iterable[str] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that gives a command one option for each field of these dataclasses.

    Fields named in `without` get none. A name that several dataclasses have is one option: with the
    help text of the first, and the choices of all.

    An option that was not given is None, so that a resumed run can tell.
    """
    fields: dict[str, list[dataclasses.Field[Any]]] = {}
    for item in (item for kind in kinds for item in dataclasses.fields(kind)):
        if item.name not in without:
            fields.setdefault(item.name, []).append(item)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for items in reversed(fields.values()):
            command = _option(items)(command)
        return command

    return decorate


def _option(items: list[dataclasses.Field[Any]]) -> Callable[..., Any]:
    """Return the click option for the fields of one name."""
    item = items[0]
    flag = "--" + item.name.replace("_", "-")
    if item.type == "bool":
        flag += "/--no-" + item.name.replace("_", "-")
    choices = list(dict.fromkeys(choice for i in items for choice in i.metadata["choices"]))
    kind = click.Choice(choices) if choices else _TYPES.get(str(item.type).split(" | ")[0])
    default = "" if item.default is None else f"  [default: {_written(item.default)}]"
    return click.option(
        flag, item.name, type=kind, default=None, help=item.metadata["help"] + default
    )


def _written(default: Any) -> str:
    """Return a default as one would type it."""
    return {True: "on", False: "off"}[default] if isinstance(default, bool) else str(default)


def config_from(kind: type[Settings], given: dict[str, Any], base: dict[str, Any]) -> Settings:
    """Return the configuration with what was given (not None) on the command line over `base`."""
    names = [item.name for item in dataclasses.fields(kind)]
    chosen = {name: given[name] for name in names if given.get(name) is not None}
    return kind(**{**base, **chosen})


def check_options(given: dict[str, Any], kinds: Iterable[type], *, backend: str) -> None:
    """Raise ToktoolsError if an option was given that none of the backend's dataclasses has."""
    known = {item.name for kind in kinds for item in dataclasses.fields(kind)}
    for name, value in given.items():
        if value is not None and name not in known:
            raise ToktoolsError(
                f"--{name.replace('_', '-')} is not an option of --backend {backend}; leave it out"
            )


def was_given(*names: str) -> bool:
    """Whether any of these parameters of the running command was typed by the user."""
    context = click.get_current_context()
    return any(
        context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        for name in names
    )


def describe_default(command: click.Command, name: str, text: str) -> None:
    """Make `--help` show `text` as the default of a parameter."""
    for parameter in command.params:
        if parameter.name == name and isinstance(parameter, click.Option):
            parameter.show_default = text


def own_corpus(config: dict[str, Any]) -> Corpus:
    """Open the corpus that a run was trained on."""
    from toktools.corpus import open_corpus

    if not config["corpus"]:
        raise ToktoolsError("this run's text was given in memory; name a text with --corpus")
    return open_corpus(**config["corpus"])


def tokenizer_choice(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which tokenizer: see `make_tokenizer`."""
    options = (
        click.option(
            *("--tokenizer", "-t"),
            default="bpe",
            show_default=True,
            metavar="NAME|PATH",
            help="word, character, byte, bpe, wordpiece, sentencepiece or a plug-in's name, to be "
            "trained on the train split; or a file: tokenizer.json (anybody's), .model, .tiktoken.",
        ),
        click.option(
            "--vocab-size", type=int, help="Tokens in the vocabulary, special ones included."
        ),
        click.option(
            "--tokenizer-option",
            multiple=True,
            metavar="KEY=VALUE",
            help="An option of the tokenizer's training function. May be repeated.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def make_tokenizer(
    name: str, corpus: Iterable[str], *, vocab_size: int | None, options: Iterable[str]
) -> Tokenizer:
    """Train the tokenizer of that name on `corpus`, or open the file of that name.

    Args:   options: "key=value" strings for the training function; values are read as JSON where
            they are JSON, else as text.
    Raises: ToktoolsError at an unknown name or option, or options for a tokenizer that is trained.
    """
    from toktools.formats.opening import is_file_name
    from toktools.registry import names

    if name not in names() and (Path(name).exists() or is_file_name(name) or "/" in name):
        from toktools import load

        if vocab_size is not None or list(options):
            raise ToktoolsError(
                f"{name} is trained already; leave out --vocab-size and --tokenizer-option"
            )
        return load(name)
    from toktools.registry import trainer

    function = trainer(name)
    return function(corpus, **tokenizer_options(name, function, vocab_size, options))


def tokenizer_options(
    name: str, function: Callable[..., Any], vocab_size: int | None, options: Iterable[str]
) -> dict[str, Any]:
    """Return the keyword arguments for a training function; ToktoolsError at one it has not."""
    known = {
        key: parameter
        for key, parameter in inspect.signature(function).parameters.items()
        if key not in _NOT_OPTIONS
    }
    open_ended = any(p.kind is p.VAR_KEYWORD for p in known.values())
    chosen: dict[str, Any] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise ToktoolsError(f"--tokenizer-option must be KEY=VALUE, got {option!r}")
        key = key.replace("-", "_")
        if not open_ended:
            lookup(key, known, what=f"option of the {name} tokenizer")
        annotation = known[key].annotation if key in known else "Any"
        chosen[key] = _value(key, value, str(annotation))
    if vocab_size is not None:
        sizes = [key for key in ("vocab_size", "max_vocab") if key in known]
        if not sizes:
            raise ToktoolsError(
                f"the {name} tokenizer has a vocabulary of fixed size; leave out --vocab-size"
            )
        chosen[sizes[0]] = vocab_size
    return chosen


def _value(key: str, text: str, annotation: str) -> Any:
    """Return `text` as a value; ToktoolsError if it is not of the annotated type."""
    wanted = annotation.split(" | ")
    try:
        value = text if wanted == ["str"] else json.loads(text)
    except json.JSONDecodeError:
        value = {"True": True, "False": False, "None": None}.get(text, text)
    simple = set(wanted) <= set(_VALUES)
    allowed = tuple(t for name in wanted for t in _VALUES.get(name, ()))
    if simple and (not isinstance(value, allowed) or (type(value) is bool and bool not in allowed)):
        raise ToktoolsError(f"{key} must be of type {annotation}, got {text!r}")
    return value
