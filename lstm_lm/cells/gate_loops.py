"""What an LSTM does to one row of a batch in a step, between its products, forward and back.

A row goes through several short loops, every one of which writes one array: they stay in the
processor's first cache, and the compiler takes 16 numbers at a time. What is said to be of the kind
of the products is float32, or bfloat16 as its bits, uint16. Gates are in torch's order: input,
forget, cell, output.

With z what the products give, i = sigmoid(z_i), f = sigmoid(z_f), g = tanh(z_g), o = sigmoid(z_o):

    c = f c_before + i g,   h = o tanh(c)

Source: Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.
Legend: H units, G = 4 H.
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
def step(z_G, before_H, c_H, h_H):
    """Make a step of a row.

    Args: z_G: float32; out: i, f, g, o. before_H: float32, the cell state before. c_H: float32,
          out: the cell state after. h_H: of the kind of the products, out: the hidden state after.
    """
    n = len(c_H)
    i, f, g, o = z_G[:n], z_G[n : 2 * n], z_G[2 * n : 3 * n], z_G[3 * n :]
    _sigmoids(z_G[: 2 * n])
    _tanhs(g)
    _sigmoids(o)
    for j in range(n):
        c_H[j] = f[j] * before_H[j] + i[j] * g[j]
    for j in range(n):
        put(h_H, j, o[j] * tanh(c_H[j]))


@loop
def step_back(gates_G, before_H, c_H, d_y_H, d_h_H, d_c_H, d_bias_G, z_G, work_G):
    """Go back through a step of a row.

    Args:
        gates_G: of the kind of the products: i, f, g, o; out: the gradient of z.
        before_H, c_H: as `step` left them.
        d_y_H, d_h_H: the gradient of the hidden state from outside, of the kind of the products,
            and from the step after, float32.
        d_c_H: float32: that of the cell state after; out: of the one before.
        d_bias_G: float32: the gradient of z is added to this. z_G, work_G: float32, to work in.
    """
    n = len(c_H)
    i, f, g, o = z_G[:n], z_G[n : 2 * n], z_G[2 * n : 3 * n], z_G[3 * n : 4 * n]
    d_h, tanh_c = work_G[:n], work_G[n : 2 * n]
    next_d_c, d_i = work_G[2 * n : 3 * n], work_G[3 * n : 4 * n]
    for j in range(len(gates_G)):
        z_G[j] = wide(gates_G[j])
    for j in range(n):
        tanh_c[j] = tanh(c_H[j])
    for j in range(n):
        d_h[j] = wide(d_y_H[j]) + d_h_H[j]
    for j in range(n):
        d_c_H[j] += d_h[j] * o[j] * (_1 - tanh_c[j] * tanh_c[j])
    for j in range(n):
        o[j] *= d_h[j] * tanh_c[j] * (_1 - o[j])
    for j in range(n):
        next_d_c[j] = d_c_H[j] * f[j]
    for j in range(n):
        f[j] *= d_c_H[j] * before_H[j] * (_1 - f[j])
    for j in range(n):
        d_i[j] = d_c_H[j] * g[j] * i[j] * (_1 - i[j])
    for j in range(n):
        g[j] = d_c_H[j] * i[j] * (_1 - g[j] * g[j])
    for j in range(n):
        i[j] = d_i[j]
    for j in range(n):
        d_c_H[j] = next_d_c[j]
    for j in range(len(gates_G)):
        put(gates_G, j, z_G[j])
    for j in range(len(gates_G)):
        d_bias_G[j] += z_G[j]
