"""The shape of a language model: its layers, how they begin, and what holds them back in training.

Imports no torch, so that `--help` is quick.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from lstm_lm.config.settings import at_least, check_types, one_of, setting
from toktools.errors import ToktoolsError

CELLS = (
    "lstm",
    "lstm-gates",
    "lstm-cifg",
    "lstm-peephole",
    "mogrifier",
    "gru",
    "rnn",
    "rnn-relu",
)
TORCH_CELLS = ("lstm", "gru", "rnn", "rnn-relu")
IMPLEMENTATIONS = ("auto", "torch", "own")


class DropoutRates(NamedTuple):
    """The dropout rates of a model, `drop_mult` multiplied in."""

    embedding: float
    input: float
    weight: float
    hidden: float
    output: float
    latent: float


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The shape of a language model; its vocabulary comes from the tokenizer.

    Raises: ToktoolsError if a size is below 1, a dropout rate lies outside [0, 1), a tied model has
            unequal sizes, or an option asks for what the cell does not have.
    """

    embedding_size: int = setting(200, "Length of a token's vector.")
    hidden_size: int = setting(200, "Units in each recurrent layer.")
    n_layers: int = setting(2, "Recurrent layers.")
    last_size: int | None = setting(None, "Units in the last of them; default: hidden_size.")
    dropout: float = setting(0.2, "Share of activations dropped in training, at every layer.")
    tied: bool = setting(False, "Use one matrix for the embedding and for the output layer.")
    n_softmaxes: int = setting(1, "Softmaxes mixed in the output layer; 1: the plain one.")
    cell: str = setting("lstm", "Kind of recurrent layer.", choices=CELLS)
    implementation: str = setting(
        "auto",
        "torch: its built-in layers. own: ours. auto: torch's where it has what is asked for.",
        choices=IMPLEMENTATIONS,
    )
    layer_norm: bool = setting(False, "Normalise the gates and the cell (own layers only).")
    orthogonal: bool = setting(False, "Begin with orthogonal recurrent matrices.")
    forget_bias: float | None = setting(None, "Begin with the forget gates' bias at this.")
    init_range: float | None = setting(
        None, "Begin with every weight drawn evenly from -x to x; default: by layer."
    )
    mogrifier_rounds: int = setting(5, "Mogrifier: rounds of gating in front of the LSTM.")
    mogrifier_rank: int | None = setting(None, "Mogrifier: rank of its matrices; default: full.")
    input_dropout: float | None = setting(None, "Of the first layer's inputs; default: dropout.")
    hidden_dropout: float | None = setting(None, "Between layers; default: dropout.")
    output_dropout: float | None = setting(None, "Of what the head reads; default: dropout.")
    embedding_dropout: float = setting(0.0, "Share of the words dropped, all their occurrences.")
    weight_dropout: float = setting(0.0, "Share of the recurrent weights dropped.")
    latent_dropout: float = setting(0.0, "Of what each of several softmaxes reads.")
    drop_mult: float = setting(1.0, "Multiplies all dropout rates.")
    locked_dropout: bool = setting(False, "Drop the same units at all time steps of a batch.")
    ar_alpha: float = setting(0.0, "Activation penalty: times the mean square of outputs.")
    tar_beta: float = setting(0.0, "Penalty on change: times the mean square of h_t - h_{t-1}.")

    def __post_init__(self) -> None:
        check_types(self)
        one_of(self, "cell", CELLS)
        one_of(self, "implementation", IMPLEMENTATIONS)
        for name in ("embedding_size", "hidden_size", "n_layers", "n_softmaxes"):
            at_least(self, name, 1)
        at_least(self, "mogrifier_rounds", 0)
        for name in ("mogrifier_rank", "last_size"):
            if getattr(self, name) is not None:
                at_least(self, name, 1)
        for name in ("drop_mult", "ar_alpha", "tar_beta"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ToktoolsError(f"{name} must be >= 0 and finite, got {getattr(self, name)}")
        if self.tied and self.n_softmaxes == 1 and self.embedding_size != self.output_size:
            name = "hidden_size" if self.last_size is None else "last_size"
            raise ToktoolsError(
                f"tied needs embedding_size == {name} (one matrix serves both), "
                f"got {self.embedding_size} and {self.output_size}; make them equal or untie"
            )
        self._check_start()
        self._check_rates()
        self._check_cell()

    def _check_start(self) -> None:
        """Raise ToktoolsError at a range of first weights that is none, or is overwritten."""
        if self.init_range is None:
            return
        if not 0 < self.init_range < float("inf"):
            raise ToktoolsError(f"init_range must be > 0 and finite, got {self.init_range}")
        if self.orthogonal or self.forget_bias is not None:
            raise ToktoolsError(
                "init_range draws every weight, which orthogonal and forget_bias would undo; "
                "leave out the one or the others"
            )

    def _check_rates(self) -> None:
        """Raise ToktoolsError at a dropout rate outside [0, 1), multiplied or not."""
        for name in ("dropout", *(f"{place}_dropout" for place in DropoutRates._fields)):
            rate = getattr(self, name)
            if rate is not None and not 0 <= rate < 1:
                raise ToktoolsError(f"{name} must be in [0, 1), got {rate}")
        highest = max(self.dropout_rates)
        if highest >= 1:
            raise ToktoolsError(
                f"every dropout times drop_mult must be below 1, got {highest:g}; "
                f"lower drop_mult, which is {self.drop_mult:g}"
            )
        if self.latent_dropout and self.n_softmaxes == 1:
            raise ToktoolsError(
                f"latent_dropout is for a mixture of softmaxes, got {self.latent_dropout:g} and "
                "n_softmaxes 1; give n_softmaxes too, or use output_dropout"
            )

    def _check_cell(self) -> None:
        """Raise ToktoolsError if the cell, or torch's form of it, lacks what is asked for."""
        if self.implementation == "torch" and not self.uses_torch:
            what = "layer norm" if self.cell in TORCH_CELLS else self.cell
            raise ToktoolsError(f"torch has no {what}; use implementation='own' or 'auto'")
        if self.forget_bias is not None and self.cell in ("gru", "rnn", "rnn-relu"):
            raise ToktoolsError(
                f"forget_bias needs a cell with a forget gate, got {self.cell}; leave it out"
            )
        extras = ("layer_norm", "orthogonal", "forget_bias", "weight_dropout")
        for name in extras if self.cell == "lstm-gates" else ():
            if getattr(self, name) != type(self).__dataclass_fields__[name].default:
                raise ToktoolsError(
                    f"lstm-gates is the bare form to read, without {name}; "
                    "use cell lstm, which gives the same numbers"
                )

    @property
    def output_size(self) -> int:
        """Units in the last recurrent layer, which the head reads."""
        return self.hidden_size if self.last_size is None else self.last_size

    @property
    def uses_torch(self) -> bool:
        """Whether the recurrent layers are torch's own."""
        return self.implementation != "own" and self.cell in TORCH_CELLS and not self.layer_norm

    @property
    def dropout_rates(self) -> DropoutRates:
        """The rates in effect: `dropout` where none is given, all times `drop_mult`."""
        rates = (getattr(self, f"{place}_dropout") for place in DropoutRates._fields)
        return DropoutRates(
            *(self.drop_mult * (self.dropout if rate is None else rate) for rate in rates)
        )
