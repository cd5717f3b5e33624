"""The vectors of a trained model's tokens, and of words made of several.

A model has two vectors for each token: the row of the embedding, by which it is read ("input"), and
the row of the head, by which it is predicted ("output"). A tied model has one for both.
Legend: V vocabulary, E length of a vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstm_lm.files import read_arrays
from lstm_lm.runs.directory import RunDirectory
from toktools.corpus.normalization import normalizer
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer

Vector = NDArray[np.float64]
SOURCES = ("input", "output")
_NAMES = {"input": "embedding.weight", "output": "head.weight"}


@dataclass(frozen=True, kw_only=True)
class WordVector:
    """A word as a vector.

    Attributes:
        word: as given. read: as the run's own text would have it (in lower case, say).
        tokens, ids: its pieces. vector_E: their mean.
        unknown: parts that the tokenizer does not know; `<ANY>` stands for them.
    """

    word: str
    read: str
    tokens: tuple[str, ...]
    ids: tuple[int, ...]
    vector_E: Vector  # noqa: N815
    unknown: tuple[str, ...]

    @property
    def note(self) -> str:
        """What a reader must know of how the word was read; empty if it is one known token."""
        read = f" (read as {self.read!r})" if self.read != self.word else ""
        if self.unknown:
            odd = ", ".join(map(repr, self.unknown))
            return f"{self.word!r}{read}: {odd} is not in the vocabulary; <ANY> stands for it"
        if len(self.tokens) > 1:
            return f"{self.word!r}{read}: the mean of {len(self.tokens)} pieces: " + " ".join(
                self.tokens
            )
        return f"{self.word!r}: read as {self.read!r}" if read else ""


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """One vector for each token of a vocabulary, and for any word.

    Attributes:
        tokenizer; matrix_VE: float64. source: "input" or "output".
        normalize: how the text of the run was rewritten; words are rewritten so too.
    """

    tokenizer: Tokenizer
    matrix_VE: Vector  # noqa: N815
    source: str
    normalize: tuple[str, ...] = ()

    def word(self, word: str) -> WordVector:
        """Return the vector of a word: the mean of its pieces as they are inside a sentence.

        A space is put in front, as most words have one, and pieces that are only space are left
        out. So in a byte-level vocabulary "king" is `Ġking`, the piece that running text has.

        Raises: ToktoolsError if nothing is left of the word.
        """
        read = (normalizer(self.normalize)(word) or "").strip()
        spaced = f" {read}"
        ids, spans = self.tokenizer.encode_with_offsets(spaced)
        pieces = [
            (id, spaced[start:end])
            for id, (start, end) in zip(ids, spans, strict=True)
            if spaced[start:end].strip()
        ]
        if not pieces:
            raise ToktoolsError(f"a word must have a character that is not space, got {word!r}")
        kept = tuple(id for id, _ in pieces)
        return WordVector(
            word=word,
            read=read,
            tokens=tuple(map(self.tokenizer.id_to_token, kept)),
            ids=kept,
            vector_E=self.matrix_VE[list(kept)].mean(axis=0),
            unknown=tuple(part for id, part in pieces if id == self.tokenizer.unk_id),
        )

    def shown(self, id: int) -> str:
        """Return the text of a token, without the space that it may begin with."""
        return self.tokenizer.decode([id]).strip()

    def texts(self, word: WordVector) -> set[str]:
        """Return the texts of a word and its pieces: what is no answer to a question with it."""
        return {word.read, *map(self.shown, word.ids)}

    @property
    def special_ids(self) -> set[int]:
        """The ids that stand for no text."""
        own = self.tokenizer
        return {id for id in (own.pad_id, own.eos_id, own.unk_id) if id is not None}


def open_vectors(path: str | Path, source: str = "input") -> Vectors:
    """Read the vectors of a run's best weights, whichever backend wrote it.

    Args:   source: "input" (embedding) or "output" (head); the same if the model is tied.
    Raises: ToktoolsError if there is no such run, the model reads one-hot vectors and has no input
            embedding, or a weight is NaN or infinite.
    """
    from toktools import load

    if source not in SOURCES:
        raise ToktoolsError(f"source must be one of {', '.join(SOURCES)}, got {source!r}")
    directory = RunDirectory(path)
    config = directory.read_config()
    arrays, _ = read_arrays(directory.best)
    name = _NAMES[source]
    if name not in arrays and config["model"].get("tied"):
        name = _NAMES["input"]
    if name not in arrays:
        raise ToktoolsError(
            f"{path}: the model has no {source} embedding ({name}); take --from output"
        )
    matrix_VE = arrays[name].astype(np.float64)
    if not np.isfinite(matrix_VE).all():
        raise ToktoolsError(
            f"{directory.best}: {name} has NaN or infinite weights: they are damaged; train again"
        )
    return Vectors(
        tokenizer=load(directory.tokenizer),
        matrix_VE=matrix_VE,
        source=source,
        normalize=tuple((config["corpus"] or {}).get("normalize") or ()),
    )
