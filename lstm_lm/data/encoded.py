"""A split of a corpus as one tokenizer sees it, with the measures of the text it came from.

Byte and character counts come from the source text, never from tokens: they are the same for every
tokenizer. Every document end counts as one byte and one character: it is what `<EOS>` stands for.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toktools.errors import ToktoolsError
from toktools.tokenizer import Documents, Tokenizer
from toktools.training.counting import documents_of

IGNORED = -100
"""The target of a padded position: cross-entropy leaves it out (torch's default ignore_index)."""
_WORD = re.compile(r"\S+")
_BLOCK = 1 << 20  # ids that are read at once


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedSplit:
    """Documents as ids, each ended by `<EOS>`, and what the ids left out.

    Attributes:
        ids: (n_tokens,), uint32, or of 16 bits in a file; document i is
            `ids[starts[i]:starts[i + 1]]`.
        starts: (n_documents + 1,), int64.
        n_bytes, n_characters: (n_documents,), int64; UTF-8 bytes and code points of the source
            text, plus one each for the document's end.
        hidden: the source text behind each ANY token, in order.
        n_words, n_words_hidden: words (between white space) of the source, and those of them in
            which some character is hidden.
        n_reproduced: documents that decode to exactly the source text; None if it was not checked.
    """

    ids: NDArray[np.unsignedinteger]
    starts: NDArray[np.int64]
    n_bytes: NDArray[np.int64]
    n_characters: NDArray[np.int64]
    hidden: tuple[str, ...] = ()
    n_words: int = 0
    n_words_hidden: int = 0
    n_reproduced: int | None = None

    @property
    def n_tokens(self) -> int:
        """Tokens, the `<EOS>` of every document included."""
        return len(self.ids)

    @property
    def n_documents(self) -> int:
        """Documents, empty ones included."""
        return len(self.n_bytes)

    @property
    def total_bytes(self) -> int:
        """Bytes of the source text, one for each document's end included."""
        return int(self.n_bytes.sum())

    @property
    def total_characters(self) -> int:
        """Code points of the source text, one for each document's end included."""
        return int(self.n_characters.sum())

    def digest(self) -> str:
        """Return the SHA-256 of ids, as uint32, and document starts, as hexadecimal digits."""
        hash = hashlib.sha256()
        for block in blocks(self.ids):
            hash.update(block.astype(np.uint32).tobytes())
        hash.update(self.starts.tobytes())
        return hash.hexdigest()

    def summary(self) -> dict[str, int | str]:
        """Return the sizes and the digest, as written to `config.json`."""
        return {
            "n_documents": self.n_documents,
            "n_tokens": self.n_tokens,
            "n_bytes": self.total_bytes,
            "n_characters": self.total_characters,
            "n_any": len(self.hidden),
            "digest": self.digest(),
        }


@dataclass
class _Measures:
    """Passes documents through and notes the size of each."""

    n_bytes: list[int] = field(default_factory=list)
    n_characters: list[int] = field(default_factory=list)
    n_words: int = 0

    def watch(self, documents: Iterable[str]) -> Iterator[str]:
        for document in documents:
            self.n_bytes.append(len(document.encode("utf-8", "surrogatepass")) + 1)
            self.n_characters.append(len(document) + 1)
            self.n_words += len(document.split())
            yield document


def blocks(ids: NDArray[np.unsignedinteger]) -> Iterator[NDArray[np.unsignedinteger]]:
    """Yield ids in blocks, so that what is made of them needs little memory."""
    for start in range(0, len(ids), _BLOCK):
        yield ids[start : start + _BLOCK]


def token_counts(ids: NDArray[np.unsignedinteger], n_vocab: int) -> NDArray[np.int64]:
    """Return how often each id occurs, (n_vocab,).

    Example:
        >>> token_counts(np.array([2, 0, 2], np.uint16), 4).tolist()
        [1, 0, 2, 0]
    """
    counts = np.zeros(n_vocab, np.int64)
    for block in blocks(ids):
        counts += np.bincount(block, minlength=n_vocab)
    return counts


def encode_split(
    tokenizer: Tokenizer,
    documents: Iterable[str],
    *,
    name: str = "text",
    check: bool = False,
    in_file: bool = False,
) -> EncodedSplit:
    """Encode every document, ended by `<EOS>`, and measure its source text.

    Args:
        tokenizer: any tokenizer with an end-of-document token.
        documents: a corpus or any iterable of str; an iterator is first read into memory.
        name: what to call the documents in an error.
        check: decode every document again and count those that come back exactly.
        in_file: write ids and starts to temporary files (TMPDIR) that are gone with the process,
            and map them into memory: for texts larger than it.
    Returns: the encoded documents; in memory, 4 bytes a token.
    Raises:  ToktoolsError if there are no documents, or the tokenizer has no EOS token.
    Example:
        >>> from toktools.word import train_word
        >>> split = encode_split(train_word(["a b a"], min_count=2), ["a c", "a"], check=True)
        >>> split.ids.tolist(), split.hidden, split.n_bytes.tolist(), split.n_reproduced
        ([3, 2, 1, 3, 1], ('c',), [4, 2], 2)
    """
    documents = documents_of(documents)
    measures = _Measures()
    encoded = _encode(tokenizer, measures.watch(documents), in_file=in_file)
    if not measures.n_bytes:
        raise ToktoolsError(f"{name}: got no documents; a language model needs some text")
    ids, starts = encoded.ids, encoded.starts
    hidden, n_words_hidden, n_reproduced = _read_again(tokenizer, documents, ids, starts, check)
    return EncodedSplit(
        ids=ids,
        starts=starts,
        n_bytes=np.array(measures.n_bytes, dtype=np.int64),
        n_characters=np.array(measures.n_characters, dtype=np.int64),
        hidden=tuple(hidden),
        n_words=measures.n_words,
        n_words_hidden=n_words_hidden,
        n_reproduced=n_reproduced if check else None,
    )


def _encode(tokenizer: Tokenizer, documents: Iterable[str], *, in_file: bool) -> Documents:
    """Encode in memory, or into files that are removed once mapped, and live on until unmapped."""
    if not in_file:
        return tokenizer.encode_documents(documents, add_eos=True)
    with tempfile.TemporaryDirectory(prefix="tokens-", ignore_cleanup_errors=True) as folder:
        return tokenizer.encode_documents(documents, add_eos=True, out=Path(folder, "ids.npy"))


def pad_arrays(
    split: EncodedSplit, rows: list[tuple[int, int]], *, eos_id: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return inputs and targets, both (T, B), of the half-open stretches `rows` of ids.

    The first input of a row is `eos_id`; after its last token come `eos_id` as input and `IGNORED`
    as target.
    """
    length = max(end - start for start, end in rows)
    x_BT = np.full((len(rows), length), eos_id, dtype=np.int64)
    y_BT = np.full((len(rows), length), IGNORED, dtype=np.int64)
    for x_T, y_T, (start, end) in zip(x_BT, y_BT, rows, strict=True):
        y_T[: end - start] = split.ids[start:end]
        x_T[1 : end - start] = split.ids[start : end - 1]
    return np.ascontiguousarray(x_BT.T), np.ascontiguousarray(y_BT.T)


def _read_again(
    tokenizer: Tokenizer,
    documents: Iterable[str],
    ids: NDArray[np.unsignedinteger],
    starts: NDArray[np.int64],
    check: bool,
) -> tuple[list[str], int, int]:
    """Return the hidden spellings, the words that hold one, and the documents reproduced."""
    hidden: list[str] = []
    n_words_hidden = n_reproduced = 0
    holes = np.zeros(len(ids), dtype=bool) if tokenizer.unk_id is None else ids == tokenizer.unk_id
    if not check and not holes.any():
        return hidden, 0, 0
    for i, document in enumerate(documents):
        start, end = int(starts[i]), int(starts[i + 1])
        spellings: list[str] = []
        if holes[start:end].any():
            spans = unknown_spans(tokenizer, document)
            spellings = [document[a:b] for a, b in spans]
            if len(spellings) != int(holes[start:end].sum()):
                raise ToktoolsError(
                    f"{type(tokenizer).__name__}: encode and encode_with_offsets disagree on "
                    f"document {i}; bits per byte cannot be computed for this tokenizer"
                )
            n_words_hidden += count_words_touched(document, spans)
        hidden.extend(spellings)
        if check:
            n_reproduced += tokenizer.decode(ids[start:end].tolist(), hidden=spellings) == document
    return hidden, n_words_hidden, n_reproduced


def unknown_spans(tokenizer: Tokenizer, text: str) -> list[tuple[int, int]]:
    """Return the spans of `text`, in characters, that the tokenizer encodes as ANY."""
    encoding = tokenizer.encode_with_offsets(text)
    unk_id = tokenizer.unk_id
    return [span for id, span in zip(*encoding, strict=True) if id == unk_id]


def count_words_touched(text: str, spans: list[tuple[int, int]]) -> int:
    """Return how many words of `text` share a character with one of the ordered `spans`.

    Example:
        >>> count_words_touched("ab cd ef", [(0, 1), (1, 2), (2, 3), (6, 8)])
        2
    """
    touched = i = 0
    for word in _WORD.finditer(text):
        while i < len(spans) and spans[i][1] <= word.start():
            i += 1
        touched += i < len(spans) and spans[i][0] < word.end()
    return touched
