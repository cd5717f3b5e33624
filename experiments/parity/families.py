"""Every family of tokenizers beside the library whose ids it must give.

In some of them our trainers write a file and a library opens it; in the others a library writes
the file and our code runs it. So the formats are compared in both directions. Strings that are
special tokens count as such on both sides.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from toktools import (
    ByteTokenizer,
    SpecialTokens,
    Tokenizer,
    load,
    train_bpe,
    train_character,
    train_word,
    train_wordpiece,
)
from toktools.formats.rank_files import load_tiktoken
from toktools.formats.tokenizer_json import to_json
from toktools.formats.vocabulary_files import load_vocab_and_merges, load_vocab_txt
from toktools.pretokenizers import pretokenizer
from toktools.unicode.byte_alphabet import unspell

Documents = Sequence[str]
EncodeBatch = Callable[[list[str]], list[list[int]]]
VOCAB_SIZE = 2000
CHARACTERS_VOCAB_SIZE = 8000  # room for the characters of Japanese, with and without a prefix


@dataclass(frozen=True)
class Pair:
    """A tokenizer of ours, and a library's ids for a batch of the same texts."""

    ours: Tokenizer
    theirs: EncodeBatch


@dataclass(frozen=True)
class Family:
    """A kind of tokenizer: who writes the file, who must give the same ids, how a pair is made."""

    name: str
    oracle: str
    make: Callable[[Documents], Pair]


# Files that we write


def _trained(name: str, train: Callable[..., Tokenizer], **options: Any) -> Family:
    """A family whose file our trainer writes and the `tokenizers` library opens."""

    def make(documents: Documents) -> Pair:
        from tokenizers import Tokenizer as Library

        tokenizer = train(documents, **options)
        library = Library.from_str(json.dumps(to_json(tokenizer)))
        return Pair(tokenizer, partial(_library_ids, library))

    return Family(name, "tokenizers", make)


def _library_ids(library: Any, texts: list[str]) -> list[list[int]]:
    return [e.ids for e in library.encode_batch_fast(texts, add_special_tokens=False)]


_bpe = partial(_trained, train=train_bpe, vocab_size=VOCAB_SIZE)
_wordpiece = partial(_trained, train=train_wordpiece, vocab_size=CHARACTERS_VOCAB_SIZE)


# Files that the `tokenizers` library writes

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")
BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def _library_bpe(documents: Documents, pattern: str | None, **model: Any) -> Any:
    """Train byte-level BPE in the library, cut by `pattern` or by GPT-2's."""
    from tokenizers import Regex, models, pre_tokenizers, trainers
    from tokenizers import Tokenizer as Library

    library = Library(models.BPE(**model))
    cut = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    if pattern is not None:
        cut = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), cut])
    library.pre_tokenizer = cut  # type: ignore[assignment]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    library.train_from_iterator(documents, trainer)
    return library


def _library_qwen(documents: Documents) -> Any:
    from tokenizers import normalizers

    library = _library_bpe(documents, QWEN2)
    library.normalizer = normalizers.NFC()
    return library


def _library_bert(documents: Documents) -> Any:
    from tokenizers import Tokenizer as Library
    from tokenizers import models, normalizers, pre_tokenizers, trainers

    library = Library(models.WordPiece(unk_token="[UNK]"))
    library.normalizer = normalizers.BertNormalizer()  # type: ignore[assignment]
    library.pre_tokenizer = pre_tokenizers.BertPreTokenizer()  # type: ignore[assignment]
    trainer = trainers.WordPieceTrainer(
        vocab_size=VOCAB_SIZE, special_tokens=BERT_SPECIAL, show_progress=False
    )
    library.train_from_iterator(documents, trainer)
    return library


def _library_words(documents: Documents) -> Any:
    from tokenizers import Tokenizer as Library
    from tokenizers import models, normalizers, pre_tokenizers, trainers

    library = Library(models.WordLevel(unk_token="<unk>"))
    library.normalizer = normalizers.Sequence(  # type: ignore[assignment]
        [normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()]
    )
    library.pre_tokenizer = pre_tokenizers.WhitespaceSplit()  # type: ignore[assignment]
    trainer = trainers.WordLevelTrainer(
        vocab_size=VOCAB_SIZE, special_tokens=["<unk>"], show_progress=False
    )
    library.train_from_iterator(documents, trainer)
    return library


