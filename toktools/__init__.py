"""Tokenizers trained from scratch, and everything around them.

>>> import toktools
>>> tokenizer = toktools.train_bpe(["low lower lowest", "new newer newest"], vocab_size=262)
>>> tokenizer.decode(tokenizer.encode("newest, lowest"))
'newest, lowest'

The names below are the public API. They are imported on first use, so that `import toktools` costs
next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toktools.adapters.huggingface import HuggingFaceTokenizer
    from toktools.adapters.sentencepiece import SentencePieceTokenizer, train_sentencepiece
    from toktools.adapters.tiktoken import TiktokenTokenizer
    from toktools.bpe import BPETokenizer, train_bpe
    from toktools.byte import ByteTokenizer, train_byte
    from toktools.changing.auditing import Audit, audit
    from toktools.changing.dropout import encode_with_dropout
    from toktools.changing.extending import extend
    from toktools.changing.pruning import Pruned, prune, remap_rows
    from toktools.character import CharacterTokenizer, train_character
    from toktools.contract.decode_stream import DecodeStream
    from toktools.corpus import Corpus, open_corpus
    from toktools.errors import ToktoolsError, UnsupportedError
    from toktools.formats.converting import Conversion, convert
    from toktools.formats.rank_files import load_tiktoken
    from toktools.formats.tokenizer_json import load
    from toktools.formats.vocabulary_files import load_vocab_and_merges, load_vocab_txt
    from toktools.registry import train
    from toktools.tokenizer import Decoding, Documents, Encoding, Padded, Tokenizer
    from toktools.training.count_table import Counting
    from toktools.training.token_counts import count_tokens
    from toktools.verifying import Divergence, Verification, verify
    from toktools.vocabulary import SpecialTokens, Vocabulary
    from toktools.word import WordReport, WordTokenizer, train_word
    from toktools.wordpiece import WordPieceTokenizer, train_wordpiece

_API = {
    "adapters.huggingface": ["HuggingFaceTokenizer"],
    "adapters.sentencepiece": ["SentencePieceTokenizer", "train_sentencepiece"],
    "adapters.tiktoken": ["TiktokenTokenizer"],
    "changing.auditing": ["Audit", "audit"],
    "bpe": ["BPETokenizer", "train_bpe"],
    "byte": ["ByteTokenizer", "train_byte"],
    "character": ["CharacterTokenizer", "train_character"],
    "corpus": ["Corpus", "open_corpus"],
    "training.count_table": ["Counting"],
    "contract.decode_stream": ["DecodeStream"],
    "changing.dropout": ["encode_with_dropout"],
    "errors": ["ToktoolsError", "UnsupportedError"],
    "changing.extending": ["extend"],
    "formats.converting": ["Conversion", "convert"],
    "formats.rank_files": ["load_tiktoken"],
    "formats.tokenizer_json": ["load"],
    "formats.vocabulary_files": ["load_vocab_and_merges", "load_vocab_txt"],
    "changing.pruning": ["Pruned", "prune", "remap_rows"],
    "registry": ["train"],
    "training.token_counts": ["count_tokens"],
    "tokenizer": ["Decoding", "Documents", "Encoding", "Padded", "Tokenizer"],
    "verifying": ["Divergence", "Verification", "verify"],
    "vocabulary": ["SpecialTokens", "Vocabulary"],
    "word": ["WordReport", "WordTokenizer", "train_word"],
    "wordpiece": ["WordPieceTokenizer", "train_wordpiece"],
}
_HOME = {name: module for module, names in _API.items() for name in names}

__all__ = list(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'toktools' has no attribute {name!r}")
    value = getattr(import_module(f"toktools.{_HOME[name]}"), name)
    globals()[name] = value
    return value
