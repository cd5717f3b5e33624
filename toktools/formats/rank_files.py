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
from toktools.byte_alphabet import spell
from toktools.errors import ToktoolsError
from toktools.formats.foreign import parts_by_name
from toktools.pretokenizers import Pretokenizer
from toktools.vocabulary import Vocabulary, tokens_by_id


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
    special = dict(special_tokens or {})
    ranks = _read_ranks(Path(path))
    ids = {spell(token): rank for token, rank in ranks.items()} | special
    try:
        vocabulary = Vocabulary(tokens_by_id(ids), parts_by_name(special, None))
        merges = [
            _halves(token, rank, ranks)
            for token, rank in sorted(ranks.items(), key=lambda item: item[1])
            if len(token) > 1
        ]
        spelled = [(spell(left), spell(right)) for left, right in merges]
        return BPETokenizer(vocabulary, spelled, ignore_merges=True, pretokenizer=pretokenizer)
    except ToktoolsError as e:
        raise ToktoolsError(f"{path}: {e}") from e


def _read_ranks(path: Path) -> dict[bytes, int]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as e:
        raise ToktoolsError(f"{path}: cannot be read: {e.strerror}") from e
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(lines, start=1):
        try:
            encoded, rank = line.split()
            ranks[base64.b64decode(encoded, validate=True)] = int(rank)
        except (ValueError, binascii.Error) as e:
            raise ToktoolsError(
                f"{path}:{number}: a line must be '<base64> <rank>', got {line!r:.60}"
            ) from e
    return ranks


def _halves(token: bytes, rank: int, ranks: Mapping[bytes, int]) -> tuple[bytes, bytes]:
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
