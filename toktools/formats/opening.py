"""What opens a file that is no `tokenizer.json`: known by its name, or by what stands before it.

`huggingface:PATH` names the adapter that opens PATH, and so with every other kind of adapter.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from toktools.errors import ToktoolsError
from toktools.registry import adapters
from toktools.tokenizer import Tokenizer

SUFFIXES = (".json", ".model", ".tiktoken", "vocab.txt", "merges.txt")
"""How the names of tokenizer files end."""


def is_file_name(name: str) -> bool:
    """Whether `name` is meant as a file of a tokenizer, be it there or not.

    Example:
        >>> is_file_name("bert/vocab.txt"), is_file_name("sentencepiece:8000")
        (True, False)
    """
    adapter, path = _adapter(name)
    return path.endswith(SUFFIXES) or (adapter is not None and Path(path).exists())


def opener(path: str | Path) -> Callable[[], Tokenizer] | None:
    """Return what opens the file or folder, or None for a `tokenizer.json`.

    Raises: ToktoolsError at a folder without a tokenizer.
    """
    kind, name = _adapter(str(path))
    if kind is not None:
        return lambda: adapters()[kind]().open(name)
    path = Path(path)
    if path.is_dir():
        return _folder_opener(path)
    if path.suffix == ".model":
        return lambda: adapters()["sentencepiece"]().open(path)
    if path.suffix == ".tiktoken":
        return partial(_open_published, path)
    if path.name.endswith("vocab.txt"):
        return partial(_open_vocab_txt, path)
    for ending, other in (("vocab.json", "merges.txt"), ("merges.txt", "vocab.json")):
        if path.name.endswith(ending):
            beside = path.with_name(path.name.removesuffix(ending) + other)
            if not beside.exists():
                raise ToktoolsError(f"{beside}: cannot be read: it must stand beside {path}")
            both = (path, beside) if ending == "vocab.json" else (beside, path)
            return partial(_open_vocab_and_merges, *both)
    return None


def _adapter(name: str) -> tuple[str | None, str]:
    """Return the kind of adapter that stands before the path, or None, and the path."""
    kind, colon, path = name.partition(":")
    if colon and kind in adapters():
        return kind, path
    return None, name


def _folder_opener(folder: Path) -> Callable[[], Tokenizer] | None:
    if (folder / "tokenizer.json").exists():
        return None
    if (folder / "vocab.json").exists() and (folder / "merges.txt").exists():
        return partial(_open_vocab_and_merges, folder / "vocab.json", folder / "merges.txt")
    if (folder / "vocab.txt").exists():
        return partial(_open_vocab_txt, folder / "vocab.txt")
    raise ToktoolsError(
        f"{folder}: a folder of a tokenizer holds tokenizer.json, vocab.json and merges.txt, or "
        "vocab.txt; this one holds none of them, name the file"
    )


def _open_published(path: Path) -> Tokenizer:
    from toktools.formats.rank_files import load_published

    return load_published(path)


def _open_vocab_and_merges(vocab: Path, merges: Path) -> Tokenizer:
    from toktools.formats.vocabulary_files import load_vocab_and_merges

    return load_vocab_and_merges(vocab, merges)


def _open_vocab_txt(path: Path) -> Tokenizer:
    from toktools.formats.vocabulary_files import load_vocab_txt

    return load_vocab_txt(path)
