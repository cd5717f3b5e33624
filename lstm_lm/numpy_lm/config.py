"""What a run in NumPy is asked to do.

Where torch's configuration has the field of the same meaning, default and help text are its.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from typing import Any

from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.config.settings import at_least, check_types, one_of, setting
from toktools.errors import ToktoolsError

CELLS = ("lstm", "lstm-cifg", "gru", "rnn")
INPUTS = ("embedding", "one-hot")
INITIALIZATIONS = ("xavier", "orthogonal")
DTYPES = ("float32", "float64")
OPTIMIZERS = ("adam", "adagrad", "sgd")
BATCHINGS = ("stream", "sentence")
CARRYING = ("carry", "reset")
SCHEDULES = ("cosine", "constant")
_CONDITION = re.compile(r"posterior\s*>\s*(0?\.\d+|0)")


def like(kind: Any, name: str) -> Any:
    """Return a field with the default and the help text of `kind`'s field of that name."""
    (item,) = (item for item in dataclasses.fields(kind) if item.name == name)
    return field(default=item.default, metadata=item.metadata)


@dataclass(frozen=True, kw_only=True)
class NumpyModelConfig:
    """The shape of a language model in NumPy; its vocabulary comes from the tokenizer.

    Raises: ToktoolsError if a size is below 1 or a name is unknown.
    """

    cell: str = setting("lstm", "The recurrent cell.", choices=CELLS)
    input_encoding: str = setting(
        "embedding", "What the first layer reads: trained vectors, or one-hot.", choices=INPUTS
    )
    embedding_size: int = like(ModelConfig, "embedding_size")
    hidden_size: int = like(ModelConfig, "hidden_size")
    n_layers: int = like(ModelConfig, "n_layers")
    initialization: str = setting(
        "xavier",
        "Weights: normal with sd sqrt(1 / fan-in), or orthogonal.",
        choices=INITIALIZATIONS,
    )
    dtype: str = setting("float32", "float64 is for checks.", choices=DTYPES)

    def __post_init__(self) -> None:
        check_types(self)
        one_of(self, "cell", CELLS)
        one_of(self, "input_encoding", INPUTS)
        one_of(self, "initialization", INITIALIZATIONS)
        one_of(self, "dtype", DTYPES)
        for name in ("embedding_size", "hidden_size", "n_layers"):
            at_least(self, name, 1)


@dataclass(frozen=True, kw_only=True)
class NumpyTrainingConfig:
    """How a language model in NumPy is trained; there is no dropout.

    Raises: ToktoolsError if a value is out of range.
    """

    batching: str = setting(
        "stream",
        "stream: documents in order, end to end. sentence: each document alone.",
        choices=BATCHINGS,
    )
    batch_size: int = like(TrainingConfig, "batch_size")
    bptt: int = like(TrainingConfig, "bptt")
    state: str = setting(
        "carry", "Carry the state along a stream, or reset it at every stretch.", choices=CARRYING
    )
    epochs: float = like(TrainingConfig, "epochs")
    minutes: float | None = like(TrainingConfig, "minutes")
    optimizer: str = setting("adam", "The optimiser.", choices=OPTIMIZERS)
    momentum: float = setting(0.0, "Of sgd: the share of the last update that is made again.")
    learning_rate: float = like(TrainingConfig, "learning_rate")
    schedule: str = setting("cosine", "cosine: falls to 0 over the budget.", choices=SCHEDULES)
    clip_norm: float = like(TrainingConfig, "clip_norm")
    clip_value: float | None = setting(
        None, "Largest absolute value of a gradient's element; when given, instead of --clip-norm."
    )
    n_validations: int = like(TrainingConfig, "n_validations")
    validation_bytes: int | None = like(TrainingConfig, "validation_bytes")
    sample_every: int | None = setting(None, "Generate a text after every so many updates.")
    sample_if: str | None = setting(
        None,
        "posterior>P: generate only if the mean probability of the target, since the last text was "
        "due, is above P.",
    )
    seed: int = like(TrainingConfig, "seed")

    def __post_init__(self) -> None:
        check_types(self)
        one_of(self, "batching", BATCHINGS)
        one_of(self, "state", CARRYING)
        one_of(self, "optimizer", OPTIMIZERS)
        one_of(self, "schedule", SCHEDULES)
        for name in ("batch_size", "bptt"):
            at_least(self, name, 1)
        for name in ("n_validations", "seed"):
            at_least(self, name, 0)
        for name in ("epochs", "minutes", "learning_rate", "clip_norm", "clip_value"):
            self._check_positive(name)
        for name in ("validation_bytes", "sample_every"):
            self._check_positive(name)
        self._check_together()
        _ = self.sample_bound

    @property
    def sample_bound(self) -> float:
        """What the mean probability of the target must exceed for a text.

        Example:
            >>> NumpyTrainingConfig(sample_every=100, sample_if="posterior>0.35").sample_bound
            0.35
        """
        if self.sample_if is None:
            return 0.0
        match = _CONDITION.fullmatch(self.sample_if)
        if match is None:
            raise ToktoolsError(
                "sample_if must be like posterior>0.35, its bound in [0, 1), "
                f"got {self.sample_if!r}"
            )
        return float(match[1])

    def _check_positive(self, name: str) -> None:
        value = getattr(self, name)
        if value is not None and not 0 < value < float("inf"):
            raise ToktoolsError(f"{name} must be > 0 and finite, got {value}")

    def _check_together(self) -> None:
        """Raise ToktoolsError if an option is given that another makes meaningless."""
        if self.batching != "stream" and self.state != "carry":
            raise ToktoolsError(
                f"state is for batching 'stream', got {self.batching!r}; leave it out"
            )
        if not 0 <= self.momentum < 1:
            raise ToktoolsError(f"momentum must be in [0, 1), got {self.momentum}")
        if self.momentum and self.optimizer != "sgd":
            raise ToktoolsError(
                f"momentum belongs to sgd, got {self.momentum} with {self.optimizer}; leave it out"
            )
        if self.sample_if is not None and self.sample_every is None:
            raise ToktoolsError("sample_if says which texts to leave out; give sample_every too")
