"""From ids to text: whole, with the place of each token, or one id at a time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from toktools.compiled import decoding as compiled_decoding
from toktools.contract.base import Contract
from toktools.contract.decode_stream import DecodeStream
from toktools.contract.utf8 import character_starts


class Decoding(NamedTuple):
    """Text and, for each id, the half-open span of its characters that the id's bytes touch."""

    text: str
    spans: list[tuple[int, int]]


class IdsToText(Contract):
    """The methods of a tokenizer that decode."""

    def decode(
        self, ids: Iterable[int], *, keep_special: bool = False, hidden: Iterable[str] = ()
    ) -> str:
        """Return the text that `ids` stand for; bytes that are not UTF-8 become U+FFFD.

        Args and Raises: as `decode_bytes`.
        """
        data = self.decode_bytes(ids, keep_special=keep_special, hidden=hidden)
        return data.decode("utf-8", "replace")

    def decode_bytes(
        self, ids: Iterable[int], *, keep_special: bool = False, hidden: Iterable[str] = ()
    ) -> bytes:
        """Return the bytes that `ids` stand for.

        Args:
            ids: token ids. PAD and EOS add nothing.
            keep_special: write PAD and EOS as their strings.
            hidden: what the unknown tokens stood for, in order; each is written in its place.
                Where it runs out, the unknown token's own string is written.
        Raises: ToktoolsError at an id outside the vocabulary, or one that no token has.
        """
        if (
            hidden == ()
            and (data := compiled_decoding.decoded(self, ids, keep_special)) is not None
        ):
            return data
        return b"".join(self.iter_bytes(ids, keep_special=keep_special, hidden=hidden))

    @property
    def decodes_by_table(self) -> bool:
        """Whether what a token adds depends on nothing but whether it is the first: see `surface`.

        Only then may the compiled loops decode; a tokenizer with an `iter_bytes` of its own says
        False.
        """
        return False

    def iter_bytes(
        self, ids: Iterable[int], *, keep_special: bool = False, hidden: Iterable[str] = ()
    ) -> Iterator[bytes]:
        """Yield the bytes that each of `ids` adds to the text; otherwise like `decode_bytes`.

        Example:
            >>> from toktools import ByteTokenizer
            >>> list(ByteTokenizer().iter_bytes([106, 1, 107]))
            [b'h', b'', b'i']
        """
        restored = iter(hidden)
        first = True
        for id in ids:
            yield self.bytes_of(id, first, keep_special=keep_special, hidden=restored)
            first = first and self.is_outside_text(id)

    def bytes_of(
        self,
        id: int,
        first: bool,
        *,
        keep_special: bool = False,
        hidden: Iterator[str] | None = None,
    ) -> bytes:
        """Return the bytes that one id adds, `first` if no token before it stood for text.

        Args and Raises: as `decode_bytes`; an unknown token takes the next of `hidden`.
        """
        vocabulary = self.vocabulary
        token = vocabulary.token(int(id))
        if id == vocabulary.unk_id:
            text = token if hidden is None else next(hidden, token)
            return self.surface_of_hidden(text, first)
        if id in vocabulary.special_ids:
            return token.encode() if keep_special or token in vocabulary.special.extra else b""
        return self.surface(token, first)

    def is_outside_text(self, id: int) -> bool:
        """Whether an id is special, and not the one that stands for unknown text."""
        return id in self.vocabulary.special_ids and id != self.vocabulary.unk_id

    def decode_with_offsets(
        self, ids: Iterable[int], *, keep_special: bool = False, hidden: Iterable[str] = ()
    ) -> Decoding:
        """Decode, and say which characters of the decoded text each id stands for.

        Tokens that share a character both have it in their spans, U+FFFD for broken bytes included.
        An id that adds nothing (PAD, EOS) has an empty span, after the characters begun so far.

        Args and Raises: as `decode_bytes`.
        Returns: `Decoding(text, spans)`; spans are code-point positions in `text`.
        Example:
            >>> from toktools import ByteTokenizer
            >>> ByteTokenizer().decode_with_offsets([99, 197, 171, 1])
            Decoding(text='aé', spans=[(0, 1), (1, 2), (1, 2), (2, 2)])
        """
        parts = list(self.iter_bytes(ids, keep_special=keep_special, hidden=hidden))
        data = b"".join(parts)
        starts = character_starts(data)
        spans: list[tuple[int, int]] = []
        position = 0
        for part in parts:
            start, position = position, position + len(part)
            end = bisect_left(starts, position)
            spans.append((bisect_right(starts, start) - 1 if part else end, end))
        return Decoding(data.decode("utf-8", errors="replace"), spans)

    def decode_stream(self) -> DecodeStream:
        """Return a decoder that takes ids one at a time and never gives half a character."""
        return DecodeStream(self)
