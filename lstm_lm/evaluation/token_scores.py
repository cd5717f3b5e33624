"""What every token of one text costs: its surprisal in bits, and which characters it stands for.

The text is read as the first document is in training: from a zero state, after `<EOS>`. So the bits
add up to those of `lstm_lm.evaluation.scoring` for this text as the only document.
Legend: N tokens.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lstm_lm.evaluation.scoring import Reader
from lstm_lm.evaluation.spelling import SpellingModel
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer


@dataclass(frozen=True, kw_only=True)
class TokenScores:
    """The price of one text, token by token; all tuples have length N.

    Attributes:
        text: as it was given.
        ids, tokens: the text as ids and as the vocabulary writes them; `<EOS>` is the last, if
            the document's end was scored.
        spans: the half-open span of characters of `text` that each token stands for. They are in
            order; bytes of one character share its span, what no token stands for (white space,
            for words) is in none, and that of `<EOS>` is empty, at the end.
        bits: -log2 of the probability of each token after all those before it.
        spelling_bits: what it costs to spell what `<ANY>` hid; 0 for every other token.
    """

    text: str
    ids: tuple[int, ...]
    tokens: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    bits: tuple[float, ...]
    spelling_bits: tuple[float, ...]

    @property
    def total_bits(self) -> float:
        """The bits of all tokens, spelling included."""
        return math.fsum(self.bits) + math.fsum(self.spelling_bits)

    @property
    def n_bytes(self) -> int:
        """UTF-8 bytes of the text, and one for the document's end if that was scored."""
        ended = bool(self.spans) and self.spans[-1] == (len(self.text), len(self.text))
        return len(self.text.encode()) + ended

    @property
    def bits_per_byte(self) -> float:
        """`total_bits` by `n_bytes`: can be compared between tokenizers."""
        return self.total_bits / self.n_bytes if self.n_bytes else 0.0


def score_tokens(
    read: Reader, tokenizer: Tokenizer, spelling: SpellingModel, text: str, *, end: bool = True
) -> TokenScores:
    """Score each token of one document.

    Args:
        read: reads rows of text with the model. spelling: prices what `<ANY>` hides.
        end: score `<EOS>` after the text too; False for the beginning of a text.
    Raises: ToktoolsError if the tokenizer has no EOS token, or the model gives NaN.
    """
    eos_id = tokenizer.require_eos()
    ids, spans = tokenizer.encode_with_offsets(text)
    if end:
        ids, spans = [*ids, eos_id], [*spans, (len(text), len(text))]
    return TokenScores(
        text=text,
        ids=tuple(ids),
        tokens=tuple(map(tokenizer.id_to_token, ids)),
        spans=tuple(spans),
        bits=_bits(read, [eos_id, *ids]),
        spelling_bits=tuple(
            spelling.bits(text[start:stop]) if id == tokenizer.unk_id else 0.0
            for id, (start, stop) in zip(ids, spans, strict=True)
        ),
    )


def _bits(read: Reader, ids: list[int]) -> tuple[float, ...]:
    """Return -log2 P of each id but the first, after those before it."""
    if len(ids) == 1:
        return ()
    row_T1 = np.array(ids, dtype=np.int64)[:, None]
    log_p_T = read(row_T1[:-1], row_T1[1:])[:, 0].astype(np.float64)
    if np.isnan(log_p_T).any():
        raise ToktoolsError(
            "the model gives NaN for a probability: its weights are damaged; train it again"
        )
    return tuple((log_p_T / -math.log(2)).tolist())
