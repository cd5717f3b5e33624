"""A wide LSTM layer in bfloat16 on a processor, in training: few and large matrix products.

The inputs of many steps are multiplied at once; a step multiplies the state alone, by a matrix that
is laid out for it once, and what is between the products is a compiled loop (`gate_loops.py`). On
the way back the gradients of weights and inputs are again products for many steps. oneDNN's LSTM,
which torch calls, falls there to half its rate where it has more than 512 units: an update of two
layers of 650 takes 1.2 times as long with it. In float32, or for narrow layers, it is as fast or
faster (experiments/LOG.md).

Products are in bfloat16, and so is what is kept for the way back; the cell state, its gradient and
what is made of gates in between are in float32.

Legend: T steps, B rows, E inputs, H units, G = 4 H, N = B times some steps.
"""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lstm_lm.cells.cell import State
from lstm_lm.products import (
    can_lay_out,
    multiplier,
    product,
    product_of_columns,
    sum_of_products,
)

BLOCK_ROWS = 2560
"""Rows, those of several steps, that are multiplied at once."""
LEAST_UNITS = 513


def is_for(module: nn.RNNBase, x_TBE: Tensor) -> bool:
    """Whether layers are better run by this."""
    return (
        x_TBE.is_cpu
        and module.mode == "LSTM"
        and module.hidden_size >= LEAST_UNITS
        and torch.is_autocast_enabled("cpu")
        and torch.get_autocast_dtype("cpu") == torch.bfloat16
        and torch.is_grad_enabled()
        and can_lay_out(torch.bfloat16)
    )


def run_layer(x_TBE: Tensor, state: State, weights: list[Tensor]) -> tuple[Tensor, State]:
    """Run one layer.

    Args:    x_TBE: floating. state: h and c, (1, B, H) each. weights: torch's four of a layer, in
             float32.
    Returns: the hidden states (T, B, H) in bfloat16; the state after, h in bfloat16, c in float32.
    """
    h_BH, c_BH = (tensor[0] for tensor in state)
    kind = torch.bfloat16
    y_TBH, h_BH, c_BH = _Layer.apply(x_TBE.to(kind), h_BH.to(kind), c_BH.float(), *weights)
    return y_TBH, (h_BH[None], c_BH[None])


class _Layer(torch.autograd.Function):
    """A layer over all steps, and back."""

    @staticmethod
    def forward(
        ctx: Any,
        x_TBE: Tensor,
        h_BH: Tensor,
        c_BH: Tensor,
        w_GE: Tensor,
        w_GH: Tensor,
        *biases_G: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        from lstm_lm.cells import gate_loops  # here, for numba is slow to import

        (n_steps, n_rows, _), n_units, kind = x_TBE.shape, w_GH.shape[1], x_TBE.dtype
        w_GE, w_GH = w_GE.to(kind), w_GH.to(kind)
        bias_G, multiply = (biases_G[0] + biases_G[1]).to(kind), multiplier(w_GH, n_rows)
        h_SBH = x_TBE.new_empty(n_steps + 1, n_rows, n_units)  # S: the state before, and the steps
        c_SBH, row_G = torch.empty(h_SBH.shape), torch.empty(4 * n_units)
        h_SBH[0], c_SBH[0] = h_BH, c_BH
        h, c, row = map(_array, (h_SBH, c_SBH, row_G))
        gates: list[Tensor] = []
        for block in _blocks(n_steps, n_rows):
            x_NG = product(x_TBE[block].flatten(0, 1), w_GE, bias_G)
            gates.append(x_NG.unflatten(0, (-1, n_rows)))
            for t, gates_BG in enumerate(_array(gates[-1]), block.start):
                z_BG = _array(multiply(h_SBH[t]))
                gate_loops.step(gates_BG, gates_BG, z_BG, c[t], c[t + 1], h[t + 1], row)
        ctx.save_for_backward(x_TBE, w_GE, w_GH)
        ctx.steps = gates, h_SBH, c_SBH
        return h_SBH[1:], h_SBH[-1], c_SBH[-1]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        from lstm_lm.cells import gate_loops

        d_y_TBH, d_h_BH, d_c_BH = (tensor.contiguous() for tensor in outer)
        x_TBE, w_GE, w_GH = ctx.saved_tensors
        if ctx.steps is None:
            raise RuntimeError(
                "the gates of an LSTM pass serve one way back, for it overwrites them"
            )
        (gates, h_SBH, c_SBH), ctx.steps = ctx.steps, None
        n_steps, n_rows, n_units = d_y_TBH.shape
        multiply = multiplier(w_GH.t(), n_rows)
        d_x_TBE, d_c_BH = torch.empty_like(x_TBE), d_c_BH.clone()
        d_w_GE, d_w_GH = (sum_of_products(w, x_TBE) for w in (w_GE, w_GH))
        d_bias_G, row_G, rows_4H = (
            torch.zeros(*shape) for shape in ((4 * n_units,), (4 * n_units,), (4, n_units))
        )
        given = (c_SBH, d_y_TBH, d_c_BH, d_bias_G, row_G, rows_4H)
        c, d_y, d_c, *work = map(_array, given)
        for block in reversed(_blocks(n_steps, n_rows)):
            d_z_SBG = gates.pop()  # once `step_back` has been there
            d_z = _array(d_z_SBG)
            for s in reversed(range(len(d_z))):
                t = block.start + s
                gate_loops.step_back(d_z[s], c[t], c[t + 1], d_y[t], _array(d_h_BH), d_c, *work)
                d_h_BH = multiply(d_z_SBG[s])
            d_z_NG = d_z_SBG.flatten(0, 1)
            d_x_TBE[block] = product(d_z_NG, w_GE.t()).view_as(d_x_TBE[block])
            d_w_GE += product_of_columns(d_z_NG, x_TBE[block].flatten(0, 1))
            d_w_GH += product_of_columns(d_z_NG, h_SBH[block].flatten(0, 1))
        return d_x_TBE, d_h_BH, d_c_BH, d_w_GE, d_w_GH, d_bias_G, d_bias_G


def _blocks(n_steps: int, n_rows: int) -> list[slice]:
    """Return stretches of steps whose inputs are multiplied at once."""
    size = max(1, BLOCK_ROWS // n_rows)
    return [slice(start, min(start + size, n_steps)) for start in range(0, n_steps, size)]


def _array(tensor: Tensor) -> NDArray[Any]:
    """Return the memory of a tensor as numpy sees it, bfloat16 as its bits."""
    return (tensor.view(torch.uint16) if tensor.dtype == torch.bfloat16 else tensor).numpy()
