"""The steps of an LSTM layer, forward and back: each thread takes some rows through all of them.

In the recurrence rows have nothing to do with each other, so no thread waits for another, and what
it makes of its rows is still in its cache in the next step. The matrix of the state is laid out in
strips once (`lstm_lm.matrices`).

Legend: T steps, S = T + 1 states, the one before among them, B rows, H units, G = 4 H, K numbers of
        H or G (`lstm_lm.matrices.numbers`), P parts of the rows, W float32s of a part, to work in.
"""

from __future__ import annotations

from lstm_lm.cells.gate_loops import step, step_back
from lstm_lm.float_loops import loop, put
from lstm_lm.matrices.multiply import make_tile
from lstm_lm.matrices.strips import COLUMNS
from lstm_lm.matrices.tile import ROWS
from lstm_lm.team import done, edge, take


@loop
def _add_product(a_BK, first, last, laid, start_N, begins, c_BN, tile):
    """Make rows `first` to `last` of C, or add to them: each strip goes by all of the rows."""
    k, n = a_BK.shape[1], c_BN.shape[1]
    for strip in range((n + COLUMNS - 1) // COLUMNS):
        for row in range(first, last, ROWS):
            at, rows = strip * k * COLUMNS, (row, last)
            make_tile(a_BK, rows, (0, k), laid, at, strip, start_N, begins, c_BN, tile)


@loop
def go_forward(turns, laid, h_SBK, h_SBH, c_SBH, z_TBG, gates_TBG, are_apart, tile_PW):
    """Make T steps.

    Args:
        laid: the matrix of the state. h_SBK, h_SBH: the hidden states, as numbers, and of the kind
            of the products: one memory; the first is given. c_SBH: float32, the cell states; the
            first is given.
        z_TBG: float32: what comes from the input, with the bias; is lost.
        gates_TBG: out, of the kind of the products: i, f, g, o; apart from `z_TBG`, or the same.
        W: a tile.
    """
    part, n_rows = take(turns), z_TBG.shape[1]
    while part >= 0:
        first, last, tile = edge(part, turns, n_rows), edge(part + 1, turns, n_rows), tile_PW[part]
        for t in range(len(z_TBG)):
            _add_product(h_SBK[t], first, last, laid, tile, False, z_TBG[t], tile)  # begins in z
            for b in range(first, last):
                z_G = z_TBG[t, b]
                step(z_G, c_SBH[t, b], c_SBH[t + 1, b], h_SBH[t + 1, b])
                if are_apart:
                    gates_G = gates_TBG[t, b]
                    for j in range(len(z_G)):
                        put(gates_G, j, z_G[j])
        done(turns)
        part = take(turns)


@loop
def go_back(
    turns, laid, gates_TBK, gates_TBG, c_SBH, d_y_TBH, d_h_BH, d_c_BH, d_bias_PG, start_H, work_PW
):
    """Go back through T steps.

    Args:
        laid: the matrix of the state, turned. gates_TBK, gates_TBG: as numbers, and as `go_forward`
            left them: one memory; out: the gradient of z. c_SBH: as it left them.
        d_y_TBH: the gradient of the hidden states from outside, of the kind of the products.
        d_h_BH, d_c_BH: float32, of the states after; out: of those before.
        d_bias_PG: float32: the sum of z's gradient over a part's rows is added to its row.
        start_H: zeros in float32. W: 8 H, and a tile.
    """
    (_, n_rows, n), part = gates_TBG.shape, take(turns)
    while part >= 0:
        first, last = edge(part, turns, n_rows), edge(part + 1, turns, n_rows)
        work, d_bias_G = work_PW[part], d_bias_PG[part]
        own = d_bias_G, work[:n], work[n : 2 * n]
        for t in range(len(gates_TBG) - 1, -1, -1):
            for b in range(first, last):
                given = gates_TBG[t, b], c_SBH[t, b], c_SBH[t + 1, b], d_y_TBH[t, b]
                step_back(*given, d_h_BH[b], d_c_BH[b], *own)
            tile = work[2 * n :]
            _add_product(gates_TBK[t], first, last, laid, start_H, True, d_h_BH, tile)
        done(turns)
        part = take(turns)
