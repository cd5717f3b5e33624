"""What a tokenizer must say of itself, and what it then knows of its vocabulary.

Text goes through three steps: the normalizer rewrites it, the pretokenizer cuts it into pieces, and
`encode_piece` turns each piece into token ids. A tokenizer supplies the last step and the way back,
`surface`: the bytes that a token adds to the text. All the rest follows from these: `encoding.py`
(text to ids), `decoding.py` (ids to text), and `tokenizer.py`, which joins the two.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from toktools.errors import ToktoolsError
from toktools.normalizers import Normalizer
from toktools.pretokenizers import Pretokenizer, WholeText
from toktools.vocabulary import Vocabulary


class Contract(ABC):
    """A vocabulary, the two steps before it, and the methods that a tokenizer must supply."""

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

    # What is in it

    @property
    def n_vocab(self) -> int:
        """The number of ids, specials and ids without a token included."""
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
        """For each id, the bytes that it adds in the middle of a text; none for special tokens."""
        return [
            self.surface(token, False) if token and i not in self.vocabulary.special_ids else b""
            for i, token in enumerate(self.vocabulary.tokens)
        ]

    def require_eos(self) -> int:
        """Return the id that ends a document; ToktoolsError if there is none."""
        if self.eos_id is None:
            raise ToktoolsError(
                "this tokenizer has no end-of-document token; train it with one: eos_token='<EOS>'"
            )
        return self.eos_id
