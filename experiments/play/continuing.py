"""What each model expects next after a text, and the text that it writes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from experiments.play.opening import Entry
from lstm_lm.config import SamplingConfig
from lstm_lm.config.sampling import BEAM, STRATEGIES
from toktools.errors import ToktoolsError
from toktools.metrics.segments import added_text

T = TypeVar("T")
MOST_TOKENS = 500
OFFERED = tuple(name for name in STRATEGIES if name not in BEAM)
"""The strategies that show a text as it grows; a beam shows nothing until it is done."""
PROMPT_SHOWN = 160
"""So much of the end of the prompt stands before what is written."""


@dataclass(frozen=True, kw_only=True)
class Likely:
    """A token that may follow: what it adds to a text, its id, its name, its probability."""

    shown: str
    id: int
    token: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What one model expects, the likeliest first. error: why there is nothing."""

    name: str
    likely: tuple[Likely, ...] = ()
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """What one model has written so far.

    Attributes:
        name: of the entry. prompt: the end of what it was given, as it read that. text: what it has
        written. going: whether more may come. error: why it stopped.
    """

    name: str
    prompt: str
    text: str = ""
    going: bool = True
    error: str = ""


def settings(**values: Any) -> SamplingConfig:
    """Return the settings of the page's controls; None stands for what was left empty.

    Raises: ToktoolsError at a value out of range, or a strategy that shows nothing as it goes.
    Example:
        >>> settings(strategy="top-k", k=3, n_tokens=20, seed=None).title
        'top-k, k = 3, seed 0'
    """
    given = {name: value for name, value in values.items() if value is not None}
    types = {name: type(default) for name, default in vars(SamplingConfig()).items()}
    for name, value in given.items():
        whole = isinstance(value, float) and value.is_integer()
        if types[name] is int and whole:
            given[name] = int(value)
        elif types[name] is float and type(value) is int:
            given[name] = float(value)
    config = SamplingConfig(**given)
    if config.parts[1] in BEAM:
        raise ToktoolsError("beam shows nothing until it is done; use lstm_lm sample -s beam")
    if config.limit > MOST_TOKENS:
        raise ToktoolsError(f"length must be at most {MOST_TOKENS} tokens, got {config.limit:,}")
    return config


def expect(entries: Iterable[Entry], text: str, n: int = 8) -> list[Expectation]:
    """Return the `n` likeliest tokens after a readable text under each model among the entries."""
    return [_expect(entry, text, n) for entry in entries if entry.run is not None]


def _expect(entry: Entry, text: str, n: int) -> Expectation:
    assert entry.run is not None
    tokenizer = entry.tokenizer
    try:
        found = entry.run.next_tokens(entry.read(text), n)
    except ToktoolsError as e:
        return Expectation(name=entry.name, error=str(e))
    likely = (
        Likely(
            shown=added_text(tokenizer, id) or token,
            id=id,
            token=token,
            probability=probability,
        )
        for id, token, probability in found
    )
    return Expectation(name=entry.name, likely=tuple(likely))


def continue_by_all(
    entries: Iterable[Entry], text: str, config: SamplingConfig
) -> Iterator[list[Continuation]]:
    """Yield, token by token, what every model has written so far; they write in turn.

    Closing the iterator stops them. A model that fails says why, and the others go on.

    Args: text: a readable one. Entries without a model are passed over.
    """
    models = [entry for entry in entries if entry.run is not None]
    streams = [_pieces(entry, text, config) for entry in models]
    made = [Continuation(name=e.name, prompt=e.read(text)[-PROMPT_SHOWN:]) for e in models]
    yield list(made)
    while any(one.going for one in made):
        for i, stream in enumerate(streams):
            if made[i].going:
                made[i] = _grown(made[i], stream)
        yield list(made)


def _pieces(entry: Entry, text: str, config: SamplingConfig) -> Iterator[str]:
    """Yield what a model writes; nothing is read before the first piece is asked for."""
    assert entry.run is not None
    yield from entry.run.stream(entry.read(text), **vars(config))


def _grown(one: Continuation, stream: Iterator[str]) -> Continuation:
    """Return a continuation with one more piece, or ended."""
    try:
        return replace(one, text=one.text + next(stream))
    except StopIteration:
        return replace(one, going=False)
    except ToktoolsError as e:
        return replace(one, going=False, error=str(e))


def at_intervals(states: Iterable[T], seconds: float) -> Iterator[T]:
    """Yield the first of `states`, then the newest whenever `seconds` have passed, and the last.

    Example:
        >>> list(at_intervals(range(1000), 60.0))
        [0, 999]
    """
    shown: Sequence[T] = ()
    newest: Sequence[T] = ()
    due = time.monotonic()
    for state in states:
        newest = (state,)
        if time.monotonic() >= due:
            shown, due = newest, time.monotonic() + seconds
            yield state
    if newest is not shown:
        yield from newest
