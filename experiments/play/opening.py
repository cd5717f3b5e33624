"""What the playground is given: tokenizers, trained or to be trained, and runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.comparison.plan import TokenizerSpec
from toktools.corpus.normalization import normalizer
from toktools.errors import ToktoolsError, lookup
from toktools.formats.opening import is_file_name
from toktools.registry import names
from toktools.tokenizer import Tokenizer

if TYPE_CHECKING:
    from lstm_lm.runs.opened import OpenRun
    from toktools.corpus import Corpus


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One column of the playground.

    Attributes:
        name: as it was named on the command line. tokenizer: what cuts.
        run: the model and all that belongs to it; None for a tokenizer alone.
        rewriting: names of what was done to the run's own text, and is done to what is typed.
    """

    name: str
    tokenizer: Tokenizer
    run: OpenRun | None = None
    rewriting: tuple[str, ...] = ()

    def read(self, text: str) -> str:
        """Return `text` as this entry reads it.

        Example:
            >>> from toktools import ByteTokenizer
            >>> Entry(name="bytes", tokenizer=ByteTokenizer(), rewriting=("lowercase",)).read("A b")
            'a b'
        """
        return normalizer(self.rewriting)(text) or ""


def open_entries(
    arguments: Sequence[str], corpus: Corpus, say: Callable[[str], None]
) -> list[Entry]:
    """Open what the command line names: run directories, tokenizer files, tokenizers by name.

    Args:   arguments: a path, or NAME, NAME:SIZE, NAME:SIZE,KEY=VALUE to be trained on `corpus`.
            say: told of each tokenizer that is trained, before it is.
    Raises: ToktoolsError, in one line, at the first that cannot be opened, or is named twice.
    Example:
        >>> from toktools import open_corpus
        >>> text = open_corpus("human-numbers", limit=100)
        >>> [entry.tokenizer.n_vocab for entry in open_entries(["byte", "bpe:270"], text, print)]
        byte: training on human-numbers
        bpe:270: training on human-numbers
        [258, 270]
    """
    twice = next((name for i, name in enumerate(arguments) if name in arguments[:i]), None)
    if twice is not None:
        raise ToktoolsError(f"each tokenizer or run is shown once, got {twice!r} twice")
    return [_open(name, corpus, say) for name in arguments]


def _open(name: str, corpus: Corpus, say: Callable[[str], None]) -> Entry:
    """Open one; a path that is there goes before a name."""
    if (Path(name) / "config.json").exists() and _is_run(Path(name)):
        from lstm_lm.runs.backends import load

        run = load(name)
        rewriting = tuple((run.config["corpus"] or {}).get("normalize") or ())
        return Entry(name=name, tokenizer=run.tokenizer, run=run, rewriting=rewriting)
    if Path(name).exists() or is_file_name(name):
        from toktools import load as load_tokenizer

        return Entry(name=name, tokenizer=load_tokenizer(name))
    _require_known(name)
    spec = TokenizerSpec(name)
    say(f"{name}: training on {corpus.name}")
    return Entry(name=name, tokenizer=spec.make(corpus.split("train")))


def _require_known(name: str) -> None:
    """Raise ToktoolsError if no tokenizer can be trained by that name."""
    try:
        lookup(name.partition(":")[0], dict.fromkeys(names()), what="tokenizer")
    except ToktoolsError as e:
        raise ToktoolsError(f"{name}: no such run directory or tokenizer file; and {e}") from e


def _is_run(folder: Path) -> bool:
    """Whether a folder with a config.json is a run; folders of other programs have one too."""
    from lstm_lm.files import read_json
    from lstm_lm.runs.directory import FORMAT

    config = read_json(folder / "config.json")
    return isinstance(config, dict) and config.get("format") == FORMAT
