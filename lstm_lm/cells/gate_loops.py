"""What an LSTM does between its matrix products, one step of a batch at a time, forward and back.

Each row goes through several short loops in a row, every one of which writes one array: they stay
in the processor's first cache, and the compiler takes 16 numbers at a time. What is said to
be bfloat16 comes as its bits, uint16. Gates are in torch's order: input, forget, cell, output.

With z what the products give, i = sigmoid(z_i), f = sigmoid(z_f), g = tanh(z_g), o = sigmoid(z_o):

    c = f c_before + i g,   h = o tanh(c)

Source: Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.
Legend: B rows, H units, G = 4 H.
"""

from __future__ import annotations

import numpy as np

from lstm_lm.float_loops import loop, put, sigmoid, tanh, wide

_1 = np.float32(1)


@loop
def _sigmoids(x):
    for j in range(len(x)):
        x[j] = sigmoid(x[j])


@loop
def _tanhs(x):
    for j in range(len(x)):
        x[j] = tanh(x[j])


@loop
def step(gates_BG, x_BG, h_BG, before_BH, c_BH, h_BH, row_G):
    """Make one step of every row.

    Args:
        gates_BG: bfloat16, out: i, f, g, o.
        x_BG, h_BG: bfloat16: what the products give of the input and of the state before.
        before_BH: float32, the cell state before. c_BH: float32, out: the cell state after.
            h_BH: bfloat16, out: the hidden state after.
        row_G: float32, to work in.
    """
    n = c_BH.shape[1]
    i, f, g, o = row_G[:n], row_G[n : 2 * n], row_G[2 * n : 3 * n], row_G[3 * n :]
    for b in range(len(gates_BG)):
        gates, x, h = gates_BG[b], x_BG[b], h_BG[b]
        for j in range(len(row_G)):
            row_G[j] = wide(x[j]) + wide(h[j])
        _sigmoids(row_G[: 2 * n])
        _tanhs(g)
        _sigmoids(o)
        for j in range(len(row_G)):
            put(gates, j, row_G[j])
        before, c, out = before_BH[b], c_BH[b], h_BH[b]
        for j in range(n):
            c[j] = f[j] * before[j] + i[j] * g[j]
        for j in range(n):
            put(out, j, o[j] * tanh(c[j]))


@loop
def step_back(gates_BG, before_BH, c_BH, d_y_BH, d_h_BH, d_c_BH, d_bias_G, row_G, rows_4H):
    """Go back through one step of every row.

    Args:
        gates_BG, before_BH, c_BH: as `step` left them; out: the gates become the gradient of z,
            in bfloat16.
        d_y_BH, d_h_BH: bfloat16: the gradient of the hidden state from outside, and from the step
            after.
        d_c_BH: float32: that of the cell state after; out: of the one before.
        d_bias_G: float32: the sum of z's gradient is added to this.
        row_G, rows_4H: float32, (G,) and (4, H), to work in.
    """
    n = c_BH.shape[1]
    i, f, g, o = row_G[:n], row_G[n : 2 * n], row_G[2 * n : 3 * n], row_G[3 * n :]
    d_h, tanh_c, next_d_c, d_i = rows_4H[0], rows_4H[1], rows_4H[2], rows_4H[3]
    for b in range(len(gates_BG)):
        gates, before, c, d_c = gates_BG[b], before_BH[b], c_BH[b], d_c_BH[b]
        outside, after = d_y_BH[b], d_h_BH[b]
        for j in range(len(row_G)):
            row_G[j] = wide(gates[j])
        for j in range(n):
            tanh_c[j] = tanh(c[j])
        for j in range(n):
            d_h[j] = wide(outside[j]) + wide(after[j])
        for j in range(n):
            d_c[j] += d_h[j] * o[j] * (_1 - tanh_c[j] * tanh_c[j])
        for j in range(n):
            o[j] *= d_h[j] * tanh_c[j] * (_1 - o[j])
        for j in range(n):
            next_d_c[j] = d_c[j] * f[j]
        for j in range(n):
            f[j] *= d_c[j] * before[j] * (_1 - f[j])
        for j in range(n):
            d_i[j] = d_c[j] * g[j] * i[j] * (_1 - i[j])
        for j in range(n):
            g[j] = d_c[j] * i[j] * (_1 - g[j] * g[j])
        for j in range(n):
            i[j] = d_i[j]
        for j in range(n):
            d_c[j] = next_d_c[j]
        for j in range(len(row_G)):
            put(gates, j, row_G[j])
        for j in range(len(row_G)):
            d_bias_G[j] += row_G[j]
