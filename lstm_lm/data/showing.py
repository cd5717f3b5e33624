"""What a model is given to read, as text: the rows of a batch through any tokenizer.

Legend: T time steps, B rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from lstm_lm.data.batching import IGNORED, Chunk
from toktools.tokenizer import Tokenizer


def chunk_lines(chunk: Chunk, tokenizer: Tokenizer, *, n_rows: int) -> Iterator[str]:
    """Yield lines that show a chunk: its size, then what each row reads and predicts.

    Args:   n_rows: rows shown at most. Padding is left out.
    Example:
        >>> import torch
        >>> from toktools.word import train_word
        >>> tokenizer = train_word(["one two"], min_count=1)
        >>> x_TB, y_TB = torch.tensor([[1], [3], [0]]), torch.tensor([[3], [4], [IGNORED]])
        >>> chunk = Chunk(x_TB=x_TB, y_TB=y_TB, n_tokens=2, fresh=True)
        >>> print("\\n".join(chunk_lines(chunk, tokenizer, n_rows=1)))
        3 steps, 1 row, 2 targets, the state is zero
          row 1 reads    '<EOS>one'
                predicts 'one two'
    """
    n_steps, n_all = chunk.x_TB.shape
    state = "zero" if chunk.fresh else "carried"
    rows = "row" if n_all == 1 else "rows"
    yield f"{n_steps} steps, {n_all} {rows}, {chunk.n_tokens:,} targets, the state is {state}"
    for row in range(min(n_rows, n_all)):
        length = int((chunk.y_TB[:, row] != IGNORED).sum())
        head = f"  row {row + 1} "
        yield f"{head}reads    {_text(chunk.x_TB[:length, row], tokenizer)!r}"
        yield f"{' ' * len(head)}predicts {_text(chunk.y_TB[:length, row], tokenizer)!r}"
    if n_all > n_rows:
        yield f"  and {n_all - n_rows} rows more"


def _text(ids_T: Tensor, tokenizer: Tokenizer) -> str:
    return tokenizer.decode(ids_T.tolist(), keep_special=True)
