"""What a run needs before it starts: beginnings of the text, tokenizers, ids, a text to warm up.

All of it goes to a folder and stays there; a later run with the same text and size uses it again.
"""

from __future__ import annotations

import hashlib
from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

import toktools
from experiments.bench.jobs import lines
from toktools.errors import ToktoolsError
from toktools.files import replacing
from toktools.training.memory import parse_size

TRAINED_ON = 10_000_000  # bytes: tokenizers to encode with know the beginning of the text
WARM_UP = 4_000_000  # bytes: more than what the readable code keeps for itself
WARM_UP_VOCAB = 1000


class Prepared(NamedTuple):
    """The folder, and by size in bytes the beginnings of the text; SHA-256 of the whole."""

    folder: Path
    texts: dict[int, Path]
    sha256: str

    def ids(self, text: Path) -> Path:
        """Return where the ids of a text are."""
        return self.folder / f"{text.stem}.ids.npy"

    @property
    def warm_up(self) -> Path:
        """Where the text to warm up with is."""
        return self.folder / "warm-up.txt"


def parse_sizes(text: str) -> list[int]:
    """Return sizes such as "100kB,1MB" in bytes, in order, each once.

    Raises: ToktoolsError if one of them is no size.
    Example:
        >>> parse_sizes("1MB, 100kB,1MB")
        [100000, 1000000]
    """
    return sorted({parse_size(size) for size in text.split(",")})


def prepare(
    corpus: Path,
    sizes: list[int],
    folder: Path,
    vocab_size: int,
    say: Callable[[str], object],
) -> Prepared:
    """Write all that a run needs to `folder`.

    Args:
        corpus: UTF-8 text, a document a line. sizes: bytes; 0 for the whole text.
        vocab_size: of the tokenizers to encode with. say: gets a line about each step that takes
            time, and each size that is left out because the text is smaller.
    Raises: ToktoolsError if the text cannot be read or is not UTF-8, or no size is left.
    """
    if not corpus.is_file():
        raise ToktoolsError(
            f"the corpus must be a file of text, got {corpus}; "
            "`python -m experiments bench corpus FILE --size 60MB` makes one"
        )
    data = corpus.read_bytes()
    _check_text(corpus, data)
    data = plain_lines(data, say)
    sha256 = hashlib.sha256(data).hexdigest()
    folder = folder / f"{sha256[:12]}-{vocab_size}"
    folder.mkdir(parents=True, exist_ok=True)
    texts: dict[int, Path] = {}
    for size in sizes:
        if size > len(data):
            say(f"{size:,} bytes: left out, the corpus has {len(data):,}")
            continue
        text = beginning(data, size or len(data))
        texts[len(text)] = _kept(folder / f"text-{len(text)}.txt", text)
    if not texts:
        raise ToktoolsError(f"no size is left: {corpus} has only {len(data):,} bytes")
    prepared = Prepared(folder, texts, sha256)
    _write_tokenizers(data, prepared, vocab_size, say)
    for text in (*texts.values(), prepared.warm_up):
        _write_ids(prepared, text, say)
    return prepared


def plain_lines(data: bytes, say: Callable[[str], object]) -> bytes:
    r"""Return a text whose lines end in line feeds alone, without byte order mark.

    Readers do not agree on whether a carriage return there belongs to the line; so the ids of all
    libraries can be compared.

    Example:
        >>> plain_lines(b"\xef\xbb\xbfone\r\ntwo\r three\n", print)
        1 carriage return at the end of a line, and a byte order mark: left out
        b'one\ntwo\r three\n'
    """
    n, mark = data.count(b"\r\n"), data.startswith(BOM_UTF8)
    what = [f"{n:,} carriage return{'s' * (n > 1)} at the end of a line"] if n else []
    what += ["a byte order mark"] if mark else []
    if what:
        say(f"{', and '.join(what)}: left out")
    return data.removeprefix(BOM_UTF8).replace(b"\r\n", b"\n")


def beginning(data: bytes, size: int) -> bytes:
    r"""Return the first lines of a text, `size` bytes or a little less; at least one line.

    Example:
        >>> beginning(b"one\ntwo\nthree\n", 9), beginning(b"long line\n", 2)
        (b'one\ntwo\n', b'long line\n')
    """
    end = data.rfind(b"\n", 0, size) + 1
    if end == 0:
        end = data.find(b"\n") + 1 or len(data)
    return data if size >= len(data) else data[:end]


def warm_up_text() -> bytes:
    """Return lines of the standard library's sources: no part of most texts, and always there."""
    documents = toktools.open_corpus("stdlib-code")
    taken: list[str] = []
    n_characters = 0
    for document in documents:
        taken += document.splitlines()
        n_characters += len(document)
        if n_characters >= WARM_UP:
            break
    return ("\n".join(taken) + "\n").encode()


def _check_text(corpus: Path, data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as e:
        raise ToktoolsError(
            f"{corpus}: the corpus must be UTF-8, got byte {data[e.start]:#04x} at {e.start}; "
            "convert it first"
        ) from e
    if not data.strip():
        raise ToktoolsError(f"{corpus}: the corpus must hold text, got none")


def _kept(path: Path, data: bytes) -> Path:
    if not path.exists():
        with replacing(path) as temporary:
            temporary.write_bytes(data)
    return path


def _write_tokenizers(
    data: bytes, prepared: Prepared, vocab_size: int, say: Callable[[str], object]
) -> None:
    """Train on the beginning of the text, and write every library's format."""
    folder = prepared.folder
    _kept(prepared.warm_up, warm_up_text())
    if (folder / "character.json").exists():
        return
    say("training the tokenizers to encode with")
    part = lines(str(_kept(folder / "part.txt", beginning(data, TRAINED_ON))))
    bpe = toktools.train_bpe(part, vocab_size=vocab_size)
    bpe.save(folder / "bpe.json")
    toktools.convert(bpe, folder / "bpe.tiktoken")
    wordpiece = toktools.train_wordpiece(
        part, vocab_size=vocab_size, split="punctuation", normalizer="bert"
    )
    wordpiece.save(folder / "wordpiece.json")
    toktools.train_word(part, max_vocab=vocab_size).save(folder / "word.json")
    toktools.train_character(part).save(folder / "character.json")


def _write_ids(prepared: Prepared, text: Path, say: Callable[[str], object]) -> None:
    path = prepared.ids(text)
    if not path.exists():
        say(f"encoding {text.name}, for the job of decoding")
        ids = toktools.load(prepared.folder / "bpe.json").encode_files(text).ids
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.save(file, ids)
