"""How text is asked for: one frozen dataclass, checked when it is made. Imports no numpy."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_lm.config.settings import at_least, check_types, setting
from toktools.errors import ToktoolsError, lookup

FILTERS = {
    "top-k": ("k",),
    "top-k-uniform": ("k",),
    "top-p": ("p",),
    "min-p": ("min_p",),
    "typical": ("typical_p",),
}
"""What narrows a distribution, with the settings that it reads."""
DRAWS: dict[str, tuple[str, ...]] = {"sample": (), "argmax": (), "resample-once": ()}
"""What takes a token from a distribution."""
BEAM = {"beam": ("beams", "length_power")}
STRATEGIES = {**DRAWS, **FILTERS, **BEAM}
"""The names of which a strategy is made, with the settings that each reads."""
STOPS = ("EOS", "newline")


@dataclass(frozen=True, kw_only=True)
class SamplingConfig:
    """How a text is continued. Each strategy is defined in docs/sampling.md.

    Several names with "+" between them act one after the other: "top-k+top-p". At most one of them,
    the last, may be a draw ("argmax", "sample", "resample-once"; by default "sample").

    Raises: ToktoolsError if a value is out of range, or the strategy is none.
    Example:
        >>> SamplingConfig(strategy="top-k+min-p").parts
        (('top-k', 'min-p'), 'sample')
    """

    strategy: str = setting(
        "argmax", f"How a token is chosen: {', '.join(STRATEGIES)}; or several: top-k+top-p."
    )
    k: int = setting(5, "For top-k: draw from so many; more than the vocabulary means all of it.")
    p: float = setting(0.9, "For top-p: the probability that the tokens drawn from add up to.")
    min_p: float = setting(0.1, "For min-p: the least probability, as a share of the greatest.")
    typical_p: float = setting(0.9, "For typical: the probability that its tokens add up to.")
    beams: int = setting(4, "For beam: how many texts are kept side by side.")
    length_power: float = setting(
        1.0, "For beam: log P is divided by the length to this power; 0 favours short texts."
    )
    temperature: float = setting(1.0, "Logits are divided by it; below 1 bolder, above wilder.")
    repetition_penalty: float = setting(
        1.0, "Above 1: tokens that the text already has become less likely."
    )
    ban: tuple[str, ...] = setting((), "Never generate this token. May be repeated.")
    allow_any: bool = setting(False, "Let <ANY> be generated.")
    n_tokens: int = setting(100, "New tokens at most.")
    stop_on: str = setting(
        "EOS",
        "EOS: the document's end. newline: that or a line's end. A number: after so many tokens, "
        "whatever ends on the way.",
    )
    seed: int = setting(0, "The same seed gives the same text.")

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("n_tokens", "beams"):
            at_least(self, name, 1)
        at_least(self, "seed", 0)
        if self.k < 1:
            raise ToktoolsError(f"k must be >= 1 (1 is argmax), got {self.k}")
        if not 0 < self.temperature < float("inf"):
            raise ToktoolsError(
                f"temperature must be > 0, got {self.temperature}; for the likeliest token each "
                "time, use the strategy argmax"
            )
        for name in ("p", "typical_p", "min_p"):
            if not 0 < getattr(self, name) <= 1:
                raise ToktoolsError(f"{name} must be in (0, 1], got {getattr(self, name)}")
        if not 0 < self.repetition_penalty < float("inf"):
            raise ToktoolsError(
                f"repetition_penalty must be > 0 (1: none), got {self.repetition_penalty}"
            )
        if not 0 <= self.length_power < float("inf"):
            raise ToktoolsError(f"length_power must be >= 0, got {self.length_power}")
        _ = self.parts, self.limit

    @property
    def parts(self) -> tuple[tuple[str, ...], str]:
        """The strategy taken apart: filters in order, and the draw after them, or "beam"."""
        names = self.strategy.split("+")
        for name in names:
            lookup(name, STRATEGIES, what="strategy")
        *filters, last = names if names[-1] not in FILTERS else [*names, "sample"]
        odd = [name for name in filters if name not in FILTERS]
        if odd or (last in BEAM and filters):
            raise ToktoolsError(
                f"{(odd or [last])[0]} cannot be followed or preceded by others, got "
                f"{self.strategy!r}; a strategy is one name, or filters and then a draw: "
                "top-k+top-p, top-k+resample-once"
            )
        return tuple(filters), last

    @property
    def stop(self) -> str | None:
        """What ends a text before its limit: "EOS", "newline", or None: nothing does."""
        return next((stop for stop in STOPS if stop.lower() == self.stop_on.lower()), None)

    @property
    def limit(self) -> int:
        """New tokens at most."""
        if self.stop:
            return self.n_tokens
        if not self.stop_on.isdecimal() or int(self.stop_on) < 1:
            raise ToktoolsError(
                f"stop_on must be EOS, newline or a number of tokens, got {self.stop_on!r}"
            )
        return int(self.stop_on)

    @property
    def title(self) -> str:
        """The strategy with the settings that it reads, for people.

        Example:
            >>> SamplingConfig(strategy="top-k", k=3, seed=1).title
            'top-k, k = 3, seed 1'
        """
        filters, last = self.parts
        read = [*dict.fromkeys(name for part in (*filters, last) for name in STRATEGIES[part])]
        if filters or last in ("sample", "resample-once"):
            read += ["temperature"] * (self.temperature != 1)
        read += ["repetition_penalty"] * (self.repetition_penalty != 1)
        words = [self.strategy, *(f"{n.replace('_', ' ')} = {getattr(self, n):g}" for n in read)]
        random = last in ("sample", "resample-once")
        return ", ".join([*words, f"seed {self.seed}"] if random else words)
