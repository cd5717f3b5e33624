"""The LSTM as it is taught: four layers, each on the hidden state and the input side by side.

New against the GRU: a second state, the cell, that is only ever scaled and added to, and an output
gate that decides what of it is seen. Slow, since every step does four products; `lstm` gives the
same numbers from one. Legend: T time steps, B rows, E inputs, H hidden units, C = H + E.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lstm_lm.cells.cell import State, draw_uniform


class FourGateLSTM(nn.Module):
    """An LSTM layer with its gates written out.

        i = sigmoid(W_i [h, x] + b_i)      how much of the candidate is let in
        f = sigmoid(W_f [h, x] + b_f)      how much of the cell is kept
        g = tanh(W_g [h, x] + b_g)         the candidate
        o = sigmoid(W_o [h, x] + b_o)      how much of the cell is shown
        c = f * c + i * g
        h = o * tanh(c)

    Args:   input_size: E; hidden_size: H.
    Source: Hochreiter and Schmidhuber 1997, Long short-term memory; the forget gate: Gers,
            Schmidhuber and Cummins 2000, Learning to forget.
    Example:
        >>> lstm = FourGateLSTM(3, 5)
        >>> y_TBH, (h_1BH, c_1BH) = lstm(torch.ones(4, 2, 3), lstm.init_state(2))
        >>> y_TBH.shape, c_1BH.shape
        (torch.Size([4, 2, 5]), torch.Size([1, 2, 5]))
    """

    n_states = 2

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        self.input_gate = nn.Linear(hidden_size + input_size, hidden_size)
        self.forget_gate = nn.Linear(hidden_size + input_size, hidden_size)
        self.candidate = nn.Linear(hidden_size + input_size, hidden_size)
        self.output_gate = nn.Linear(hidden_size + input_size, hidden_size)
        draw_uniform(self, hidden_size)

    @property
    def layers(self) -> tuple[nn.Linear, ...]:
        """The four layers in torch's order: i, f, g, o."""
        return self.input_gate, self.forget_gate, self.candidate, self.output_gate

    def init_state(self, batch_size: int) -> State:
        """Return zeros: hidden and cell state, each of shape (1, batch_size, H)."""
        h_1BH = self.candidate.bias.new_zeros(1, batch_size, self.hidden_size)
        return h_1BH, torch.zeros_like(h_1BH)

    def forward(self, x_TBE: Tensor, state: State) -> tuple[Tensor, State]:
        """Read all inputs; return the hidden states (T, B, H) and the state after the last."""
        h_BH, c_BH = state[0][0], state[1][0]
        y: list[Tensor] = []
        for x_BE in x_TBE:
            hx_BC = torch.cat([h_BH, x_BE], dim=1)
            i_BH = torch.sigmoid(self.input_gate(hx_BC))
            f_BH = torch.sigmoid(self.forget_gate(hx_BC))
            g_BH = torch.tanh(self.candidate(hx_BC))
            o_BH = torch.sigmoid(self.output_gate(hx_BC))
            c_BH = f_BH * c_BH + i_BH * g_BH
            h_BH = o_BH * torch.tanh(c_BH)
            y.append(h_BH)
        return torch.stack(y), (h_BH[None], c_BH[None])
