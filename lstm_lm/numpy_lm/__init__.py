"""The recurrent language models in NumPy, with backward passes and optimisers written by hand.

Imports no torch. The equations, in the letters of the code, are in docs/numpy-backward.md.
In reading order:

    cell            what every cell shares: the contract, squashing, one product over all of time
    rnn             the state is squashed input plus squashed memory
    lstm            a cell state, and gates that write to it, forget from it and read it
    cifg            the LSTM that forgets just what it writes
    gru             one state, two gates
    softmax         probabilities, cross-entropy and its derivative
    embedding       ids to vectors, trained or one-hot
    initialization  Xavier and orthogonal weights
    model           input, layers and head; logits, posteriors and gradients
    clipping        gradients kept within bounds
    optimizers      SGD with momentum, Adagrad, Adam
    config          what a run is asked to do
    batching        streams and sentences
    training        the loop, and checkpoint: its state in a file
    stepping        texts token by token, for lstm_lm.sampling
    run             from text to a run directory, and back
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstm_lm.numpy_lm.config import NumpyModelConfig, NumpyTrainingConfig
    from lstm_lm.numpy_lm.model import NumpyLanguageModel

_HOME = {
    "NumpyLanguageModel": "model",
    "NumpyModelConfig": "config",
    "NumpyTrainingConfig": "config",
}

__all__ = [*_HOME]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lstm_lm.numpy_lm' has no attribute {name!r}")
    return getattr(import_module(f"lstm_lm.numpy_lm.{_HOME[name]}"), name)
