"""An explanation as one HTML page that loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lstm_lm.explaining.aligning import align, visible

if TYPE_CHECKING:
    from lstm_lm.evaluation.token_scores import TokenScores

DEEPEST = 16  # bits from which the colour is the deepest


@dataclass(frozen=True)
class Part:
    """A piece of text on the page; `depth` is its colour, 0 to 8, None where no token is."""

    text: str
    tip: str
    depth: int | None
    n_bits: float


def parts(scores: TokenScores) -> list[Part]:
    """Return a text cut into tokens, and what lies between them, in order."""
    found: list[Part] = []
    done = 0
    for token, (start, end), bits, spelling in zip(
        scores.tokens, scores.spans, scores.bits, scores.spelling_bits, strict=True
    ):
        if start > done:
            found.append(Part(scores.text[done:start], "in no token: costs nothing", None, 0.0))
        text = scores.text[max(start, done) : end] or token
        tip = f"{token}: {bits:.2f} bits, probability {2.0**-bits:.3g}"
        if spelling:
            tip += f"; its spelling {spelling:.2f} bits"
        found.append(Part(text, tip, depth(bits + spelling), bits + spelling))
        done = max(done, end)
    return found


def depth(bits: float) -> int:
    """Return which of nine colours a price has: 0, nothing, to 8, `DEEPEST` bits or more.

    Example:
        >>> [depth(bits) for bits in (0.1, 4, 16, 99)]
        [0, 2, 8, 8]
    """
    return min(8, round(bits * 8 / DEEPEST))


def page(names: Sequence[str], scores: Sequence[TokenScores]) -> str:
    """Return the page: each model's tokens by colour, then the models side by side."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("lstm_lm", "templates"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("explain.html").render(
        names=names,
        models=[(name, s, parts(s)) for name, s in zip(names, scores, strict=True)],
        text=scores[0].text,
        stretches=align(scores) if len(scores) > 1 else [],
        visible=visible,
        deepest=DEEPEST,
    )
