"""`.tiktoken` files: byte sequences and their ranks, which are both ids and the order of merging.

Differs from `tokenizer.json` in that the merges are not written down. Each token longer than a byte
was made of two that came before it, and encoding it with those alone finds them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path

from toktools.bpe import BPETokenizer
from toktools.errors import ToktoolsError
from toktools.formats.foreign import parts_by_name
from toktools.formats.reading import read_bytes
from toktools.pretokenizers import Cl100kSplit, Gpt2Split, O200kSplit, Pretokenizer
from toktools.unicode.byte_alphabet import spell
from toktools.vocabulary import Vocabulary, tokens_by_id

_MOST_HOLES = 1000  # published files have up to 17
_END = "<|endoftext|>"
PUBLISHED: dict[str, tuple[Pretokenizer, dict[str, int]]] = {
    "r50k_base": (Gpt2Split(), {_END: 50256}),
    "p50k_base": (Gpt2Split(), {_END: 50256}),
    "cl100k_base": (
        Cl100kSplit(),
        {
            _END: 100257,
            "<|fim_prefix|>": 100258,
            "<|fim_middle|>": 100259,
            "<|fim_suffix|>": 100260,
            "<|endofprompt|>": 100276,
        },
    ),
    "o200k_base": (O200kSplit(), {_END: 199999, "<|endofprompt|>": 200018}),
}
"""The cut and the special tokens of the published files, by name (tiktoken 0.14)."""


def load_tiktoken(
    path: str | Path,
    *,
    pretokenizer: Pretokenizer,
    special_tokens: Mapping[str, int] | None = None,
) -> BPETokenizer:
    """Read a rank file of tiktoken's; it says neither how text is cut nor what is special.

    Args:
        path: a file of lines "<base64 of the bytes> <rank>".
        pretokenizer: `Cl100kSplit()`, `O200kSplit()`, ...
        special_tokens: strings and their ids, which stand between or after the ranks.
    Returns: a tokenizer with tiktoken's ids; its end-of-document token is known by its name.
    Raises:  ToktoolsError, with path and line, if the file is not one.
    """
    ranks = _read_ranks(Path(path))
    try:
        special = dict(special_tokens or {})
        ids = {spell(token): rank for token, rank in ranks.items()} | special
        vocabulary = Vocabulary(tokens_by_id(ids), parts_by_name(special, None))
        merges = [
            halves(token, rank, ranks)
            for token, rank in sorted(ranks.items(), key=lambda item: item[1])
            if len(token) > 1
        ]
        spelled = [(spell(left), spell(right)) for left, right in merges]
        return BPETokenizer(vocabulary, spelled, ignore_merges=True, pretokenizer=pretokenizer)
    except ToktoolsError as e:
        raise ToktoolsError(f"{path}: {e}") from e


def load_published(path: Path) -> BPETokenizer:
    """Read a rank file whose name says how text is cut and what is special.

    Raises: ToktoolsError for a file of another name, which `load_tiktoken` must be told about, and
            for one that is not what its name says.
    """
    if path.stem not in PUBLISHED:
        raise ToktoolsError(
            f"{path}: holds ranks but not how text is cut; only {', '.join(PUBLISHED)} are known "
            f"by name: toktools.load_tiktoken({str(path)!r}, pretokenizer=...).save("
            "'tokenizer.json') makes a file that opens by itself, and so does toktools convert "
            "with --pretokenizer"
        )
    cut, special = PUBLISHED[path.stem]
    tokenizer = load_tiktoken(path, pretokenizer=cut, special_tokens=special)
    n_tokens = len(tokenizer.vocabulary.ids)
    if tokenizer.n_vocab - n_tokens > _MOST_HOLES:
        raise ToktoolsError(
            f"{path}: must hold the ranks of {path.stem}, about {tokenizer.n_vocab:,}, got "
            f"{n_tokens - len(special):,}; give the file a name of its own, and see "
            "toktools.load_tiktoken"
        )
    return tokenizer


def _read_ranks(path: Path) -> dict[bytes, int]:
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(read_bytes(path).splitlines(), start=1):
        try:
            encoded, rank = line.split()
            token = base64.b64decode(encoded, validate=True)
            if not token or token in ranks:
                raise ValueError("an empty token, or one that was there before")
            ranks[token] = int(rank)
        except (ValueError, binascii.Error) as e:
            raise ToktoolsError(
                f"{path}:{number}: a line must be '<base64> <rank>', each token once, "
                f"got {line!r:.60}"
            ) from e
    return ranks


def halves(token: bytes, rank: int, ranks: Mapping[bytes, int]) -> tuple[bytes, bytes]:
    """Return the two parts that `token` is made of when only lower ranks may be merged."""
    parts = [token[i : i + 1] for i in range(len(token))]
    while len(parts) > 2:
        pairs = [ranks.get(parts[i] + parts[i + 1], rank) for i in range(len(parts) - 1)]
        best = min(pairs)
        if best >= rank:
            raise ToktoolsError(f"token {token!r} (rank {rank}) cannot be merged from lower ranks")
        i = pairs.index(best)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return parts[0], parts[1]
