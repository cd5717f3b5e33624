"""From text to ids: one text, many, as a padded batch, or with the place of each token."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from toktools.contract.base import Contract
from toktools.contract.offsets import Encoding, Span, in_bytes
from toktools.contract.padding import Padded, Side, pad, require_side, truncated
from toktools.contract.special_text import Special, sections
from toktools.errors import ToktoolsError

_CACHE_SIZE = 1 << 17  # pieces; at most a few tens of MB


class TextToIds(Contract):
    """The methods of a tokenizer that encode."""

    def encode(
        self,
        text: str,
        *,
        allowed_special: Special = (),
        disallowed_special: Special = (),
        add_eos: bool = False,
    ) -> list[int]:
        """Encode `text` as token ids.

        Args:
            text: any str, may be empty.
            allowed_special: special-token strings that count as such where they stand in `text`,
                or "all". By default they are ordinary text.
            disallowed_special: special-token strings at which to raise, or "all" for all that are
                not allowed; a string named here and there is refused.
            add_eos: append the end-of-document token.
        Returns: ids, each in 0 .. n_vocab - 1.
        Raises:  TypeError if `text` is not a str; ToktoolsError at a lone surrogate or a special
                 token that is disallowed.
        Example:
            >>> from toktools import ByteTokenizer
            >>> ByteTokenizer().encode("hi", add_eos=True)
            [106, 107, 1]
        """
        check_text(text)
        ids: list[int] = []
        cut = sections(text, self.vocabulary, allowed_special, disallowed_special)
        for start, end, special_id in cut:
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
            ids.extend(self._encode_new(piece) if known is None else known)

    def _encode_new(self, piece: str) -> list[int]:
        """Return the ids of a piece that the cache does not hold, and keep them there."""
        ids = self.encode_piece(piece)
        if len(self._cache) >= _CACHE_SIZE:
            self._cache.clear()
        if len(piece) <= 64:  # long pieces seldom come back
            self._cache[piece] = ids
        return ids

    def encode_array(
        self,
        text: str,
        *,
        allowed_special: Special = (),
        disallowed_special: Special = (),
        add_eos: bool = False,
    ) -> NDArray[np.uint32]:
        """Encode `text` as one array of shape (n_tokens,), uint32; otherwise like `encode`."""
        ids = self.encode(
            text,
            allowed_special=allowed_special,
            disallowed_special=disallowed_special,
            add_eos=add_eos,
        )
        return np.array(ids, dtype=np.uint32)

    def encode_batch(
        self,
        texts: Iterable[str],
        *,
        allowed_special: Special = (),
        disallowed_special: Special = (),
        add_eos: bool = False,
    ) -> list[list[int]]:
        """Encode each of `texts`; otherwise like `encode`."""
        return [
            self.encode(
                text,
                allowed_special=allowed_special,
                disallowed_special=disallowed_special,
                add_eos=add_eos,
            )
            for text in texts
        ]

    def encode_padded(
        self,
        texts: Iterable[str],
        *,
        max_length: int | None = None,
        truncate: Side | Literal[False] = "right",
        pad_to: int | None = None,
        multiple_of: int | None = None,
        side: Side = "right",
        pad_id: int | None = None,
        add_eos: bool = False,
        allowed_special: Special = (),
        disallowed_special: Special = (),
    ) -> Padded:
        """Encode `texts` as the rows of one array, cut and filled to one length.

        Args:
            texts: B texts.
            max_length: at most this many ids a row, EOS included, which is never cut off.
            truncate: which end of a longer text is cut off; False raises instead.
            pad_to: length of every row; that of the longest by default.
            multiple_of: round the length up to a multiple of this.
            side: where rows are filled.
            pad_id: what fills; the tokenizer's own PAD by default.
            add_eos, allowed_special, disallowed_special: as in `encode`.
        Returns: `Padded(ids, lengths, mask)`: (B, T) int64, (B,) int64, (B, T) bool.
        Raises:  ToktoolsError at a tokenizer without PAD, impossible options, or a text that is
                 too long, by its number; otherwise as `encode`.
        Example:
            >>> from toktools import ByteTokenizer
            >>> ByteTokenizer().encode_padded(["hi", "a"], add_eos=True).ids.tolist()
            [[106, 107, 1], [99, 1, 0]]
        """
        fill = self._require_pad() if pad_id is None else pad_id
        self.vocabulary.token(fill)  # raises if there is none
        eos = [self.require_eos()] if add_eos else []
        if truncate is not False:
            require_side("truncate", truncate)
        if max_length is not None and max_length < max(len(eos), 1):
            raise ToktoolsError(f"max_length must be >= 1, got {max_length}")
        rows = self.encode_batch(
            texts, allowed_special=allowed_special, disallowed_special=disallowed_special
        )
        if max_length is not None:
            room = max_length - len(eos)
            rows = [truncated(ids, room, truncate, i) for i, ids in enumerate(rows)]
        return pad(
            [ids + eos for ids in rows], fill, pad_to=pad_to, multiple_of=multiple_of, side=side
        )

    def encode_with_offsets(
        self,
        text: str,
        *,
        offsets: Literal["characters", "bytes"] = "characters",
        allowed_special: Special = (),
        disallowed_special: Special = (),
    ) -> Encoding:
        """Encode `text` and say where each token stands in it.

        A token that cuts a character has that whole character in its span, so spans of characters
        may overlap. Spans of bytes do not: there each token has its own bytes, unless a normalizer
        rewrote the character. What no span covers (white space, for word-level tokenizers) is not
        in the ids.

        Args:
            offsets: what spans count: "characters" (code points) or "bytes" (of the UTF-8).
            allowed_special, disallowed_special: as in `encode`.
        Returns: `Encoding(ids, spans)`; spans are half-open positions in `text` as given.
        Raises:  as `encode`.
        Example:
            >>> from toktools import ByteTokenizer
            >>> ByteTokenizer().encode_with_offsets("é").spans
            [(0, 1), (0, 1)]
            >>> ByteTokenizer().encode_with_offsets("é", offsets="bytes").spans
            [(0, 1), (1, 2)]
        """
        check_text(text)
        if offsets not in ("characters", "bytes"):
            raise ToktoolsError(f"offsets must be 'characters' or 'bytes', got {offsets!r}")
        encoding = Encoding([], [])
        cut = sections(text, self.vocabulary, allowed_special, disallowed_special)
        for start, end, special_id in cut:
            if special_id is None:
                self._spans_of_ordinary(text[start:end], start, *encoding)
            else:
                encoding.ids.append(special_id)
                encoding.spans.append((start, end))
        return in_bytes(text, encoding, self.token_bytes) if offsets == "bytes" else encoding

    def _spans_of_ordinary(self, text: str, base: int, ids: list[int], spans: list[Span]) -> None:
        """Append the ids and spans of `text`, which begins at character `base` of the whole."""
        source = None
        if self.normalizer is not None:
            text, source = self.normalizer.normalize_aligned(text)
        for start, end in self.pretokenizer.split_spans(text):
            piece = text[start:end]
            piece_ids = self._cache.get(piece)
            if piece_ids is None:
                piece_ids = self._encode_new(piece)
            ids.extend(piece_ids)
            for a, b in self.piece_spans(piece, piece_ids):
                a, b = start + a, start + b
                if source is not None:
                    a, b = source[a], source[b - 1] + 1
                spans.append((base + a, base + b))

    def _require_pad(self) -> int:
        if self.pad_id is None:
            raise ToktoolsError(
                "this tokenizer has no padding token; pass one of its ids to fill with, such as "
                "pad_id=tokenizer.eos_id (the mask says what is text), or train it with one: "
                "special_tokens=SpecialTokens(pad='<PAD>')"
            )
        return self.pad_id


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
