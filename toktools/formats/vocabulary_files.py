"""The older files of published tokenizers: `vocab.json` with `merges.txt`, and `vocab.txt`.

Differs from `tokenizer.json` in what they leave out: how text is cut and what is special. GPT-2's
and BERT's ways are the defaults.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from toktools.bpe import BPETokenizer
from toktools.errors import ToktoolsError
from toktools.formats.foreign import parts_by_name, read_merge
from toktools.normalizers import BertCleanup, Normalizer
from toktools.pretokenizers import Pretokenizer, PunctuationSplit
from toktools.vocabulary import Vocabulary, tokens_by_id
from toktools.wordpiece import WordPieceTokenizer

BERT_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def load_vocab_and_merges(
    vocab: str | Path,
    merges: str | Path,
    *,
    pretokenizer: Pretokenizer | None = None,
    special_tokens: Iterable[str] = ("<|endoftext|>",),
) -> BPETokenizer:
    """Read byte-level BPE from GPT-2's two files.

    Args:
        vocab: a `vocab.json`, a JSON object of tokens and ids.
        merges: a `merges.txt`, a merge a line after a line "#version: 0.2", if there is one.
        pretokenizer: GPT-2's by default.
        special_tokens: which tokens are special; those that the vocabulary lacks are passed over.
    Raises: ToktoolsError, naming the file, if one cannot be read or they do not fit together.
    """
    try:
        ids = json.loads(_read(vocab))
    except json.JSONDecodeError as e:
        raise ToktoolsError(f"{vocab}: is not a JSON file: {e}") from e
    if not isinstance(ids, dict):
        raise ToktoolsError(f"{vocab}: must be a JSON object of tokens and ids, got {ids!r:.60}")
    lines = _read(merges).split("\n")
    if lines[0].startswith("#version"):
        del lines[0]
    try:
        special = parts_by_name([token for token in special_tokens if token in ids], None)
        return BPETokenizer(
            Vocabulary(tokens_by_id(ids), special),
            [read_merge(line) for line in lines if line],
            pretokenizer=pretokenizer,
        )
    except ToktoolsError as e:
        raise ToktoolsError(f"{vocab}, {merges}: {e}") from e


def load_vocab_txt(
    path: str | Path,
    *,
    normalizer: Normalizer | None = BertCleanup(),  # noqa: B008 (a frozen value)
    special_tokens: Iterable[str] = BERT_SPECIAL,
    unk: str = "[UNK]",
) -> WordPieceTokenizer:
    """Read WordPiece from BERT's `vocab.txt`: a token a line, its id the line's number from 0.

    Args:
        path: the file.
        normalizer: BERT's clean-up with lowercase by default; `BertCleanup(lowercase=False)` for
            the cased models.
        special_tokens: which tokens are special; those that the vocabulary lacks are passed over.
        unk: the token for words that it cannot spell.
    Raises: ToktoolsError, naming the file, if it cannot be read or lacks `unk`.
    """
    tokens = [line.rstrip("\r") for line in _read(path).split("\n")]
    if tokens[-1] == "":
        tokens.pop()
    try:
        special = parts_by_name([token for token in special_tokens if token in tokens], unk)
        return WordPieceTokenizer(
            Vocabulary(tokens, special), normalizer=normalizer, pretokenizer=PunctuationSplit()
        )
    except ToktoolsError as e:
        raise ToktoolsError(f"{path}: {e}") from e


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_bytes().decode("utf-8")
    except OSError as e:
        raise ToktoolsError(f"{path}: cannot be read: {e.strerror}") from e
    except UnicodeDecodeError as e:
        raise ToktoolsError(f"{path}: is not UTF-8 text: {e}") from e
