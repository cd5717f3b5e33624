"""What every recurrent layer of ours shares: one product for all inputs, then step by step.

What a layer makes of its inputs does not depend on its state. So the product with the input weights
is done for all time steps at once; only the product with the recurrent weights waits for the step
before. Legend: T time steps, B rows of the batch, E inputs, H hidden units, G = H times gates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

State = tuple[Tensor, ...]
"""What a layer or stack carries from step to step: tensors (L, B, H), the hidden state first."""
StepState = tuple[Tensor, ...]
"""The same for one layer at one step: tensors (B, H)."""
Norm = Callable[[Tensor], Tensor]


class Cell(nn.Module):
    """One recurrent layer; a subclass names its gates and writes down one `step`.

    Weights are named and shaped as in `torch.nn.LSTMCell`: `weight_ih` (G, E), `weight_hh` (G, H),
    `bias_ih` and `bias_hh` (G), the gates below one another in the order of `gates`. All are drawn
    from U(-1/sqrt(H), 1/sqrt(H)) in this order, as torch's are: the same seed, the same weights.

    Args:
        input_size: E. hidden_size: H.
        layer_norm: bring both products, and an LSTM's cell before its tanh, to mean 0 and variance
            1 over the units, with a learned gain (Ba et al. 2016, arXiv:1607.06450, sec. 3.1). All
            gates are normalised together; the shift is the bias that is there anyway.
    """

    gates: ClassVar[tuple[str, ...]]
    n_states: ClassVar[int] = 1

    def __init__(self, input_size: int, hidden_size: int, *, layer_norm: bool = False) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.layer_norm = input_size, hidden_size, layer_norm
        n_rows = len(self.gates) * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(n_rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(n_rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(n_rows))
        self.bias_hh = nn.Parameter(torch.empty(n_rows))
        draw_uniform(self, hidden_size)
        self.norm_x: Norm = nn.LayerNorm(n_rows, bias=False) if layer_norm else unchanged
        self.norm_h: Norm = nn.LayerNorm(n_rows, bias=False) if layer_norm else unchanged

    def init_state(self, batch_size: int) -> State:
        """Return zeros: `n_states` tensors of shape (1, batch_size, H)."""
        shape = (1, batch_size, self.hidden_size)
        return tuple(self.bias_ih.new_zeros(shape) for _ in range(self.n_states))

    def forward(self, x_TBE: Tensor, state: State) -> tuple[Tensor, State]:
        """Read all inputs; return the hidden states (T, B, H) and the state after the last."""
        now: StepState = tuple(tensor[0] for tensor in state)
        y: list[Tensor] = []
        for x_BG in self.from_inputs(x_TBE).unbind():
            now = self.step(x_BG, now)
            y.append(now[0])
        return torch.stack(y), tuple(tensor[None] for tensor in now)

    def from_inputs(self, x_TBE: Tensor) -> Tensor:
        """Return what the inputs add to the gates, (T, B, G), both biases included."""
        if self.layer_norm:
            return self.norm_x(x_TBE @ self.weight_ih.T) + (self.bias_ih + self.bias_hh)
        return functional.linear(x_TBE, self.weight_ih, self.bias_ih + self.bias_hh)

    def add_recurrent(self, x_BG: Tensor, h_BH: Tensor) -> Tensor:
        """Return `x_BG` plus what the hidden state adds to the gates."""
        if self.layer_norm:
            return x_BG + self.norm_h(h_BH @ self.weight_hh.T)
        return torch.addmm(x_BG, h_BH, self.weight_hh.T)

    def step(self, x_BG: Tensor, state: StepState) -> StepState:
        """Return the state after one step. `x_BG`: one step of `from_inputs`."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        """What `print` shows of a layer."""
        return f"{self.input_size}, {self.hidden_size}"


def unchanged(x: Tensor) -> Tensor:
    """Return `x`: what stands in the place of a norm where there is none."""
    return x


def draw_uniform(module: nn.Module, hidden_size: int) -> None:
    """Draw all weights from U(-1/sqrt(H), 1/sqrt(H)), in the order of their names."""
    bound = hidden_size**-0.5
    for parameter in module.parameters():
        nn.init.uniform_(parameter, -bound, bound)
