"""The libraries that are compared, how each does each job, and why some do not do some.

Each module here speaks to one library in that library's own way, and imports it only when asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

from experiments.bench.jobs import COPY, JOBS, Maker

_BYTES_TIES = "ties go to other pairs than in the `tokenizers` library, so that merges differ"


class Peer(NamedTuple):
    """A library.

    module: what is imported, None for none. adapter: the module here that knows it; ways: the name
    in it of its jobs.
    absent: why it does not do a job that others do. differs: what it does instead of the same.
    line_feed: whether its trainer counts the line feed at the end of a line.
    """

    module: str | None
    adapter: str
    absent: Mapping[str, str] = {}
    differs: Mapping[str, str] = {}
    line_feed: bool = False
    ways: str = "JOBS"

    def jobs(self) -> Mapping[str, Maker]:
        """Return how this library does each job that it can do; imports the library."""
        return getattr(import_module(self.adapter), self.ways)

    def is_installed(self) -> bool:
        """Whether the library is there to be imported."""
        return self.module is None or find_spec(self.module) is not None


def _peer(module: str | None, adapter: str, **known: object) -> Peer:
    return Peer(module, f"{__name__}.{adapter}", **known)  # type: ignore[arg-type]


_TRAINS_ONLY = "the library trains, and leaves encoding to others"
_NO_WORDS = "timed against a memory copy, which is faster than any library"
_WORDS = {"encode-word": _NO_WORDS, "encode-character": _NO_WORDS}
_NO_TRAINING = "the library does not train"
_NO_WORDPIECE = "the library has no WordPiece"
_WORDPIECE = {"train-wordpiece": _NO_WORDPIECE, "encode-wordpiece": _NO_WORDPIECE}
_PIECES = ("train-bpe", "train-wordpiece", "encode-bpe", "encode-wordpiece")
_COPIED = ("encode-word", "encode-character", "decode-bpe")
_ENCODING = {"encode-bpe": _TRAINS_ONLY, "decode-bpe": _TRAINS_ONLY}

PEERS: dict[str, Peer] = {
    "toktools": _peer("toktools", "ours"),
    "tokenizers": _peer(
        "tokenizers",
        "huggingface",
        line_feed=True,
        absent=_WORDS,
        differs={
            "train-wordpiece": 'numbers its "##x" symbols in an order that is new in each run, and '
            "breaks ties by it; given its order, ours learns the same list, which each run checks"
        },
    ),
    "tiktoken": _peer(
        "tiktoken", "openai", absent={"train-bpe": _NO_TRAINING, **_WORDPIECE, **_WORDS}
    ),
    "gigatoken": _peer("gigatoken", "gigatokens", line_feed=True, absent={**_WORDPIECE, **_WORDS}),
    "gigabpe": _peer(
        "gigabpe", "gigabpes", line_feed=True, absent={**_ENCODING, **_WORDPIECE, **_WORDS}
    ),
    "nanotoken": _peer(
        "nanotoken",
        "nanotokens",
        absent={
            "train-bpe": _NO_TRAINING,
            "train-wordpiece": _NO_TRAINING,
            "encode-bpe": "the library has no BPE",
            "decode-bpe": "the library has no BPE",
            **_WORDS,
        },
    ),
    "gigatoken-whole": _peer(
        "gigatoken",
        "gigatokens",
        ways="WHOLE",
        absent=dict.fromkeys(set(JOBS) - {"encode-bpe"}, "the same as gigatoken"),
        differs={"encode-bpe": "the file is one document, and its line feeds are encoded too"},
    ),
    "nanotoken-whole": _peer(
        "nanotoken",
        "nanotokens",
        ways="WHOLE",
        absent=dict.fromkeys(set(JOBS) - {"encode-wordpiece"}, "the same as nanotoken"),
    ),
    "rustbpe": _peer(
        "rustbpe",
        "rustbpes",
        absent={
            "encode-bpe": "it encodes only with what it has trained itself",
            "decode-bpe": "it decodes only with what it has trained itself",
            **_WORDPIECE,
            **_WORDS,
        },
        differs={"train-bpe": _BYTES_TIES},
    ),
    "bpeasy": _peer(
        "bpeasy",
        "bpeasys",
        absent={**_ENCODING, **_WORDPIECE, **_WORDS},
        differs={"train-bpe": _BYTES_TIES},
    ),
    "sentencepiece": _peer(
        "sentencepiece",
        "google",
        absent={
            "encode-bpe": "its files hold no byte-level BPE with GPT-2's cut",
            "decode-bpe": "its files hold no byte-level BPE with GPT-2's cut",
            **_WORDPIECE,
            **_WORDS,
        },
        differs={
            "train-bpe": "merges characters, not bytes; cuts at spaces only; skips lines of more "
            "than 4,192 bytes"
        },
    ),
    COPY: _peer(
        None,
        "copying",
        absent=dict.fromkeys(_PIECES, "only beside jobs that come near to it"),
        differs=dict.fromkeys(_COPIED, "reads the bytes and does nothing with them"),
    ),
}


def contestants(job: str) -> list[str]:
    """Return the names of the libraries that do a job, ours first.

    Example:
        >>> contestants("encode-wordpiece")
        ['toktools', 'tokenizers', 'nanotoken', 'nanotoken-whole']
    """
    return [name for name, peer in PEERS.items() if job not in peer.absent]