def _tokenizer_json(library: Any, folder: Path) -> Tokenizer:
    library.save(str(folder / "tokenizer.json"))
    return load(folder)


def _vocab_and_merges(library: Any, folder: Path) -> Tokenizer:
    vocab, merges = library.model.save(str(folder))
    return load_vocab_and_merges(vocab, merges)


def _vocab_txt(library: Any, folder: Path) -> Tokenizer:
    return load_vocab_txt(*library.model.save(str(folder)))


def _foreign(
    name: str,
    train: Callable[[Documents], Any],
    read: Callable[[Any, Path], Tokenizer] = _tokenizer_json,
) -> Family:
    """A family whose file the library writes, and `read` opens."""

    def make(documents: Documents) -> Pair:
        library = train(documents)
        with tempfile.TemporaryDirectory() as folder:
            return Pair(read(library, Path(folder)), partial(_library_ids, library))

    return Family(name, "tokenizers", make)


# Rank files


def _ranks(name: str, published: str) -> Family:
    """A family whose `.tiktoken` file both we and tiktoken run, cut as `published` is."""

    def make(documents: Documents) -> Pair:
        from tiktoken import Encoding

        cut = pretokenizer(name)
        trained = train_bpe(
            documents,
            vocab_size=VOCAB_SIZE,
            pretokenizer=cut,
            special_tokens=SpecialTokens.none(),
        )
        ranks = {unspell(token): id for token, id in trained.get_vocab().items()}
        special = {"<|endoftext|>": len(ranks)}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ranks.tiktoken"
            lines = (f"{base64.b64encode(t).decode()} {rank}\n" for t, rank in ranks.items())
            path.write_text("".join(lines))
            ours = load_tiktoken(path, pretokenizer=cut, special_tokens=special)
        encoding = Encoding(
            published,
            pat_str=published_pattern(published),
            mergeable_ranks=ranks,
            special_tokens=special,
        )
        encode = partial(encoding.encode_batch, num_threads=1, allowed_special="all")
        return Pair(ours, encode)

    return Family(f"`.tiktoken` cut as {published}", "tiktoken", make)


def published_pattern(name: str) -> str:
    """Return the pattern of a published encoding of tiktoken's, without fetching its ranks."""
    from tiktoken_ext import openai_public

    with patch.object(openai_public, "load_tiktoken_bpe", lambda *_, **__: {}):
        return openai_public.ENCODING_CONSTRUCTORS[name]()["pat_str"]


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        _trained("byte", lambda _: ByteTokenizer()),
        _trained("character", train_character),
        _trained("word", train_word),
        _trained(
            "word, lowercase, punctuation apart", train_word, split="punctuation", lowercase=True
        ),
        *(_bpe(f"BPE of bytes, cut {cut}", pretokenizer=cut) for cut in ("gpt2", "cl100k")),
        *(_bpe(f"BPE of bytes, cut {cut}", pretokenizer=cut) for cut in ("o200k", "digits")),
        _trained(
            "BPE of characters", train_bpe, byte_level=False, vocab_size=CHARACTERS_VOCAB_SIZE
        ),
        _wordpiece("WordPiece by frequency"),
        _wordpiece("WordPiece by likelihood", criterion="likelihood", min_frequency=3),
        _wordpiece("WordPiece with BERT's clean-up", split="punctuation", normalizer="bert"),
        _wordpiece("WordPiece, byte-complete", byte_complete=True),
        _foreign("GPT-2's `tokenizer.json`", partial(_library_bpe, pattern=None)),
        _foreign(
            "Llama 3's `tokenizer.json`", partial(_library_bpe, pattern=LLAMA3, ignore_merges=True)
        ),
        _foreign("Qwen 2's `tokenizer.json`", _library_qwen),
        _foreign("BERT's `tokenizer.json`", _library_bert),
        _foreign("word-level `tokenizer.json`", _library_words),
        _foreign(
            "`vocab.json` and `merges.txt`", partial(_library_bpe, pattern=None), _vocab_and_merges
        ),
        _foreign("`vocab.txt`", _library_bert, _vocab_txt),
        _ranks("gpt2", "r50k_base"),
        _ranks("cl100k", "cl100k_base"),
        _ranks("o200k", "o200k_base"),
    )
}
