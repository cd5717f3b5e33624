"""How a text is scored, if not plainly: by a model that adapts to it, or by several dropout masks.

Imports no torch, so that `--help` is quick.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from lstm_lm.config.settings import at_least, check_types, one_of, setting
from toktools.errors import ToktoolsError

RULES = ("rms", "sgd")
_RATES = {"rms": 5e-5, "sgd": 0.05}
_DECAYS = {"rms": 0.002, "sgd": 0.001}


@dataclass(frozen=True, kw_only=True)
class ScoringConfig:
    """How a text is scored. As it is made by default, plainly: the model is only read.

    Dynamic evaluation and the cache learn from the text that they score, each token after it was
    scored; they may be joined. Their figures are not those of a model that stays as it is. MC
    dropout learns nothing, but asks many thinned models.

    Raises: ToktoolsError if a value is out of range, or an option is given without what it is for.
    Example:
        >>> ScoringConfig(dynamic=True, cache=True).way
        'dynamic evaluation (rms, rate 5e-05, decay 0.002, segment 5), neural cache (window 500, \
theta 1, lambda 0.1): adapts on the text it scores'
        >>> ScoringConfig().way
        ''
    """

    dynamic: bool = setting(False, "Dynamic evaluation: train on each segment once it is scored.")
    dynamic_rule: str = setting(
        "rms",
        "Steps divided by what gradients are in the training text, or plain ones.",
        choices=RULES,
    )
    dynamic_rate: float | None = setting(
        None, "Learning rate of the steps; default: 5e-5 for rms, 0.05 for sgd."
    )
    dynamic_decay: float | None = setting(
        None, "Lambda: pull back to the trained weights; default: 0.002 for rms, 0.001 for sgd."
    )
    dynamic_epsilon: float = setting(2e-5, "Added to what rms divides by.")
    dynamic_segment: int = setting(5, "Tokens scored between two steps.")
    cache: bool = setting(False, "Neural cache: what came after like states is likelier again.")
    cache_window: int = setting(500, "Tokens that the cache looks back.")
    cache_theta: float = setting(1.0, "How much more like states count than unlike ones.")
    cache_lambda: float = setting(0.1, "Share of the cache in every probability.")
    mc_dropout: int | None = setting(
        None, "Take the mean probability over so many draws of what dropout drops."
    )

    def __post_init__(self) -> None:
        check_types(self)
        one_of(self, "dynamic_rule", RULES)
        for name in ("dynamic_segment", "cache_window"):
            at_least(self, name, 1)
        for name in ("dynamic_rate", "dynamic_decay", "cache_theta"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise ToktoolsError(f"{name} must be >= 0 and finite, got {value}")
        if self.mc_dropout is not None:
            at_least(self, "mc_dropout", 1)
        if not 0 < self.dynamic_epsilon < float("inf"):
            raise ToktoolsError(f"dynamic_epsilon must be > 0, got {self.dynamic_epsilon}")
        if not 0 <= self.cache_lambda < 1:
            raise ToktoolsError(f"cache_lambda must be in [0, 1), got {self.cache_lambda}")
        self._check_together()

    def _check_together(self) -> None:
        """Raise ToktoolsError at an option whose way of scoring was not asked for."""
        for item in dataclasses.fields(self):
            switch, _, rest = item.name.partition("_")
            if switch not in ("dynamic", "cache") or not rest or getattr(self, switch):
                continue
            if getattr(self, item.name) != item.default:
                raise ToktoolsError(f"{item.name} needs {switch}; give it too, or leave both out")
        if self.mc_dropout is not None and (self.dynamic or self.cache):
            raise ToktoolsError(
                "mc_dropout is for a model that stays as it is; leave out dynamic and cache"
            )

    @property
    def rate(self) -> float:
        """The learning rate in effect."""
        return _RATES[self.dynamic_rule] if self.dynamic_rate is None else self.dynamic_rate

    @property
    def decay(self) -> float:
        """The pull in effect, back to the trained weights."""
        return _DECAYS[self.dynamic_rule] if self.dynamic_decay is None else self.dynamic_decay

    @property
    def needs_training_text(self) -> bool:
        """Whether statistics of the training text are asked for."""
        return self.dynamic and self.dynamic_rule == "rms"

    @property
    def way(self) -> str:
        """The way of scoring in words; empty if plain."""
        if self.mc_dropout is not None:
            return f"MC dropout (mean probability over {self.mc_dropout} draws)"
        parts = []
        if self.dynamic:
            parts.append(
                f"dynamic evaluation ({self.dynamic_rule}, rate {self.rate:g}, decay "
                f"{self.decay:g}, segment {self.dynamic_segment})"
            )
        if self.cache:
            parts.append(
                f"neural cache (window {self.cache_window}, theta {self.cache_theta:g}, "
                f"lambda {self.cache_lambda:g})"
            )
        return ", ".join(parts) + ": adapts on the text it scores" if parts else ""
