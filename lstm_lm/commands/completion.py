"""`lstm_lm complete`: type the beginning of a sentence, and the model finishes it.

What a line means is `Completion`'s matter, which is given a line and yields text; where lines come
from, and what Ctrl-C and Ctrl-D do, is decided around it.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_lm.commands.options import config_from
from lstm_lm.commands.sampling import sampling_options, write
from lstm_lm.config import SamplingConfig
from lstm_lm.config.sampling import STRATEGIES
from toktools.command_line import INTERRUPTED, say
from toktools.errors import ToktoolsError, lookup

if TYPE_CHECKING:
    from lstm_lm.numpy_lm.run import NumpyRun
    from lstm_lm.runs.run import Run

HELP = """\
Type the beginning of a text; Enter lets the model finish it. An empty line begins from nothing.
  :strategy NAME [VALUE]   top-k 5, top-p 0.9, min-p 0.1, typical 0.9, argmax, sample, ...
  :temperature X           below 1 bolder, above 1 wilder
  :length N                new tokens at most
  :seed N                  other random numbers; they change after each text by themselves
  :next N                  show so many likely next tokens before a text; 0: none
  :settings                show what is set
  :help   :quit            Ctrl-C stops a text, Ctrl-D leaves
"""


class Completion:
    """Answers lines: with a text finished, or with a setting changed.

    Args: run: any opened run. config: how to begin. n_next: likely tokens to show.
    """

    def __init__(self, run: Run | NumpyRun, config: SamplingConfig, *, n_next: int = 5) -> None:
        self._run, self.config, self._n_next = run, config, n_next
        self._commands: dict[str, Callable[[str], Iterator[str]]] = {
            "strategy": self._strategy,
            "temperature": lambda text: self._set(temperature=_number(text)),
            "length": lambda text: self._set(n_tokens=_whole(text)),
            "seed": lambda text: self._set(seed=_whole(text)),
            "next": self._next,
            "settings": lambda _: iter([f"{self._settings()}\n"]),
            "help": lambda _: iter([HELP]),
        }

    def answer(self, line: str) -> Iterator[str]:
        """Yield what to print in answer to a line, piece by piece.

        Raises: ToktoolsError at a command or a value that is none; EOFError at ":quit".
        """
        if not line.startswith(":"):
            yield from self._finish(line)
            return
        name, _, argument = line[1:].strip().partition(" ")
        if name in ("quit", "q", "exit"):
            raise EOFError
        yield from lookup(name, self._commands, what="command")(argument.strip())

    def _finish(self, prompt: str) -> Iterator[str]:
        """Yield the likely next tokens, then the text; the next text gets another seed."""
        from lstm_lm.sampling.prompts import unknown_note

        note = unknown_note(self._run.tokenizer, prompt)
        if note:
            yield f"{note}\n"
        if self._n_next:
            likely = self._run.next_tokens(prompt, self._n_next)
            yield "next: " + "  ".join(f"{n.token} {n.probability:.1%}" for n in likely) + "\n"
        settings = vars(self.config)
        self.config = dataclasses.replace(self.config, seed=self.config.seed + 1)
        yield prompt
        yield from self._run.stream(prompt, **settings)
        yield "\n"

    def _strategy(self, text: str) -> Iterator[str]:
        """Set the strategy and, if it reads one, its number."""
        name, _, value = text.partition(" ")
        parts = dataclasses.replace(self.config, strategy=name).parts
        if not value:
            return self._set(strategy=name)
        read = [setting for part in (*parts[0], parts[1]) for setting in STRATEGIES[part]]
        if len(read) != 1 and name != "beam":
            raise ToktoolsError(f"{name!r} takes no single number, got {value!r}; leave it out")
        number = _whole(value) if read[0] in ("k", "beams") else _number(value)
        return self._set(strategy=name, **{read[0]: number})

    def _next(self, text: str) -> Iterator[str]:
        """Set how many likely next tokens are shown."""
        self._n_next = _whole(text)
        yield f"{self._settings()}\n"

    def _set(self, **settings: Any) -> Iterator[str]:
        """Change settings and say what is set now."""
        self.config = dataclasses.replace(self.config, **settings)
        return iter([f"{self._settings()}\n"])

    def _settings(self) -> str:
        config = self.config
        return (
            f"{config.title}; temperature {config.temperature:g}, length {config.limit}, "
            f"next {self._n_next}"
        )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ToktoolsError(f"a number is needed, got {text!r}") from None


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise ToktoolsError(f"a whole number is needed, got {text!r}")
    return int(text)


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(*("--strategy", "-s"), help="How to begin: see lstm_lm sample.  [default: top-k]")
@sampling_options
@click.option("--next", "n_next", default=5, show_default=True, help="Likely next tokens to show.")
@click.option(
    "--history",
    type=click.Path(path_type=Path),
    help="Where typed lines are kept.  [default: in the user's configuration folder]",
)
def complete(run: Path, n_next: int, history: Path | None, **settings: Any) -> None:
    """Finish sentences as you type their beginnings; :help tells what can be changed.

    Reads lines from a pipe too, and answers each.

    \b
    Example:
      lstm_lm complete runs/bpe
      lstm_lm complete runs/bpe --strategy top-p --p 0.9 --temperature 0.8 -n 30
      echo "the president" | lstm_lm complete runs/bpe --next 0
    """
    config = config_from(SamplingConfig, settings, {"strategy": "top-k"})
    from lstm_lm.runs.backends import load

    completion = Completion(load(run), config, n_next=n_next)
    if sys.stdin.isatty():
        say(f"{run}: {config.title}. Type the beginning of a text, or :help.")
        lines = typed_lines(history or Path(click.get_app_dir("lstm_lm")) / "complete-history")
    else:
        lines = (line.rstrip("\n") for line in sys.stdin)
    try:
        for line in lines:
            _answer(completion, line, interactive=sys.stdin.isatty())
    except EOFError:
        return
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None


def _answer(completion: Completion, line: str, *, interactive: bool) -> None:
    """Print the answer to a line; at a terminal a mistake or Ctrl-C ends the answer only."""
    try:
        for piece in completion.answer(line):
            write(piece)
    except ToktoolsError as e:
        if not interactive:
            raise
        say(f"error: {e}")
    except KeyboardInterrupt:
        if not interactive:
            raise
        write("\n")


def typed_lines(history: Path) -> Iterator[str]:
    """Yield the lines that a person types, with history; Ctrl-C clears a line, Ctrl-D ends."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import FileHistory

    history.parent.mkdir(parents=True, exist_ok=True)
    session: PromptSession[str] = PromptSession("> ", history=FileHistory(str(history)))
    while True:
        try:
            yield session.prompt()
        except KeyboardInterrupt:
            say("(Ctrl-D leaves)")
        except EOFError:
            return
