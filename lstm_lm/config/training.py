"""How a training is asked for: one frozen dataclass, checked when it is made."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lstm_lm.config.settings import at_least, check_types, one_of, setting
from toktools.errors import ToktoolsError

BATCHINGS = ("stream", "window", "sentence")
CARRYING = ("carry", "reset")
OPTIMIZERS = ("adam", "adamw", "sgd", "adagrad", "rmsprop", "nt-asgd")
SCHEDULES = ("cosine", "constant", "plateau", "one-cycle", "step")
PRECISIONS = ("float32", "bfloat16")
CLASS_WEIGHTS = ("none", "inverse", "complement")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How a language model is trained. Progress runs from 0 to 1 over the budget.

    The budget is `epochs`, or `minutes` of training time (validation not counted) when given.

    Raises: ToktoolsError if a value is out of range, or two do not go together.
    """

    # What is read between two updates
    batching: str = setting(
        "stream",
        "stream: documents in order, end to end. window: stretches of bptt tokens, shuffled, each "
        "from a zero state. sentence: each document alone.",
        choices=BATCHINGS,
    )
    batch_size: int = setting(32, "Rows in a batch.")
    bptt: int = setting(64, "Steps through which gradients flow.")
    random_bptt: bool = setting(False, "Draw the length of every stretch of a stream around bptt.")
    state: str = setting(
        "carry", "Carry the state along a stream, or reset it at every stretch.", choices=CARRYING
    )
    detach_every: int = setting(1, "Let gradients reach back over so many stretches of a stream.")

    # How long
    epochs: float = setting(10.0, "Budget: passes over the training split; may be a fraction.")
    minutes: float | None = setting(None, "Budget in minutes of training time instead of epochs.")
    patience: int | None = setting(
        None, "Stop after so many validations in a row without a new best; default: never."
    )

    # The update
    optimizer: str = setting("adam", "What turns gradients into steps.", choices=OPTIMIZERS)
    learning_rate: float = setting(2e-3, "Learning rate, the highest of the schedule.")
    vocabulary_rate: float = setting(
        1.0, "Multiplies the learning rate of embedding and head, not of the layers between."
    )
    momentum: float = setting(0.0, "Momentum of sgd and rmsprop.")
    weight_decay: float = setting(0.0, "Pull of the weights towards 0; decoupled in adamw.")
    nonmonotone: int = setting(
        5, "nt-asgd averages once a validation is worse than the best of all but so many."
    )
    fine_tuning: bool = setting(
        False, "Begin with a run's weights; average from the first update, stop at the trigger."
    )
    ema: float | None = setting(
        None, "Validate and keep a running average of the weights, older ones fading: 0.999."
    )
    average_last: float | None = setting(
        None, "Validate and keep the mean of the weights over this last share of the budget: 0.25."
    )
    schedule: str = setting(
        "cosine",
        "cosine: falls to 0 over the budget. plateau: divided after a validation without a new "
        "best. one-cycle: rises, then falls. step: divided before each epoch after the first few.",
        choices=SCHEDULES,
    )
    plateau_divisor: float = setting(4.0, "What plateau divides the learning rate by.")
    step_after: int = setting(4, "Epochs that step leaves the learning rate as it is.")
    step_divisor: float = setting(2.0, "What step divides the learning rate by, epoch by epoch.")
    clip_norm: float = setting(1.0, "Largest norm of the gradient; longer ones are scaled down.")
    clip_value: float | None = setting(
        None, "Instead of clip_norm: largest absolute value of each element of the gradient."
    )
    precision: str = setting(
        "float32",
        "bfloat16: multiply in 16 bits, keep weights and sums in 32. Evaluation is in float32.",
        choices=PRECISIONS,
    )
    cuda_graphs: bool = setting(
        True, "On a GPU: record the update for each shape of a batch, and replay it."
    )
    sampled_words: int | None = setting(
        None,
        "Train on a softmax over the targets and so many words, half the commonest, half drawn "
        "anew for each update; default: all words.",
    )
    unigram_start: bool = setting(
        False, "Begin with the head's bias at the log frequency of each token, not at 0."
    )
    class_weights: str = setting(
        "none", "Weight of a token in the loss, by its share of the text.", choices=CLASS_WEIGHTS
    )
    loss_epsilon: float = setting(0.0, "Added to every probability inside the loss's logarithm.")

    # What is looked at and kept
    n_validations: int = setting(10, "Validations, evenly spaced over the budget.")
    validation_bytes: int | None = setting(
        None, "Validate during training on the first documents of this many bytes; default: all."
    )
    checkpoint_every: str | None = setting(
        None, "Also save every so many updates (500) or seconds (60s); every validation saves."
    )
    norms: bool = setting(False, "Log the norms of gradients and activations, layer by layer.")
    sample_every: int | None = setting(None, "Print a sample after every so many updates ...")
    sample_if: str | None = setting(
        None, "... if the mean probability of the target is above a bound: posterior>0.35."
    )
    seed: int = setting(0, "Seed of initial weights, dropout and shuffling.")

    def __post_init__(self) -> None:
        check_types(self)
        one_of(self, "batching", BATCHINGS)
        one_of(self, "state", CARRYING)
        one_of(self, "optimizer", OPTIMIZERS)
        one_of(self, "schedule", SCHEDULES)
        one_of(self, "precision", PRECISIONS)
        one_of(self, "class_weights", CLASS_WEIGHTS)
        for name in ("batch_size", "bptt", "detach_every", "nonmonotone", "step_after"):
            at_least(self, name, 1)
        for name in ("patience", "sample_every"):
            if getattr(self, name) is not None:
                at_least(self, name, 1)
        if self.sampled_words is not None:
            at_least(self, "sampled_words", 2)
        for name in ("n_validations", "seed"):
            at_least(self, name, 0)
        for name in (
            *("epochs", "minutes", "learning_rate", "vocabulary_rate", "clip_norm", "clip_value"),
            *("validation_bytes", "plateau_divisor", "step_divisor"),
        ):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ToktoolsError(f"{name} must be > 0 and finite, got {value}")
        for name in ("weight_decay", "momentum", "loss_epsilon"):
            if not 0 <= getattr(self, name) < 1:
                raise ToktoolsError(f"{name} must be in [0, 1), got {getattr(self, name)}")
        if self.ema is not None and not 0 < self.ema < 1:
            raise ToktoolsError(f"ema must be in (0, 1), got {self.ema}; 0.999 is usual")
        if self.average_last is not None and not 0 < self.average_last <= 1:
            raise ToktoolsError(f"average_last must be in (0, 1], got {self.average_last}")
        _ = self.checkpoint_interval, self.sample_bound
        self._check_together()
        self._check_averaging()

    def _check_together(self) -> None:
        """Raise ToktoolsError if an option is given that another makes meaningless."""
        for name in ("random_bptt", "state", "detach_every"):
            default = type(self).__dataclass_fields__[name].default
            if self.batching != "stream" and getattr(self, name) != default:
                raise ToktoolsError(
                    f"{name} is for batching 'stream', got {self.batching!r}; leave it out"
                )
        if self.state == "reset" and self.detach_every > 1:
            raise ToktoolsError(
                f"detach_every needs state 'carry', got 'reset' and {self.detach_every}; "
                "gradients cannot reach back over a reset"
            )
        if self.momentum and self.optimizer not in ("sgd", "rmsprop"):
            raise ToktoolsError(
                f"momentum is for sgd and rmsprop, got optimizer {self.optimizer!r}; leave it out"
            )
        needed = {"nt-asgd": self.nonmonotone + 2, "plateau": 2}
        for name in (self.optimizer, self.schedule):
            if self.n_validations < needed.get(name, 0):
                raise ToktoolsError(
                    f"{name} decides by validations and needs n_validations >= {needed[name]}, "
                    f"got {self.n_validations}"
                )
        if self.schedule == "step" and self.minutes is not None:
            raise ToktoolsError("schedule 'step' counts epochs; give epochs instead of minutes")
        if self.sample_if is not None and self.sample_every is None:
            raise ToktoolsError("sample_if needs sample_every: after how many updates to look")

    def _check_averaging(self) -> None:
        """Raise ToktoolsError if weights would be averaged in more than one way."""
        if self.fine_tuning and self.optimizer != "nt-asgd":
            raise ToktoolsError(f"fine_tuning is for nt-asgd, got optimizer {self.optimizer!r}")
        asked = {
            "optimizer nt-asgd": self.optimizer == "nt-asgd",
            "ema": self.ema is not None,
            "average_last": self.average_last is not None,
        }
        names = [name for name, is_asked in asked.items() if is_asked]
        if len(names) > 1:
            raise ToktoolsError(
                f"weights can be averaged in one way only, got {' and '.join(names)}; choose one"
            )

    @property
    def checkpoint_interval(self) -> tuple[float, str] | None:
        """How often to save, and whether that counts "updates" or "seconds".

        Example:
            >>> TrainingConfig(checkpoint_every="60s").checkpoint_interval
            (60.0, 'seconds')
        """
        text = self.checkpoint_every
        if text is None:
            return None
        unit = "seconds" if text.endswith("s") else "updates"
        number = _number(text.removesuffix("s"))
        if number is None or number <= 0 or (unit == "updates" and number % 1):
            raise ToktoolsError(
                f"checkpoint_every must be a number of updates (500) or seconds (60s), got {text!r}"
            )
        return number, unit

    @property
    def sample_bound(self) -> float:
        """The mean probability of the target above which a sample is printed.

        Example:
            >>> TrainingConfig(sample_every=100, sample_if="posterior>0.35").sample_bound
            0.35
        """
        if self.sample_if is None:
            return 0.0
        name, more, bound = self.sample_if.replace(" ", "").partition(">")
        number = _number(bound)
        if name != "posterior" or not more or number is None or not 0 <= number < 1:
            raise ToktoolsError(
                "sample_if must be like posterior>0.35, its bound in [0, 1), "
                f"got {self.sample_if!r}"
            )
        return number


def _number(text: str) -> float | None:
    """Return the finite number written in `text`, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
