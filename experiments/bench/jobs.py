"""What is timed, job by job, and the task that a process gets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from toktools.files import replacing

OURS = "toktools"
COPY = "memory copy"
"""Not a library: the bytes of the file read into memory, the least that any encoder must do."""
GPT2_CUT = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
"""GPT-2's cut for libraries that take a regex; possessive, so that it backs up least."""


class Job(NamedTuple):
    """One kind of work: its title, and from where to where the clock runs."""

    title: str
    timed: str


_TRAINED = "from the path of the text to a trained tokenizer in memory"
_ENCODED = "from the path of the text to the ids of all of its lines in memory"
JOBS = {
    "train-bpe": Job("train byte-level BPE", _TRAINED),
    "train-wordpiece": Job("train WordPiece by frequency", _TRAINED),
    "encode-bpe": Job("encode byte-level BPE", _ENCODED),
    "encode-wordpiece": Job("encode WordPiece as BERT does", _ENCODED),
    "encode-word": Job("encode words", _ENCODED),
    "encode-character": Job("encode characters", _ENCODED),
    "decode-bpe": Job("decode byte-level BPE", "from ids in memory to text in memory"),
}


@dataclass(frozen=True, kw_only=True)
class Task:
    """One round: which library does what, on which text, with how many threads.

    Args:
        job, peer: names in `JOBS` and `PEERS`.
        text: path of the text, UTF-8, a document a line. ids: path of its ids, for decoding.
        tokenizers: folder of the tokenizers to encode with, in every library's own format.
        vocab_size: what trainers learn. threads: how many the library may use.
        made: where to write the tokens that a trainer learned, in the order it learned them.
        memory: bytes that the system is to have at hand when the clock starts; see `one_round.py`.
    """

    job: str
    peer: str
    text: str
    ids: str
    tokenizers: str
    vocab_size: int
    threads: int
    made: str = ""
    memory: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)


class Work(NamedTuple):
    """A job ready to start: `run` is timed; `answer` is not, and makes its result comparable.

    answer returns the ids of the whole text as one array; or the text, as bytes; or the tokens that
    were learned, as bytes, in the order in which they were.
    """

    run: Callable[[], Any]
    answer: Callable[[Any], Any]


Maker = Callable[[Task], Work]
"""A library's way to do a job."""


def plain_tokenizer(task: Task, name: str) -> Path:
    """Return a `tokenizer.json` for which a special token that stands in a text is text.

    So it is for our `encode`; most libraries would take it for the special token.
    """
    path = Path(task.tokenizers, f"{name}-plain.json")
    if not path.exists():
        described = json.loads(Path(task.tokenizers, f"{name}.json").read_text("utf-8"))
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(described | {"added_tokens": []}), "utf-8")
    return path


def lines(path: str, *, keep_ends: bool = False) -> list[str]:
    r"""Return the lines of a text; only \n ends a line.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> path = Path(tempfile.mkdtemp()) / "a.txt"
        >>> _ = path.write_bytes(b"a\r\n\nb")
        >>> lines(str(path)), lines(str(path), keep_ends=True)
        (['a\r', '', 'b'], ['a\r\n', '\n', 'b'])
    """
    with open(path, encoding="utf-8", newline="\n") as file:
        found = file.read().split("\n")
    last = found.pop()
    whole = [line + "\n" for line in found] if keep_ends else found
    return [*whole, last] if last else whole


def flat(rows: Any) -> Any:
    """Return lists of ids, one a document, as one array.

    Example:
        >>> flat([[1, 2], [], [3]]).tolist()
        [1, 2, 3]
    """
    full = [np.asarray(row, np.uint32) for row in rows if len(row)]
    return np.concatenate(full) if full else np.zeros(0, np.uint32)
