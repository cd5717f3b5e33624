"""Real text and tokenizers trained on it, made once for all tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
import tiktoken
import tokenizers as hf
from hypothesis import strategies as st

from toktools import (
    ByteTokenizer,
    HuggingFaceTokenizer,
    SpecialTokens,
    TiktokenTokenizer,
    Tokenizer,
    open_corpus,
    train_bpe,
    train_character,
    train_sentencepiece,
    train_word,
    train_wordpiece,
)
from toktools.compiled.tokenizer import CompiledTokenizer
from toktools.unicode.byte_alphabet import unspell


def readably(tokenizer: CompiledTokenizer, text: str, *, add_eos: bool = False) -> list[int]:
    """Return the ids that the readable code gives, where `encode` would use a loop too."""
    ids = tokenizer.encode_readably(text) if text else []
    return [*ids, tokenizer.require_eos()] if add_eos else ids


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
OURS: dict[str, Callable[[list[str]], Tokenizer]] = {
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
    "bpe-suffix": lambda documents: train_bpe(
        documents, vocab_size=2000, byte_level=False, end_of_word_suffix="</w>"
    ),
    "bpe-prefix-suffix": lambda documents: train_bpe(
        documents,
        vocab_size=2000,
        byte_level=False,
        limit_alphabet=60,
        continuing_subword_prefix="@@",
        end_of_word_suffix="_",
        pretokenizer=["punctuation", "digits"],
        normalizer=["nfkc", "lowercase"],
        special_tokens=NAMED,
    ),
    "bpe-marked-but-whole": lambda documents: train_bpe(
        documents,
        vocab_size=2000,
        byte_level=False,
        continuing_subword_prefix="##",
        end_of_word_suffix="</w>",
        pretokenizer="gpt2",
    ),
    "wordpiece-bytes": lambda documents: train_wordpiece(
        documents, vocab_size=2000, byte_complete=True
    ),
    "wordpiece-lossless": lambda documents: train_wordpiece(
        documents,
        vocab_size=2000,
        byte_complete=True,
        pretokenizer="gpt2",
        continuing_subword_prefix="▁",
        special_tokens=SpecialTokens.none(),
    ),
    "wordpiece": lambda documents: train_wordpiece(documents, vocab_size=2000),
    "wordpiece-likelihood": lambda documents: train_wordpiece(
        documents,
        vocab_size=2000,
        criterion="likelihood",
        min_frequency=3,
        split="punctuation",
        lowercase=True,
        continuing_subword_prefix="@@",
        special_tokens=NAMED,
    ),
}


@cache  # the library's trainers break ties at random: train once
def hf_byte_level(documents: tuple[str, ...]) -> hf.Tokenizer:
    """Byte-level BPE as GPT-2's file has it, trained by the Hugging Face library."""
    tokenizer = hf.Tokenizer(hf.models.BPE())
    tokenizer.pre_tokenizer = hf.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = hf.decoders.ByteLevel()
    tokenizer.post_processor = hf.processors.ByteLevel(trim_offsets=True)
    trainer = hf.trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|endoftext|>", "<|pad|>", "<|tool|>"],
        initial_alphabet=hf.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer


@cache
def hf_unigram(documents: tuple[str, ...]) -> hf.Tokenizer:
    """Unigram over words marked with their space, as T5's file has it."""
    tokenizer = hf.Tokenizer(hf.models.Unigram())
    tokenizer.normalizer = hf.normalizers.NFKC()
    tokenizer.pre_tokenizer = hf.pre_tokenizers.Metaspace()
    tokenizer.decoder = hf.decoders.Metaspace()
    tokenizer.post_processor = hf.processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    trainer = hf.trainers.UnigramTrainer(
        vocab_size=500,
        special_tokens=["<pad>", "</s>", "<unk>"],
        unk_token="<unk>",
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    tokenizer.enable_padding(pad_id=0, pad_token="<pad>", length=20)
    tokenizer.enable_truncation(5)
    return tokenizer


@cache
def hf_wordpiece(documents: tuple[str, ...]) -> hf.Tokenizer:
    """WordPiece as BERT's file has it."""
    tokenizer = hf.Tokenizer(hf.models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = hf.normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = hf.pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = hf.decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = hf.trainers.WordPieceTrainer(
        vocab_size=500, special_tokens=special, show_progress=False
    )
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer


def tiktoken_encoding(documents: list[str]) -> tiktoken.Encoding:
    """The merges of our own BPE as ranks, and a special token whose id leaves a gap."""
    bpe = train_bpe(documents, vocab_size=600, special_tokens=SpecialTokens.none())
    return tiktoken.Encoding(
        "tiny",
        pat_str=r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        mergeable_ranks={unspell(token): id for token, id in bpe.get_vocab().items()},
        special_tokens={"<|endoftext|>": 600, "<|tool|>": 603},
    )


ADAPTED: dict[str, Callable[[list[str]], Tokenizer]] = {
    "hf-byte-level": lambda documents: HuggingFaceTokenizer(hf_byte_level(tuple(documents))),
    "hf-unigram": lambda documents: HuggingFaceTokenizer(hf_unigram(tuple(documents))),
    "hf-wordpiece": lambda documents: HuggingFaceTokenizer(hf_wordpiece(tuple(documents))),
    "sp-unigram": lambda documents: train_sentencepiece(documents, vocab_size=500),
    "sp-bpe-bytes": lambda documents: train_sentencepiece(
        documents,
        vocab_size=700,
        model_type="bpe",
        byte_fallback=True,
        add_dummy_prefix=False,
        special_tokens=NAMED,
    ),
    "sp-nfkc": lambda documents: train_sentencepiece(
        documents,
        vocab_size=500,
        normalization_rule_name="nmt_nfkc",
        remove_extra_whitespaces=True,
        special_tokens=SpecialTokens(pad=None),
    ),
    "tiktoken": lambda documents: TiktokenTokenizer(tiktoken_encoding(documents)),
}
MAKERS = OURS | ADAPTED


@pytest.fixture(scope="session")
def tokenizers(prose: list[str]) -> dict[str, Tokenizer]:
    """One tokenizer of each kind and of the options that change its file."""
    return {name: make(prose) for name, make in MAKERS.items()}


@pytest.fixture(params=MAKERS)
def tokenizer(request: pytest.FixtureRequest, tokenizers: dict[str, Tokenizer]) -> Tokenizer:
    """Each of `tokenizers` in turn."""
    return tokenizers[request.param]
