"""An LSTM layer on a processor, in training: few and large matrix products, by loops of our own.

The inputs of many steps are multiplied at once; what waits for the state before is one loop over
all steps (`recurrence.py`). On the way back the gradients of weights and inputs are again products
for many steps. It is there where `lstm_lm.products` multiplies by our own loops. oneDNN's LSTM,
which torch calls, is as fast for narrow layers; in bfloat16 it falls to half its rate where it has
more than 512 units (experiments/LOG.md).

Products are in float32, or under autocast in bfloat16, and so is what is kept for the way back; the
cell state, its gradient and what is made of gates in between are in float32.

Legend: T steps, B rows, E inputs, H units, G = 4 H, N = B times some steps.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from lstm_lm.cells.cell import State
from lstm_lm.cells.recurrence import go_back, go_forward
from lstm_lm.matrices.multiply import lay_out, multiply, start_of_rows
from lstm_lm.matrices.numbers import array_of, numbers_of
from lstm_lm.matrices.strips import COLUMNS
from lstm_lm.matrices.tile import ROWS
from lstm_lm.products import SumOfColumnProducts, takes_ours
from lstm_lm.team import in_parts, n_parts, own_rows

BLOCK_ROWS = 640
"""Rows, those of several steps, that are multiplied at once."""
LEAST_UNITS = {torch.bfloat16: 200, torch.float32: 512}
LEAST_ROWS = {torch.bfloat16: ROWS, torch.float32: 2 * ROWS}
"""For each thread, by what products are made in: with less, oneDNN's LSTM is as fast or faster."""
LEAST_INPUTS = 32


def is_for(module: nn.RNNBase, x_TBE: Tensor) -> bool:
    """Whether layers are better run by this."""
    kind, sizes = _kind(x_TBE), (module.input_size, module.hidden_size)
    return (
        module.mode == "LSTM"
        and kind in LEAST_UNITS
        and module.hidden_size >= LEAST_UNITS[kind]
        and x_TBE.shape[1] >= LEAST_ROWS[kind] * torch.get_num_threads()
        and all(size >= LEAST_INPUTS and size % 2 == 0 for size in sizes)
        and torch.is_grad_enabled()
        and takes_ours(x_TBE, kind)
    )


def run_layer(x_TBE: Tensor, state: State, weights: list[Tensor]) -> tuple[Tensor, State]:
    """Run one layer.

    Args:    x_TBE: floating. state: h and c, (1, B, H) each. weights: torch's four of a layer, in
             float32.
    Returns: the hidden states (T, B, H), in bfloat16 under autocast to that, else in float32; the
             state after, h as the hidden states, c in float32.
    """
    h_BH, c_BH = (tensor[0] for tensor in state)
    kind = _kind(x_TBE)
    y_TBH, h_BH, c_BH = _Layer.apply(x_TBE.to(kind), h_BH.to(kind), c_BH.float(), *weights)
    return y_TBH, (h_BH[None], c_BH[None])


def _kind(x: Tensor) -> torch.dtype:
    """Return in what products are made."""
    return torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype


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
        (n_steps, n_rows, _), n_units, kind = x_TBE.shape, w_GH.shape[1], x_TBE.dtype
        x_TBE, w_GE, w_GH = (tensor.to(kind).contiguous() for tensor in (x_TBE, w_GE, w_GH))
        bias_G, laid, number = biases_G[0] + biases_G[1], lay_out(w_GH)[0], _n_parts(n_rows)
        h_SBH = x_TBE.new_empty(n_steps + 1, n_rows, n_units)  # S: the state before, and the steps
        c_SBH, are_apart = torch.empty(h_SBH.shape), kind != torch.float32
        h_SBH[0], c_SBH[0] = h_BH, c_BH
        tile_PW = own_rows(number, ROWS * COLUMNS)
        gates: list[Tensor] = []
        for block in _blocks(n_steps, n_rows):
            x_NE = x_TBE[block].flatten(0, 1)
            z_NG = torch.empty(len(x_NE), 4 * n_units)
            multiply(x_NE, w_GE, bias_G, out_MN=z_NG)
            z_TBG = z_NG.unflatten(0, (-1, n_rows))
            gates.append(torch.empty_like(z_TBG, dtype=kind) if are_apart else z_TBG)
            h, c = (states[block.start : block.stop + 1] for states in (h_SBH, c_SBH))
            given = numbers_of(h), array_of(h), array_of(c), z_TBG.numpy(), array_of(gates[-1])
            in_parts(go_forward, number, laid, *given, are_apart, tile_PW)
        ctx.save_for_backward(x_TBE, w_GE, w_GH)
        ctx.steps = gates, h_SBH, c_SBH
        return h_SBH[1:], h_SBH[-1], c_SBH[-1]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        d_y_TBH, d_h_BH, d_c_BH = (tensor.contiguous() for tensor in outer)
        x_TBE, w_GE, w_GH = ctx.saved_tensors
        if ctx.steps is None:
            raise RuntimeError(
                "the gates of an LSTM pass serve one way back, for it overwrites them"
            )
        (gates, h_SBH, c_SBH), ctx.steps = ctx.steps, None
        n_steps, n_rows, n_units = d_y_TBH.shape
        laid, number = lay_out(w_GH.t())[0], _n_parts(n_rows)
        kind, d_x_TBE = d_h_BH.dtype, torch.empty_like(x_TBE)
        d_h_BH, d_c_BH = d_h_BH.to(torch.float32, copy=True), d_c_BH.clone()
        d_w_GE, d_w_GH = SumOfColumnProducts(), SumOfColumnProducts()
        d_bias_PG = own_rows(number, 4 * n_units)
        work = start_of_rows(n_units, None), own_rows(number, 8 * n_units + ROWS * COLUMNS)
        for block in reversed(_blocks(n_steps, n_rows)):
            d_z_TBG = gates.pop()  # once `go_back` has been there
            given = (c_SBH[block.start : block.stop + 1], d_y_TBH[block], d_h_BH, d_c_BH)
            steps = numbers_of(d_z_TBG), array_of(d_z_TBG), *map(array_of, given)
            in_parts(go_back, number, laid, *steps, d_bias_PG, *work)
            d_z_NG = d_z_TBG.flatten(0, 1)
            multiply(d_z_NG, w_GE.t(), out_MN=d_x_TBE[block].flatten(0, 1))
            d_w_GE.add(d_z_NG, x_TBE[block].flatten(0, 1))
            d_w_GH.add(d_z_NG, h_SBH[block].flatten(0, 1))
        d_bias_G = torch.from_numpy(d_bias_PG.sum(0)[: 4 * n_units])
        d_w = d_w_GE.total(), d_w_GH.total()
        return d_x_TBE, d_h_BH.to(kind), d_c_BH, *d_w, d_bias_G, d_bias_G


def _n_parts(n_rows: int) -> int:
    """Return into how many parts the rows of a batch are divided: a tile needs 8 of them."""
    return n_parts(n_rows // ROWS)


def _blocks(n_steps: int, n_rows: int) -> list[slice]:
    """Return stretches of steps whose inputs are multiplied at once."""
    size = max(1, BLOCK_ROWS // n_rows)
    return [slice(start, min(start + size, n_steps)) for start in range(0, n_steps, size)]
