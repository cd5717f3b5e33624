"""Recurrent layers: ours, written out, and torch's own, behind one interface.

A ladder; each file adds one idea to the one before it:

    cell            what every layer shares: one product for all inputs, then step by step
    rnn             the state is a squashed sum of input and state before
    gru             two gates decide what of the state is kept
    lstm_gates      a second state, the cell, and three gates around it, each written out
    lstm            the same numbers from one matrix product
    coupled         what is forgotten makes room for what is let in: one gate for both
    peephole        the gates see the cell
    mogrifier       input and state gate each other before the LSTM sees them
    builtin         torch.nn's RNN, GRU and LSTM behind the same interface
    stack           layers on top of each other
    initialization  orthogonal recurrent weights, the forget gate's bias
    copying         weights from torch's layers into ours and back
    build           the recurrent part that a ModelConfig asks for

A layer, or a stack of them, is called with inputs x_TBE and a state, and returns outputs y_TBH and
the state after; `init_state(batch_size)` gives zeros. A state is a tuple of tensors (L, B, H): the
hidden state first, then, for LSTMs, the cell state.
"""

from lstm_lm.cells.build import CELLS, make_recurrent
from lstm_lm.cells.builtin import TorchGRU, TorchLSTM, TorchRNN
from lstm_lm.cells.cell import Cell, State
from lstm_lm.cells.copying import copy_from_torch, copy_to_torch
from lstm_lm.cells.coupled import CoupledLSTM
from lstm_lm.cells.gru import GRU
from lstm_lm.cells.initialization import orthogonal_recurrent, set_forget_bias
from lstm_lm.cells.lstm import LSTM
from lstm_lm.cells.lstm_gates import FourGateLSTM
from lstm_lm.cells.mogrifier import MogrifierLSTM
from lstm_lm.cells.peephole import PeepholeLSTM
from lstm_lm.cells.rnn import RNN
from lstm_lm.cells.stack import RecurrentStack
