"""From one file of the ecosystem to another, without a change of ids.

Writes what `vocabulary_files.py` and `rank_files.py` read. What such a file has no place for must
be told to its reader; `convert` says what that is, reads the file again with it, and compares.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from toktools.errors import ToktoolsError, lookup
from toktools.files import replacing
from toktools.formats.rank_files import load_tiktoken
from toktools.formats.tokenizer_json import load
from toktools.formats.vocabulary_files import load_vocab_and_merges, load_vocab_txt
from toktools.formats.writing import (
    as_bpe,
    write_json,
    write_ranks,
    write_vocab_and_merges,
    write_vocab_txt,
)
from toktools.tokenizer import Tokenizer
from toktools.verifying import verify


@dataclass(frozen=True)
class Conversion:
    """What was done.

    Attributes:
        paths: the files written. not_held: what they have no place for, a sentence each.
        n_compared: strings whose ids were compared after reading the files again.
    """

    paths: list[Path]
    not_held: list[str]
    n_compared: int


@dataclass(frozen=True)
class _Target:
    names: tuple[str, ...]
    write: Callable[[Tokenizer, list[Path]], list[str]]
    read: Callable[[Tokenizer, list[Path]], Tokenizer]


def convert(tokenizer: Tokenizer, path: str | Path, to: str | None = None) -> Conversion:
    """Write a tokenizer in a form of other programs; read it again, and compare the ids.

    Args:
        path: the file, or the folder for `vocab.json` and `merges.txt`.
        to: "tokenizer.json", "vocab-merges", "vocab.txt" or "tiktoken"; by default what the name
            of the file says.
    Returns: a `Conversion`, which says what the file does not hold.
    Raises:  ToktoolsError if the ids would change; then nothing is written.
    Example:
        >>> import tempfile
        >>> from toktools import train_bpe
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     done = convert(train_bpe(["low lower"], vocab_size=262), folder + "/x.tiktoken")
        >>> done.not_held
        ['how text is cut: Gpt2Split()', "the special tokens: {'<PAD>': 0, '<EOS>': 1}"]
    """
    path = Path(path)
    target = lookup(to or _named(path), _TARGETS, what="form to convert to")
    paths = _paths(path, target.names)
    with tempfile.TemporaryDirectory() as folder:
        written = [Path(folder) / final.name for final in paths]
        not_held = target.write(tokenizer, written)
        sample = list(_sample(tokenizer))
        found = verify(tokenizer, sample, target.read(tokenizer, written))
        if found.first is not None:
            raise ToktoolsError(f"{path}: the ids would change: {found.first}")
        for temporary, final in zip(written, paths, strict=True):
            with replacing(final) as beside:
                shutil.copyfile(temporary, beside)
    return Conversion(paths, not_held, len(sample))


def _named(path: Path) -> str:
    """Return the form that the name of a file stands for."""
    for ending, form in (
        ("vocab.json", "vocab-merges"),
        ("merges.txt", "vocab-merges"),
        ("vocab.txt", "vocab.txt"),
        (".tiktoken", "tiktoken"),
        (".json", "tokenizer.json"),
    ):
        if path.name.endswith(ending):
            return form
    raise ToktoolsError(
        f"{path}: the name must end with .json, .tiktoken, vocab.txt or vocab.json, or the form "
        f"must be said: {', '.join(_TARGETS)}"
    )


def _paths(path: Path, names: tuple[str, ...]) -> list[Path]:
    """Return the files to write."""
    if path.is_dir():
        return [path / name for name in names]
    if len(names) == 1:
        return [path]
    for ending in names:
        if path.name.endswith(ending):
            stem = path.name.removesuffix(ending)
            return [path.with_name(stem + name) for name in names]
    raise ToktoolsError(f"{path}: must be an existing folder, or end with {' or '.join(names)}")


def _sample(tokenizer: Tokenizer) -> Iterator[str]:
    """Yield the text of every token, and of runs of them."""
    vocabulary = tokenizer.vocabulary
    ordinary = [id for id in range(len(vocabulary)) if id not in vocabulary.special_ids]
    for size in (1, 2, 20):
        for start in range(0, len(ordinary), size):
            yield tokenizer.decode(ordinary[start : start + size])


def _read_vocab_and_merges(tokenizer: Tokenizer, paths: list[Path]) -> Tokenizer:
    bpe = as_bpe(tokenizer)
    loaded = load_vocab_and_merges(
        *paths,
        pretokenizer=bpe.pretokenizer,
        special_tokens=list(bpe.vocabulary.special),
        unk=None if bpe.byte_level else bpe.vocabulary.special.any,
    )
    loaded.normalizer = bpe.normalizer
    return loaded


def _read_vocab_txt(tokenizer: Tokenizer, paths: list[Path]) -> Tokenizer:
    special = tokenizer.vocabulary.special
    return load_vocab_txt(
        paths[0],
        normalizer=tokenizer.normalizer,
        pretokenizer=tokenizer.pretokenizer,
        special_tokens=list(special),
        unk=special.any or "",
    )


def _read_ranks(tokenizer: Tokenizer, paths: list[Path]) -> Tokenizer:
    vocabulary = tokenizer.vocabulary
    special = {name: vocabulary.ids[name] for name in vocabulary.special}
    cut = tokenizer.pretokenizer
    loaded = load_tiktoken(paths[0], pretokenizer=cut, special_tokens=special)
    loaded.normalizer = tokenizer.normalizer
    return loaded


_TARGETS = {
    "tokenizer.json": _Target(("tokenizer.json",), write_json, lambda _, paths: load(paths[0])),
    "vocab-merges": _Target(
        ("vocab.json", "merges.txt"), write_vocab_and_merges, _read_vocab_and_merges
    ),
    "vocab.txt": _Target(("vocab.txt",), write_vocab_txt, _read_vocab_txt),
    "tiktoken": _Target(("ranks.tiktoken",), write_ranks, _read_ranks),
}
TARGETS = tuple(_TARGETS)
