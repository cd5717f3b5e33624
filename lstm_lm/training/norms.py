"""How large activations and gradients are: layer by layer, and step by step back in time.

Legend: T time steps, B rows, E input of the recurrent stack.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_lm.data.batching import IGNORED
from lstm_lm.model import LanguageModel, State


def measure_norms(model: LanguageModel, x_TB: Tensor, y_TB: Tensor, state: State) -> dict[str, Any]:
    """Read one chunk without dropout and measure it; weights, gradients and random state stay.

    Args:
        state: that the chunk begins with; what training in bfloat16 left is read in the weights'
            own precision, as all here.
    Returns:
        "activation_rms": the root mean square of what each module gives out, and, layer by layer,
        of the hidden state (h) and the cell state (c, where there is one) after the last step.
        "gradient_norms": the norm of the gradient of the chunk's mean loss, for each parameter.
        "gradient_by_step": for each step, first to last, the norm of the gradient of the *last*
        step's loss with respect to the input at that step: how far back learning can see.
    Source: Pascanu et al. 2013, arXiv:1211.5063, sec. 2, for gradients that vanish or explode.
    """
    training = model.training
    model.eval()
    # cuDNN's recurrent kernels have no backward pass in evaluation mode
    with torch.backends.cudnn.flags(enabled=False), _watching(model) as watch, torch.enable_grad():
        logits_TBV, after = model(x_TB, tuple(t.detach().to(model.head.weight) for t in state))
        nats_TB = functional.cross_entropy(
            logits_TBV.flatten(0, 1), y_TB.flatten(), ignore_index=IGNORED, reduction="none"
        ).view_as(y_TB)
        named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
        (by_step_TBE,) = torch.autograd.grad(nats_TB[-1].sum(), watch.inputs, retain_graph=True)
        loss = nats_TB.sum() / (y_TB != IGNORED).sum()
        gradients = torch.autograd.grad(loss, [p for _, p in named], allow_unused=True)
    model.train(training)
    return {
        "activation_rms": {name: (s / n) ** 0.5 for name, (s, n) in watch.squares.items()}
        | _state_rms(after),
        "gradient_norms": {
            name: 0.0 if gradient is None else float(gradient.norm())
            for (name, _), gradient in zip(named, gradients, strict=True)
        },
        "gradient_by_step": by_step_TBE.flatten(1).norm(dim=1).tolist(),
    }


def _state_rms(state: State) -> dict[str, float]:
    """Return the root mean square of each tensor of a state, layer by layer."""
    return {
        f"layer {layer + 1} {letter}": float(h_BH.detach().double().square().mean().sqrt())
        for letter, tensor_LBH in zip("hc", state, strict=False)
        for layer, h_BH in enumerate(tensor_LBH)
    }


class _Watch:
    """What hooks saw: the inputs of the recurrent stack, and the squares of layers' outputs."""

    def __init__(self) -> None:
        self.inputs: list[Tensor] = []
        self.squares: dict[str, tuple[float, int]] = {}

    def see_input(self, module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        x_TBE = args[0] if args[0].requires_grad else args[0].detach().requires_grad_()
        self.inputs = [x_TBE]
        return (x_TBE, *args[1:])

    def see_output(self, name: str, output: Any) -> None:
        tensor = output[0] if isinstance(output, tuple) else output
        if isinstance(tensor, Tensor):
            total, n = self.squares.get(name, (0.0, 0))
            squares = float(tensor.detach().double().square().sum())
            self.squares[name] = (total + squares, n + tensor.numel())


@contextmanager
def _watching(model: LanguageModel) -> Iterator[_Watch]:
    """Hook, meanwhile, every module that has weights of its own."""
    watch = _Watch()
    handles = [model.recurrent.register_forward_pre_hook(watch.see_input)]
    for name, module in model.named_modules():
        if next(module.parameters(recurse=False), None) is not None:
            see = lambda _module, _args, output, name=name: watch.see_output(name, output)  # noqa: E731
            handles.append(module.register_forward_hook(see))
    try:
        yield watch
    finally:
        for handle in handles:
            handle.remove()
