"""The contract that every tokenizer meets, ours and other libraries' alike.

Text goes through three steps: the normalizer rewrites it, the pretokenizer cuts it into pieces, and
`encode_piece` turns each piece into token ids. A tokenizer supplies the last step and the way back,
`surface`: the bytes that a token adds to the text. All the rest is here, once.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from toktools.decode_stream import DecodeStream
from toktools.errors import ToktoolsError
from toktools.normalizers import Normalizer
from toktools.pretokenizers import Pretokenizer, WholeText
from toktools.vocabulary import Vocabulary

Special = Collection[str] | Literal["all"]
_CACHE_SIZE = 1 << 17  # pieces; at most a few tens of MB


class Encoding(NamedTuple):
    """Ids and, for each, the half-open span of characters (code points) that it stands for."""

    ids: list[int]
    spans: list[tuple[int, int]]


class Documents(NamedTuple):
    """Many documents as one flat array: document i is `ids[starts[i]:starts[i + 1]]`.

    ids has shape (n_tokens,), uint32; starts has shape (n_documents + 1,), int64.
    """

    ids: NDArray[np.uint32]
    starts: NDArray[np.int64]


class Tokenizer(ABC):
    """Turns text into token ids and back.

    Args:
        vocabulary: the tokens and their ids.
        normalizer: rewrites text before it is cut; None leaves it as it is.
        pretokenizer: cuts text into pieces that no token crosses; None leaves it whole.
        training: what is known of how it was trained (options, corpus digest); saved with it.
    """

    kind: ClassVar[str]
    """The name by which `load` finds the class: "word", "bpe", ..."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        normalizer: Normalizer | None = None,
        pretokenizer: Pretokenizer | None = None,
        training: Mapping[str, Any] | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.normalizer = normalizer
        self.pretokenizer = pretokenizer or WholeText()
        self.training = dict(training or {})
        self._cache: dict[str, list[int]] = {}

    # What a tokenizer must say of itself

    @abstractmethod
    def encode_piece(self, piece: str) -> list[int]:
        """Return the ids of one piece of pretokenized text."""

    @abstractmethod
    def piece_spans(self, piece: str, ids: list[int]) -> list[tuple[int, int]]:
        """Return the span of characters within `piece` of each of its `ids`."""

    @abstractmethod
    def surface(self, token: str, first: bool) -> bytes:
        """Return the bytes that `token` adds to the text; `first` if nothing stands before it."""

    def surface_of_hidden(self, text: str, first: bool) -> bytes:
        """Return the bytes that an unknown token adds, if it stood for `text`."""
        return self.surface(text, first)

    @property
    @abstractmethod
    def lossless(self) -> bool | str:
        """True if `decode(encode(x)) == x` for every str; else what is lost, in words, or False."""

    # Encoding

    def encode(
        self, text: str, *, allowed_special: Special = (), add_eos: bool = False
    ) -> list[int]:
        """Encode `text` as token ids.

        Args:
            text: any str, may be empty.
            allowed_special: special-token strings that count as such where they stand in `text`,
                or "all". By default they are ordinary text.
            add_eos: append the end-of-document token.
        Returns: ids, each in 0 .. n_vocab - 1.
        Raises:  TypeError if `text` is not a str; ToktoolsError at a lone surrogate.
        Example:
            >>> from toktools import ByteTokenizer
            >>> ByteTokenizer().encode("hi", add_eos=True)
            [106, 107, 1]
        """
        check_text(text)
        ids: list[int] = []
        for start, end, special_id in self._sections(text, allowed_special):
            if special_id is None:
                self._encode_ordinary(text[start:end], ids)
            else:
                ids.append(special_id)
        if add_eos:
            ids.append(self.require_eos())
        return ids

    def _encode_ordinary(self, text: str, ids: list[int]) -> None:
        """Append the ids of `text`, in which no string is special."""
        if self.normalizer is not None:
            text = self.normalizer.normalize(text)
        cache = self._cache
        for piece in self.pretokenizer.split(text):
            known = cache.get(piece)
            if known is None:
                known = self.encode_piece(piece)
                if len(cache) >= _CACHE_SIZE:
                    cache.clear()
                if len(piece) <= 64:  # long pieces seldom come back
                    cache[piece] = known
            ids.extend(known)

    def encode_array(
        self, text: str, *, allowed_special: Special = (), add_eos: bool = False
    ) -> NDArray[np.uint32]:
        """Encode `text` as one array of shape (n_tokens,), uint32; otherwise like `encode`."""
        return np.array(
            self.encode(text, allowed_special=allowed_special, add_eos=add_eos), dtype=np.uint32
        )

    def encode_batch(
        self, texts: Iterable[str], *, allowed_special: Special = (), add_eos: bool = False
    ) -> list[list[int]]:
        """Encode each of `texts`; otherwise like `encode`."""
        return [
            self.encode(text, allowed_special=allowed_special, add_eos=add_eos) for text in texts
        ]

    def encode_documents(self, documents: Iterable[str], *, add_eos: bool = False) -> Documents:
        """Encode a stream of documents into one flat array and the documents' starts.

        Args:    documents: a corpus, or any iterable of str; read once, not kept.
                 add_eos: end every document with the end-of-document token.
        Returns: `Documents(ids, starts)`, 4 bytes a token.
        Raises:  as `encode`.
        """
        chunks: list[NDArray[np.uint32]] = []
        lengths: list[int] = [0]
        pending: list[int] = []
        for document in documents:
            ids = self.encode(document, add_eos=add_eos)
            lengths.append(len(ids))
            pending.extend(ids)
            if len(pending) > 1 << 20:
                chunks.append(np.array(pending, dtype=np.uint32))
                pending = []
        chunks.append(np.array(pending, dtype=np.uint32))
        return Documents(np.concatenate(chunks), np.cumsum(lengths, dtype=np.int64))

    def encode_files(
        self, paths: str | Path | Iterable[str | Path], *, add_eos: bool = False
    ) -> Documents:
        """Encode text files, one document a line; otherwise like `encode_documents`."""
        from toktools.corpus import open_corpus

        if isinstance(paths, str | Path):
            paths = [paths]
        lines = (line for path in paths for line in open_corpus(Path(path)))
        return self.encode_documents(lines, add_eos=add_eos)

    def encode_with_offsets(self, text: str, *, allowed_special: Special = ()) -> Encoding:
        """Encode `text` and say which characters each token stands for.

        A byte-level token that cuts a character has that whole character in its span, so spans
        may overlap. Characters that no span covers (white space, for word-level tokenizers) are
        not in the ids.

        Returns: `Encoding(ids, spans)`; spans are code-point positions in `text` as given.
        Raises:  as `encode`.
        """
        check_text(text)
        ids: list[int] = []
        spans: list[tuple[int, int]] = []
        for start, end, special_id in self._sections(text, allowed_special):
            if special_id is None:
                self._spans_of_ordinary(text[start:end], start, ids, spans)
            else:
                ids.append(special_id)
                spans.append((start, end))
        return Encoding(ids, spans)

    def _spans_of_ordinary(
        self, text: str, base: int, ids: list[int], spans: list[tuple[int, int]]
    ) -> None:
        """Append the ids and spans of `text`, which begins at character `base` of the whole."""
        source = None
        if self.normalizer is not None:
            text, source = self.normalizer.normalize_aligned(text)
        for start, end in self.pretokenizer.split_spans(text):
            piece_ids = self.encode_piece(text[start:end])
            ids.extend(piece_ids)
            for a, b in self.piece_spans(text[start:end], piece_ids):
                a, b = start + a, start + b
                if source is not None:
                    a, b = source[a], source[b - 1] + 1
                spans.append((base + a, base + b))

    def _sections(self, text: str, allowed: Special) -> Iterator[tuple[int, int, int | None]]:
        """Yield (start, end, special id or None) for each special token and each stretch between.

        The longest special token wins where several begin at one place.
        """
        special = self.vocabulary.special
        names = set(special) if allowed == "all" else set(allowed)
        unknown = names - set(special)
        if unknown:
            raise ToktoolsError(
                f"{min(unknown)!r} is not a special token of this tokenizer; "
                f"it has {', '.join(map(repr, special)) or 'none'}"
            )
        position = 0
        if names:
            pattern = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
            for match in re.finditer(pattern, text):
                if match.start() > position:
                    yield position, match.start(), None
                yield match.start(), match.end(), self.vocabulary.ids[match[0]]
                position = match.end()
        if position < len(text):
            yield position, len(text), None

    # Decoding

    def decode_bytes(
        self, ids: Iterable[int], *, keep_special: bool = False, hidden: Iterable[str] = ()
    ) -> bytes:
        """Return the bytes that `ids` stand for.

        Args:
            ids: token ids. PAD and EOS add nothing.
            keep_special: write PAD and EOS as their strings.
            hidden: what the unknown tokens stood for, in order; each is written in its place.
                Where it runs out, the unknown token's own string is written.
        Raises: ToktoolsError at an id outside the vocabulary.
        """
        vocabulary, restored = self.vocabulary, iter(hidden)
        parts: list[bytes] = []
        first = True
        for id in ids:
            token = vocabulary.token(int(id))
            if id == vocabulary.unk_id:
                parts.append(self.surface_of_hidden(next(restored, token), first))
            elif id in vocabulary.special_ids:
                if keep_special or token in vocabulary.special.extra:
                    parts.append(token.encode())
                continue
            else:
                parts.append(self.surface(token, first))
            first = False
        return b"".join(parts)

    def decode(
        self, ids: Iterable[int], *, keep_special: bool = False, hidden: Iterable[str] = ()
    ) -> str:
        """Return the text that `ids` stand for; bytes that are not UTF-8 become U+FFFD.

        Args and Raises: as `decode_bytes`.
        """
        return self.decode_bytes(ids, keep_special=keep_special, hidden=hidden).decode(
            "utf-8", errors="replace"
        )

    def decode_stream(self) -> DecodeStream:
        """Return a decoder that takes ids one at a time and never gives half a character."""
        return DecodeStream(self)

    # What is in it

    @property
    def n_vocab(self) -> int:
        """The number of tokens, specials included."""
        return len(self.vocabulary)

    def get_vocab(self) -> dict[str, int]:
        """Return a new dict token -> id."""
        return dict(self.vocabulary.ids)

    def token_to_id(self, token: str) -> int | None:
        """Return the id of `token`, or None."""
        return self.vocabulary.ids.get(token)

    def id_to_token(self, id: int) -> str:
        """Return the token with this id; ToktoolsError if there is none."""
        return self.vocabulary.token(id)

    @property
    def pad_id(self) -> int | None:
        """The id that fills short rows of a batch, or None."""
        return self.vocabulary.pad_id

    @property
    def eos_id(self) -> int | None:
        """The id that ends a document, or None."""
        return self.vocabulary.eos_id

    @property
    def unk_id(self) -> int | None:
        """The id of what cannot be represented, or None where everything can."""
        return self.vocabulary.unk_id

    @cached_property
    def token_bytes(self) -> list[bytes]:
        """For each id, the bytes that it adds in the middle of a text (empty for PAD and EOS)."""
        return [
            b"" if i in self.vocabulary.special_ids else self.surface(token, False)
            for i, token in enumerate(self.vocabulary.tokens)
        ]

    def require_eos(self) -> int:
        """Return the id that ends a document; ToktoolsError if there is none."""
        if self.eos_id is None:
            raise ToktoolsError(
                "this tokenizer has no end-of-document token; train it with one: eos_token='<EOS>'"
            )
        return self.eos_id

    # Files

    def save(self, path: str | Path) -> None:
        """Write a `tokenizer.json` that the Hugging Face `tokenizers` library loads too."""
        from toktools.formats import tokenizer_json

        tokenizer_json.save(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file written by `save`; ToktoolsError if it holds another kind of tokenizer."""
        from toktools.formats import tokenizer_json

        tokenizer = tokenizer_json.load(path)
        if not isinstance(tokenizer, cls):
            raise ToktoolsError(
                f"{path}: expected a {cls.__name__}, found a {type(tokenizer).__name__}; "
                "toktools.load opens any kind"
            )
        return tokenizer


def check_text(text: str) -> None:
    """Raise TypeError unless `text` is a str, ToktoolsError at a lone surrogate in it."""
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}")
    try:
        text.encode()
    except UnicodeEncodeError as e:
        raise ToktoolsError(
            f"text must be encodable as UTF-8, got a lone surrogate at index {e.start}; "
            "text.encode('utf-8', 'surrogatepass').decode('utf-8', 'replace') replaces it"
        ) from e
