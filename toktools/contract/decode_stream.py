"""Decoding ids one at a time, as a language model gives them."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toktools.contract.decoding import IdsToText


class DecodeStream:
    """Decodes ids as they come, holding back the bytes of an unfinished character.

    What it gives, joined, is `decode` of the same ids, whatever they are.

    Example:
        >>> from toktools import ByteTokenizer
        >>> stream = ByteTokenizer().decode_stream()
        >>> [stream.feed(id) for id in ByteTokenizer().encode("é!")], stream.finish()
        (['', 'é', '!'], '')
    """

    def __init__(self, tokenizer: IdsToText) -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._first = True

    def feed(self, id: int) -> str:
        """Take one id and return the text that is now certain; may be empty."""
        added = self._tokenizer.bytes_of(id, self._first)
        self._first = self._first and self._tokenizer.is_outside_text(id)
        return self._decoder.decode(added)

    def finish(self) -> str:
        """Return what is left: U+FFFD for an unfinished character, or nothing."""
        return self._decoder.decode(b"", final=True)
