"""Marks within words: a prefix on symbols that continue a word, a suffix on those that end one.

"##" tells `##s` in "hugs" from `s` in "sun"; "</w>" tells `er</w>` at the end of a word from `er`
within one. Marks are how tokens that do not hold the white space say where the words are.

Source: Devlin et al. 2019, arXiv:1810.04805 ("##"); Sennrich et al. 2016, arXiv:1508.07909,
sec. 3.2 (a mark at the end of a word); the forms are those of the Hugging Face library.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toktools.contract.decode_stream import DecodeStream

if TYPE_CHECKING:
    from toktools.bpe import BPETokenizer


@dataclass(frozen=True)
class Marks:
    """How words are marked; "" for no mark.

    Args:
        prefix: stands before every symbol but the first of a word.
        suffix: stands behind the last symbol of a word.
        spaces: whether white space stood between the words, so that decoding puts a space there.
    Example:
        >>> Marks("##", "</w>").spell("hug")
        ['h', '##u', '##g</w>']
        >>> Marks("##").surface("##ug", first=False), Marks("##").surface("hug", first=False)
        ('ug', ' hug')
        >>> Marks(suffix="</w>").surface("hug</w>", first=False)
        'hug '
    """

    prefix: str = ""
    suffix: str = ""
    spaces: bool = True

    def __bool__(self) -> bool:
        return bool(self.prefix or self.suffix)

    @property
    def spaces_behind(self) -> bool:
        """Whether decoding puts a space behind each word, which the last word does not need."""
        return bool(self.suffix) and self.spaces and not self.prefix

    def spell(self, word: str, alphabet: Container[str] | None = None) -> list[str]:
        """Return the characters of `word`, marked; those outside `alphabet` are left out."""
        last = len(word) - 1
        return [
            (self.prefix if i else "") + character + (self.suffix if i == last else "")
            for i, character in enumerate(word)
            if alphabet is None or character in alphabet
        ]

    def n_characters(self, token: str) -> int:
        """Return how many characters `token` has without its marks."""
        return len(token.removeprefix(self.prefix).removesuffix(self.suffix))

    def lengths(self, tokens: list[str]) -> list[int]:
        """Return how many characters of a word each of its tokens spells."""
        last = len(tokens) - 1
        return [
            len(token) - (len(self.prefix) if i else 0) - (len(self.suffix) if i == last else 0)
            for i, token in enumerate(tokens)
        ]

    def surface(self, token: str, *, first: bool) -> str:
        """Return what a token adds to the text; `first` if nothing stands before it.

        With a prefix, a word has its space before it, and a text that begins with a prefix keeps
        it. With a suffix alone, the space is behind the word, wherever a token holds the suffix.
        """
        text = token
        if self.prefix and not (first and self.spaces):
            text = token.removeprefix(self.prefix)
            if text == token and self.spaces:
                text = " " + token
        if self.suffix:
            text = text.replace(self.suffix, " " if self.spaces_behind else "")
        return text


class WordEndStream(DecodeStream):
    """Decodes ids one at a time, and holds back the space behind a word until another follows."""

    def __init__(self, tokenizer: BPETokenizer) -> None:
        super().__init__(tokenizer)
        self._suffix = tokenizer.marks.suffix
        self._held = ""

    def feed(self, id: int) -> str:
        text = super().feed(id)
        if not text:
            return ""
        text = self._held + text
        vocabulary = self._tokenizer.vocabulary
        ends = id not in vocabulary.special_ids and vocabulary.token(id).endswith(self._suffix)
        self._held = " " if ends else ""
        return text.removesuffix(self._held)
