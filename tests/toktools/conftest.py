"""Real text and tokenizers trained on it, made once for all tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from toktools import (
    ByteTokenizer,
    SpecialTokens,
    Tokenizer,
    open_corpus,
    train_bpe,
    train_character,
    train_word,
    train_wordpiece,
)

TRICKY = [
    *"  \n\t\r'sdmtlvreAZ09!?.#_-",
    "\x00",
    "\x1c",
    "\x85",
    "\u3000",
    "İ",
    "Σ",
    "ß",
    "é",
    "e\u0301",
]
TRICKY += ["漢", "🙂", "\ufeff", "\ufffd", "##", "Ġ", "<EOS>", "<PAD>", "<ANY>", "the ", " The"]
tricky_text = st.lists(st.sampled_from(TRICKY) | st.characters(exclude_categories=["Cs"])).map(
    "".join
)
"""Text made to be cut wrongly: all kinds of white space, look-alikes of specials, any character."""


@pytest.fixture(scope="session")
def prose() -> list[str]:
    """English with some code: the documents of `python-docs`."""
    return list(open_corpus("python-docs"))


@pytest.fixture(scope="session")
def code() -> list[str]:
    """The first 20,000 lines of `stdlib-code`."""
    return list(open_corpus("stdlib-code", limit=20_000))


NAMED = SpecialTokens(pad="[P]", eos="[END]", any="[ANY]", extra=("[MASK]",))
MAKERS: dict[str, Callable[[list[str]], Tokenizer]] = {
    "byte": lambda documents: ByteTokenizer(),
    "byte-no-specials": lambda documents: ByteTokenizer(special_tokens=SpecialTokens.none()),
    "character": train_character,
    "character-rare": lambda documents: train_character(documents, min_count=50),
    "word": train_word,
    "word-punctuation-lower": lambda documents: train_word(
        documents, split="punctuation", lowercase=True, min_count=2, special_tokens=NAMED
    ),
    "bpe": lambda documents: train_bpe(documents, vocab_size=2000),
    "bpe-no-specials": lambda documents: train_bpe(
        documents, vocab_size=600, special_tokens=SpecialTokens.none()
    ),
    "bpe-character": lambda documents: train_bpe(documents, vocab_size=2000, byte_level=False),
    "wordpiece": lambda documents: train_wordpiece(documents, vocab_size=2000),
    "wordpiece-likelihood": lambda documents: train_wordpiece(
        documents,
        vocab_size=2000,
        criterion="likelihood",
        min_frequency=3,
        split="punctuation",
        lowercase=True,
        prefix="@@",
        special_tokens=NAMED,
    ),
}


@pytest.fixture(scope="session")
def tokenizers(prose: list[str]) -> dict[str, Tokenizer]:
    """One tokenizer of each kind and of the options that change its file."""
    return {name: make(prose) for name, make in MAKERS.items()}


@pytest.fixture(params=MAKERS)
def tokenizer(request: pytest.FixtureRequest, tokenizers: dict[str, Tokenizer]) -> Tokenizer:
    """Each of `tokenizers` in turn."""
    return tokenizers[request.param]
