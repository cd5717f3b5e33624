"""The recurrent language models in NumPy, with backward passes and optimisers written by hand.

Imports no torch. In reading order: cell (what all share), rnn, lstm, cifg, gru, softmax,
embedding, initialization, model, clipping, optimizers, config, batching,
training, sampling,
run. The equations, in the letters of the code, are in docs/numpy-backward.md.
"""

from lstm_lm.numpy_lm.config import NumpyModelConfig, NumpyTrainingConfig
from lstm_lm.numpy_lm.model import NumpyLanguageModel

__all__ = ["NumpyLanguageModel", "NumpyModelConfig", "NumpyTrainingConfig"]
