"""The older files of tokenizers, written: each function refuses what would change the ids.

Each writes the files that it is given the names of, and returns what they have no place for.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from toktools.bpe import BPETokenizer
from toktools.byte import ByteTokenizer
from toktools.errors import ToktoolsError
from toktools.formats.rank_files import halves
from toktools.tokenizer import Tokenizer
from toktools.unicode.byte_alphabet import unspell
from toktools.wordpiece import WordPieceTokenizer


def as_bpe(tokenizer: Tokenizer) -> BPETokenizer:
    """Return it as BPE; ToktoolsError if it is none, or of a sort that the older files lack."""
    if isinstance(tokenizer, ByteTokenizer):
        return BPETokenizer(tokenizer.vocabulary, [], pretokenizer=tokenizer.pretokenizer)
    if not isinstance(tokenizer, BPETokenizer):
        raise ToktoolsError(f"a {tokenizer.kind} tokenizer is not BPE and has no such file")
    for option in ("continuing_subword_prefix", "end_of_word_suffix"):
        if getattr(tokenizer, option, None):
            raise ToktoolsError(f"the ids would change: such a file has no place for {option}")
    return tokenizer


def _not_held(tokenizer: Tokenizer, *, special: bool) -> list[str]:
    """Return what no file but tokenizer.json holds."""
    lines = [f"how text is cut: {tokenizer.pretokenizer!r}"]
    if tokenizer.normalizer is not None:
        lines.append(f"how text is rewritten: {tokenizer.normalizer!r}")
    names = {name: tokenizer.vocabulary.ids[name] for name in tokenizer.vocabulary.special}
    if special and names:
        lines.append(f"the special tokens: {names}")
    elif names:
        lines.append(f"which tokens are special: {', '.join(names)}")
    return lines


def write_json(tokenizer: Tokenizer, paths: list[Path]) -> list[str]:
    """Write a tokenizer.json."""
    tokenizer.save(paths[0])
    return []


def write_vocab_and_merges(tokenizer: Tokenizer, paths: list[Path]) -> list[str]:
    """Write GPT-2's two files."""
    bpe = as_bpe(tokenizer)
    for merge in bpe.merges:
        if any(character.isspace() for token in merge for character in token):
            raise ToktoolsError(f"a merges.txt has no place for white space in tokens: {merge!r}")
    if bpe.ignore_merges:
        _require_made(bpe)
    vocab, merges = paths
    vocab.write_text(json.dumps(bpe.get_vocab(), ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(merge) for merge in bpe.merges)]
    merges.write_bytes(("\n".join(lines) + "\n").encode())
    unk = bpe.vocabulary.special.any
    alphabet = [] if bpe.byte_level else [f"that it is over characters, and {unk} the unknown"]
    return [*_not_held(tokenizer, special=False), *alphabet]


def _require_made(bpe: BPETokenizer) -> None:
    """Raise ToktoolsError unless merges make every token, so that ignoring them changes nothing."""
    plain = BPETokenizer(bpe.vocabulary, bpe.merges, byte_level=bpe.byte_level)
    for token, id in bpe.vocabulary.ids.items():
        if id not in bpe.vocabulary.special_ids:
            piece = unspell(token).decode("utf-8", "replace") if bpe.byte_level else token
            if "\ufffd" not in piece and plain.encode_piece(piece) != [id]:
                raise ToktoolsError(
                    f"the ids would change: the token {token!r} is not what its merges make, and "
                    "such a file has no place for ignore_merges"
                )


def write_vocab_txt(tokenizer: Tokenizer, paths: list[Path]) -> list[str]:
    """Write BERT's file."""
    if not isinstance(tokenizer, WordPieceTokenizer):
        raise ToktoolsError(f"a {tokenizer.kind} tokenizer is not WordPiece and has no vocab.txt")
    if (tokenizer.prefix, tokenizer.max_word_characters) != ("##", 100):
        raise ToktoolsError(
            "the ids would change: a vocab.txt has no place for another prefix than '##' or "
            f"another longest word than 100 characters, got {tokenizer.prefix!r} and "
            f"{tokenizer.max_word_characters}"
        )
    for token in tokenizer.vocabulary.tokens:
        if "\n" in token or token.endswith("\r"):
            raise ToktoolsError(f"a vocab.txt has no place for line ends in tokens: {token!r}")
    text = "".join(token + "\n" for token in tokenizer.vocabulary.tokens)
    paths[0].write_bytes(text.encode())
    return _not_held(tokenizer, special=False)


def write_ranks(tokenizer: Tokenizer, paths: list[Path]) -> list[str]:
    """Write a .tiktoken file."""
    bpe = as_bpe(tokenizer)
    if not bpe.byte_level:
        raise ToktoolsError("a .tiktoken file holds bytes; this tokenizer is over characters")
    ranks = {unspell(token): id for token, id in bpe.vocabulary.ordinary_ids.items()}
    _require_ranks(bpe, ranks)
    lines = (f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in ranks.items())
    paths[0].write_text("".join(lines), encoding="ascii")
    return _not_held(tokenizer, special=True)


def _require_ranks(bpe: BPETokenizer, ranks: dict[bytes, int]) -> None:
    """Raise ToktoolsError unless the ranks alone say what the merges say, in the same order."""
    ids = bpe.vocabulary.ids
    made = [ids[left + right] for left, right in bpe.merges]
    for i in range(1, len(made)):
        if made[i] <= made[i - 1]:
            raise ToktoolsError(
                f"the ids would change: merge {i} makes the id {made[i]}, the one before it "
                f"{made[i - 1]}, and in a .tiktoken file merges go by ids, lowest first"
            )
    parts = {unspell(left + right): (unspell(left), unspell(right)) for left, right in bpe.merges}
    for token, rank in ranks.items():
        if len(token) > 1 and parts.get(token) != halves(token, rank, ranks):
            raise ToktoolsError(
                f"the ids would change: the token {token!r} is made of "
                f"{parts.get(token, 'nothing')}, not of the parts that lower ids make"
            )
