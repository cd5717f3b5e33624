"""What a training on the command line goes on from: nothing, a run to be resumed or fine-tuned."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_lm.commands.options import CORPUS_OPTIONS, own_corpus, was_given
from lstm_lm.runs.backends import backend_of
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from toktools.corpus import Corpus
    from toktools.tokenizer import Tokenizer


@dataclass(frozen=True)
class Begun:
    """What a training goes on from: all of it empty but corpus and backend where it is new.

    Attributes:
        command: what was chosen on the command line. fine_tuned: the run to begin with.
    """

    corpus: Corpus
    backend: str
    tokenizer: Tokenizer | None = None
    prompts: tuple[str, ...] = ()
    model: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    command: dict[str, Any] = field(default_factory=dict)
    fine_tuned: str | None = None


def take_up(output: Path, corpus: Corpus, chosen: dict[str, Any]) -> Begun:
    """Open a run to be resumed, with its corpus and tokenizer; check what was typed."""
    from lstm_lm.runs.directory import RunDirectory
    from lstm_lm.runs.fine_tuning import KEY

    recorded = RunDirectory(output).read_config()
    for name, value in recorded.get("command", {}).items():
        typed = list(chosen[name]) if isinstance(chosen[name], tuple) else chosen[name]
        if was_given(name) and typed != value:
            raise ToktoolsError(
                f"a resumed run goes on as it was: --{name.replace('_', '-')} was {value!r}, "
                f"got {typed!r}; leave it out, or start another run"
            )
    origin = recorded.get(KEY) or {}
    return _opened(output, corpus, recorded, recorded["training"], origin.get("run"))


def fine_tune(source: Path, corpus: Corpus, settings: dict[str, Any]) -> Begun:
    """Open a run to be fine-tuned, with its corpus and tokenizer; check what was typed.

    Args: settings: the options of model and training; one that was not given is None.
    """
    from lstm_lm.config import TrainingConfig, from_json, to_json
    from lstm_lm.runs.directory import RunDirectory
    from lstm_lm.runs.fine_tuning import fine_tuning_of

    for name in ("preset", "tokenizer", "vocab_size", "tokenizer_option", "backend"):
        if was_given(name):
            raise ToktoolsError(
                f"--fine-tune begins with all that belongs to the run; "
                f"leave out --{name.replace('_', '-')}"
            )
    recorded = RunDirectory(source).read_config()
    if backend_of(recorded) != "torch":
        raise ToktoolsError("--fine-tune is for runs of --backend torch")
    before = from_json(TrainingConfig, recorded["training"])
    if before.optimizer not in ("sgd", "nt-asgd") and settings["learning_rate"] is None:
        raise ToktoolsError(
            f"a fine-tuning is made of plain steps, for which the rate of {before.optimizer} is "
            "none; give --learning-rate"
        )
    training = to_json(fine_tuning_of(before))
    if settings["epochs"] is not None:
        training["minutes"] = None
    return _opened(source, corpus, recorded, training, str(source))


def _opened(
    path: Path,
    corpus: Corpus,
    recorded: dict[str, Any],
    training: dict[str, Any],
    fine_tuned: str | None,
) -> Begun:
    """Return what a run has to go on from; the corpus is its own unless another was typed."""
    from lstm_lm.runs.directory import RunDirectory
    from toktools import load

    return Begun(
        corpus=corpus if was_given(*CORPUS_OPTIONS) else own_corpus(recorded),
        backend=backend_of(recorded),
        tokenizer=load(RunDirectory(path).tokenizer),
        prompts=tuple(recorded["prompts"]),
        model=recorded["model"],
        training=training,
        command=recorded.get("command", {}),
        fine_tuned=fine_tuned,
    )
