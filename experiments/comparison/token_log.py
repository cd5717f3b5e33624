"""What every token of the test text cost, kept in a file: all figures can be added up from it.

Legend: N tokens, D documents. Everything is in nats, as it was scored; bits are nats by ln 2.
"""

from __future__ import annotations

import io
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstm_lm.data.encoded import EncodedSplit
from lstm_lm.evaluation.spelling import SpellingModel
from lstm_lm.files import write_bytes
from toktools.errors import ToktoolsError

FILE = "test.npz"
_TYPES = {
    "ids": np.int32,
    "nats": np.float64,
    "spelling_nats": np.float64,
    "document_starts": np.int64,
    "document_bytes": np.int64,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenLog:
    """The price of a text, token by token.

    Attributes:
        ids: (N,), int32; document i is `ids[document_starts[i]:document_starts[i + 1]]`, its
            `<EOS>` the last.
        nats: (N,), float64, minus the natural logarithm of the probability of each token.
        spelling_nats: (N,), float64, what spelling costs where a token is `<ANY>`, 0 elsewhere.
        document_starts: (D + 1,), int64.
        document_bytes: (D,), int64, UTF-8 bytes of the source text, one more for its end.
    Raises: ToktoolsError if the sizes do not go together.
    """

    ids: NDArray[np.int32]
    nats: NDArray[np.float64]
    spelling_nats: NDArray[np.float64]
    document_starts: NDArray[np.int64]
    document_bytes: NDArray[np.int64]

    def __post_init__(self) -> None:
        n, starts = len(self.ids), self.document_starts
        sizes = {len(self.nats), len(self.spelling_nats)} == {n}
        if not sizes or len(starts) != len(self.document_bytes) + 1:
            raise ToktoolsError("a log of tokens needs one price a token and one start a document")
        if starts[0] != 0 or starts[-1] != n or (np.diff(starts) < 1).any():
            raise ToktoolsError("every document must have a token, its end, and all go in order")

    @classmethod
    def of(
        cls,
        log_p_N: NDArray[np.floating],
        split: EncodedSplit,
        spelling: SpellingModel,
        unk_id: int | None,
    ) -> TokenLog:
        """Return the log of a scored text.

        Args:
            log_p_N: as `lstm_lm.evaluation.scoring.score_by` gives it for `split`.
            unk_id: the id of `<ANY>`; what its tokens hid is `split.hidden`, in order.
        Example:
            >>> from lstm_lm import encode_split
            >>> from toktools import train_word
            >>> tokenizer = train_word(["a b a"], min_count=2)
            >>> split = encode_split(tokenizer, ["a c", "a"])
            >>> log = TokenLog.of(np.log([0.5] * 5), split, SpellingModel(), tokenizer.unk_id)
            >>> log.ids.tolist(), (log.spelling_nats > 0).tolist()
            ([3, 2, 1, 3, 1], [False, True, False, False, False])
            >>> log.document_bits(charged=False).round(6).tolist()
            [3.0, 2.0]
        """
        spelling_nats_N = np.zeros(split.n_tokens)
        if unk_id is not None:
            bits = [spelling.bits(hidden) for hidden in split.hidden]
            spelling_nats_N[split.ids == unk_id] = np.array(bits) * math.log(2)
        return cls(
            ids=split.ids.astype(np.int32),
            nats=-log_p_N.astype(np.float64),
            spelling_nats=spelling_nats_N,
            document_starts=split.starts.astype(np.int64),
            document_bytes=split.n_bytes,
        )

    def bits(self) -> NDArray[np.float64]:
        """Return what each token cost in bits, (N,), its spelling included."""
        return (self.nats + self.spelling_nats) / math.log(2)

    def document_bits(self, *, charged: bool = True) -> NDArray[np.float64]:
        """Return what each document cost in bits, (D,); `charged`: its spelling included."""
        bits_N = self.bits() if charged else self.nats / math.log(2)
        return np.add.reduceat(bits_N, self.document_starts[:-1])

    def save(self, path: Path) -> None:
        """Write it as .npz, whole or not at all."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            ids=self.ids,
            nats=self.nats,
            spelling_nats=self.spelling_nats,
            document_starts=self.document_starts,
            document_bytes=self.document_bytes,
        )
        write_bytes(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> TokenLog:
        """Read what `save` wrote; ToktoolsError if it is missing or damaged."""
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
                arrays = {name: file[name] for name in _TYPES}
        except FileNotFoundError:
            raise ToktoolsError(f"{path}: no such file") from None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as e:
            raise ToktoolsError(f"{path}: damaged, or not a log of tokens: {e}") from e
        for name, kind in _TYPES.items():
            if arrays[name].dtype != kind or arrays[name].ndim != 1:
                raise ToktoolsError(f"{path}: {name} must be one row of {np.dtype(kind)}")
        try:
            return cls(**arrays)
        except ToktoolsError as e:
            raise ToktoolsError(f"{path}: {e}") from None
