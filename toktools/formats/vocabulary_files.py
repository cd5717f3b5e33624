"""The older files of published tokenizers: `vocab.json` with `merges.txt`, and `vocab.txt`.

Differs from `tokenizer.json` in what they leave out: how text is cut and what is special. GPT-2's
and BERT's ways are the defaults.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from toktools.bpe import BPETokenizer
from toktools.errors import ToktoolsError
from toktools.formats.foreign import parts_by_name, read_merge
from toktools.formats.reading import read_json, read_text
from toktools.normalizers import BertCleanup, Lowercase, Normalizer
from toktools.pretokenizers import Pretokenizer, PunctuationSplit
from toktools.vocabulary import Vocabulary, tokens_by_id
from toktools.wordpiece import WordPieceTokenizer

BERT_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def load_vocab_and_merges(
    vocab: str | Path,
    merges: str | Path,
    *,
    pretokenizer: Pretokenizer | None = None,
    special_tokens: Iterable[str] | None = None,
    unk: str | None = None,
) -> BPETokenizer:
    """Read BPE from GPT-2's two files.

    Args:
        vocab: a `vocab.json`, a JSON object of tokens and ids.
        merges: a `merges.txt`, a merge a line after a line "#version: 0.2", if there is one.
        pretokenizer: GPT-2's by default.
        special_tokens: which tokens are special; those that the vocabulary lacks are passed over.
            By default the ones that no text can become: they are neither bytes nor merged.
        unk: the token for unknown characters, of a model over characters; None for bytes.
    Raises: ToktoolsError, naming the file, if one cannot be read or they do not fit together.
    """
    ids = read_json(vocab)
    if not isinstance(ids, dict):
        raise ToktoolsError(f"{vocab}: must be a JSON object of tokens and ids, got {ids!r:.60}")
    lines = [line.removesuffix("\r") for line in read_text(merges).split("\n")]
    if lines[0].startswith("#version"):
        del lines[0]
    try:
        pairs = [read_merge(line) for line in lines if line]
        tokens = tokens_by_id(ids)
        if special_tokens is None:
            made = {left + right for left, right in pairs}
            special_tokens = [t for t in tokens if len(t) > 1 and t not in made]
        special = parts_by_name([token for token in special_tokens if token in ids], unk)
        return BPETokenizer(
            Vocabulary(tokens, special), pairs, byte_level=unk is None, pretokenizer=pretokenizer
        )
    except ToktoolsError as e:
        raise ToktoolsError(f"{vocab}, {merges}: {e}") from e


def load_vocab_txt(
    path: str | Path,
    *,
    normalizer: Normalizer | Literal["auto"] | None = "auto",
    pretokenizer: Pretokenizer | None = None,
    special_tokens: Iterable[str] = BERT_SPECIAL,
    unk: str = "[UNK]",
) -> WordPieceTokenizer:
    """Read WordPiece from BERT's `vocab.txt`: a token a line, its id the line's number from 0.

    Args:
        path: the file.
        normalizer: by default BERT's clean-up, which lowercases unless the vocabulary holds upper
            case (text could never become such a token).
        pretokenizer: at white space and punctuation by default.
        special_tokens: which tokens are special; those that the vocabulary lacks are passed over.
        unk: the token for words that it cannot spell.
    Raises: ToktoolsError, naming the file, if it cannot be read or lacks `unk`.
    """
    tokens = [line.removesuffix("\r") for line in read_text(path).split("\n")]
    if tokens[-1] == "":
        tokens.pop()
    try:
        names = [token for token in special_tokens if token in tokens]
        special = parts_by_name(names, unk)
        if normalizer == "auto":
            words = "".join(token for token in tokens if token not in {*names, unk})
            normalizer = BertCleanup(lowercase=Lowercase().normalize(words) == words)
        return WordPieceTokenizer(
            Vocabulary(tokens, special),
            normalizer=normalizer,
            pretokenizer=pretokenizer or PunctuationSplit(),
        )
    except ToktoolsError as e:
        raise ToktoolsError(f"{path}: {e}") from e
