"""Any `tiktoken.Encoding`: byte-level BPE whose merges are the ranks of its tokens.

Tokens are bytes there; here they are written in GPT-2's printable alphabet, as in our own BPE.
Nothing is fetched from the network: an encoding is built from ranks that are on this machine.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from toktools.adapters.adapter import Adapter, Json, library
from toktools.errors import ToktoolsError
from toktools.formats.components import write_pretokenizer
from toktools.formats.rank_files import PUBLISHED
from toktools.formats.reading import read_bytes
from toktools.unicode.byte_alphabet import byte_spans, spell, unspell
from toktools.vocabulary import SpecialTokens, Vocabulary, tokens_by_id

END_OF_TEXT = "<|endoftext|>"


class TiktokenTokenizer(Adapter):
    """Wraps a `tiktoken.Encoding`.

    Args:
        encoding: a `tiktoken.Encoding`.
        special_tokens: which of its special tokens pads and which ends a document; by default
            <|endoftext|> ends one and none pads.
    Example:
        >>> import tiktoken
        >>> ranks = {bytes([byte]): byte for byte in range(256)} | {b"so": 256}
        >>> special = {"<|endoftext|>": 257}
        >>> encoding = tiktoken.Encoding(
        ...     "tiny", pat_str=r"\\w+|\\W", mergeable_ranks=ranks, special_tokens=special
        ... )
        >>> TiktokenTokenizer(encoding).encode("so", add_eos=True)
        [256, 257]
    """

    kind = "tiktoken"

    def __init__(
        self,
        encoding: Any,
        *,
        special_tokens: SpecialTokens | None = None,
        training: Mapping[str, Any] | None = None,
    ) -> None:
        self._encoding = encoding
        # The library's own documentation builds new encodings from these three attributes.
        self.pattern: str = encoding._pat_str
        self._ranks: dict[bytes, int] = encoding._mergeable_ranks
        self._special: dict[str, int] = encoding._special_tokens
        ids = {spell(token): id for token, id in self._ranks.items()} | self._special
        vocabulary = Vocabulary(tokens_by_id(ids), special_tokens or self._detected_special())
        super().__init__(vocabulary, training=training)
        self._lengths = {id: len(token) for token, id in self._ranks.items()}

    def _detected_special(self) -> SpecialTokens:
        eos = END_OF_TEXT if END_OF_TEXT in self._special else None
        extra = tuple(name for name in self._special if name != eos)
        return SpecialTokens(pad=None, eos=eos, any=None, extra=extra)

    @classmethod
    def from_file(
        cls, path: str | Path, *, pattern: str, special_tokens: Mapping[str, int]
    ) -> Self:
        """Read a file of ranks: on each line a token in base64, and its rank.

        Args:   pattern: how text is cut; the file does not say. special_tokens: string -> id.
        Raises: ToktoolsError at a file that cannot be read, naming the line.
        """
        ranks: dict[bytes, int] = {}
        for number, line in enumerate(read_bytes(path).splitlines(), 1):
            if line:
                try:
                    token, rank = line.split()
                    ranks[base64.b64decode(token, validate=True)] = int(rank)
                except ValueError as e:
                    raise ToktoolsError(
                        f"{path}:{number}: expected a token in base64 and its rank, "
                        f"got {line!r:.60}"
                    ) from e
        return cls(_encoding(Path(path).stem, pattern, ranks, dict(special_tokens)))

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Read a published file of ranks, whose name says how text is cut.

        Raises: ToktoolsError for any other file: its pattern must be given to `from_file`.
        """
        stem = Path(path).stem
        if stem not in PUBLISHED:
            raise ToktoolsError(
                f"{path}: holds ranks but not how text is cut, and only {', '.join(PUBLISHED)} are "
                "known by name; TiktokenTokenizer.from_file(path, pattern=..., special_tokens=...)"
                ".save('tokenizer.json') makes a file that opens by itself"
            )
        cut, special = PUBLISHED[stem]
        component = write_pretokenizer(cut) or {}
        return cls.from_file(path, pattern=component["pattern"]["Regex"], special_tokens=special)

    def encode_piece(self, piece: str) -> list[int]:
        ids = self._encoding.encode_ordinary(piece)
        n_bytes = sum(map(self._lengths.__getitem__, ids))
        if n_bytes != len(piece.encode()):
            raise ToktoolsError(
                f"the pattern of this encoding leaves out {len(piece.encode()) - n_bytes} bytes "
                rf"of {piece!r:.60}, which would be lost; add '|[\s\S]' to its end"
            )
        return ids

    def piece_spans(self, piece: str, ids: list[int]) -> list[tuple[int, int]]:
        return byte_spans(piece, [self._lengths[id] for id in ids])

    def surface(self, token: str, first: bool) -> bytes:
        return token.encode() if token in self._special else unspell(token)

    @property
    def lossless(self) -> bool | str:
        """True: text of which its pattern would leave out a part is refused."""
        return True

    def to_document(self) -> Json:
        return {
            "model": {
                "type": "tiktoken",
                "name": self._encoding.name,
                "pattern": self.pattern,
                "special_tokens": self._special,
                "ranks": {base64.b64encode(t).decode(): rank for t, rank in self._ranks.items()},
            }
        }

    @classmethod
    def from_document(cls, document: Json, *, special: SpecialTokens, training: Json) -> Self:
        model = document["model"]
        try:
            ranks = {base64.b64decode(t, validate=True): r for t, r in model["ranks"].items()}
            arguments = model["name"], model["pattern"], ranks, model["special_tokens"]
        except (KeyError, AttributeError, binascii.Error) as e:
            raise ToktoolsError(f"the tiktoken model cannot be read: {e!r}") from e
        return cls(_encoding(*arguments), special_tokens=special, training=training)


def _encoding(name: str, pattern: str, ranks: dict[bytes, int], special: dict[str, int]) -> Any:
    """Return a `tiktoken.Encoding`; ToktoolsError if the library refuses."""
    missing = [byte for byte in range(256) if bytes([byte]) not in ranks]
    if missing:
        raise ToktoolsError(f"the ranks must hold all 256 bytes, got none for 0x{missing[0]:02X}")
    try:
        return library("tiktoken").Encoding(
            name, pat_str=pattern, mergeable_ranks=ranks, special_tokens=special
        )
    except (ValueError, TypeError) as e:
        if isinstance(e, ToktoolsError):
            raise
        raise ToktoolsError(f"the tiktoken library cannot build the encoding: {e}") from e
